"""Customers who buy the same reward do not wait for each other, whatever host each of them reached."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.make import World, at_once, refused
from widget_server import database_errors, db
from widget_server.errors import RewardUnavailable
from widget_server.loyalty.rewards import redeeming, rewards
from widget_server.loyalty.rewards.coupons import Coupon

DATABASES = ("postgres",)  # SQLite has one writer


def in_a_thread(act: Callable[[], object]) -> "Future[object]":
    """Run the act in a thread with a connection of its own, on which no lock is waited for long."""

    def run() -> object:
        db.connect()
        db.database.execute_sql("SET lock_timeout = '2s'")
        try:
            return act()
        finally:
            db.disconnect()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run)


def test_a_redemption_that_takes_long_holds_up_no_other_customer(world: World, backend: str) -> None:
    if backend == "sqlite":
        pytest.skip("SQLite has one writer")
    ann, bob, reward = world.member(), world.member("bob@example.com"), world.reward(cost=10)
    for one in (ann, bob):
        one.is_given(10)
    with db.atomic():
        ann.redeems(reward)
        assert isinstance(in_a_thread(lambda: bob.redeems(reward)).result(), Coupon)
    assert (ann.balance, bob.balance) == (0, 0)


def test_a_reward_is_not_changed_while_it_is_bought(world: World, backend: str) -> None:
    if backend == "sqlite":
        pytest.skip("SQLite has one writer")
    ann, reward = world.member(), world.reward(cost=10)
    ann.is_given(10)
    with db.atomic():
        coupon = ann.redeems(reward)
        failed = in_a_thread(lambda: rewards.remove(world.shop, reward.id, None)).exception()
        assert database_errors.state_of(failed) == "locked"
    rewards.remove(world.shop, reward.id, None)
    assert Coupon.need(world.shop, Coupon.id == coupon.id).reward_id == reward.id
    refused(lambda: ann.redeems(reward), RewardUnavailable)


def test_the_same_request_twice_at_once_buys_once(world: World) -> None:
    """Also when it used up what the reward allows, and when the customer had no account before."""
    ann, reward = world.member(), world.reward(cost=10, limit_per_customer=1)
    ann.is_given(10)
    bought = at_once(*[lambda: redeeming.redeem(world.shop, ann.customer, reward.id, key="k", source="panel")] * 4)
    assert len({coupon.id for coupon in bought}) == 1
    assert (Coupon.of(world.shop).count(), ann.balance) == (1, 0)
