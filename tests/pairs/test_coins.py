"""What points come to: whole coins of the shop's currency, never more than promised, never nothing for something."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.make import Shopper, World, cart, fresh, proof
from widget_server import money
from widget_server.errors import NotWholeCoins, WorthNothing
from widget_server.loyalty.rewards import checkout, codes, rewards
from widget_server.loyalty.rewards.rewards import Price, Reward
from widget_server.widget import views

COINS = {"JPY": 1, "KRW": 1, "USD": 100, "EUR": 100, "KWD": 1000, "TND": 1000}  # in one unit
GIVEN = 10**6

some_value = st.integers(1, 50_000).map(lambda parts: Decimal(parts).scaleb(-4))
some_points = st.integers(1, 3000)


class Till:
    """A shop in each currency, with a member who has many points."""

    def __init__(self) -> None:
        self.of: dict[str, tuple[World, Shopper]] = {}

    def at(self, currency: str) -> tuple[World, Shopper]:
        if currency not in self.of:
            world = World.create(currency=currency)
            ann = world.member("ann@example.com")
            ann.is_given(GIVEN)
            self.of[currency] = (world, ann)
        return self.of[currency]


def _whole_coins_for_points(how: settings) -> None:
    till = Till()

    @how
    @given(currency=st.sampled_from(sorted(COINS)), value=some_value, points=some_points, door=st.integers(0, 2))
    def holds(currency: str, value: Decimal, points: int, door: int) -> None:
        world, ann = till.at(currency)
        before, promised = ann.balance, Fraction(value) * (1 if door == 2 else points)
        due = promised * COINS[currency] // 1  # coins, rounded down
        try:
            cost, amount = _bought(world, ann, value, points)[door]()
        except WorthNothing:
            assert (due, ann.balance) == (0, before)
            return
        except NotWholeCoins:
            assert (door, Fraction(value) * COINS[currency] % 1 == 0) == (2, False)
            return
        assert Fraction(amount) * COINS[currency] == due > 0
        assert ann.balance == before - cost

    holds()


def _bought(world: World, ann: Shopper, value: Decimal, points: int) -> tuple[Callable[[], tuple[int, Decimal]], ...]:
    """The three doors by which points become money."""

    def slides() -> tuple[int, Decimal]:
        reward = world.reward("sliding", cost=1, point_value=value)
        return points, _everywhere(world, ann, reward, points=points)

    def at_a_checkout() -> tuple[int, Decimal]:
        prices: dict[str | None, Price] = {None: Price(1, value)}
        reward = rewards.create(world.shop, "sliding", prices, at_checkout=True, title="Off")
        key = f"apply-{next(world.numbers)}"
        done = checkout.apply(
            world.shop, ann.customer, key, key=key, source="admin", reward_id=reward.id, points=points
        )
        assert done.amount is not None
        return points, done.amount

    def fixed() -> tuple[int, Decimal]:
        reward = rewards.create(world.shop, "amount", {None: Price(1, value)}, title="Off")
        return 1, _everywhere(world, ann, reward)

    return slides, at_a_checkout, fixed


def _everywhere(world: World, ann: Shopper, reward: Reward, **choice: Any) -> Decimal:
    """The coupon's amount, which every surface tells alike."""
    coupon = fresh(world, ann.redeems(reward, **choice))
    told = {
        coupon.amount,
        views.my_rewards.coupon(world.shop, coupon)["amount"],
        codes.check(world.shop, coupon.code, cart(currency=world.shop.currency, subtotal=None)).amount,
        Decimal(money.text(coupon.amount, world.shop.currency)),
    }
    (amount,) = told
    return amount


def test_points_come_to_whole_coins(database: str) -> None:
    _whole_coins_for_points(proof(150))


def test_two_decimals_everywhere_would_not_do(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(money, "decimals", lambda currency: 2)
    with pytest.raises(AssertionError):
        _whole_coins_for_points(settings(proof(500), derandomize=True, database=None, phases=[Phase.generate]))
