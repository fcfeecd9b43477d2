"""An installation is brought up to 0015: closed days are told apart into their parts, and orders know what was paid."""

import json
from typing import Any

import pytest
from playhouse.migrations import Runner

from tests.test_migrate import _insert, _start_over
from widget_server import db, migrate
from widget_server.loyalty.earning.orders import Order
from widget_server.totals import DayTotal, in_all

BEFORE = "0013_files"
DAY = "2026-03-29"  # of 23 hours in Berlin
INSIDE, OUTSIDE = "2026-03-29T21:59:59.000000Z", "2026-03-29T22:00:00.000000Z"


@pytest.fixture
def earlier(database: str) -> None:
    """A shop with a closed day and orders, as the version before kept them."""
    _start_over()
    Runner(db.database.obj, directory=str(migrate.MIGRATIONS)).up(target=BEFORE)
    facts = {"name": "S", "platform": "generic", "currency": "EUR", "timezone": "Europe/Berlin", "locale": "en"}
    _insert("shop", id="s", embed_key="e", **facts)
    _insert("customer", id="c", shop_id="s", status="visitor")
    _insert("account", id="a", shop_id="s", customer_id="c")
    booked = [("earn", 50, "staff", INSIDE), ("earn", -20, "staff", INSIDE), ("earn", -5, "staff", OUTSIDE)]
    booked += [("earn", -9, "merge", INSIDE), ("earn", 9, "merge", INSIDE), ("redeem", -3, "widget", INSIDE)]
    for number, (kind, amount, source, at) in enumerate(booked, 1):
        ids = {"id": f"t{number}", "key": f"k{number}", "sequence": number, "shop_id": "s", "account_id": "a"}
        _insert("transaction", **ids, kind=kind, amount=amount, source=source, created_at=at)
    for kind, amount in (("earn", 30), ("redeem", -3), ("refund", 2), ("expire", -1), ("adjust", 4)):
        _insert("day_total", id=kind, shop_id="s", day=DAY, kind=kind, amount=amount)


def state(total: str, refunds: list[tuple[str, str]], **facts: Any) -> dict[str, Any]:
    listed = [{"id": id, "amount": amount} for id, amount in refunds]
    return {"id": "o", "status": "paid", "currency": "EUR", "total": total, "refunds": listed, **facts}


def test_what_was_earned_and_what_was_taken_back_stand_apart(earlier: None) -> None:
    migrate.upgrade()
    assert {row.name: row.amount for row in DayTotal.of("s").where(DayTotal.day == DAY)} == {
        "earned": 50,
        "reversed": -20,
        "redeemed": -3,
    }
    assert in_all("s", ["reversed"]) == {"reversed": -25}


def test_orders_know_what_was_paid(earlier: None) -> None:
    parts = {"refund_parts": [{"id": "r", "amount": "2.50"}]}
    cancelled = state("3.00", [("r2", "1.00")], status="cancelled", id="p1")
    states = {
        "plain": state("20.00", []),
        "refunded": state("20.00", [("r", "5.00")]),
        "all": state("20.00", [("r", "25.00")]),
        "parts": state("20.00", [("r", "5.00")], **parts),
        "children": state("20.00", [], children={"p1": cancelled}),
        "yen": state("2000", [], currency="JPY"),
        "dinar": state("1.2345", [], currency="KWD"),
        "new": {},
    }
    for id, value in states.items():
        facts = {"platform": "generic", "number": "1", "status": "paid", "state": json.dumps(value)}
        _insert("order", id=id, shop_id="s", external_id=id, **facts)
    migrate.upgrade()
    assert {row.id: row.paid for row in Order.of("s")} == {
        "plain": 2000,
        "refunded": 1500,
        "all": 0,
        "parts": 1750,
        "children": 1700,
        "yen": 2000,
        "dinar": 1234,
        "new": 0,
    }
