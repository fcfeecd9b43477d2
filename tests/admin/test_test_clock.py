"""The test clock over the wire: a copy is made, lived in, moved and thrown away; the shop has nothing of it."""

from datetime import date, timedelta
from typing import Any

from tests.integrator import Integrator
from tests.make import World, everything_kept
from widget_server import clock
from widget_server.loyalty.people.customers import Customer

DATABASES = ("sqlite",)
COPY = "/loyalty-test-clock/v1/preview-copy"


def moved(owner: Integrator, move: dict[str, Any]) -> dict[str, Any]:
    """Moves as far as the body says, also where a busy machine stops on its way."""
    told = owner.post(f"{COPY}/move", move)
    happened = told["happened"]
    while not told["done"]:
        told = owner.post(f"{COPY}/move", {"until": told["until"]})
        happened += told["happened"]
    return {**told, "happened": happened}


def test_points_are_seen_to_expire_before_they_do(owner: Integrator, world: World) -> None:
    world.settings(expiry="inactivity", expiry_months=6, expiry_reminder_days=(30,))
    begun = owner.post(COPY, {})["previewCopy"]
    told = owner.post(f"{COPY}/customers", {"name": "Anna", "points": 1200})
    (anna,) = told["previewCopy"]["customers"]
    assert (anna["name"], anna["balance"], told["done"]) == ("Anna", 1200, True)
    assert anna["expires"]["points"] == 1200
    day = moved(owner, {"span": "DAY"})
    assert day["previewCopy"]["date"] > begun["date"] and day["happened"] == 0
    mail = moved(owner, {"toFirstWithinDays": 300})
    assert mail["happened"] == 1
    (newest, *_) = owner.get(f"{COPY}/happenings?limit=1")["happenings"]
    assert (newest["kind"], newest["mail"]["template"], newest["customer"]) == ("MAIL", "points_expire", "Anna")
    assert "1,200" in newest["mail"]["text"]
    last = moved(owner, {"day": (date.fromisoformat(anna["expires"]["date"][:10]) + timedelta(days=2)).isoformat()})
    assert last["previewCopy"]["customers"][0]["balance"] == 0
    page = owner.get(f"{COPY}/happenings?limit=1")
    (expired,) = page["happenings"]
    assert page["hasMore"] and (expired["kind"], expired["entry"]["points"]) == ("POINTS", -1200)
    older = owner.get(f"{COPY}/happenings?before={expired['number']}")
    assert older["happenings"][0]["kind"] == "MAIL" and not older["hasMore"]
    assert owner.delete(COPY) == {}
    owner.get(COPY, status=404)
    assert "Anna" not in everything_kept() and Customer.of(world.shop).count() == 0


def test_a_sample_buys_and_redeems_and_a_member_is_copied_without_a_name(owner: Integrator, world: World) -> None:
    world.order_rule()
    world.reward(cost=100, title="Five off")
    real = world.member("real@example.com")
    real.is_given(300)
    begun = owner.post(COPY, {})["previewCopy"]
    told = owner.post(f"{COPY}/customers/copy", {"customerId": real.id, "name": "Somebody"})
    (copied,) = told["previewCopy"]["customers"]
    assert copied["balance"] == 300 and "real@example.com" not in str(told)
    bought = owner.post(f"{COPY}/orders", {"customerId": copied["id"], "amount": 20, "status": "FULFILLED"})
    assert bought["happened"] >= 1
    redeemed = owner.post(f"{COPY}/redemptions", {"customerId": copied["id"], "rewardId": begun["rewards"][0]["id"]})
    before, after = (told["previewCopy"]["customers"][0]["balance"] for told in (bought, redeemed))
    assert before > 300 and after == before - 100
    kinds = [one["kind"] for one in owner.get(f"{COPY}/happenings")["happenings"]]
    assert "COUPON" in kinds and "POINTS" in kinds
    assert real.balance == 300


def test_what_a_copy_cannot_do_names_its_field(owner: Integrator, world: World) -> None:
    owner.post(f"{COPY}/move", {"span": "DAY"}, status=404)
    owner.post(COPY, {})
    yesterday = (clock.now() - timedelta(days=1)).date().isoformat()
    for body, field in (
        ({}, "toFirstWithinDays"),
        ({"span": "DAY", "day": yesterday}, "day"),
        ({"day": yesterday}, "day"),
        ({"until": f"{yesterday}T00:00:00Z"}, "day"),
    ):
        told = owner.post(f"{COPY}/move", body, status=400)
        assert field in str(told), (body, told)
    tomorrow = (clock.now() + timedelta(days=2)).date().isoformat()
    for day in (tomorrow, "0124-03-09"):
        told = owner.post(f"{COPY}/customers", {"name": "Anna", "points": 1, "earnedOn": day}, status=400)
        assert "earnedOn" in str(told)
    (anna,) = owner.post(f"{COPY}/customers", {"name": "Anna"})["previewCopy"]["customers"]
    world_reward = world.reward(cost=100)
    owner.post(f"{COPY}/redemptions", {"customerId": anna["id"], "rewardId": world_reward.id}, status=404)


def test_a_key_that_reads_moves_no_time(reader: Integrator, world: World) -> None:
    reader.post(COPY, {}, status=403)
    reader.get(COPY, status=404)
