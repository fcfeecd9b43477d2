"""What points buy: one coupon for one deduction (acceptance 27-32)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest

from tests.make import BERLIN_MIDNIGHT, NOON, Shopper, World, at_once, fresh, refused
from widget_server import clock
from widget_server.errors import (
    CustomerExcluded,
    KeyReused,
    MembersOnly,
    NotEnoughPoints,
    NotFound,
    ProgramNotActive,
    RewardLimitReached,
    RewardUnavailable,
    WorthNothing,
)
from widget_server.loyalty.people import customer_edits, customers
from widget_server.loyalty.program import programs
from widget_server.loyalty.rewards import checkout, codes, redeeming, rewards
from widget_server.loyalty.rewards.coupons import Coupon


def test_a_reward_costs_its_points_and_keeps_its_terms(world: World, ann: Shopper) -> None:  # acceptance 59
    reward = world.reward(cost=500, title="5 off", minimum_subtotal=Decimal(20), combines=True, expires_after_days=30)
    coupon = ann.redeems(reward)
    rewards.save_reward(world.shop, reward.handle, amount=Decimal(1), cost_points=900, title="1 off")
    kept = fresh(world, coupon)
    assert (kept.amount, kept.cost_points, kept.title, kept.status) == (Decimal(5), 500, "5 off", "active")
    assert (kept.minimum_subtotal, kept.combines) == (Decimal(20), True)
    assert ann.balance == 500
    assert ann.history()[0] == ("redeemed", -500)


def test_only_members_redeem_and_only_while_the_program_is_active(world: World, ann: Shopper) -> None:  # 16
    reward = world.reward(cost=100)
    guest = world.visitor()
    guest.is_given(500)
    refused(lambda: guest.redeems(reward), MembersOnly)
    stale = ann.customer
    customers.leave(ann.customer)
    refused(lambda: redeeming.redeem(world.shop, stale, reward.id, key="k", source="widget"), MembersOnly)
    bob = world.member("bob@example.com")
    bob.is_given(500)
    coupon = bob.redeems(reward)
    programs.pause(world.shop.id)
    refused(lambda: bob.redeems(reward), ProgramNotActive)
    assert (guest.balance, ann.balance, bob.balance) == (500, 1000, 400)
    assert codes.use(world.shop, coupon.code, "o1").status == "used"  # issued codes stay usable


def test_the_excluded_redeem_nothing_and_keep_what_they_have(world: World, ann: Shopper) -> None:  # acceptance 58
    reward = world.reward(cost=100)
    kept = ann.redeems(reward, key="k")
    customer_edits.edit(world.shop.id, ann.id, excluded=True)
    refused(lambda: ann.redeems(reward), CustomerExcluded)
    apply = partial(checkout.apply, world.shop, ann.customer, "basket", source="admin")
    refused(lambda: apply(key="a", reward_id=reward.id), CustomerExcluded)
    assert ann.redeems(reward, key="k") == kept  # the same request again
    (offer,) = redeeming.offers(world.shop, ann.customer, ann.account)
    assert (offer.available, offer.refusal) == (False, "customer_excluded")
    assert apply(key="b", coupon_id=kept.id).status == "applied"
    assert codes.use(world.shop, kept.code, "generic:o1").status == "used"
    assert ann.balance == 900
    customer_edits.edit(world.shop.id, ann.id, excluded=False)
    assert ann.redeems(reward).status == "active"


def test_a_fixed_amount_from_before_is_sold_as_whole_coins(world: World, ann: Shopper) -> None:
    odd, nothing = world.reward(amount=Decimal("5.005"), cost=1), world.reward(amount=Decimal("0.005"), cost=1)
    assert fresh(world, ann.redeems(odd)).amount == Decimal("5.00")
    assert refused(lambda: ann.redeems(nothing), WorthNothing).field == "reward_id"
    assert ann.balance == 999


def test_a_reward_of_another_shop_is_not_here(world: World, ann: Shopper) -> None:  # acceptance 9
    other = World.create()
    reward = other.reward(cost=1)
    refused(lambda: ann.redeems(reward), NotFound)
    refused(lambda: redeeming.redeem(world.shop, ann.customer, "nothing", key="k", source="widget"), NotFound)
    assert codes.by_code(other.shop, ann.redeems(world.reward(cost=1)).code) is None


def test_too_few_points_say_how_many_are_missing(world: World, ann: Shopper) -> None:  # acceptance 27, 31
    reward = world.reward(cost=1001)
    no = refused(lambda: ann.redeems(reward), NotEnoughPoints)
    assert no.facts == {"needs": 1001, "has": 1000}
    assert (ann.balance, Coupon.of(world.shop).count()) == (1000, 0)


def test_pending_points_buy_nothing(world: World) -> None:  # acceptance 22, 31
    world.settings(wait_days=5)
    world.order_rule(10)
    ann = world.member()
    ann.orders("50.00")
    assert ann.pending == 500
    refused(lambda: ann.redeems(world.reward(cost=500)), NotEnoughPoints)


def test_the_same_key_is_one_coupon_and_one_deduction(world: World, ann: Shopper) -> None:  # acceptance 29
    reward = world.reward(cost=400, limit_per_customer=1)
    first, second = (ann.redeems(reward, key="double-click") for _ in range(2))
    assert (first.id, first.code) == (second.id, second.code)
    assert (ann.balance, Coupon.of(world.shop).count()) == (600, 1)
    other = world.reward(cost=400)
    refused(lambda: ann.redeems(other, key="double-click"), KeyReused)
    bob = world.member("bob@example.com")
    bob.is_given(400)
    refused(lambda: bob.redeems(reward, key="double-click"), KeyReused)
    programs.pause(world.shop.id)
    assert ann.redeems(reward, key="double-click").id == first.id  # the answer to what was done stays the answer


def test_a_refused_request_leaves_no_key_behind(world: World, ann: Shopper) -> None:  # acceptance 62
    reward = world.reward(cost=1500)
    refused(lambda: ann.redeems(reward, key="again"), NotEnoughPoints)
    ann.is_given(500)
    assert ann.redeems(reward, key="again").status == "active"


def test_a_double_click_at_the_same_moment(world: World, ann: Shopper) -> None:  # acceptance 29
    reward = world.reward(cost=100)
    bought = at_once(*[partial(ann.redeems, reward, key="click")] * 6)
    assert len({coupon.id for coupon in bought}) == 1
    assert (ann.balance, Coupon.of(world.shop).count()) == (900, 1)


def test_many_tabs_never_spend_below_zero(world: World, ann: Shopper) -> None:  # acceptance 29
    cheap, dear = world.reward(cost=150), world.reward(cost=300)
    clicks = [partial(ann.redeems, reward, key=f"tab-{at}-{reward.id}") for at in range(5) for reward in (cheap, dear)]
    results = at_once(*clicks)
    bought = [answer for answer in results if isinstance(answer, Coupon)]
    assert all(isinstance(answer, Coupon | NotEnoughPoints) for answer in results)
    assert ann.balance == 1000 - sum(coupon.cost_points for coupon in bought)
    assert 0 <= ann.balance < 150  # as many as were covered
    assert Coupon.of(world.shop).count() == len(bought)


# Limits, and what is offered (acceptance 27, 32)


def test_limits_hold_under_parallel_clicks(world: World, ann: Shopper) -> None:  # acceptance 32
    mine = world.reward(cost=1, limit_per_customer=2)
    results = at_once(*[partial(ann.redeems, mine) for _ in range(6)])
    assert sorted(type(one).__name__ for one in results) == ["Coupon"] * 2 + ["RewardLimitReached"] * 4
    people = [ann, *(world.member(f"m{number}@example.com") for number in range(5))]
    for one in people[1:]:
        one.is_given(10)
    scarce = world.reward(cost=1, limit_total=3)
    results = at_once(*[partial(one.redeems, scarce) for one in people])
    assert sorted(type(one).__name__ for one in results) == ["Coupon"] * 3 + ["RewardUnavailable"] * 3


@pytest.mark.parametrize(
    ("period", "still", "opens"),
    [
        ("day", BERLIN_MIDNIGHT - timedelta(seconds=1), BERLIN_MIDNIGHT),
        ("month", datetime(2026, 3, 31, 21, 59, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC)),
        ("year", datetime(2026, 12, 31, 22, 59, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_a_limit_opens_again_with_the_shop_s_day(world: World, period: str, still: datetime, opens: datetime) -> None:
    with clock.at(NOON):  # acceptance 32
        ann = world.member()
        ann.is_given(10)
        reward = world.reward(cost=1, limit_per_customer=1, limit_period=period)
        ann.redeems(reward)
    with clock.at(still):
        refused(lambda: ann.redeems(reward), RewardLimitReached)
    with clock.at(opens):
        ann.redeems(reward)
        refused(lambda: ann.redeems(reward), RewardLimitReached)


def test_a_returned_coupon_frees_its_place(world: World, ann: Shopper) -> None:
    reward = world.reward(cost=10, limit_per_customer=1, limit_total=1)
    ann.returns(ann.redeems(reward))
    bob = world.member("bob@example.com")
    bob.is_given(10)
    bob.redeems(reward)
    refused(lambda: ann.redeems(reward), RewardUnavailable)


def test_offers_are_affordable_first_then_nearest(world: World, ann: Shopper) -> None:  # acceptance 27
    far, near = world.reward(cost=5000), world.reward(cost=1200)
    full = world.reward(cost=5, limit_per_customer=0)
    second, third = world.reward(cost=900), world.reward(cost=100)
    found = redeeming.offers(world.shop, ann.customer, ann.account)
    assert [offer.reward.id for offer in found] == [second.id, third.id, near.id, far.id, full.id]
    assert [offer.short_by for offer in found] == [0, 0, 200, 4000, 0]
    assert [offer.available for offer in found] == [True, True, False, False, False]
    assert redeeming.offers(world.shop, ann.customer, None)[0].short_by == 100
