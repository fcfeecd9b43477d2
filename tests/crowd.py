"""A lively shop, and thousands of rows beside each of its own: enough for a database to choose its indexes by."""

import re
from datetime import date, datetime, timedelta
from typing import Any

from tests.make import Shopper, World
from widget_server import clock, db, job_queue, jobs, migrate, work
from widget_server.db import Table, UtcDateTime
from widget_server.delivery import endpoints
from widget_server.ledger import Account
from widget_server.loyalty.earning import rules
from widget_server.loyalty.people import access_tokens, api_keys, sign_in
from widget_server.loyalty.people.access_tokens import Holder
from widget_server.loyalty.points import batches

COPIES = 300
TODAY = date(2026, 3, 10)
SMALL = {  # tables that have a handful of rows in each shop, however many people it has
    "shop",
    "program_draft",
    "shop_secret",
    "staff_member",
    "staff_account",
    "staff_session",
    "origin",
    "widget_icon",
    "program",
    "tier",
    "tier_program",
    "earning_rule",
    "campaign",
    "reward",
    "referral_program",
    "feed",
    "connection_code",
    "store_import",
    "shop_key",
    "endpoint",
    "api_key",
    "beat",
    "preview_copy",
    "preview_event",
    "total_change",
    "audit_place",
    "edition",
    "saved_view",
}
OWN = re.compile(r"(?!shop_id|rule_id|reward_id|tier_id|endpoint_id|program_id)(id|\w*_id|\w*key|\w*hash)|code|link")
OWN_TOO = {"email", "mailbox", "digest", "fingerprint", "order_ref", "external_id", "jti", "referral_code", "subject"}
PAST = {"applied_at", "created_at", "placed_at", "event_at", "updated_at", "received_at", "joined_at", "ended_at"}


def shops() -> list[World]:
    """Three shops with people, orders, coupons, referrals and messages."""
    worlds = [World.create(name=name) for name in ("Fjord & Fern", "Other", "Third")]
    for number, world in enumerate(worlds):
        live(world, number)
    jobs.run_all()
    return worlds


def multiply() -> None:
    """Each row of a table that grows stands there COPIES times more, with ids of its own that fit those of others."""
    job_queue.enqueue("send_mail", {}, delay_seconds=1e9)
    with work.unhurried(db.database.obj), db.atomic():
        for table in migrate.TABLES:
            if table._meta.table_name not in SMALL:
                _multiply(table)
        _spread_birthdays()


def _spread_birthdays() -> None:
    """Every customer has a birthday, on any day of the year."""
    found = db.database.execute_sql('SELECT "id" FROM "customer" ORDER BY "id"').fetchall()
    first = date(1990, 1, 1)
    rows = [((first + timedelta(days=at % 365)).isoformat(), id) for at, (id,) in enumerate(found)]
    mark = db.database.param
    db.execute_many(f'UPDATE "customer" SET "birthday" = {mark} WHERE "id" = {mark}', rows)


def live(world: World, number: int) -> list[Shopper]:
    """What happens in a shop: five people earn, redeem, return, bring friends, leave traces."""
    world.order_rule()
    for kind in ("join", "visit", "birthday", "newsletter", "review"):
        world.rule(kind, points=20)
    world.rule("social", points=5, terms=rules.Terms(channel="facebook", url="https://facebook.com/fern"))
    world.refer()
    world.tier("Fern", 10)
    reward = world.reward(cost=10)
    ann = world.member(f"ann{number}@example.com")
    bo = world.member(f"bo{number}@example.com", code=ann.customer.referral_code)
    cy = world.vouched(f"c-{number}", f"cy{number}@example.com", verified=True)
    world.guest_orders(f"guest{number}@example.com")
    for who in (ann, bo, cy):
        who.orders("20.00")
        who.is_given(100)
    ann.redeems(reward)
    bo.returns(bo.redeems(reward))
    sign_in.ask(world.shop, f"dora{number}@example.com", purpose="sign_up", locale="en", wishes={})
    by = api_keys.in_use(api_keys.create_key(world.shop.id, "server")[1])
    access_tokens.grant(Holder(world.shop.id, "app", by=by))
    access_tokens.grant(Holder(world.shop.id, "member", by=by, customer_id=ann.id))
    endpoints.create(world.shop.id, url=f"https://hooks.example/{number}")
    ann.orders("15.00")
    batches.bulk_adjust(world.shop, Account.of(world.shop, Account.id), source="staff", key=f"bulk-{number}", by=1)
    return [ann, bo, cy]


def _multiply(table: type[Table]) -> None:
    """Copies of each row, with ids of their own."""
    fields = [field for field in table._meta.sorted_fields if not isinstance(field, db.Serial)]
    names = ", ".join(f'"{field.column_name}"' for field in fields)
    rows = list(db.database.execute_sql(f'SELECT {names} FROM "{table._meta.table_name}"'))
    marks = ", ".join([db.database.param] * len(fields))
    insert = f'INSERT INTO "{table._meta.table_name}" ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING'
    for copy in range(1, COPIES + 1):
        db.execute_many(insert, [[_varied(*pair, copy) for pair in zip(fields, row, strict=True)] for row in rows])


def _varied(field: Any, value: Any, copy: int) -> Any:
    name = field.column_name
    if value is None:
        return None
    if isinstance(field, UtcDateTime) and name in PAST:
        moment = value if isinstance(value, datetime) else clock.parse(value)
        return field.db_value(moment - timedelta(minutes=copy))
    if isinstance(field, db.Int) and name == "number":  # of the journal's entries
        return value + copy * 1_000_000
    if isinstance(field, db.Text) and (OWN.fullmatch(name) or name in OWN_TOO):
        return f"{value}-{copy}"
    return value
