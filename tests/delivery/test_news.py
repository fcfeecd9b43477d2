"""What receivers are told: each event by its type, with ids and facts, and without a word about a person."""

import json
from dataclasses import fields
from typing import Any

from tests.make import World
from widget_server import events, ledger
from widget_server.delivery import endpoints, payloads
from widget_server.delivery.outbox import PROGRAM, Message
from widget_server.loyalty.people import customers, privacy, recognition
from widget_server.loyalty.people.customers import Person
from widget_server.loyalty.program import programs

URL = "https://shop.example/hooks"


def listen(world: World) -> endpoints.Endpoint:
    return endpoints.create(world.shop.id, url=URL)


def told(world: World) -> list[tuple[str, dict[str, Any]]]:
    """Type and data of what was told since the last time it was asked, in order."""
    rows = list(Message.of(world.shop).order_by(Message.number))
    Message.remove(world.shop)
    found = []
    for row in rows:
        payload = json.loads(row.payload)
        assert set(payload) == {"type", "timestamp", "data"}
        assert row.type == payload["type"]
        found.append((row.type, payload["data"]))
    return found


def facts(world: World, type: str) -> dict[str, Any]:
    """The data of the one message of this type."""
    (data,) = [data for name, data in told(world) if name == type]
    return data


def test_all_that_happens_is_told_but_mails() -> None:
    def below(event: type[events.Event]) -> set[type[events.Event]]:
        return {event}.union(*map(below, event.__subclasses__()))

    ours = {events.Event, events.MailWanted, events.ManyPointsMoved, events.CustomerPastChanged}
    ours |= {events.ManyPointsEarned, events.ManyMailsWanted, events.ManyTiersMoved}
    ours |= {events.ShopConnected, events.ShopDisconnected, events.TierMoved}
    assert set(payloads.STANDARD) == below(events.Event) - ours


def test_signing_up(world: World) -> None:
    world.rule("join", points=50)
    listen(world)
    ann = world.member("ann@example.com", name="Ann Archer")
    rows = list(Message.of(world.shop))
    assert not [row for row in rows if "ann" in row.payload.lower()]
    assert {row.subject for row in rows} == {ann.id}
    types = [type for type, _ in told(world)]
    assert types.index("account.created") < types.index("points.moved")
    assert types.index("customer.joined") < types.index("points.moved")


def test_points_that_move(world: World) -> None:
    ann = world.member()
    listen(world)
    ann.is_given(30)
    data = facts(world, "points.moved")
    (row,) = ledger.history(world.shop.id, ann.account.id, limit=1)
    assert data == {
        "account_id": ann.account.id,
        "customer_id": ann.id,
        "transaction_id": row.id,
        "kind": "earn",
        "amount": 30,
    }


def test_orders_of_customers_and_of_nobody(world: World) -> None:
    world.order_rule(10)
    ann = world.member()
    listen(world)
    order = ann.orders("20.00")
    found = told(world)
    assert [type for type, _ in found] == ["order.changed", "points.moved"]
    assert found[0][1] == {
        "order_id": order.id,
        "customer_id": ann.id,
        "platform": "generic",
        "external_id": order.external_id,
        "number": order.number,
        "status": "paid",
    }
    world.order(None, id="nobodys")
    (row,) = Message.of(world.shop)
    assert row.subject == PROGRAM


def test_coupons_without_their_code(world: World) -> None:
    ann, reward = world.member(), world.reward(cost=100)
    ann.is_given(100)
    listen(world)
    coupon = ann.redeems(reward)
    rows = list(Message.of(world.shop))
    assert coupon.code and not [row for row in rows if coupon.code in row.payload]
    assert {row.subject for row in rows} == {ann.id}
    data = facts(world, "coupon.issued")
    assert (data["coupon_id"], data["customer_id"], data["cost_points"]) == (coupon.id, ann.id, 100)


def test_referrals_are_their_advocates(world: World) -> None:
    world.refer()
    ann = world.member("ann@example.com")
    listen(world)
    bob = world.member("bob@example.com", code=ann.customer.referral_code)
    bob.orders("20.00")
    rows = [row for row in Message.of(world.shop).order_by(Message.number) if row.type == "referral.changed"]
    assert {row.subject for row in rows} == {ann.id}
    data = [json.loads(row.payload)["data"] for row in rows]
    assert {(one["advocate_id"], one["friend_id"]) for one in data} == {(ann.id, bob.id)}
    assert data[-1]["status"] == "completed"


def test_the_program_has_a_lane_of_its_own(world: World) -> None:
    listen(world)
    programs.pause(world.shop.id)
    world.order_rule(10)
    world.reward()
    rows = list(Message.of(world.shop).order_by(Message.number))
    assert {row.subject for row in rows} == {PROGRAM}
    assert rows[0].type == "program.changed"


def test_one_person_behind_two_rows(world: World) -> None:
    """She was known by her number and by her address; now the shop says both are one."""
    numbered, addressed = world.vouched("c-1"), world.member("ann@example.com")
    listen(world)
    world.vouched("c-1", "ann@example.com", verified=True)
    merged = facts(world, "customer.merged")
    assert {merged["customer_id"], merged["merged_into"]} == {numbered.id, addressed.id}
    assert customers.by_id(world.shop.id, merged["customer_id"]).merged_into == merged["merged_into"]


def test_a_registration_with_the_shop_keeps_the_friends_code(world: World) -> None:
    listen(world)
    bob = recognition.recognise(world.shop.id, Person(email="bob@example.com"))
    told(world)
    events.emit(events.CustomerRegistered(world.shop.id, bob.id, "SECRETCODE"))
    assert facts(world, "customer.registered") == {"customer_id": bob.id}


def test_who_is_erased_is_named_by_ids(world: World) -> None:
    ann = world.member("ann@example.com")
    listen(world)
    privacy.erase(world.shop, ann.customer)
    assert facts(world, "customer.erased") == {"customer_id": ann.id, "merged_ids": []}


def test_no_event_carries_what_json_cannot_say() -> None:
    """What is told by the event's own words is made of texts, numbers and lists of them."""
    for event in payloads.STANDARD:
        for field in fields(event):
            assert (
                field.type in (str, int, "str", "int")
                or "tuple" in str(field.type)
                or "Literal" in str(field.type)
                or "None" in str(field.type)
            ), (event, field)
