"""A sender compares an order with what is held here, and tries one before it is booked."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from standardwebhooks import Webhook

from tests.make import World
from widget_server import clock, db
from widget_server.delivery import endpoints
from widget_server.job_queue import Job
from widget_server.loyalty.earning.orders import Order, Parked
from widget_server.loyalty.earning.rules import Terms
from widget_server.loyalty.program.letter_kinds import SWITCHABLE
from widget_server.loyalty.rewards.coupons import Coupon

ANN = {"id": "c-9", "email": "ann@example.com", "email_verified": True, "name": "Ann Lee", "phone": None}
COMPARED = ("id", "number", "status", "currency", "revision", "total", "shipping", "discount", "tax", "coupon_codes")


class Sender:
    """A shop's own system, which signs what it sends."""

    def __init__(self, world: World, client: FlaskClient) -> None:
        self.world, self.client = world, client

    def signed(self, content: str, secret: str | None = None) -> dict[str, str]:
        now = clock.now()
        signature = Webhook(secret or self.world.shop.webhook_secret).sign("msg_1", now, content)
        return {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }

    def post(self, topic: str, body: Any, *, status: int = 200) -> Any:
        raw = body if isinstance(body, str) else json.dumps(body)
        path = f"/stores/generic/{self.world.shop.id}/{topic}"
        response = self.client.post(path, data=raw, headers=self.signed(raw))
        assert response.status_code == status, response.text
        return response.json

    def tries(self, body: Any) -> Any:
        return self.post("order?dry_run=1", body)

    def get(self, id: str, *, status: int = 200, content: str | None = None, **facts: Any) -> Any:
        headers = self.signed(f"GET orders/{id}" if content is None else content, **facts)
        response = self.client.get(f"/stores/generic/{self.world.shop.id}/orders/{id}", headers=headers)
        assert response.status_code == status, response.text
        return response.json


@pytest.fixture
def sender(world: World, client: FlaskClient) -> Iterator[Sender]:
    yield Sender(world, client)


def order(**changed: Any) -> dict[str, Any]:
    """Two mugs at 9.90 with 1.80 off, tax on top, paid now."""
    moment = clock.iso(clock.now())
    line = {"id": "1", "product_id": "p1", "name": "Mug", "quantity": 2, "subtotal": "19.80", "discount": "1.80"}
    body = {"id": "1001", "number": "#1001", "status": "paid", "currency": "EUR", "placed_at": moment, "revision": 7}
    body |= {"modified_at": moment, "customer": ANN, "lines": [{**line, "tax": "1.80"}], "shipping": "5.00"}
    return {**body, "discount": "1.80", "tax": "1.80", "total": "24.80", **changed}


def whole_database() -> dict[str, list[str]]:
    """Every row of every table, also of those that only the database itself keeps."""
    tables = sorted(db.database.get_tables())
    assert len(tables) > 40
    return {
        table: sorted(map(repr, db.database.execute_sql(f'SELECT * FROM "{table}"').fetchall())) for table in tables
    }


def test_what_is_held_of_an_order_can_be_compared(world: World, sender: Sender) -> None:
    rule = world.order_rule(10, handle="goods", title="Goods")
    sent = order(coupon_codes=["SUMMER"], refunds=[{"id": "r1", "amount": "9.90", "tax": "0.90", "lines": []}])
    assert sender.post("order", sent)["status"] == "booked"
    held = sender.get("1001")
    assert {name: held[name] for name in COMPARED} == {name: sent[name] for name in COMPARED}
    assert (held["customer_id"], held["tax_included"], held["loose_discount"]) == ("c-9", False, "0.00")
    assert (held["goods"], held["kept"]) == ("18.00", "9.00")
    assert held["lines"] == [{"id": "1", "goods": "18.00", "kept": "9.00"}]
    assert held["refunds"] == [{"id": "r1", "amount": "9.90", "shipping": "0.00", "tax": "0.90", "goods": "9.00"}]
    (given,) = held["rules"]
    assert (given["rule"], given["title"], given["status"]) == (rule.handle, "Goods", "matured")
    assert (given["points"], given["base"], given["factor"], given["capped"]) == (90, "9.00", "1.00", False)
    assert (held["points"], held["pending"], held["why_nothing"], held["reasons"]) == (90, 0, None, [])
    assert "ann@example.com" not in json.dumps(held) and "Ann" not in json.dumps(held)


def test_points_that_wait_have_their_day_or_the_status_they_wait_for(world: World, sender: Sender) -> None:
    world.settings(earn_at="fulfilled", wait_days=14)
    world.order_rule(10)
    sender.post("order", order())
    held = sender.get("1001")
    assert (held["points"], held["pending"]) == (180, 180)
    assert (held["rules"][0]["waits_for"], held["rules"][0]["due_at"]) == ("fulfilled", None)
    sender.post("order", order(status="fulfilled", revision=8))
    (rule,) = sender.get("1001")["rules"]
    assert rule["waits_for"] is None and clock.parse(rule["due_at"]) > clock.now() + timedelta(days=13)


def test_an_order_without_points_says_why(world: World, sender: Sender) -> None:
    world.order_rule(10, handle="big", terms=Terms(minimum_subtotal=100))
    sender.post("order", order())
    held = sender.get("1001")
    assert (held["points"], held["rules"]) == (0, [])
    assert held["why_nothing"] == "no_rule"  # that pays this order: the reasons say more
    assert held["reasons"] == [{"rule": "big", "reason": "below_minimum"}]
    sender.post("order", order(id="1002", currency="USD"))
    assert sender.get("1002")["why_nothing"] == "other_currency"
    sender.post("order", order(id="1003", customer=None))
    assert sender.get("1003")["why_nothing"] == "no_customer"
    sender.post("order", order(id="1004", status="cancelled"))
    assert sender.get("1004")["why_nothing"] == "cancelled"


def test_a_code_of_ours_that_an_order_names_is_used(world: World, sender: Sender) -> None:
    ann = world.member("ann@example.com")
    ann.is_given(500)
    code = ann.redeems(world.reward("amount")).code
    sender.post("order", order(coupon_codes=[code, "SUMMER"]))  # no call of coupons/use
    assert sender.get("1001")["coupons"] == [{"code": code, "status": "used", "used_by_this_order": True}]
    assert sender.post("coupons/check", {"code": code})["reason"] == "used"
    sender.post("order", order(coupon_codes=[code, "SUMMER"], status="cancelled", revision=8))
    assert sender.get("1001")["coupons"] == [{"code": code, "status": "active", "used_by_this_order": False}]


def test_only_the_shop_reads_and_only_the_order_it_signed_for(world: World, sender: Sender) -> None:
    sender.post("order", order())
    sender.post("order", order(id="10/02 ä"))
    assert sender.get("10/02 ä")["id"] == "10/02 ä"
    for content in ("", "1001", "GET orders/1002", "GET orders/", "POST orders/1001"):
        assert sender.get("1001", status=401, content=content)["error"]["code"] == "bad_signature"
    other = World.create(name="Other")
    sender.get("1001", status=401, secret=other.shop.webhook_secret)
    assert sender.get("nowhere", status=404)["error"]["code"] == "not_found"
    assert Sender(other, sender.client).get("1001", status=404)["error"]["code"] == "not_found"
    assert sender.client.get(f"/stores/generic/{world.shop.id}/orders/1001").status_code == 401
    woo = World.create(name="Woo", platform="woocommerce")
    Sender(woo, sender.client).get("1001", status=404)


def test_a_dry_run_says_what_would_be_booked_and_the_real_one_books_it(world: World, sender: Sender) -> None:
    world.order_rule(10, handle="goods")
    world.rule("first_order", points=50, handle="first")
    trial = sender.tries(order())
    assert (trial["dry_run"], trial["status"], trial["reason"], trial["field"]) == (True, "booked", None, None)
    assert (trial["points_now"], trial["order"]["points"]) == (0, 230)
    assert {one["rule"]: one["points"] for one in trial["order"]["rules"]} == {"goods": 180, "first": 50}
    sender.get("1001", status=404)
    sender.post("order", order())
    held = sender.get("1001")
    differ = ("placed_at", "modified_at", "updated_at")
    assert {**held, **dict.fromkeys(differ)} == {**trial["order"], **dict.fromkeys(differ)}
    lower = sender.tries(order(revision=8, refunds=[{"id": "r1", "amount": "9.90", "tax": "0.90"}]))
    assert (lower["points_now"], lower["order"]["points"]) == (230, 115)  # 90, and half of the 50
    older = sender.tries(order(revision=6, status="cancelled"))
    assert (older["order"]["status"], older["order"]["points"]) == ("paid", 230)


def test_a_dry_run_writes_nothing_at_all(world: World, sender: Sender) -> None:
    world.settings(letters=SWITCHABLE)
    world.order_rule(10)
    world.rule("first_order", points=50)
    world.tier("Gold", 100)
    world.refer()
    endpoints.create(world.shop.id, url="https://hooks.example/in", format="standard")
    advocate = world.member("eve@example.com")
    ann = world.member("ann@example.com")
    ann.is_given(500)
    code = ann.redeems(world.reward("amount")).code
    friend = {"id": "c-new", "email": "bob@example.com", "name": "Bob"}
    bodies: list[Any] = [
        order(coupon_codes=[code]),
        order(id="1002", customer=friend, landing_referral=advocate.customer.referral_code),
        order(id="1003", status="draft"),
        order(id="1004", parent_id="1"),
        order(id="1005", lines=[{"id": "1", "subtotal": "a lot"}]),
        "not JSON",
        "[]",
        '{"id": "1006\\u0000"}',
    ]
    before = whole_database()
    outcomes = [sender.tries(body) for body in bodies]
    assert whole_database() == before
    assert [one["status"] for one in outcomes] == ["booked"] * 2 + ["ignored"] + ["parked"] * 5
    assert outcomes[0]["order"]["coupons"] == [{"code": code, "status": "used", "used_by_this_order": True}]
    assert outcomes[1]["order"]["points"] == 230
    assert outcomes[4]["field"] == "lines.0.subtotal" and outcomes[4]["order"] is None
    jobs_before = Job.select().count()
    for body in bodies[:2]:
        sender.post("order", body)
    after = whole_database()  # the same bodies, booked, write to all of these
    changed = {table for table in after if after[table] != before[table]}
    assert {"order", "award", "transaction", "customer", "coupon", "coupon_order", "referral", "journal"} <= changed
    assert Job.select().count() > jobs_before
    assert (Order.of(world.shop).count(), Parked.of(world.shop).count()) == (2, 0)
    assert Coupon.one(world.shop, Coupon.code == code).status == "used"


def test_a_dry_run_is_signed_and_no_other_topic_has_one(world: World, sender: Sender) -> None:
    before = whole_database()
    path = f"/stores/generic/{world.shop.id}/order?dry_run=1"
    assert sender.client.post(path, data=json.dumps(order())).status_code == 401
    for topic in ("customer?dry_run=1", "action?dry_run=1", "order?dry_run=true", "order?dry_run=0", "order?dry_run="):
        assert sender.post(topic, order(), status=400)["error"]["field"] == "dry_run"
    assert whole_database() == before
