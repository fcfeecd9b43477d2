"""A discount at a checkout: its points are spent once, and never both spent and given back (wix-api §2)."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.make import NOON, PROOFS, Shopper, World, at_once, cart
from tests.stores.checkouts import WooCommerce
from widget_server import clock, job_queue, jobs
from widget_server.errors import (
    BadRequest,
    CheckoutEnded,
    CheckoutTaken,
    CouponNotUsable,
    KeyReused,
    MembersOnly,
    NotEnoughPoints,
    NotFound,
    ProgramNotActive,
    Refusal,
    RewardLimitReached,
    RewardUnavailable,
    StaleRevision,
)
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.people import merging, privacy
from widget_server.loyalty.program import programs, shops
from widget_server.loyalty.rewards import checkout, codes, coupons, rewards
from widget_server.loyalty.rewards.checkout import CheckoutDiscount
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.rewards.rewards import Price, Reward

REMOVED = "refunded_due_to_manual_discount_removal"
TIMED_OUT = "refunded_due_to_timeout"
A_DAY = timedelta(hours=24)


@pytest.fixture
def sliding(world: World) -> Reward:
    """1.00 off for each 10 points, at checkouts only."""
    return rewards.create(world.shop, "sliding", {None: Price(10, Decimal("1.00"))}, at_checkout=True, title="Off")


def applies(shopper: Shopper, basket: str = "basket", **facts: Any) -> CheckoutDiscount:
    shop = shopper.world.shop
    facts = {"key": f"apply-{next(shopper.world.numbers)}", "source": "admin", **facts}
    return checkout.apply(shop, shopper.customer, basket, **facts)


def status(world: World, basket: str = "basket") -> list[str]:
    """How the discounts of a checkout stand, oldest first."""
    rows = CheckoutDiscount.of(world.shop).where(CheckoutDiscount.checkout_id == basket)
    return [row.status for row in rows.order_by(CheckoutDiscount.applied_at)]


def coupon_of(discount: CheckoutDiscount) -> Coupon:
    return Coupon.need(discount.shop_id, Coupon.id == discount.coupon_id)


# Taking a reward or a coupon to a checkout


def test_points_are_spent_in_proportion(world: World, ann: Shopper, sliding: Reward) -> None:  # wix-api §2
    discount = applies(ann, reward_id=sliding.id, points=35)
    assert (discount.kind, discount.status) == ("discount_amount", "applied")
    assert (discount.points, discount.amount) == (35, Decimal("3.50"))
    assert (ann.balance, ann.history()[0]) == (965, ("redeemed", -35))
    assert applies(ann, "other", reward_id=sliding.id).amount == Decimal("1.00")  # the price as it is listed


def test_a_tier_pays_its_own_price(world: World, ann: Shopper) -> None:
    gold = world.tier("Gold", 500)
    prices = {None: Price(10, Decimal("1.00")), gold.id: Price(10, Decimal("1.50"))}
    reward = rewards.create(world.shop, "sliding", prices, at_checkout=True, title="Off")
    jobs.run_all()
    assert applies(ann, reward_id=reward.id, points=35).amount == Decimal("5.25")


def test_what_is_worth_nothing_is_not_sold(world: World, ann: Shopper) -> None:
    dear = rewards.create(world.shop, "sliding", {None: Price(900, Decimal("1.00"))}, at_checkout=True, title="Off")
    for points in (0, -5, 8):  # 8 points are 0.0088
        with pytest.raises(BadRequest) as refusal:
            applies(ann, reward_id=dear.id, points=points)
        assert refusal.value.field == "points"
    assert applies(ann, reward_id=dear.id, points=9).amount == Decimal("0.01")
    assert ann.balance == 991


def test_any_reward_can_be_bought_at_the_checkout(world: World, ann: Shopper) -> None:
    discount = applies(ann, reward_id=world.reward(cost=500).id)
    assert (discount.kind, discount.points, discount.amount) == ("coupon_reward", 500, Decimal(5))
    assert (ann.balance, coupon_of(discount).status) == (500, "applied")


def test_a_coupon_she_has_costs_nothing_more(world: World, ann: Shopper) -> None:
    coupon = ann.redeems(world.reward(cost=500))
    discount = applies(ann, coupon_id=coupon.id)
    assert (discount.kind, discount.points, discount.reward_id) == ("loyalty_coupon", 0, None)
    assert (ann.balance, coupon_of(discount).status) == (500, "applied")


def test_a_checkout_has_one_discount_at_a_time(world: World, ann: Shopper, sliding: Reward) -> None:
    first = applies(ann, reward_id=sliding.id, points=100)
    bob = world.member("bob@example.com")
    bob.is_given(100)
    for shopper in (ann, bob):
        with pytest.raises(CheckoutTaken) as refusal:
            applies(shopper, reward_id=sliding.id, points=50)
        assert refusal.value.facts == {"discount_id": first.id}
    assert (ann.balance, bob.balance) == (900, 100)
    checkout.remove(world.shop, "basket", source="admin")
    applies(bob, reward_id=sliding.id, points=50)
    assert status(world) == [REMOVED, "applied"]


def test_a_coupon_is_at_one_checkout_at_a_time(world: World, ann: Shopper) -> None:
    coupon = ann.redeems(world.reward(cost=500))
    coupons.apply(world.shop, ann.customer, coupon.id)  # "Use it now" in the panel
    applies(ann, coupon_id=coupon.id)
    with pytest.raises(CouponNotUsable) as refusal:
        applies(ann, "other", coupon_id=coupon.id)
    assert refusal.value.facts == {"reason": "applied"}
    checkout.remove(world.shop, "basket", source="admin")
    assert applies(ann, "other", coupon_id=coupon.id).status == "applied"


def test_the_same_request_answers_the_same(world: World, ann: Shopper, sliding: Reward) -> None:  # acceptance 62
    first = applies(ann, reward_id=sliding.id, points=100, key="k")
    assert applies(ann, reward_id=sliding.id, points=100, key="k").id == first.id
    for other in ({"points": 90}, {"basket": "other", "points": 100}, {"reward_id": world.reward(cost=100).id}):
        with pytest.raises(KeyReused):
            applies(ann, **{"reward_id": sliding.id, "key": "k", **other})
    assert ann.balance == 900


def test_two_tabs_spend_once(world: World, ann: Shopper, sliding: Reward) -> None:
    for basket, key, kind in (("a", "k", "CheckoutDiscount"), ("b", None, "CheckoutTaken")):
        before = ann.balance
        facts = {"key": key} if key else {}
        made = at_once(*[partial(applies, ann, basket, reward_id=sliding.id, points=100, **facts)] * 4)
        assert sorted(type(one).__name__ for one in made) == sorted(["CheckoutDiscount", *[kind] * 3])
        assert ann.balance == before - 100


def test_who_may_not(world: World, ann: Shopper, sliding: Reward) -> None:
    guest = world.visitor()
    guest.is_given(100)
    coupon = ann.redeems(world.reward(cost=100))
    limited = world.reward(cost=100, limit_per_customer=1)
    ann.redeems(limited)
    for shopper, refusal, facts in (
        (guest, MembersOnly, {"reward_id": sliding.id, "points": 10}),
        (guest, NotFound, {"coupon_id": coupon.id}),
        (ann, NotFound, {"reward_id": World.create().reward().id}),
        (ann, NotEnoughPoints, {"reward_id": sliding.id, "points": 801}),
        (ann, RewardLimitReached, {"reward_id": limited.id}),
        (ann, StaleRevision, {"reward_id": sliding.id, "revision": sliding.revision + 1}),
        (ann, StaleRevision, {"coupon_id": coupon.id, "revision": coupon.revision + 1}),
        (ann, BadRequest, {}),
        (ann, BadRequest, {"reward_id": sliding.id, "coupon_id": coupon.id}),
        (ann, BadRequest, {"basket": "", "reward_id": sliding.id}),
    ):
        with pytest.raises(refusal):
            applies(shopper, **facts)
    with pytest.raises(RewardUnavailable):  # the Redeem tab does not sell it
        ann.redeems(sliding, points=10)
    programs.pause(world.shop.id)
    with pytest.raises(ProgramNotActive):
        applies(ann, reward_id=sliding.id, points=10)
    assert (ann.balance, guest.balance, CheckoutDiscount.of(world.shop).count()) == (800, 100, 0)
    assert applies(ann, coupon_id=coupon.id, revision=coupon.revision).status == "applied"  # it is paid for


# How it ends


def test_the_shop_s_own_word_completes_it(world: World, ann: Shopper, sliding: Reward) -> None:
    discount = applies(ann, reward_id=sliding.id, points=100)
    checkout.begin(world.shop, "basket")
    assert checkout.begin(world.shop, "basket").status == "in_progress"
    for _ in range(2):
        done = checkout.complete(world.shop, "basket", "generic:o1", source="admin")
        assert (done.status, done.order_ref) == ("completed", "generic:o1")
    assert (coupon_of(discount).status, coupon_of(discount).order_ref) == ("used", "generic:o1")
    for refused in (
        partial(checkout.complete, world.shop, "basket", "generic:o2", source="admin"),
        partial(checkout.remove, world.shop, "basket", source="admin"),
        partial(checkout.begin, world.shop, "basket"),
    ):
        with pytest.raises(CheckoutEnded) as refusal:
            refused()
        assert refusal.value.facts == {"status": "completed"}
    with pytest.raises(CheckoutTaken):  # an ordered basket is over
        applies(ann, reward_id=sliding.id, points=10)
    assert ann.balance == 900


def test_an_order_with_the_code_completes_it(world: World, ann: Shopper, sliding: Reward) -> None:  # contracts §4
    discount = applies(ann, reward_id=sliding.id, points=100)
    code = coupon_of(discount).code
    ann.orders(id="o1", coupon_codes=(code,))
    assert status(world) == ["completed"]
    assert checkout.complete(world.shop, "basket", "generic:o1", source="admin").id == discount.id


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (partial(checkout.remove, source="admin"), REMOVED),
        (partial(checkout.cancel, source="admin"), "refunded"),
        (None, TIMED_OUT),
    ],
)
def test_what_a_checkout_took_comes_back_once(
    world: World, ann: Shopper, sliding: Reward, end: Any, expected: str
) -> None:
    brought = ann.redeems(world.reward(cost=300))
    with clock.at(NOON):
        discount = applies(ann, "bought", reward_id=sliding.id, points=100)
        applies(ann, "brought", coupon_id=brought.id)
    with clock.at(NOON + A_DAY):
        for _ in range(2):
            for basket in ("bought", "brought"):
                if end is not None:
                    assert end(world.shop, basket).status == expected
        jobs.every_minute()
        jobs.every_minute()
    assert (status(world, "bought"), status(world, "brought")) == ([expected], [expected])
    assert ann.balance == 700
    assert ann.history()[0] == ("returned", 100)
    assert codes.check(world.shop, coupon_of(discount).code, cart()).reason == "returned"
    assert codes.check(world.shop, brought.code, cart()).valid


def test_a_checkout_has_24_hours(world: World, ann: Shopper, sliding: Reward) -> None:
    with clock.at(NOON):
        applies(ann, "early", reward_id=sliding.id, points=100)
        applies(ann, "paying", reward_id=sliding.id, points=100)
        checkout.begin(world.shop, "paying")
        applies(ann, "done", reward_id=sliding.id, points=100)
        checkout.complete(world.shop, "done", "generic:o1", source="admin")
    with clock.at(NOON + timedelta(seconds=1)):
        applies(ann, "late", reward_id=sliding.id, points=100)
    with clock.at(NOON + A_DAY):
        jobs.every_minute()
    found = {basket: status(world, basket)[0] for basket in ("early", "paying", "done", "late")}
    assert found == {"early": TIMED_OUT, "paying": TIMED_OUT, "done": "completed", "late": "applied"}
    assert ann.balance == 800


def test_an_order_after_the_timeout_pays_once_more(world: World, ann: Shopper, sliding: Reward) -> None:
    with clock.at(NOON):
        applies(ann, reward_id=sliding.id, points=100)
    with clock.at(NOON + A_DAY):
        jobs.every_minute()
        assert ann.balance == 1000
        assert checkout.complete(world.shop, "basket", "generic:o1", source="admin").status == "completed"
    assert ann.balance == 900


def test_what_was_taken_off_is_not_completed(world: World, ann: Shopper, sliding: Reward) -> None:
    applies(ann, reward_id=sliding.id, points=100)
    checkout.remove(world.shop, "basket", source="admin")
    for act in (
        partial(checkout.complete, world.shop, "basket", "generic:o1", source="admin"),
        partial(checkout.begin, world.shop, "basket"),
    ):
        with pytest.raises(CheckoutEnded):
            act()
    assert checkout.cancel(world.shop, "basket", source="admin").status == REMOVED
    assert ann.balance == 1000


def test_while_she_pays_she_cannot_take_it_off(world: World, ann: Shopper, sliding: Reward) -> None:
    applies(ann, reward_id=sliding.id, points=100)
    checkout.begin(world.shop, "basket")
    with pytest.raises(CheckoutEnded):
        checkout.remove(world.shop, "basket", source="admin")
    assert checkout.cancel(world.shop, "basket", source="admin").status == "refunded"  # the card was declined
    assert ann.balance == 1000


@pytest.mark.parametrize(("setting", "expected", "balance"), [("usable", "unused", 900), ("points", "refunded", 1000)])
def test_a_cancelled_order_by_setting(
    world: World, ann: Shopper, sliding: Reward, setting: str, expected: str, balance: int
) -> None:  # acceptance 38
    world.settings(coupon_after_cancel=setting)
    discount = applies(ann, reward_id=sliding.id, points=100)
    checkout.complete(world.shop, "basket", "generic:o1", source="admin")
    for _ in range(2):
        assert checkout.cancel(world.shop, "basket", source="admin").status == expected
    assert ann.balance == balance
    ann.orders(id="o1", coupon_codes=(coupon_of(discount).code,))  # it was not cancelled after all
    assert (status(world), ann.balance) == (["completed"], 900)
    ann.orders(id="o1", coupon_codes=(coupon_of(discount).code,), status="cancelled")
    assert (status(world), ann.balance) == ([expected], balance)


def test_a_coupon_that_another_order_used_or_that_died_is_unused(world: World, ann: Shopper) -> None:
    reward = world.reward(cost=100)
    used, revoked, returned = (ann.redeems(reward) for _ in range(3))
    with clock.at(NOON):
        expired = ann.redeems(world.reward(cost=100, expires_after_days=0))
        applies(ann, "expired", coupon_id=expired.id)
    with clock.at(NOON + timedelta(hours=20)):
        jobs.every_minute()
    for basket, coupon in (("used", used), ("revoked", revoked), ("returned", returned)):
        applies(ann, basket, coupon_id=coupon.id)
    checkout.complete(world.shop, "used", "generic:o1", source="admin")
    codes.release(world.shop, used.code, "generic:o1", source="t")
    applies(ann, "again", coupon_id=used.id)
    codes.use(world.shop, used.code, "generic:o1")  # the first order came back
    coupons.revoke(revoked)
    coupons.return_for_points(world.shop, ann.customer, returned.id, key="r", source="widget")
    found = {basket: status(world, basket)[0] for basket in ("expired", "used", "again", "revoked", "returned")}
    assert found == {
        "expired": "unused",
        "used": "completed",
        "again": "unused",
        "revoked": "unused",
        "returned": "refunded",
    }


def test_a_coupon_she_took_away_is_used_elsewhere_without_the_checkout(world: World, ann: Shopper) -> None:
    coupon = ann.redeems(world.reward(cost=100))
    applies(ann, coupon_id=coupon.id)
    checkout.remove(world.shop, "basket", source="admin")
    codes.use(world.shop, coupon.code, "generic:o1")
    assert status(world) == [REMOVED]


def test_a_coupon_whose_checkout_timed_out_is_used_by_its_late_order(world: World, ann: Shopper) -> None:
    with clock.at(NOON):
        coupon = ann.redeems(world.reward(cost=100))
        applies(ann, coupon_id=coupon.id)
    with clock.at(NOON + A_DAY):
        jobs.every_minute()
        assert status(world) == [TIMED_OUT]
        checkout.complete(world.shop, "basket", "generic:o1", source="admin")
    assert (status(world), coupon_of(_standing(world, "basket")).status) == (["completed"], "used")


def test_a_coupon_that_is_used_already_completes_no_other_checkout(world: World, ann: Shopper) -> None:
    with clock.at(NOON):
        coupon = ann.redeems(world.reward(cost=100))
        applies(ann, coupon_id=coupon.id)
    with clock.at(NOON + A_DAY):
        jobs.every_minute()
        codes.use(world.shop, coupon.code, "generic:o1")
        with pytest.raises(CheckoutEnded):
            checkout.complete(world.shop, "basket", "generic:o2", source="admin")
    assert (status(world), _standing(world, "basket").order_ref) == ([TIMED_OUT], None)


def test_a_late_order_with_an_earlier_code_leaves_the_checkout_s_new_discount(
    world: World, ann: Shopper, sliding: Reward
) -> None:
    first = applies(ann, reward_id=sliding.id, points=100)
    checkout.remove(world.shop, "basket", source="admin")
    applies(ann, reward_id=sliding.id, points=30)
    ann.orders(id="o1", coupon_codes=(coupon_of(first).code,))
    assert (status(world), ann.balance) == (["completed", "applied"], 870)
    checkout.cancel(world.shop, "basket", source="admin")
    assert (status(world), ann.balance) == (["completed", "refunded"], 900)
    with pytest.raises(CheckoutTaken):
        applies(ann, reward_id=sliding.id, points=30)


def test_it_stays_hers_when_rows_are_merged_and_ends_when_she_is_forgotten(
    world: World, ann: Shopper, sliding: Reward
) -> None:
    old = world.member("old@example.com")
    old.is_given(100)
    applies(old, "hers", reward_id=sliding.id, points=40)
    applies(ann, "forgotten", reward_id=sliding.id, points=40)
    merging.merge(world.shop, old.id, ann.id)
    checkout.remove(world.shop, "hers", source="admin")
    assert ann.balance == 1060
    privacy.erase(world.shop, ann.customer)
    assert status(world, "forgotten") == ["unused"]


def test_nothing_is_known_of_a_strange_checkout(world: World, ann: Shopper, sliding: Reward) -> None:
    other = World.create()
    applies(ann, reward_id=sliding.id, points=10)
    for shop, basket in ((world.shop, "never"), (other.shop, "basket")):
        for act in (checkout.cancel, checkout.remove):
            with pytest.raises(NotFound):
                act(shop, basket, source="admin")
        with pytest.raises(NotFound):
            checkout.begin(shop, basket)
    assert status(world) == ["applied"]


def test_a_discount_that_is_out_of_step_is_named(world: World, ann: Shopper, sliding: Reward) -> None:
    discount = applies(ann, reward_id=sliding.id, points=10)
    for wrong in ("completed", "refunded"):
        discount.status = wrong
        discount.save()
        assert [discount.id in sentence for sentence in checkout.audit_discounts()] == [True]
    discount.status = "applied"
    discount.save()


def test_parallel_ends_give_back_or_use_never_both(world: World, ann: Shopper, sliding: Reward) -> None:
    for number in range(4):
        basket, ref = f"b{number}", f"generic:o{number}"
        before = ann.balance
        applies(ann, basket, reward_id=sliding.id, points=100)
        results = at_once(
            partial(checkout.complete, world.shop, basket, ref, source="admin"),
            partial(checkout.cancel, world.shop, basket, source="admin"),
            partial(checkout.remove, world.shop, basket, source="admin"),
            partial(ann.orders, id=f"o{number}", coupon_codes=(coupon_of(_standing(world, basket)).code,)),
        )
        assert {type(one) for one in results} <= {CheckoutDiscount, CheckoutEnded, Order}, results
        assert status(world, basket) in (["completed"], ["unused"])  # an order used the code in any case
        assert ann.balance == before - 100


def _standing(world: World, basket: str) -> CheckoutDiscount:
    return CheckoutDiscount.need(world.shop, CheckoutDiscount.checkout_id == basket)


# In a connected shop, whose own checkout must know the code, and forget it first


@pytest.fixture
def till(world: World, ann: Shopper) -> Iterator[WooCommerce]:
    """The shop's own checkout."""
    world.shop.platform = WooCommerce.platform
    world.shop.save()
    with WooCommerce() as running:
        shops.connect(world.shop, running.url, running.keys)
        yield running


def test_the_shop_makes_the_code_and_forgets_it_before_points_come_back(
    world: World, ann: Shopper, sliding: Reward, till: WooCommerce
) -> None:
    discount = applies(ann, reward_id=sliding.id, points=100)
    assert (discount.status, coupon_of(discount).status) == ("applied", "issuing")
    jobs.run_all()
    assert (status(world), coupon_of(discount).status) == (["applied"], "applied")
    assert till.has(coupon_of(discount).code)
    for _ in range(2):
        assert checkout.remove(world.shop, "basket", source="admin").status == "scheduled_for_refund"
        assert ann.balance == 900
    jobs.run_all()
    assert (status(world), ann.balance, till.has(coupon_of(discount).code)) == ([REMOVED], 1000, False)
    assert checkout.remove(world.shop, "basket", source="admin").status == REMOVED


def test_a_code_that_is_still_being_made_is_given_up_when_it_is_there(
    world: World, ann: Shopper, sliding: Reward, till: WooCommerce
) -> None:
    discount = applies(ann, reward_id=sliding.id, points=100)
    assert checkout.cancel(world.shop, "basket", source="admin").status == "scheduled_for_refund"
    jobs.run_all()
    assert (status(world), ann.balance, till.has(coupon_of(discount).code)) == (["refunded"], 1000, False)


def test_a_shop_that_makes_no_code_has_no_discount(
    world: World, ann: Shopper, sliding: Reward, till: WooCommerce
) -> None:
    till.mood = "refuses"
    applies(ann, reward_id=sliding.id, points=100)
    jobs.run_all()
    assert (status(world), ann.balance) == (["refunded"], 1000)


def test_a_shop_that_cannot_be_reached_leaves_her_the_coupon(
    world: World, ann: Shopper, sliding: Reward, till: WooCommerce
) -> None:
    discount = applies(ann, reward_id=sliding.id, points=100)
    jobs.run_all()
    checkout.cancel(world.shop, "basket", source="admin")
    till.mood = "breaks"
    moment = clock.now()
    for _ in range(job_queue.TRIES_MAX + 1):
        moment += timedelta(seconds=job_queue.BACKOFF_SECONDS_MAX + 1)
        with clock.at(moment):
            jobs.run_all()
    for _ in range(2):
        jobs.every_minute()
    assert (status(world), ann.balance) == (["failed_to_refund"], 900)
    till.mood = "well"
    coupons.return_for_points(world.shop, ann.customer, discount.coupon_id, key="r", source="widget")
    jobs.run_all()
    assert (status(world), ann.balance) == (["refunded"], 1000)


def test_an_order_comes_while_the_shop_is_asked_to_forget_the_code(
    world: World, ann: Shopper, sliding: Reward, till: WooCommerce
) -> None:
    discount = applies(ann, reward_id=sliding.id, points=100)
    jobs.run_all()
    checkout.cancel(world.shop, "basket", source="admin")
    ann.orders(id="o1", coupon_codes=(coupon_of(discount).code,))
    jobs.run_all()
    assert (status(world), ann.balance) == (["completed"], 900)


# In any order


class Checkouts(RuleBasedStateMachine):
    """Shoppers take rewards and coupons to three checkouts; the shop begins, completes, cancels; days pass."""

    @initialize(setting=st.sampled_from(["usable", "points"]), shortfall=st.sampled_from(["clamp", "negative"]))
    def opens(self, setting: str, shortfall: str) -> None:
        self.world, self.now = World.create(), NOON
        self.stack = ExitStack()
        self.stack.enter_context(clock.at(self.now))
        self.world.settings(coupon_after_cancel=setting, shortfall=shortfall)
        self.people = [self.world.member(f"{name}@example.com") for name in ("ann", "bob")]
        for person in self.people:
            person.is_given(500)
        self.sliding = rewards.create(
            self.world.shop, "sliding", {None: Price(10, Decimal(1))}, at_checkout=True, title="Off"
        )
        self.fixed = self.world.reward(cost=70)

    baskets = st.sampled_from(["a", "b", "c"])
    people_ = st.integers(0, 1)

    @rule(who=people_, basket=baskets, points=st.integers(1, 300))
    def slides(self, who: int, basket: str, points: int) -> None:
        self._tries(partial(applies, self.people[who], basket, reward_id=self.sliding.id, points=points))

    @rule(who=people_, basket=baskets)
    def buys(self, who: int, basket: str) -> None:
        self._tries(partial(applies, self.people[who], basket, reward_id=self.fixed.id))

    @rule(who=people_)
    def redeems(self, who: int) -> None:
        self._tries(partial(self.people[who].redeems, self.fixed))

    @rule(who=people_, basket=baskets, which=st.integers(0, 5))
    def brings(self, who: int, basket: str, which: int) -> None:
        bought = self._coupons()
        if bought:
            coupon = bought[which % len(bought)]
            self._tries(partial(applies, self.people[who], basket, coupon_id=coupon.id))

    @rule(basket=baskets, act=st.sampled_from(["begin", "remove", "cancel", "complete"]), order=st.integers(0, 2))
    def goes_on(self, basket: str, act: str, order: int) -> None:
        shop = self.world.shop
        acts = {
            "begin": partial(checkout.begin, shop, basket),
            "remove": partial(checkout.remove, shop, basket, source="admin"),
            "cancel": partial(checkout.cancel, shop, basket, source="admin"),
            "complete": partial(checkout.complete, shop, basket, f"generic:o{order}", source="admin"),
        }
        self._tries(acts[act])

    @rule(order=st.integers(0, 2), which=st.integers(0, 5), cancelled=st.booleans())
    def orders(self, order: int, which: int, cancelled: bool) -> None:
        bought = self._coupons()
        if bought:
            codes = (bought[which % len(bought)].code,)
            told = {"id": f"o{order}", "status": "cancelled" if cancelled else "paid", "coupon_codes": codes}
            self.people[0].orders(revision=next(self.world.numbers), **told)

    @rule(which=st.integers(0, 5))
    def returns(self, which: int) -> None:
        bought = self._coupons()
        if bought:
            coupon = bought[which % len(bought)]
            owner = next(one for one in self.people if one.id == coupon.customer_id)
            key = f"return-{next(self.world.numbers)}"
            shop = self.world.shop
            self._tries(partial(coupons.return_for_points, shop, owner.customer, coupon.id, key=key, source="widget"))

    @rule(hours=st.sampled_from([1, 12, 25]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self.stack.enter_context(clock.at(self.now))
        checkout.time_out_due()
        coupons.expire_due()

    @invariant()
    def points_are_spent_or_given_back_never_both(self) -> None:
        for person in self.people:
            hers = [one for one in self._coupons() if one.customer_id == person.id]
            paid = sum(one.cost_points for one in hers if one.status not in ("returned", "failed"))
            assert person.balance - person.debt == 500 - paid

    @invariant()
    def a_checkout_has_one_discount_and_a_coupon_one_checkout(self) -> None:
        standing = list(CheckoutDiscount.of(self.world.shop).where(CheckoutDiscount.status.in_(checkout.STANDING)))
        assert len({one.coupon_id for one in standing}) == len(standing)
        taken = [one.checkout_id for one in standing if one.status in checkout.OPEN]
        assert len(set(taken)) == len(taken)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.books_must_balance()
            self.stack.close()

    def _coupons(self) -> list[Coupon]:
        return list(Coupon.of(self.world.shop).order_by(Coupon.created_at, Coupon.id))

    def _tries(self, act: Any) -> None:
        try:
            act()
        except Refusal:
            return


def test_in_any_order_points_are_spent_or_given_back(world: World) -> None:
    run_state_machine_as_test(
        Checkouts,
        settings=settings(max_examples=60 if PROOFS else 12, stateful_step_count=40 if PROOFS else 20, deadline=None),
    )
