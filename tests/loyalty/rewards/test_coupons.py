"""What she does with a coupon, and how it ends: never points and coupon both (acceptance 34, 37-39)."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.make import BERLIN_MIDNIGHT, NOON, PROOFS, Shopper, World, at_once, cart, fresh, refused
from widget_server import clock
from widget_server.errors import CouponNotReturnable, CouponNotUsable, NotEnoughPoints, NotFound
from widget_server.loyalty.rewards import codes, coupons, gifts
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.rewards.gifts import Gift


def test_a_coupon_lives_through_the_last_second_of_the_local_day(world: World) -> None:  # acceptance 37
    with clock.at(NOON):
        ann = world.member()
        ann.is_given(10)
        coupon, today = (ann.redeems(world.reward(cost=1, expires_after_days=days)) for days in (20, 0))
        forever = ann.redeems(world.reward(cost=1))
    assert coupon.expires_at == datetime(2026, 3, 30, 22, tzinfo=UTC)  # summer time has begun
    assert today.expires_at == BERLIN_MIDNIGHT
    assert forever.expires_at is None
    with clock.at(BERLIN_MIDNIGHT):
        refused(lambda: ann.returns(today), CouponNotReturnable)  # there would be time, but it is gone
    with clock.at(coupon.expires_at - timedelta(seconds=1)):
        assert codes.check(world.shop, coupon.code, cart()).valid
        assert codes.check(world.shop, today.code, cart()).reason == "expired"
    with clock.at(coupon.expires_at):
        assert codes.check(world.shop, coupon.code, cart()).reason == "expired"  # before any job noted it
        refused(lambda: coupons.apply(world.shop, ann.customer, coupon.id), CouponNotUsable)
        refused(lambda: codes.use(world.shop, coupon.code, "o1"), CouponNotUsable)
        refused(lambda: ann.returns(coupon), CouponNotReturnable)
        assert coupons.expire_due() == 2
        assert coupons.expire_due() == 0
        assert fresh(world, coupon).status == "expired"
        assert fresh(world, coupon).ended_at == coupon.expires_at
        assert fresh(world, forever).status == "active"


def test_an_unused_reward_is_returned_inside_its_time(world: World) -> None:  # acceptance 39
    world.settings(return_days=14)
    with clock.at(NOON):
        ann = world.member()
        ann.is_given(1000)
        first, second, third = (ann.redeems(world.reward(cost=200)) for _ in range(3))
        coupons.apply(world.shop, ann.customer, second.id)
        codes.use(world.shop, third.code, "o1")
        assert first.return_until == datetime(2026, 3, 24, 23, tzinfo=UTC)
    with clock.at(first.return_until - timedelta(seconds=1)):
        assert ann.returns(second).status == "returned"  # in a cart, but not used
        refused(lambda: ann.returns(second), CouponNotReturnable)
        refused(lambda: ann.returns(third), CouponNotReturnable)
        assert codes.check(world.shop, second.code, cart()).reason == "returned"
    with clock.at(first.return_until):
        refused(lambda: ann.returns(first), CouponNotReturnable)
    assert ann.balance == 600
    assert ann.history()[0] == ("returned", 200)
    world.settings(return_days=None)
    refused(lambda: ann.returns(ann.redeems(world.reward(cost=10))), CouponNotReturnable)


def test_nobody_returns_or_applies_another_s_coupon(world: World, ann: Shopper) -> None:
    coupon, bob = ann.redeems(world.reward(cost=1)), world.member("bob@example.com")
    refused(lambda: bob.returns(coupon), NotFound)
    refused(lambda: coupons.apply(world.shop, bob.customer, coupon.id), NotFound)


def test_a_return_and_an_order_race(world: World, ann: Shopper) -> None:  # acceptance 39: the code dies first
    for at in range(4):
        coupon = ann.redeems(world.reward(cost=100))
        before = ann.balance
        at_once(partial(ann.returns, coupon), partial(codes.use, world.shop, coupon.code, f"o{at}"))
        status = fresh(world, coupon).status
        assert (status, ann.balance - before) in (("used", 0), ("returned", 100))


def test_two_returns_at_once_give_the_points_once(world: World, ann: Shopper) -> None:  # acceptance 39
    coupon = ann.redeems(world.reward(cost=400))
    results = at_once(*[partial(ann.returns, coupon) for _ in range(4)])
    assert sorted(type(one).__name__ for one in results) == ["Coupon"] + ["CouponNotReturnable"] * 3
    assert ann.balance == 1000


def test_a_code_forgotten_in_a_cart_is_free_again(world: World) -> None:
    with clock.at(NOON):
        ann = world.member()
        ann.is_given(10)
        coupon = ann.redeems(world.reward(cost=1))
        coupons.apply(world.shop, ann.customer, coupon.id)
    with clock.at(NOON + timedelta(hours=12)):
        assert coupons.expire_due() == 0
        coupons.apply(world.shop, ann.customer, coupon.id)  # she came back to it
    with clock.at(NOON + timedelta(hours=35)):
        assert coupons.expire_due() == 0
    with clock.at(NOON + timedelta(hours=36)):
        assert coupons.expire_due() == 1
    assert (fresh(world, coupon).status, fresh(world, coupon).applied_at) == ("active", None)


def test_every_coupon_stays_listed_newest_first(world: World, ann: Shopper) -> None:  # acceptance 34
    reward = world.reward(cost=1)
    bought = []
    for minute in range(5):
        with clock.at(NOON + timedelta(minutes=minute)):
            bought.append(ann.redeems(reward))
    with clock.at(NOON + timedelta(minutes=9)):
        codes.use(world.shop, bought[0].code, "o1")
        ann.returns(bought[1])
        coupons.revoke(bought[2])
    first = coupons.my_coupons(world.shop, ann.customer, limit=3)
    rest = coupons.my_coupons(world.shop, ann.customer, after=(first[-1].created_at, first[-1].id))
    assert [coupon.id for coupon in (*first, *rest)] == [coupon.id for coupon in reversed(bought)]
    assert {coupon.status for coupon in (*first, *rest)} == {"active", "used", "returned", "revoked"}


def test_the_audit_finds_a_coupon_that_is_paid_back_and_usable(world: World, ann: Shopper) -> None:
    coupon = ann.redeems(world.reward(cost=1))
    ann.returns(coupon)
    Coupon.change(world.shop, {Coupon.status: "active"}, Coupon.id == coupon.id)
    assert [coupon.id in sentence for sentence in coupons.audit_coupons()] == [True]
    Coupon.change(world.shop, {Coupon.status: "returned"}, Coupon.id == coupon.id)


# All of it, in any order

some = st.integers(0, 99)
some_order = st.sampled_from(["o1", "o2", "o3"])


class Spending(RuleBasedStateMachine):
    """Coupons are bought, applied, used, released, returned, run out, while orders say what they carry."""

    @initialize(after=st.sampled_from(["usable", "points"]), shortfall=st.sampled_from(["clamp", "negative"]))
    def open_a_shop(self, after: str, shortfall: str) -> None:
        self.world = World.create()
        self.world.settings(coupon_after_cancel=after, shortfall=shortfall, return_days=3)
        self.ann = self.world.member()
        self.rewards = [self.world.reward(cost=30, expires_after_days=5), self.world.reward(cost=50)]
        self.given = 0
        self.told: dict[str, tuple[str, tuple[str, ...], int]] = {}
        self.time, self.pinned = NOON, ExitStack()
        self._days_pass(0)

    @rule(points=st.integers(1, 100))
    def is_given(self, points: int) -> None:
        self.ann.is_given(points)
        self.given += points

    @rule(which=st.integers(0, 1))
    def redeems(self, which: int) -> None:
        if self.ann.balance >= self.rewards[which].cost_points:
            self.ann.redeems(self.rewards[which])
        else:
            refused(lambda: self.ann.redeems(self.rewards[which]), NotEnoughPoints)

    @rule()
    def is_given_a_coupon(self) -> None:
        gifts.give(self.world.shop, self.ann.customer, Gift("free_shipping", expires_after_days=2), origin="referral")

    @rule(at=some)
    def applies(self, at: int) -> None:
        self._try(at, lambda coupon: coupons.apply(self.world.shop, self.ann.customer, coupon.id))

    @rule(at=some)
    def returns(self, at: int) -> None:
        self._try(at, self.ann.returns)

    @rule(at=some, order=some_order)
    def shop_uses(self, at: int, order: str) -> None:
        self._try(at, lambda coupon: codes.use(self.world.shop, coupon.code, f"generic:{order}"))

    @rule(at=some, order=some_order)
    def shop_releases(self, at: int, order: str) -> None:
        self._try(at, lambda coupon: codes.release(self.world.shop, coupon.code, f"generic:{order}", source="t"))

    @rule(order=some_order, at=some, cancelled=st.booleans())
    def apply_order_codes(self, order: str, at: int, cancelled: bool) -> None:
        bought = self._coupons()
        codes, revision = self.told.get(order, ("", (), 0))[1:]
        codes = codes or ((bought[at % len(bought)].code,) if bought else ())
        self.told[order] = ("cancelled" if cancelled else "paid", codes, revision + 1)
        self._tell(order)

    @precondition(lambda self: self.told)
    @rule(at=some)
    def order_is_told_again(self, at: int) -> None:
        self._tell(sorted(self.told)[at % len(self.told)])

    @rule(days=st.integers(0, 4), job=st.booleans())
    def days_pass(self, days: int, job: bool) -> None:
        self._days_pass(days)
        if job:
            coupons.expire_due()

    @invariant()
    def points_or_coupon_never_both(self) -> None:
        account = self.ann.account
        spent = sum(coupon.cost_points for coupon in self._coupons() if coupon.status != "returned")
        assert account.balance - account.debt == self.given - spent
        assert list(coupons.audit_coupons()) == []

    @invariant()
    def a_used_code_has_one_living_order(self) -> None:
        for coupon in self._coupons():
            assert (coupon.status == "used") == (coupon.order_ref is not None and coupon.status != "returned")

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.pinned.close()
            self.world.books_must_balance()

    def _coupons(self) -> list[Coupon]:
        return list(Coupon.of(self.world.shop).order_by(Coupon.created_at, Coupon.id))

    def _try(self, at: int, act: Any) -> None:
        bought = self._coupons()
        if not bought:
            return
        coupon = bought[at % len(bought)]
        before = (coupons.status_now(coupon), self.ann.balance)
        try:
            act(coupon)
        except (CouponNotUsable, CouponNotReturnable):
            assert (coupons.status_now(fresh(self.world, coupon)), self.ann.balance) == before

    def _tell(self, order: str) -> None:
        status, codes, revision = self.told[order]
        self.ann.orders(id=order, status=status, coupon_codes=codes, revision=revision)

    def _days_pass(self, days: int) -> None:
        self.time += timedelta(days=days, minutes=1)
        self.pinned.close()
        self.pinned.enter_context(clock.at(self.time))


def test_in_any_order_points_and_coupon_are_never_both_hers(world: World) -> None:  # acceptance 38, 39
    run_state_machine_as_test(
        Spending,
        settings=settings(max_examples=300 if PROOFS else 15, stateful_step_count=40 if PROOFS else 30, deadline=None),
    )
