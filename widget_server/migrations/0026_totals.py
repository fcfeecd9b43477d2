"""Totals of quarters of an hour and of days, which replace the totals of closed days. `upgrade` fills them."""

from widget_server.db import Int, Serial, Text, on_sqlite
from widget_server.migration_steps import create_table, drop_table, execute, of_shop


def up(migrator, db):
    drop_table("day_total")
    create_table(
        "total_change",
        {"id": Serial(primary_key=True), "shop_id": of_shop(), "name": Text(), "at": Text(), "amount": Int()},
    )
    for table, time in (("quarter_total", "at"), ("day_total", "day")):
        columns = {"shop_id": of_shop(), "name": Text(), time: Text(), "amount": Int()}
        create_table(table, columns, primary_key=("shop_id", "name", time), clustered=True)
        if not on_sqlite():
            for column in ("name", time):
                execute(f'ALTER TABLE "{table}" ALTER COLUMN "{column}" TYPE TEXT COLLATE "C"')
