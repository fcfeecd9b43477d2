"""The catalogue: what a reward costs, who may have it and when, and how it is edited (acceptance 28, 32)."""

from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest

from tests.make import NOON, Shopper, World, at_once, refused
from widget_server import clock, events, reactions
from widget_server.errors import BadRequest, NotEnoughPoints, NotFound, RewardUnavailable, StaleRevision, TierTooLow
from widget_server.events import Event, RewardChanged
from widget_server.loyalty.points import tiers
from widget_server.loyalty.rewards import codes, redeeming, rewards
from widget_server.loyalty.rewards.rewards import Price
from widget_server.widget import views

# What it costs, and who may have it


def test_a_sliding_reward_has_a_least_a_most_and_steps(world: World, ann: Shopper) -> None:  # acceptance 28
    reward = world.reward("sliding", cost=100, max_points=800, step_points=50, point_value=Decimal("0.01"))
    for points in (99, 101, 850, 0, -50, None):
        assert refused(partial(ann.redeems, reward, points=points), BadRequest).field == "points"
    assert ann.balance == 1000
    for points, worth in ((100, "1.00"), (150, "1.50"), (750, "7.50")):
        coupon = ann.redeems(reward, points=points)
        assert (coupon.kind, coupon.amount, coupon.cost_points) == ("amount", Decimal(worth), points)
    assert ann.balance == 0


def test_a_sliding_reward_never_takes_more_than_there_is(world: World, ann: Shopper) -> None:  # acceptance 28
    reward = world.reward("sliding", cost=1, point_value=Decimal("0.015"))
    assert refused(lambda: ann.redeems(reward, points=1001), NotEnoughPoints).facts == {"needs": 1001, "has": 1000}
    assert ann.redeems(reward, points=101).amount == Decimal("1.51")  # whole cents, never more than was paid
    assert ann.balance == 899


def test_a_fixed_reward_has_one_price(world: World, ann: Shopper) -> None:
    reward = world.reward(cost=500)
    assert refused(lambda: ann.redeems(reward, points=499), BadRequest).field == "points"
    assert ann.redeems(reward, points=500).cost_points == 500


def test_dates_and_switches_are_the_server_s(world: World, ann: Shopper) -> None:  # acceptance 32
    reward = world.reward(cost=10, starts_at=NOON, ends_at=NOON + timedelta(days=1))
    for moment, open_now in ((-1, False), (0, True), (86399, True), (86400, False)):
        with clock.at(NOON + timedelta(seconds=moment)):
            assert (reward.id in {one.id for one in rewards.listed(world.shop)}) == open_now
            if open_now:
                ann.redeems(reward)
            else:
                refused(partial(ann.redeems, reward), RewardUnavailable)
    for facts in ({"active": False}, {"archived_at": NOON}):
        hidden = world.reward(cost=10, **facts)
        refused(partial(ann.redeems, hidden), RewardUnavailable)


def test_a_tier_s_reward_is_for_that_tier_and_those_above(world: World) -> None:  # acceptance 32
    world.tier("Silver", 100)
    gold = world.tier("Gold", 200)
    world.tier("Platinum", 300)
    reward = world.reward(cost=10, tier_id=gold.id)
    allowed = []
    for points in (50, 150, 250, 350):
        someone = world.member(f"m{points}@example.com")
        someone.is_given(points)
        offer = redeeming.offers(world.shop, someone.customer, someone.account)[0]
        try:
            someone.redeems(reward)
            allowed.append(points)
            assert offer.refusal is None
        except TierTooLow:
            assert (offer.refusal, offer.available) == ("tier_too_low", False)
    assert allowed == [250, 350]
    gold.delete_instance()  # a tier that is gone lets nobody in by accident
    refused(lambda: someone.redeems(reward), TierTooLow)


# Prices by tier, and the catalogue as the admin API edits it (contracts §2, wix-api §2)


@pytest.fixture
def heard() -> list[RewardChanged]:
    """What happened to rewards."""
    told: list[RewardChanged] = []

    def hear(event: Event) -> None:
        reactions.react(event)
        if isinstance(event, RewardChanged):
            told.append(event)

    events.wire(hear)
    return told


def test_a_tier_with_its_own_price_pays_that(world: World) -> None:  # contracts §2
    silver, gold = world.tier("Silver", 200), world.tier("Gold", 900)
    prices = {None: Price(500, Decimal(5)), gold.id: Price(400, Decimal("7.50"))}
    reward = rewards.create(world.shop, "amount", prices, title="Off")
    half = rewards.create(world.shop, "percent", {None: Price(90, percent=Decimal(10))}, title="Ten")
    ship = rewards.create(world.shop, "free_shipping", {None: Price(80), silver.id: Price(70)}, title="Ship")
    for points, cost, amount, shipping in ((199, 500, "5", 80), (600, 500, "5", 70), (1000, 400, "7.50", 80)):
        bob = world.member(f"m{points}@example.com")
        bob.is_given(points)
        shown = {one["id"]: one for one in views.redeem.page(world.shop, bob.customer, bob.account)["rewards"]}
        assert (shown[reward.id]["cost_points"], shown[reward.id]["amount"]) == (cost, Decimal(amount))
        assert shown[reward.id]["short_by"] == max(cost - points, 0)
        assert (shown[half.id]["percent"], shown[ship.id]["cost_points"]) == (10, shipping)
        assert bob.redeems(ship).cost_points == shipping
        if points >= cost:
            coupon = bob.redeems(reward, points=cost)
            assert (coupon.cost_points, coupon.amount) == (cost, Decimal(amount))
            with pytest.raises(BadRequest):
                bob.redeems(reward, points=cost + 1)
        else:
            with pytest.raises(NotEnoughPoints) as refusal:
                bob.redeems(reward)
            assert refusal.value.facts["needs"] == cost


def test_without_a_base_price_only_tiers_with_their_own_may_have_it(world: World, ann: Shopper) -> None:
    gold = world.tier("Gold", 1100)
    reward = rewards.create(world.shop, "free_shipping", {gold.id: Price(300)}, title="Ship")
    assert rewards.price_for(reward, None) is None
    with pytest.raises(TierTooLow):
        ann.redeems(reward)
    offer = redeeming.offers(world.shop, ann.customer, ann.account)[0]
    assert (offer.price.cost_points, offer.available, offer.refusal) == (300, False, "tier_too_low")
    assert views.redeem.guest_page(world.shop)["rewards"][0]["cost_points"] == 300
    ann.is_given(100)
    assert ann.redeems(reward).cost_points == 300
    tiers.remove(world.shop, gold.id, 1)
    assert rewards.need(world.shop, reward.id).prices == {}
    with pytest.raises(TierTooLow):
        ann.redeems(reward)


def test_a_discount_at_checkout_is_no_coupon(world: World, ann: Shopper) -> None:  # wix-api §2
    gold = world.tier("Gold", 5000)
    prices = {None: Price(10, Decimal("1.00")), gold.id: Price(3, Decimal("1.00"))}
    reward = rewards.create(world.shop, "sliding", prices, at_checkout=True, title="Points for money")
    assert redeeming.offers(world.shop, ann.customer, ann.account) == []
    assert views.redeem.guest_page(world.shop)["rewards"] == []
    with pytest.raises(RewardUnavailable):
        ann.redeems(reward, points=35)
    base, golden = rewards.price_for(reward, None), rewards.price_for(reward, gold.id)
    assert base is not None
    assert golden is not None
    assert [str(base.worth(points, "EUR")) for points in (35, 1, 0)] == ["3.50", "0.10", "0.00"]
    assert [str(golden.worth(points, "EUR")) for points in (3, 2, 1)] == ["1.00", "0.66", "0.33"]


def test_a_reward_is_made_edited_and_archived(world: World, ann: Shopper, heard: list[RewardChanged]) -> None:
    shop = world.shop
    old = world.reward(cost=100)
    reward = rewards.create(shop, "amount", {None: Price(200, Decimal(2))}, title="Off", minimum_subtotal=Decimal(20))
    assert (reward.handle, reward.position, reward.active, reward.revision) == ("amount", old.position + 1, True, 1)
    coupon = ann.redeems(reward)
    edited = rewards.change(shop, reward.id, 1, kind="percent", prices={None: Price(300, percent=Decimal(15))})
    assert (edited.kind, edited.cost_points, edited.amount, edited.percent) == ("percent", 300, None, 15)
    assert ann.redeems(reward).percent == 15
    assert rewards.change(shop, reward.id, 2, title="Off").revision == 2
    rewards.change(shop, reward.id, None, active=False)
    with pytest.raises(RewardUnavailable):
        ann.redeems(reward)
    rewards.remove(shop, reward.id, 3)
    for act in (rewards.need, lambda shop, id: rewards.remove(shop, id, None)):
        with pytest.raises(NotFound):
            act(shop, reward.id)
    assert codes.use(shop, coupon.code, "generic:o1").status == "used"
    assert [(event.change, event.fields) for event in heard if event.reward_id == reward.id] == [
        ("created", ()),
        ("updated", ("kind", "cost_points", "amount", "percent")),
        ("updated", ("active",)),
        ("deleted", ("archived_at",)),
    ]


def test_somebody_else_was_quicker(world: World) -> None:  # wix-api §3
    reward = rewards.create(world.shop, "free_shipping", {None: Price(80)}, title="Ship")
    edits = [lambda n=n: rewards.change(world.shop, reward.id, 1, title=f"Ship {n}").revision for n in range(4)]
    assert [one for one in at_once(*edits) if not isinstance(one, StaleRevision)] == [2]
    with pytest.raises(StaleRevision):
        rewards.remove(world.shop, reward.id, 1)
    with pytest.raises(NotFound):
        rewards.change(World.create().shop, reward.id, 2, title="Mine")


@pytest.mark.parametrize(
    ("kind", "prices", "field"),
    [
        ("amount", {}, "prices"),
        ("amount", {None: Price(5)}, "prices"),
        ("amount", {None: Price(5, Decimal(0))}, "prices"),
        ("amount", {None: Price(0, Decimal(1))}, "prices"),
        ("amount", {None: Price(5, percent=Decimal(5))}, "prices"),
        ("percent", {None: Price(5, percent=Decimal(101))}, "prices"),
        ("free_shipping", {None: Price(5, Decimal(5))}, "prices"),
        ("free_shipping", {None: Price(5), "nothing": Price(6)}, "tier_id"),
        ("sliding", {None: Price(5, Decimal(5))}, "type"),
    ],
)
def test_prices_that_make_no_reward(world: World, kind: str, prices: dict[str | None, Price], field: str) -> None:
    reward = rewards.create(world.shop, "free_shipping", {None: Price(5)}, title="Ship")
    for act in (
        lambda: rewards.create(world.shop, kind, prices, title="Off"),
        lambda: rewards.change(world.shop, reward.id, 1, kind=kind, prices=prices),
    ):
        with pytest.raises(BadRequest) as refusal:
            act()
        assert refusal.value.field == field
    assert [one.revision for one in rewards.Reward.of(world.shop)] == [1]
