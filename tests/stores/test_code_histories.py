"""Whatever a shop answers, and whenever: a code that works or its points, and never both (acceptance 30, 38, 39)."""

from contextlib import ExitStack, suppress
from datetime import timedelta
from decimal import Decimal

import pytest
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

from tests.make import NOON, PROOFS, World
from tests.stores.checkouts import Checkout, Shopify, WooCommerce
from widget_server import clock, job_queue, jobs
from widget_server.errors import CouponNotReturnable, CouponNotUsable
from widget_server.job_queue import Job
from widget_server.loyalty.program import shops
from widget_server.loyalty.rewards import coupons, gifts
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.rewards.gifts import Gift

MOODS = ["well", "well", "refuses", "breaks", "forgets to answer", "shut"]
ENDS = {*coupons.USABLE, *coupons.DEAD, "used"}

some = st.integers(0, 999)


class Buying(RuleBasedStateMachine):
    """She buys, uses, returns; the shop answers or not; orders come late; the worker comes round, or does not."""

    kind: type[Checkout] = Shopify

    @initialize(after=st.sampled_from(["usable", "points"]))
    def open_a_shop(self, after: str) -> None:
        self.pinned, self.open = ExitStack(), ExitStack()
        self.checkout = self.open.enter_context(self.kind())
        self.time = NOON
        self.passes(0)
        self.world = World.create(platform=self.checkout.platform)
        self.world.settings(coupon_after_cancel=after, return_days=30)
        shops.connect(self.world.shop, self.checkout.url, self.checkout.keys)
        self.ann = self.world.vouched("9", "ann@example.com", verified=True)
        self.ann.is_given(1000)
        self.reward = self.world.reward(cost=100, expires_after_days=3)
        self.known: set[str] = set()  # codes she has read
        self.untold: list[tuple[str, str, str]] = []  # what the shop has not told us yet
        self.orders: dict[str, str] = {}  # each living order and its code

    @rule()
    def redeems(self) -> None:
        if self.ann.balance >= 100:
            self.ann.redeems(self.reward)

    @rule()
    def is_given_a_coupon(self) -> None:
        gifts.give(self.world.shop, self.ann.customer, Gift("amount", amount=Decimal(3)), origin="referral")

    @rule(at=some)
    def asks_for_her_points(self, at: int) -> None:
        for coupon in self._one(at):
            with suppress(CouponNotReturnable):
                key = f"return-{next(self.world.numbers)}"
                coupons.return_for_points(self.world.shop, self.ann.customer, coupon.id, key=key, source="widget")

    @rule(at=some)
    def applies(self, at: int) -> None:
        for coupon in self._one(at):
            with suppress(CouponNotUsable):
                coupons.apply(self.world.shop, self.ann.customer, coupon.id)

    @rule(at=some)
    def a_gift_loses_its_ground(self, at: int) -> None:
        for coupon in self._one(at):
            if coupon.origin == "referral":
                coupons.revoke(coupon)

    @rule(mood=st.sampled_from(MOODS))
    def the_shop_is(self, mood: str) -> None:
        self.checkout.mood = mood

    @rule()
    def the_worker_comes_round(self) -> None:
        jobs.run_all()
        self._reads()

    @rule(minutes=st.sampled_from([0, 1, 70, 60 * 24, 60 * 24 * 2]))
    def passes(self, minutes: int) -> None:
        self.time += timedelta(minutes=minutes, seconds=1)
        self.pinned.close()
        self.pinned.enter_context(clock.at(self.time))

    @rule()
    def the_minute_comes_round(self) -> None:
        jobs.every_minute()

    @precondition(lambda self: self.known)
    @rule(at=some)
    def somebody_orders_with_a_code(self, at: int) -> None:
        code = sorted(self.known)[at % len(self.known)]
        if self.checkout.an_order_uses(code, at=self.time):
            order = f"o{next(self.world.numbers)}"
            self.orders[order] = code
            self.untold.append((order, code, "paid"))

    @precondition(lambda self: self.orders)
    @rule(at=some)
    def an_order_is_cancelled(self, at: int) -> None:
        order = sorted(self.orders)[at % len(self.orders)]
        code = self.orders.pop(order)
        self._tells()  # a shop tells of an order before it tells of its end
        self.checkout.an_order_is_cancelled(code)
        self.untold.append((order, code, "cancelled"))

    @rule()
    def the_shop_tells_of_its_orders(self) -> None:
        self._tells()

    @invariant()
    def the_books_balance(self) -> None:
        if hasattr(self, "world"):
            self.world.books_must_balance()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            try:
                self._in_the_end()
            finally:
                self.open.close()
                self.pinned.close()

    def _in_the_end(self) -> None:
        """The shop is well and tells all, the worker has done all: what does each have?"""
        self._tells()
        self.checkout.mood = "well"
        for _ in range(job_queue.TRIES_MAX):
            jobs.run_all()
            jobs.every_minute()
            self.passes(70)
        self.world.books_must_balance()
        given_up = {job.payload.get("coupon_id") for job in Job.everywhere().where(Job.status == "dead")}
        spent, sold = 0, list(self.orders.values())
        for coupon in self._coupons():
            assert (coupon.code_job, coupon.status in ENDS) == (None, True), coupon.status
            spent += coupon.cost_points if coupon.status not in ("returned", "failed") else 0
            there = self.checkout.by_code(coupon.code)
            if coupon.status in coupons.USABLE:
                assert coupon.failure == "shop_unreachable" or (there is not None and there.uses == 0), coupon.failure
            elif coupon.status != "used" and coupon.id not in given_up:
                assert there is None, coupon.status
            assert sold.count(coupon.code) <= 1
            if coupon.cost_points:
                assert (coupon.status == "used") == (coupon.code in sold), (coupon.status, coupon.failure)
        assert self.ann.balance - self.ann.debt == 1000 - spent

    def _tells(self) -> None:
        for order, code, status in self.untold:
            self.passes(0)
            self.ann.orders(
                id=order,
                coupon_codes=(code.lower(),),
                platform=self.checkout.platform,
                status=status,
                placed_at=NOON,
                modified_at=self.time,
            )
        self.untold.clear()

    def _reads(self) -> None:
        self.known |= {one.code for one in self._coupons() if one.status in coupons.USABLE}

    def _coupons(self) -> list[Coupon]:
        return list(Coupon.of(self.world.shop).order_by(Coupon.created_at, Coupon.id))

    def _one(self, at: int) -> list[Coupon]:
        bought = self._coupons()
        return [bought[at % len(bought)]] if bought else []


@pytest.mark.parametrize("kind", [Shopify, WooCommerce], ids=lambda kind: kind.platform)
def test_in_any_order_of_answers_she_has_one_of_both(database: str, kind: type[Checkout]) -> None:
    machine = type("Buying", (Buying,), {"kind": kind})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=150 if PROOFS else 3, stateful_step_count=50 if PROOFS else 30, deadline=None),
    )
