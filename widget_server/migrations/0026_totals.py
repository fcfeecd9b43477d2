"""Totals of quarters of an hour and of days, which replace the totals of closed days; `upgrade` fills them.

Customers get the term by which the till finds the end of a phone number.
"""

from widget_server.db import Int, Serial, Text, execute_many, on_sqlite
from widget_server.loyalty.people import folding
from widget_server.migration_steps import create_table, drop_table, execute, of_shop

ROWS = 2_000
NEXT = (
    'SELECT "id", "shop_id", "phone" FROM "customer" WHERE "id" > ? AND "phone" IS NOT NULL '  # noqa: S608
    f'AND "merged_into" IS NULL AND "erased_at" IS NULL ORDER BY "id" LIMIT {ROWS}'
)


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
    add_phone_tails(db.param)


def add_phone_tails(mark):
    last, insert = "", f'INSERT INTO "search_term" ("shop_id", "term", "customer_id") VALUES ({mark}, {mark}, {mark})'
    while rows := list(execute(NEXT, last)):
        tails = [(shop_id, folding.phone_tail(phone)[: folding.TERM_LENGTH_MAX], id) for id, shop_id, phone in rows]
        long_enough = [row for row in tails if len(row[1]) > folding.PHONE_DIGITS_MIN]
        execute_many(f"{insert} ON CONFLICT DO NOTHING", long_enough)
        last = rows[-1][0]
