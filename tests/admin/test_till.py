"""The shop's counter over the wire: find, quote, sell, pay back, redeem (acceptance 57, 62)."""

from tests.integrator import Integrator
from tests.make import World
from widget_server.loyalty.till import till_codes

TILL = "/loyalty-till/v1"


def test_a_customer_comes_buys_and_brings_it_back(owner: Integrator, reader: Integrator, world: World) -> None:
    world.order_rule()
    ann = world.member("ann@example.com")
    (found,) = reader.post(f"{TILL}/find", {"text": "ann@example.com"})["found"]
    assert (found["customer"]["id"], found["balance"], found["by"]) == (ann.id, 0, "EMAIL")
    sale = {"customerId": ann.id, "amount": 12.5}
    assert reader.post(f"{TILL}/sales/preview", sale) == {"points": 125}
    reader.post(f"{TILL}/sales", sale, status=403)
    sold = [owner.post(f"{TILL}/sales", sale, Idempotency_Key="k1")["order"] for _ in range(2)]
    assert (sold[0], sold[0]["points"], sold[0]["platform"], ann.balance) == (sold[1], 125, "till", 125)
    back = owner.post(f"{TILL}/sales/{sold[0]['id']}/refund", {"amount": 2.5})["order"]
    assert (back["points"], ann.balance) == (100, 100)
    owner.post(f"{TILL}/sales/{sold[0]['id']}/refund", {"amount": 100}, status=400)
    assert owner.post(f"{TILL}/sales/{sold[0]['id']}/refund")["order"]["whyNothing"] == "refunded"
    owner.post(f"{TILL}/sales", {**sale, "amount": 0.001}, status=400)


def test_a_reward_for_who_identified(owner: Integrator, world: World) -> None:
    ann, reward = world.member("ann@example.com"), world.reward(cost=100)
    ann.is_given(300)
    wanted = {"customerId": ann.id, "rewardId": reward.id}
    assert owner.post(f"{TILL}/redeem", wanted, status=403)["details"]["applicationError"]["code"] == "NOT_IDENTIFIED"
    code = till_codes.show(world.shop, ann.customer).code
    coupon = owner.post(f"{TILL}/redeem", {**wanted, "tillCode": code})["coupon"]
    assert (coupon["memberId"], ann.balance) == (ann.id, 200)
    owner.post(f"{TILL}/redeem", {**wanted, "tillCode": code}, status=409)
    owner.post(f"{TILL}/redeem", {**wanted, "checked": True})
    assert ann.balance == 100
