"""The answers of docs/contracts.md §27: each is held by a story here, or by a vector."""

import inspect
import json
import re
from itertools import permutations
from pathlib import Path
from typing import Any, get_args

import pytest
from flask.testing import FlaskClient

from tests.integrator import Integrator
from tests.make import World
from tests.stores.test_order_reports import ANN, Sender, order
from widget_server import clock
from widget_server.loyalty.earning import order_list
from widget_server.loyalty.earning.orders import Parked
from widget_server.loyalty.history.missed_orders import MissedReason
from widget_server.loyalty.people import api_keys
from widget_server.loyalty.rewards import codes, coupons
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.widget.panel import TABS

ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "docs" / "contracts.md").read_text("utf-8").partition("## 27.")[2].partition("\n## 28.")[0]
OF_PERSON = {"program_not_active", "other_currency", "before_program", "no_customer", "cancelled"}
OF_PERSON |= {"excluded", "members_only", "no_rule"}  # decided for all rules at once


@pytest.fixture
def sender(world: World, client: FlaskClient) -> Sender:
    return Sender(world, client)


def named(row: str) -> set[str]:
    """The words in code in the second column of a row of the section's tables."""
    line = next(line for line in SECTION.splitlines() if line.startswith(f"| {row}"))
    return set(re.findall(r"`(\w+)`", line.split("|")[2]))


def code_of(world: World, kind: str = "amount", **facts: Any) -> str:
    """A code that Ann bought with points."""
    ann = world.vouched("c-9", "ann@example.com", verified=True)
    ann.is_given(500)
    return str(ann.redeems(world.reward(kind, **facts)).code)


def status(world: World, code: str) -> str:
    return str(Coupon.need(world.shop, Coupon.code == code).status)


def test_each_answer_names_what_holds_it() -> None:
    answers = re.findall(r"^\*\*(\d+)\. .*?^Held by: (.+?)$", SECTION, re.M | re.S)
    assert [int(number) for number, _ in answers] == list(range(1, 15))
    tests = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    known = {one["name"] for one in json.loads((ROOT / "docs/vectors/orders.json").read_text("utf-8"))["vectors"]}
    for _, held_by in answers:
        vectors, stories = re.findall(r'"([^"]+)"', held_by), re.findall(r"`(test_\w+)`", held_by)
        files = re.findall(r"`(tests/[\w/.]+)`", held_by)
        assert vectors or stories or files, held_by
        assert set(vectors) <= known, set(vectors) - known
        assert not [one for one in stories if f"def {one}(" not in tests] and all(
            (ROOT / one).exists() for one in files
        )


def test_a_code_in_the_list_is_used_without_a_call(world: World, sender: Sender) -> None:  # 4
    code = code_of(world)
    told = (("placed", "used"), ("paid", "used"), ("fulfilled", "used"), ("cancelled", "active"))
    for revision, (state, stands) in enumerate(told):
        sender.post("order", order(status=state, coupon_codes=[code, "SUMMER"], revision=revision))
        assert status(world, code) == stands, state
    sender.post("order", order(id="1002", status="paid", coupon_codes=[code.lower().replace("-", "")]))
    assert status(world, code) == "used"


def test_a_call_is_released_by_a_call_and_a_cancelled_order_by_itself(world: World, sender: Sender) -> None:  # 5
    code = code_of(world)
    sender.post("coupons/use", {"code": code, "order_id": "lost"})
    assert status(world, code) == "used"
    refused = sender.post("coupons/use", {"code": code, "order_id": "other"}, status=409)["error"]
    assert refused["code"] == "coupon_not_usable"
    assert sender.post("coupons/release", {"code": code, "order_id": "other"})["status"] == "used"
    for _ in range(2):
        assert sender.post("coupons/release", {"code": code, "order_id": "lost"})["status"] == "active"
    sender.post("coupons/use", {"code": code, "order_id": "1001"})
    sender.post("order", order())
    sender.post("order", order(status="cancelled", revision=8))
    assert status(world, code) == "active"
    sender.post("order", order(id="1002", coupon_codes=[code]))
    sender.post("order", order(id="1002", coupon_codes=[], revision=8))
    assert status(world, code) == "active"


def test_what_a_code_takes_off_is_on_the_basis_of_the_cart_that_was_sent(world: World, sender: Sender) -> None:  # 6
    code = code_of(world, minimum_subtotal=20)
    for subtotal, reason, taken in (("20.00", None, "5.00"), ("19.99", "below_minimum", "5.00")):
        told = sender.post("coupons/check", {"code": code, "currency": "EUR", "subtotal": subtotal})
        assert (told["reason"], told["discount"]["amount"]) == (reason, taken)
    assert told["collection_ids"] == []
    small = sender.post("coupons/check", {"code": code_of(world), "currency": "EUR", "subtotal": "3.20"})
    assert (small["valid"], small["discount"]["amount"]) == (True, "3.20")
    percent = code_of(world, "percent", percent=10, collections=[{"id": "mugs", "name": "Mugs"}])
    for lines, valid in (([{"product_id": "p1", "collection_ids": ["mugs"]}], True), ([{"product_id": "p1"}], False)):
        told = sender.post("coupons/check", {"code": percent, "subtotal": "50.00", "lines": lines})
        assert (told["valid"], told["collection_ids"], told["discount"]["percent"]) == (valid, ["mugs"], "10.00")
    unknown = sender.post("coupons/check", {"code": "NO-SUCH-CODE"})
    assert (unknown["reason"], unknown["collection_ids"]) == ("unknown", None)


def test_a_free_product_must_be_in_the_cart(world: World, sender: Sender) -> None:  # 6
    code = code_of(world, "free_product", product_id="p7", product_name="Spoon")
    missing: list[Any] = [[], [{"product_id": "p1"}], None]
    for lines in missing:
        assert sender.post("coupons/check", {"code": code, "lines": lines})["reason"] == "product_missing"
    told = sender.post("coupons/check", {"code": code, "lines": [{"product_id": "p7", "quantity": 3}]})
    assert (told["valid"], told["discount"]["product_id"]) == (True, "p7")


def test_the_reasons_that_are_listed_are_those_of_the_code() -> None:  # 7
    said = set(re.findall(r'return "(\w+)"', inspect.getsource(codes._objection))) | {"unknown"}
    statuses = set(re.findall(r"'(\w+)'", str(next(one for one in _checks(Coupon) if "status IN" in one))))
    assert named("`reason` of `coupons/check`") == said | statuses - set(coupons.USABLE)
    whole = set(re.findall(r'(?:return|else) "(\w+)"', inspect.getsource(order_list._why_nothing)))
    whole |= set(re.findall(r'return "(\w+)" if', inspect.getsource(order_list._why_nothing)))
    assert named("`why_nothing` of an order") == whole | set(order_list.STORED_REASONS)
    assert named("`reasons[].reason` of one rule") == set(get_args(MissedReason)) - OF_PERSON


def _checks(table: Any) -> list[str]:
    return [str(one.sql) for one in table._meta.constraints]


def test_every_response_of_a_webhook(world: World, sender: Sender) -> None:  # 8
    assert sender.post("order", order()) == {"status": "booked", "reason": None}
    for body, reason in (
        ("nonsense", "not JSON"),
        ("[]", "not a JSON object"),
        (order(total="a lot"), "total: "),
        (order(lines=[{"id": "1"}]), "lines.0.subtotal: "),
        ({"id": "r", "status": "paid"}, "currency: "),
    ):
        told = sender.post("order", body)
        assert told["status"] == "parked" and told["reason"].startswith(reason), told
    assert sender.post("order", order(id="1002", status="draft"))["status"] == "ignored"
    action = {"id": "a1", "type": "review", "customer": ANN}
    assert sender.post("action", action)["status"] == "ignored"
    assert sender.post("coupons/check", {}, status=400)["error"]["field"] == "code"
    path, raw = f"/stores/generic/{world.shop.id}/order", json.dumps(order())
    for headers in ({}, sender.signed(raw + " "), sender.signed(raw, "whsec_b3RoZXJvdGhlcm90aGVyb3RoZXI=")):
        response = sender.client.post(path, data=raw, headers=headers)
        assert (response.status_code, response.json["error"]["code"]) == (401, "bad_signature")
    assert sender.post("nothing", {}, status=404)["error"]["code"] == "not_found"
    assert sender.post("order", "x" * (2 * 1024 * 1024 + 1), status=413)["error"]["code"] == "too_large"
    listed = set(re.findall(r"^\| (\d+)", SECTION, re.M))
    assert listed == {"200", "401", "404", "413", "503"}  # 503: tests/attacks/test_database_away.py


def test_repeats_change_nothing_and_need_no_sequence(world: World, sender: Sender) -> None:  # 9
    world.order_rule(10)
    world.rule("review", points=30)
    ann = world.vouched("c-9", "ann@example.com", verified=True)
    code = code_of(world)
    before = ann.balance
    action = {"id": "a1", "type": "review", "customer": ANN}
    paid, sent = order(), order(status="fulfilled", revision=8)
    for _ in range(2):
        for topic, body in (("order", sent), ("order", paid), ("action", action)):
            sender.post(topic, body)
        sender.post("coupons/use", {"code": code, "order_id": "1001"})
    assert ann.balance - before == 180 + 30
    assert sender.get("1001")["status"] == "fulfilled" and Parked.of(world.shop).count() == 0


def test_ties_are_decided_the_same_way_whatever_comes_first(world: World, sender: Sender) -> None:  # 10
    world.order_rule(10)
    moment = clock.iso(clock.now())
    refund = {"id": "r1", "amount": "9.90", "tax": "0.90"}
    same = {"placed_at": moment, "modified_at": moment}
    stories: tuple[tuple[list[dict[str, Any]], tuple[str, int]], ...] = (
        ([{"revision": None, "status": one} for one in ("placed", "fulfilled", "paid")], ("fulfilled", 180)),
        ([{"revision": None, "status": one} for one in ("fulfilled", "cancelled", "paid")], ("cancelled", 0)),
        ([{"revision": None, "status": "fulfilled"}, {"revision": None, "refunds": [refund]}], ("paid", 90)),
        ([{"revision": 2, "status": "paid"}, {"revision": 1, "status": "cancelled"}], ("paid", 180)),
        ([{"revision": 1, "status": "paid"}, {"revision": None, "status": "cancelled"}], ("paid", 180)),
    )
    for at, (states, (wins, points)) in enumerate(stories):
        for turn, sequence in enumerate(permutations(states)):
            id = f"{at}-{turn}"
            for state in sequence:
                sender.post("order", order(**{**same, "id": id, **state}))
            held = sender.get(id)
            assert (held["status"], held["points"]) == (wins, points), (at, sequence)


def test_the_tabs_that_are_listed_are_those_of_the_panel() -> None:  # 12
    answer = SECTION.partition("**12. ")[2].partition(": for")[0]
    assert tuple(re.findall(r"`(\w+)`", answer)) == TABS


def test_a_parked_message_can_be_read_with_its_body(world: World, sender: Sender) -> None:  # 13
    sender.post("order", order(total="a lot"))
    _, secret = api_keys.create_key(world.shop.id, "integrator")
    integrator = Integrator(sender.client, secret)
    (row,) = integrator.post("/loyalty-orders/v1/parked/query", {"query": {}})["parked"]
    assert row["reason"].startswith("total: ") and "body" not in {name for name, value in row.items() if value}
    whole = integrator.get(f"/loyalty-orders/v1/parked/{row['id']}")["parked"]
    assert json.loads(whole["body"])["total"] == "a lot"
    for what in ("retry", "dismiss"):
        integrator.post(f"/loyalty-orders/v1/parked/{row['id']}/{what}")
    assert Parked.need(world.shop, Parked.id == row["id"]).status == "dismissed"
