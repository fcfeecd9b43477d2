"""Reports: what was given and what was taken back on each closed day, what was paid for each order, and indexes."""

import json
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_DOWN, Decimal
from zoneinfo import ZoneInfo

from widget_server.db import Int, Text, UtcDateTime
from widget_server.migration_steps import add_column, create_index, drop_column, drop_index, execute


PARTS = {"earn": "earned", "redeem": "redeemed", "refund": "returned", "expire": "expired", "adjust": "adjusted"}
TAKEN = """
SELECT SUM("amount") FROM "transaction" WHERE "shop_id" = ? AND "created_at" >= ? AND "created_at" < ?
AND "kind" = 'earn' AND "amount" < 0 AND "source" <> 'merge'
"""
WITHOUT_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()
THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND".split()
PAID_MAX = 10**15
PAGE = 500


def start_of(day, zone):
    return UtcDateTime().db_value(datetime.combine(day, time.min, tzinfo=ZoneInfo(zone)).astimezone(UTC))


def split_days():
    """The points that were earned on a closed day, net until now, become two totals."""
    for kind, part in PARTS.items():
        execute('UPDATE "day_total" SET "part" = ? WHERE "kind" = ?', part, kind)
    drop_column("day_total", "kind")
    create_index("day_total", "shop_id", "day", "part", unique=True)
    zones = dict(execute('SELECT "id", "timezone" FROM "shop"').fetchall())
    rows = execute('SELECT "id", "shop_id", "day" FROM "day_total" WHERE "part" = \'earned\'').fetchall()
    for id, shop_id, text in rows:
        day = date.fromisoformat(text)
        span = start_of(day, zones[shop_id]), start_of(day + timedelta(days=1), zones[shop_id])
        ((taken,),) = execute(TAKEN, shop_id, *span).fetchall()
        if taken:
            execute('UPDATE "day_total" SET "amount" = "amount" - ? WHERE "id" = ?', int(taken), id)
            facts = (str(uuid.uuid4()), shop_id, text, "reversed", int(taken))
            execute('INSERT INTO "day_total" ("id", "shop_id", "day", "part", "amount") VALUES (?, ?, ?, ?, ?)', *facts)


def given_back(state):
    """The amount of each refund that counts, by its id: the order's own, and those of its sub-orders."""
    known = {one["id"]: one for one in state.get("refund_parts", ())}
    found = {one["id"]: Decimal(known.get(one["id"], one)["amount"]) for one in state.get("refunds", ())}
    for child in state.get("children", {}).values():
        back = given_back(child)
        if child["status"] == "cancelled" or (child["status"] == "draft" and child.get("reached")):
            back[f"{child['id']}-cancelled"] = max(Decimal(child["total"]) - sum(back.values()), Decimal(0))
        for id, amount in back.items():
            found.setdefault(id, Decimal(known[id]["amount"]) if id in known else amount)
    return found


def paid(state):
    left = max(Decimal(state["total"]) - sum(given_back(state).values(), Decimal(0)), Decimal(0))
    currency = state["currency"]
    places = 0 if currency in WITHOUT_DECIMALS else 3 if currency in THREE_DECIMALS else 2
    return min(int(left.scaleb(places).to_integral_value(ROUND_DOWN)), PAID_MAX)


def add_what_was_paid():
    last = ""
    while rows := execute(f'SELECT "id", "state" FROM "order" WHERE "id" > ? ORDER BY "id" LIMIT {PAGE}', last).fetchall():
        for id, text in rows:
            state = json.loads(text)
            if state.get("total") and (amount := paid(state)):
                execute('UPDATE "order" SET "paid" = ? WHERE "id" = ?', amount, id)
        last = rows[-1][0]


def up(migrator, db):
    drop_index("day_total_shop_id_day_kind")
    add_column("day_total", "part", Text(), for_rows_there="")
    split_days()
    add_column("order", "paid", Int(), for_rows_there=0)
    add_what_was_paid()
    create_index("account", "shop_id", "tier_id")
    create_index("referral_visit", "shop_id", "day")
    create_index("award", "shop_id", "created_at", "points", where="status = 'waiting'", name="award_waiting")
    joined = '(("joined_at" IS NOT NULL) AND ("merged_into" IS NULL))'
    create_index("customer", "shop_id", "joined_at", "status", "left_at", where=joined, name="customer_joined")
