"""Coupons and the orders that carry them: the discount or the points, never both, in whatever order it is told."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.make import NOON, Shopper, World, proof, undone
from widget_server import clock
from widget_server.errors import CouponNotReturnable, CouponNotUsable
from widget_server.loyalty.earning import orders
from widget_server.loyalty.rewards import codes, coupon_orders, coupons
from widget_server.loyalty.rewards.coupon_orders import CouponOrder
from widget_server.loyalty.rewards.coupons import Coupon

ORDERS = ("o1", "o2", "o3")
LIVING = {"placed", "paid", "fulfilled"}
GIVEN = 1000

some_order = st.sampled_from(ORDERS)
some_coupon = st.integers(0, 1)
some_list = st.none() | st.sets(st.integers(0, 1)).map(lambda those: tuple(sorted(those)))
some_status = st.sampled_from(["placed", "paid", "fulfilled", "cancelled", "cancelled"])


@dataclass(frozen=True)
class News:
    """One message of the shop: the state of an order; `listed` are places of coupons, None when it has no list."""

    revision: int
    status: str
    listed: tuple[int, ...] | None


@dataclass
class Model:
    """What follows from all that was told, read off naively."""

    told: dict[str, list[News]] = field(default_factory=dict)
    placed_at: dict[str, datetime] = field(default_factory=dict)
    called: set[tuple[str, int]] = field(default_factory=set)
    returned: set[int] = field(default_factory=set)

    def status(self, order: str) -> str | None:
        news = self.told.get(order)
        return max(news, key=lambda one: one.revision).status if news else None

    def lists(self, order: str, coupon: int) -> bool:
        with_list = [one for one in self.told.get(order, ()) if one.listed is not None]
        newest = max(with_list, key=lambda one: one.revision, default=None)
        return newest is not None and coupon in (newest.listed or ())

    def used_by(self, coupon: int) -> str | None:
        """The oldest order that lives and names the coupon."""
        found = [
            (self.placed_at[order], order)
            for order in ORDERS
            if self.lists(order, coupon) or (order, coupon) in self.called
            if self.status(order) in {*LIVING, None}
        ]
        return min(found)[1] if found else None


class CouponsAndOrders(RuleBasedStateMachine):
    """Two coupons, one with an end, and three orders; calls, deletions, returns, days that pass."""

    @initialize(setting=st.sampled_from(["usable", "points"]), shortfall=st.sampled_from(["clamp", "negative"]))
    def opens(self, setting: str, shortfall: str) -> None:
        self.now, self.pinned = NOON, ExitStack()
        self.pinned.enter_context(undone())
        self.pinned.enter_context(clock.at(self.now))
        self.setting = setting
        self.world = World.create()
        self.world.settings(coupon_after_cancel=setting, shortfall=shortfall, return_days=30)
        self.ann = self.world.member()
        self.ann.is_given(GIVEN)
        days = (3, None)
        self.bought = [self.ann.redeems(self.world.reward(cost=100, expires_after_days=one)).id for one in days]
        self.model = Model()
        self.revision = 0

    @rule(order=some_order, status=some_status, listed=some_list)
    def the_shop_tells(self, order: str, status: str, listed: tuple[int, ...] | None) -> None:
        self.revision += 1
        self._tell(order, News(self.revision, status, listed))

    @precondition(lambda self: self.model.told)
    @rule(order=some_order, which=st.integers(0, 99))
    def it_tells_again(self, order: str, which: int) -> None:
        told = self.model.told.get(order)
        if told:
            self._tell(order, told[which % len(told)])

    @rule(order=some_order, status=some_status, listed=some_list)
    def late_news_comes(self, order: str, status: str, listed: tuple[int, ...] | None) -> None:
        self._tell(order, News(-next(self.world.numbers), status, listed))

    @rule(order=some_order, coupon=some_coupon)
    def the_shop_calls_use(self, order: str, coupon: int) -> None:
        before, ref = self._coupon(coupon), f"generic:{order}"
        try:
            codes.use(self.world.shop, before.code, ref)
        except CouponNotUsable:
            assert before.order_ref != ref or before.status != "used"
            return
        self.model.placed_at.setdefault(order, self.now)
        self.model.called.add((order, coupon))

    @rule(order=some_order, coupon=some_coupon)
    def the_shop_calls_release(self, order: str, coupon: int) -> None:
        codes.release(self.world.shop, self._coupon(coupon).code, f"generic:{order}", source="t")
        self.model.called.discard((order, coupon))

    @precondition(lambda self: self.model.told)
    @rule(order=some_order)
    def an_order_is_deleted(self, order: str) -> None:
        if orders.receive_deletion(self.world.shop, "generic", order):
            newest = max(self.model.told[order], key=lambda one: one.revision)
            self.model.told[order].append(replace(newest, status="cancelled", listed=None))
            self.model.told[order].remove(newest)
            self.model.told[order].insert(0, replace(newest, status="cancelled"))

    @rule(coupon=some_coupon)
    def ann_wants_her_points(self, coupon: int) -> None:
        try:
            self.ann.returns(self._coupon(coupon))
        except CouponNotReturnable:
            return
        self.model.returned.add(coupon)

    @rule(hours=st.sampled_from([1, 24, 24 * 5]), job=st.booleans())
    def time_passes(self, hours: int, job: bool) -> None:
        self.now += timedelta(hours=hours)
        self.pinned.enter_context(clock.at(self.now))
        if job:
            coupons.expire_due()

    @invariant()
    def the_oldest_living_order_uses_it(self) -> None:
        for place in range(2):
            coupon, holder = self._coupon(place), self.model.used_by(place)
            assert (coupon.status == "used") == (holder is not None), (coupon.status, holder)
            if holder is not None:
                assert coupon.order_ref == f"generic:{holder}"

    @invariant()
    def discount_or_points_never_both_never_neither(self) -> None:
        spent = sum(100 for place in range(2) if self._coupon(place).status != "returned")
        assert self.ann.balance - self.ann.debt == GIVEN - spent
        for place in range(2):
            if place in self.model.returned and self.model.used_by(place) is None:
                assert self._coupon(place).status == "returned"
            elif self.setting == "usable" and self.model.used_by(place) is None:
                assert self._coupon(place).status in ("active", "expired")

    def teardown(self) -> None:
        if hasattr(self, "pinned"):
            self.pinned.close()

    def _coupon(self, place: int) -> Coupon:
        return Coupon.need(self.world.shop, Coupon.id == self.bought[place])

    def _tell(self, order: str, news: News) -> None:
        known = order in self.model.told
        placed_at = self.model.placed_at[order] if known else self.now
        self.model.placed_at[order] = placed_at
        self.model.told.setdefault(order, []).append(news)
        _tells(self.ann, order, news, [self._coupon(place).code for place in range(2)], placed_at=placed_at)


def _tells(ann: Shopper, order: str, news: News, codes: list[str], **facts: Any) -> None:
    listed = None if news.listed is None else tuple(codes[place] for place in news.listed)
    # a revision that is not given leaves the time to decide: so late news may be older than the first
    ann.orders(id=order, revision=news.revision + 10_000, status=news.status, coupon_codes=listed, **facts)


def _machine(examples: int) -> settings:
    return proof(examples, stateful_step_count=20)


def test_the_discount_or_the_points_whatever_is_told(world: World) -> None:  # acceptance 37, 38
    run_state_machine_as_test(CouponsAndOrders, settings=_machine(30))


# The same news in any order


@dataclass(frozen=True)
class Telling:
    """What a shop says, as it happened, and as it arrived."""

    setting: str
    returned: tuple[bool, bool]
    late_days: int
    news: tuple[tuple[str, News], ...]
    arrival: tuple[int, ...]


@st.composite
def tellings(draw: st.DrawFn) -> Telling:
    """Some shops put the list into every message, as the platforms do; others leave it out, at the end always."""
    always = draw(st.booleans())
    news = []
    for at in range(draw(st.integers(1, 7))):
        status, listed = draw(some_status), draw(some_list)
        if always:
            listed = listed or ()
        elif status == "cancelled":
            listed = None
        news.append((draw(some_order), News(at, status, listed)))
    twice = draw(st.lists(st.integers(0, len(news) - 1), max_size=3))
    arrival = tuple(draw(st.permutations([*range(len(news)), *twice])))
    setting, returned = draw(st.sampled_from(["usable", "points"])), (draw(st.booleans()), draw(st.booleans()))
    return Telling(setting, returned, draw(st.sampled_from([0, 9])), tuple(news), arrival)


def _ends(telling: Telling, arrival: Iterable[int]) -> list[Any]:
    """How two coupons end, and the points, when the news arrives in this order."""
    with clock.at(NOON):
        world = World.create()
        world.settings(coupon_after_cancel=telling.setting)
        ann = world.member()
        ann.is_given(GIVEN)
        bought = [ann.redeems(world.reward(cost=100, expires_after_days=days)) for days in (3, None)]
        for coupon, returned in zip(bought, telling.returned, strict=True):
            if returned:
                ann.returns(coupon)
    with clock.at(NOON + timedelta(days=telling.late_days)):
        coupons.expire_due()
        for at in arrival:
            order, news = telling.news[at]
            placed_at = NOON + timedelta(hours=ORDERS.index(order))
            _tells(ann, order, news, [coupon.code for coupon in bought], placed_at=placed_at)
        now = [Coupon.need(world.shop, Coupon.id == coupon.id) for coupon in bought]
        facts = [(one.status, one.order_ref if one.status == "used" else one.expires_at) for one in now]
        return [*facts, ann.balance - ann.debt]


def _shuffled_news_ends_the_same(how: settings) -> None:
    @how
    @given(telling=tellings())
    def holds(telling: Telling) -> None:
        with undone():
            in_sequence = _ends(telling, range(len(telling.news)))
        with undone():
            assert _ends(telling, telling.arrival) == in_sequence

    holds()


def test_the_same_news_shuffled_and_doubled_ends_the_same(world: World) -> None:  # acceptance 23, 38
    _shuffled_news_ends_the_same(proof(40))


# Without the guard


def _the_first_order_only(rows: Iterable[CouponOrder]) -> CouponOrder | None:
    """As a coupon was that knew one order: the first that took it, and free with its end."""
    first = min((row for row in rows if row.hold == coupon_orders.HOLDING), key=lambda row: row.taken_at, default=None)
    return first if first is not None and first.carries else None


def test_a_coupon_that_knew_one_order_only_would_be_free_too_early(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coupon_orders, "holder", _the_first_order_only)
    once = {"derandomize": True, "database": None, "phases": [Phase.generate]}
    with pytest.raises(AssertionError):
        run_state_machine_as_test(CouponsAndOrders, settings=settings(_machine(200), **once))
