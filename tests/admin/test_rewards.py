"""Rewards over the wire: what is sent back as it was told loses nothing (wix-api §2)."""

from decimal import Decimal
from typing import Any

import pytest

from tests.integrator import Integrator
from tests.make import World
from widget_server.loyalty.rewards.rewards import Reward

REWARDS = "/loyalty-rewards/v1/rewards"


@pytest.mark.parametrize(
    "terms",
    [
        {"fixedAmount": {"configsByTier": [{"costInPoints": 100, "amount": 5}]}, "minimumSubtotal": 40},
        {"percentage": {"configsByTier": [{"costInPoints": 100, "percentage": 12.5}]}, "limitedToOneItem": True},
        {"freeShipping": {"configsByTier": [{"costInPoints": 100}]}, "scope": {"namespace": "stores"}},
        {
            "freeProduct": {"configsByTier": [{"costInPoints": 100}], "productId": "p1", "productName": "A mug"},
            "scope": {"namespace": "stores", "group": {"name": "collection", "entityId": "mugs"}},
        },
    ],
)
def test_each_kind_comes_back_as_it_was_sent(owner: Integrator, terms: dict[str, Any]) -> None:
    made = owner.post(REWARDS, {"reward": {"name": "A reward", "active": True, "couponReward": terms}})["reward"]
    assert made["couponReward"] == terms
    again = owner.put(f"{REWARDS}/{made['id']}", {"reward": made})["reward"]
    assert again == made  # nothing changed, so the revision did not either


def test_an_amount_without_coins_is_refused_by_its_path(owner: Integrator, world: World) -> None:
    world.shop.currency = "JPY"
    world.shop.save()
    for amount, status in ((50.5, 400), (50, 200)):
        prices = {"configsByTier": [{"costInPoints": 100, "amount": amount}]}
        body = {"reward": {"name": "Off", "couponReward": {"fixedAmount": prices}}}
        answer = owner.post(REWARDS, body, status=status)
    made = answer["reward"]
    prices = {"configsByTier": [{"costInPoints": 100, "amount": 0.5}]}
    changed = {**made, "couponReward": {"fixedAmount": prices}}
    refused = owner.put(f"{REWARDS}/{made['id']}", {"reward": changed}, status=400)
    violation = refused["details"]["validationError"]["fieldViolations"][0]
    assert violation["field"] == "reward.couponReward.fixedAmount.configsByTier.0.amount"
    assert violation["ruleName"] == "NOT_WHOLE_COINS"


def test_what_only_the_program_file_knows_outlives_a_change(owner: Integrator, world: World) -> None:
    mugs, pots = {"id": "mugs", "name": "Mugs"}, {"id": "pots", "name": "Pots"}
    kept = world.reward(cost=100, collections=[mugs, pots], minimum_subtotal=Decimal(40), combines=True)
    told = owner.get(f"{REWARDS}/{kept.id}")["reward"]
    assert told["couponReward"]["minimumSubtotal"] == 40.0
    owner.put(f"{REWARDS}/{kept.id}", {"reward": {**told, "name": "Five off"}})
    row = Reward.need(world.shop, Reward.id == kept.id)
    assert (row.title, row.collections, row.combines) == ("Five off", [mugs, pots], True)
    assert row.minimum_subtotal == Decimal(40)


def test_a_sliding_coupon_slides_on_when_it_is_sent_back(owner: Integrator, world: World) -> None:
    kept = world.reward("sliding", cost=100, max_points=800, step_points=50, point_value=Decimal("0.0155"))
    path = f"{REWARDS}/{kept.id}"
    told = owner.get(path)["reward"]
    assert told["couponReward"]["fixedAmount"] == {"configsByTier": [{"costInPoints": 100, "amount": 1.55}]}
    renamed = owner.put(path, {"reward": {**told, "name": "As you like"}})["reward"]
    assert renamed == {**told, "name": "As you like", "revision": "2", "updatedDate": renamed["updatedDate"]}
    for other in (
        {"couponReward": {"fixedAmount": {"configsByTier": [{"costInPoints": 100, "amount": 1.5}]}}},
        {"couponReward": {"freeShipping": {"configsByTier": [{"costInPoints": 100}]}}},
        {"discountAmount": {"configsByTier": [{"costInPoints": 100, "amount": "1.55"}]}},
    ):
        refused = owner.put(path, {"reward": {"revision": "2", **other}}, status=400)
        assert refused["details"]["validationError"]["fieldViolations"][0]["field"] == "reward.type"
    row = Reward.need(world.shop, Reward.id == kept.id)
    assert (row.kind, row.max_points, row.point_value) == ("sliding", 800, Decimal("0.0155"))


def test_prices_by_tier_and_a_type_that_stays(owner: Integrator, world: World) -> None:
    gold = world.tier("Gold", 1000)
    configs = [{"costInPoints": 100, "amount": "1.00"}, {"tierId": gold.id, "costInPoints": 50, "amount": "1.00"}]
    sent = {"name": "At the checkout", "discountAmount": {"configsByTier": configs}}
    made = owner.post(REWARDS, {"reward": sent})["reward"]
    assert (made["type"], made["active"], made["discountAmount"]["configsByTier"]) == (
        "DISCOUNT_AMOUNT",
        False,
        configs,
    )
    other = {"revision": made["revision"], "couponReward": {"freeShipping": {"configsByTier": [{"costInPoints": 1}]}}}
    told = owner.put(f"{REWARDS}/{made['id']}", {"reward": other}, status=400)
    assert told["details"]["validationError"]["fieldViolations"][0]["field"] == "reward.type"
    stale = owner.put(f"{REWARDS}/{made['id']}", {"reward": {"name": "x", "revision": "9"}}, status=409)
    assert stale["details"]["applicationError"]["code"] == "STALE_REVISION"
    owner.delete(f"{REWARDS}/{made['id']}?revision=1")
    owner.get(f"{REWARDS}/{made['id']}", status=404)
    owner.delete(f"{REWARDS}/{made['id']}", status=400)


def test_bulk_says_which_one_failed(owner: Integrator) -> None:
    arm = {
        "couponReward": {
            "freeShipping": {"configsByTier": [{"costInPoints": 5, "tierId": "0" * 8 + "-0000-0000-0000-" + "0" * 12}]}
        }
    }
    good = {"couponReward": {"freeShipping": {"configsByTier": [{"costInPoints": 5}]}}}
    told = owner.post(
        "/loyalty-rewards/v1/bulk/rewards/create",
        {"rewards": [{"name": "A", **good}, {"name": "B", **arm}, {"name": "C", **good}]},
    )
    assert [one["itemMetadata"]["success"] for one in told["results"]] == [True, False, True]
    assert told["results"][1]["itemMetadata"]["error"]["code"] == "TIER_UNKNOWN"
