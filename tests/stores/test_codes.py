"""Codes in the shop's own checkout: she has a code that works, or her points, and never both (acceptance 30, 37-39)."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import urllib3
from flask.testing import FlaskClient

from tests.make import Shopper, World, at_once, everything_kept
from tests.stores.checkouts import Checkout, Shopify, WooCommerce, amount_of
from tests.test_cli import env
from widget_server import clock, db, job_queue, jobs
from widget_server.errors import CouponNotReturnable, CouponNotUsable
from widget_server.job_queue import Job
from widget_server.loyalty.people import privacy
from widget_server.loyalty.program import shops
from widget_server.loyalty.rewards import coupons, gifts, issuing
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.rewards.gifts import Gift
from widget_server.stores import calls, codes
from widget_server.widget import views


@pytest.fixture(params=[Shopify, WooCommerce], ids=lambda kind: kind.platform)
def checkout(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Checkout]:
    """The shop's own checkout, well."""
    monkeypatch.setattr(calls, "TIMEOUT", urllib3.Timeout(connect=1, read=0.4))
    with request.param() as running:
        yield running


@pytest.fixture
def world(database: str, checkout: Checkout) -> Iterator[World]:
    """A connected shop; when the story is over, the books must balance."""
    made = World.create(platform=checkout.platform)
    shops.connect(made.shop, checkout.url, checkout.keys)
    yield made
    made.books_must_balance()


@pytest.fixture
def ann(world: World) -> Shopper:
    """A member with 1000 points whom the shop knows as 9."""
    ann = world.vouched("9", "ann@example.com", verified=True)
    ann.is_given(1000)
    Job.delete().execute()
    return ann


def fresh(coupon: Coupon) -> Coupon:
    return Coupon.need(coupon.shop_id, Coupon.id == coupon.id)


def bought(ann: Shopper, **facts: Any) -> Coupon:
    """She buys 5.00 off for 500 points, and the shop has made the code."""
    coupon = ann.redeems(ann.world.reward(cost=500, **facts))
    jobs.run_all()
    assert fresh(coupon).status == "active"
    return fresh(coupon)


def returns(ann: Shopper, coupon: Coupon, key: str = "return") -> Coupon:
    return coupons.return_for_points(ann.world.shop, ann.customer, coupon.id, key=key, source="widget")


def tries_until_given_up() -> None:
    """The worker goes on until the queue gives up."""
    moment = clock.now()
    for _ in range(job_queue.TRIES_MAX + 1):
        moment += timedelta(seconds=job_queue.BACKOFF_SECONDS_MAX + 1)
        with clock.at(moment):
            jobs.run_all()
    jobs.every_minute()


def later(hours: float = 2) -> None:
    """The worker comes round again."""
    with clock.at(clock.now() + timedelta(hours=hours)):
        jobs.run_all()


# Making a code


def test_a_code_is_being_made_until_the_checkout_knows_it(ann: Shopper, checkout: Checkout) -> None:  # acceptance 34
    coupon = ann.redeems(ann.world.reward(cost=500))
    shown = views.my_rewards.coupon(ann.world.shop, coupon)
    assert (shown["status"], shown["code"], ann.balance) == ("issuing", None, 500)
    with pytest.raises(CouponNotUsable):
        coupons.apply(ann.world.shop, ann.customer, coupon.id)
    with pytest.raises(CouponNotReturnable):
        returns(ann, coupon)
    assert jobs.run_all() == 1
    shown = views.my_rewards.coupon(ann.world.shop, fresh(coupon))
    assert (shown["status"], shown["code"]) == ("active", coupon.code)
    (made,) = checkout.codes.values()
    assert (made.code.upper(), made.mark, amount_of(made)) == (coupon.code, coupon.id, Decimal(5))
    assert not Job.everywhere().exists()


def test_the_code_that_the_panel_shows_is_taken_at_the_checkout(ann: Shopper, checkout: Checkout) -> None:
    shown = views.my_rewards.coupon(ann.world.shop, bought(ann))["code"]
    assert not checkout.an_order_uses(shown.replace("-", ""))  # a dash matters there
    assert checkout.an_order_uses(shown.lower())


@pytest.mark.parametrize("product_id", ["8", "9", "10"])
def test_a_product_that_is_not_sold_gives_the_points_back(ann: Shopper, checkout: Checkout, product_id: str) -> None:
    coupon = ann.redeems(ann.world.reward("free_product", cost=500, product_id=product_id))
    jobs.run_all()
    after = fresh(coupon)
    assert (after.status, after.failure, ann.balance) == ("failed", "product_unavailable", 1000)
    assert checkout.codes == {}


def test_a_gift_is_made_there_too(ann: Shopper, checkout: Checkout) -> None:
    with db.atomic():
        coupon = gifts.give(ann.world.shop, ann.customer, Gift("amount", amount=Decimal(3)), origin="referral")
    assert coupon.status == "issuing"
    jobs.run_all()
    assert fresh(coupon).status == "active"
    assert checkout.has(coupon.code)


def test_the_shop_says_no_and_the_points_are_back_at_once(ann: Shopper, checkout: Checkout) -> None:  # acceptance 30
    checkout.mood = "refuses"
    reward = ann.world.reward(cost=500, limit_per_customer=1)
    coupon = ann.redeems(reward)
    assert jobs.run_next()
    after = fresh(coupon)
    assert (after.status, ann.balance, ann.history()[0]) == ("failed", 1000, ("not_issued", 500))
    assert "nvalid" in after.failure_detail  # for the owner; the shopper reads a word
    shown = views.my_rewards.coupon(ann.world.shop, after)
    assert (shown["failure"], shown["code"]) == ("shop_refused", None)
    assert "nvalid" not in str(shown)
    checkout.mood = "well"
    assert ann.redeems(reward).status == "issuing"  # a failed one does not count


def test_the_audit_names_a_coupon_with_both_or_neither(ann: Shopper, checkout: Checkout) -> None:
    checkout.mood = "refuses"
    coupon = ann.redeems(ann.world.reward(cost=500))
    jobs.run_all()
    refund_id = fresh(coupon).refund_id
    for change in ({Coupon.refund_id: None}, {Coupon.refund_id: refund_id, Coupon.status: "issuing"}):
        Coupon.change(ann.world.shop, change, Coupon.id == coupon.id)
        (wrong,) = coupons.audit_coupons()
        assert coupon.id in wrong
    Coupon.change(ann.world.shop, {Coupon.status: "failed"}, Coupon.id == coupon.id)


def test_a_gift_that_the_shop_refuses_gives_no_points(ann: Shopper, checkout: Checkout) -> None:
    checkout.mood = "refuses"
    coupon = gifts.give(ann.world.shop, ann.customer, Gift("amount", amount=Decimal(3)), origin="referral")
    jobs.run_all()
    assert (fresh(coupon).status, fresh(coupon).failure, ann.balance) == ("failed", "shop_refused", 1000)


def test_keys_that_fit_no_longer_are_a_no(ann: Shopper, checkout: Checkout) -> None:
    checkout.mood = "shut"
    coupon = ann.redeems(ann.world.reward(cost=500))
    jobs.run_all()
    assert (fresh(coupon).failure, ann.balance) == ("shop_refused", 1000)
    for key in checkout.keys.values():
        assert key not in fresh(coupon).failure_detail


@pytest.mark.parametrize("mood", ["breaks", "busy", "hangs", "forgets to answer"])
def test_a_shop_that_does_not_answer_is_asked_again(ann: Shopper, checkout: Checkout, mood: str) -> None:
    checkout.mood = mood
    coupon = ann.redeems(ann.world.reward(cost=500))
    assert jobs.run_all() == 1
    assert (fresh(coupon).status, ann.balance) == ("issuing", 500)
    assert Job.get().last_error.startswith("NotReached")
    checkout.mood = "well"
    later()
    assert (fresh(coupon).status, ann.balance) == ("active", 500)
    assert [one.code.upper() for one in checkout.codes.values()] == [coupon.code]


def test_when_the_queue_gives_up_the_points_are_back(ann: Shopper, checkout: Checkout) -> None:
    checkout.mood = "forgets to answer"  # it makes the code, and nobody hears
    coupon = ann.redeems(ann.world.reward(cost=500))
    jobs.run_all()
    assert checkout.has(coupon.code)
    checkout.mood = "breaks"
    tries_until_given_up()
    after = fresh(coupon)
    assert (after.status, after.failure, ann.balance) == ("failed", "shop_unreachable", 1000)
    assert after.failure_detail == "NotReached: answered 500"
    checkout.mood = "well"
    later()
    assert not checkout.has(coupon.code)  # nobody may have both


def test_workers_that_die_each_time_give_the_points_back_too(ann: Shopper, checkout: Checkout) -> None:
    coupon = ann.redeems(ann.world.reward(cost=500))
    moment = clock.now()
    for _ in range(job_queue.TRIES_MAX + 1):
        moment += timedelta(seconds=job_queue.LEASE_SECONDS)
        with clock.at(moment):
            job_queue.claim()
    jobs.every_minute()
    assert (fresh(coupon).status, ann.balance) == ("failed", 1000)
    assert issuing.give_up_on_codes() == 0


def test_a_worker_killed_before_it_could_say_so_has_an_heir(
    ann: Shopper, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    coupon = ann.redeems(ann.world.reward(cost=500))
    with monkeypatch.context() as patch:
        patch.setattr(issuing, "code_made", _killed)
        job = job_queue.claim()
        assert job is not None
        with pytest.raises(KeyboardInterrupt):
            jobs.JOBS[job.name](job.payload)
    assert (fresh(coupon).status, len(checkout.codes)) == ("issuing", 1)
    later()
    assert (fresh(coupon).status, len(checkout.codes)) == ("active", 1)


def test_a_worker_process_killed_between_two_words_loses_nothing(
    database: str, ann: Shopper, checkout: Checkout
) -> None:
    coupon = ann.redeems(ann.world.reward(cost=500))
    with _worker(database) as first:
        checkout.meanwhile = lambda deed: first.kill() if deed == "make" else None
        assert first.wait(30) < 0
    checkout.meanwhile = None
    assert (fresh(coupon).status, len(checkout.codes)) == ("issuing", 1)
    Job.update(run_at=clock.now()).execute()  # as if its lease were over
    with _worker(database):
        for _ in range(300):
            if fresh(coupon).status == "active":
                break
            time.sleep(0.1)
    assert (fresh(coupon).status, len(checkout.codes), ann.balance) == ("active", 1, 500)


@contextmanager
def _worker(url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker as a process of its own."""
    command = [sys.executable, "-W", "error", "-m", "widget_server.cli", "worker"]
    with subprocess.Popen(command, env={**os.environ, **env(url)}, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def _killed(*words: object, **more: object) -> None:
    raise KeyboardInterrupt


def test_another_discount_with_the_same_code_is_not_touched(ann: Shopper, checkout: Checkout) -> None:
    coupon = ann.redeems(ann.world.reward(cost=500))
    own = checkout.has_of_its_own(coupon.code)
    jobs.run_all()
    assert (fresh(coupon).status, fresh(coupon).failure, ann.balance) == ("failed", "shop_refused", 1000)
    assert list(checkout.codes.values()) == [own]


def test_two_workers_make_one_code(ann: Shopper, checkout: Checkout) -> None:
    bought = [ann.redeems(ann.world.reward(cost=100)) for _ in range(4)]
    job = {"shop_id": ann.world.shop.id, "anew": False}
    acts = [lambda one=one: codes.issue({**job, "coupon_id": one.id}) for one in bought for _ in range(2)]
    assert not [no for no in at_once(*acts) if isinstance(no, Exception)]
    assert sorted(one.code.upper() for one in checkout.codes.values()) == sorted(one.code for one in bought)
    assert {fresh(one).status for one in bought} == {"active"}


def test_a_code_nobody_waits_for_any_longer_dies_again(ann: Shopper, checkout: Checkout) -> None:
    coupon = ann.redeems(ann.world.reward(cost=500))
    checkout.meanwhile = _once("make", lambda: coupons.revoke(coupon))
    jobs.run_all()
    later()
    assert fresh(coupon).status == "revoked"
    assert checkout.codes == {}


def test_an_order_with_the_code_may_come_before_the_answer(ann: Shopper, checkout: Checkout) -> None:
    coupon = ann.redeems(ann.world.reward(cost=500))
    checkout.meanwhile = _once("make", lambda: _order(ann, coupon))
    jobs.run_all()
    assert (fresh(coupon).status, ann.balance) == ("used", 500)


def _once(deed: str, act: Callable[[], object]) -> Callable[[str], None]:
    """Does `act` the first time the shop has done `deed` and has not answered yet."""
    left = [act]

    def meanwhile(done: str) -> None:
        if done == deed and left:
            db.connect()
            try:
                left.pop()()
            finally:
                db.disconnect()

    return meanwhile


def _order(ann: Shopper, coupon: Coupon, id: str = "o1", **facts: Any) -> None:
    """The shop tells of an order with the code."""
    ann.orders(id=id, coupon_codes=(coupon.code.lower(),), platform=ann.world.shop.platform, **facts)


# Returning for points (acceptance 39)


def test_the_code_dies_before_the_points_come_back(ann: Shopper, checkout: Checkout) -> None:
    coupon = bought(ann)
    asked = returns(ann, coupon)
    shown = views.my_rewards.coupon(ann.world.shop, asked)
    assert (shown["status"], shown["returning"], shown["return_until"], ann.balance) == ("active", True, None, 500)
    with pytest.raises(CouponNotUsable) as no:
        coupons.apply(ann.world.shop, ann.customer, coupon.id)
    assert no.value.facts == {"reason": "returning"}
    seen: list[int] = []
    checkout.meanwhile = _once("delete", lambda: seen.append(ann.balance))
    jobs.run_all()
    after = views.my_rewards.coupon(ann.world.shop, fresh(coupon))
    assert (after["status"], after["returning"], ann.balance, seen) == ("returned", False, 1000, [500])
    assert checkout.codes == {}


def test_the_panel_reads_of_each_step(client: FlaskClient, ann: Shopper, checkout: Checkout) -> None:
    reward = ann.world.reward(cost=500)
    known = {"Authorization": f"Bearer {ann.token}", "X-Loyalty-Shop": ann.world.shop.embed_key}

    def read() -> tuple[Any, ...]:
        (one,) = client.get("/widget/my-rewards", headers=known).get_json()["coupons"]
        return one["status"], one["code"] is not None, one["returning"], one["failure"]

    def does(path: str, key: str, **body: Any) -> Any:
        answer = client.post(f"/widget/{path}", json=body, headers={**known, "Idempotency-Key": key})
        assert answer.status_code == 200, answer.get_json()
        return answer.get_json()

    got = does("redeem", "k1", reward_id=reward.id)
    assert (got["coupon"]["status"], got["balance"]["available"]) == ("issuing", 500)
    assert read() == ("issuing", False, False, None)
    jobs.run_all()
    assert read() == ("active", True, False, None)
    for key in ("k2", "k2", "k3"):
        asked = does(f"my-rewards/{got['coupon']['id']}/return", key)
        assert (asked["coupon"]["returning"], asked["balance"]["available"]) == (True, 500)
    assert read() == ("active", True, True, None)
    no = client.post(f"/widget/my-rewards/{got['coupon']['id']}/apply", json={}, headers=known)
    assert (no.status_code, no.get_json()["error"]["code"]) == (409, "coupon_not_usable")
    checkout.mood = "shut"
    jobs.run_all()
    assert read() == ("active", True, False, "shop_refused")
    checkout.mood = "well"
    does(f"my-rewards/{got['coupon']['id']}/return", "k4")
    jobs.run_all()
    assert read() == ("returned", True, False, None)
    assert ann.balance == 1000


def test_asked_twice_it_is_returned_once(ann: Shopper, checkout: Checkout) -> None:
    coupon = bought(ann)
    at_once(*[lambda n=n: returns(ann, coupon, f"key-{n}") for n in range(3)])
    jobs.run_all()
    assert (fresh(coupon).status, ann.balance) == ("returned", 1000)
    with pytest.raises(CouponNotReturnable):
        returns(ann, coupon, "again")


def test_a_code_that_is_gone_already_is_fine(ann: Shopper, checkout: Checkout) -> None:
    coupon = bought(ann)
    checkout.codes.clear()
    returns(ann, coupon)
    jobs.run_all()
    assert (fresh(coupon).status, ann.balance) == ("returned", 1000)


def test_killed_and_not_heard_it_is_asked_again(ann: Shopper, checkout: Checkout) -> None:
    coupon = bought(ann)
    returns(ann, coupon)
    checkout.mood = "forgets to answer"
    jobs.run_all()
    checkout.mood = "well"
    assert (fresh(coupon).status, ann.balance) == ("active", 500)
    later()
    assert (fresh(coupon).status, ann.balance) == ("returned", 1000)


def test_a_shop_that_is_away_changes_nothing_and_she_may_ask_again(ann: Shopper, checkout: Checkout) -> None:
    coupon = bought(ann)
    returns(ann, coupon)
    checkout.mood = "breaks"
    tries_until_given_up()
    shown = views.my_rewards.coupon(ann.world.shop, fresh(coupon))
    assert (shown["status"], shown["returning"], shown["failure"]) == ("active", False, "shop_unreachable")
    assert (ann.balance, checkout.has(coupon.code)) == (500, True)
    checkout.mood = "well"
    assert views.my_rewards.coupon(ann.world.shop, returns(ann, fresh(coupon), "again"))["failure"] is None
    jobs.run_all()
    assert (fresh(coupon).status, ann.balance) == ("returned", 1000)


def test_a_shop_that_says_no_keeps_the_code_and_its_points(ann: Shopper, checkout: Checkout) -> None:
    coupon = bought(ann)
    returns(ann, coupon)
    checkout.mood = "shut"
    jobs.run_all()
    after = fresh(coupon)
    assert (after.status, after.failure, after.code_job, ann.balance) == ("active", "shop_refused", None, 500)


def test_a_code_that_an_order_has_used_is_not_returned(ann: Shopper, checkout: Checkout) -> None:
    coupon = bought(ann)
    assert checkout.an_order_uses(coupon.code)  # and the shop has not told us yet
    returns(ann, coupon)
    jobs.run_all()
    after = fresh(coupon)
    assert (after.status, after.failure, ann.balance) == ("active", "already_used", 500)
    _order(ann, coupon)
    assert (fresh(coupon).status, ann.balance) == ("used", 500)


def test_an_order_that_comes_between_the_death_and_the_points_wins(ann: Shopper, checkout: Checkout) -> None:
    coupon = bought(ann)
    returns(ann, coupon)
    checkout.meanwhile = _once("delete", lambda: _order(ann, coupon))
    jobs.run_all()
    later()
    assert (fresh(coupon).status, ann.balance) == ("used", 500)


@pytest.mark.parametrize("ending", ["returned", "failed"])
def test_an_order_that_comes_after_the_points_costs_them_again(ann: Shopper, checkout: Checkout, ending: str) -> None:
    if ending == "returned":
        coupon = bought(ann)
        returns(ann, coupon)
    else:
        checkout.mood = "refuses"
        coupon = ann.redeems(ann.world.reward(cost=500))
    jobs.run_all()
    assert (fresh(coupon).status, ann.balance) == (ending, 1000)
    _order(ann, coupon)
    assert (fresh(coupon).status, fresh(coupon).failure, ann.balance) == ("used", None, 500)


def test_two_workers_return_it_once(ann: Shopper, checkout: Checkout) -> None:
    coupon = bought(ann)
    returns(ann, coupon)
    payload = Job.get().payload
    at_once(*[lambda: codes.return_for_points(payload)] * 4)
    later()
    assert (fresh(coupon).status, ann.balance) == ("returned", 1000)


def test_whoever_asked_in_time_gets_her_points_though_the_shop_is_slow(ann: Shopper, checkout: Checkout) -> None:
    coupon = bought(ann, expires_after_days=0)
    returns(ann, coupon)
    with clock.at(fresh(coupon).expires_at + timedelta(hours=30)):
        jobs.every_minute()
        assert fresh(coupon).status == "active"
        jobs.run_all()
    assert (fresh(coupon).status, ann.balance) == ("returned", 1000)


# What else ends a code


def test_a_revoked_an_expired_and_a_forgotten_code_die_in_the_shop(ann: Shopper, checkout: Checkout) -> None:
    revoked, expired = bought(ann, expires_after_days=3), bought(ann, expires_after_days=1)
    coupons.revoke(revoked)
    jobs.run_all()
    assert [one.code.upper() for one in checkout.codes.values()] == [expired.code]
    with clock.at(expired.expires_at):
        jobs.every_minute()
        jobs.run_all()
    assert (fresh(expired).status, checkout.codes) == ("expired", {})
    ann.is_given(500)
    hers = bought(ann)
    privacy.erase(ann.world.shop, ann.customer)
    jobs.run_all()
    assert (fresh(hers).status, checkout.codes) == ("revoked", {})


def test_what_the_shop_said_of_somebody_is_forgotten_with_her(ann: Shopper, checkout: Checkout) -> None:
    checkout.mood = "refuses"
    coupon = ann.redeems(ann.world.reward(cost=500))
    jobs.run_all()
    privacy.erase(ann.world.shop, ann.customer)
    assert fresh(coupon).failure_detail is None


def test_a_cancelled_order_gives_the_code_anew(ann: Shopper, checkout: Checkout) -> None:  # acceptance 38
    coupon = bought(ann)
    assert checkout.an_order_uses(coupon.code)
    _order(ann, coupon)
    checkout.an_order_is_cancelled(coupon.code)
    _order(ann, coupon, status="cancelled", modified_at=clock.now() + timedelta(minutes=1))
    assert (fresh(coupon).status, ann.balance) == ("issuing", 500)
    jobs.run_all()
    assert fresh(coupon).status == "active"
    assert checkout.an_order_uses(coupon.code)  # though Shopify counts the use of the cancelled one
    codes.issue({"shop_id": coupon.shop_id, "coupon_id": coupon.id, "anew": True})
    assert not checkout.an_order_uses(coupon.code)


def test_a_cancelled_order_gives_the_points_and_the_code_dies(ann: Shopper, checkout: Checkout) -> None:
    ann.world.settings(coupon_after_cancel="points")
    coupon = bought(ann)
    _order(ann, coupon)
    _order(ann, coupon, status="cancelled", modified_at=clock.now() + timedelta(minutes=1))
    jobs.run_all()
    assert (fresh(coupon).status, ann.balance, checkout.codes) == ("returned", 1000, {})


def test_a_code_that_lives_again_is_not_killed_by_an_old_job(ann: Shopper, checkout: Checkout) -> None:
    coupon = bought(ann)
    codes.kill({"shop_id": coupon.shop_id, "coupon_id": coupon.id})
    assert checkout.has(coupon.code)


# Shops that are not connected


def test_without_keys_a_code_is_ours_alone(ann: Shopper, checkout: Checkout) -> None:
    shops.disconnect(ann.world.shop)
    coupon = ann.redeems(ann.world.reward(cost=500))
    assert (coupon.status, Job.everywhere().count()) == ("active", 0)
    assert returns(ann, coupon).status == "returned"
    jobs.run_all()
    assert (ann.balance, checkout.calls) == (1000, [])


def test_disconnected_in_between_nobody_waits_for_ever(ann: Shopper, checkout: Checkout) -> None:
    issuing, returning = ann.redeems(ann.world.reward(cost=100)), bought(ann)
    Coupon.change(ann.world.shop, {Coupon.status: "issuing"}, Coupon.id == issuing.id)
    returns(ann, returning)
    job_queue.enqueue("issue_code", {"shop_id": ann.world.shop.id, "coupon_id": issuing.id, "anew": False})
    shops.disconnect(ann.world.shop)
    jobs.run_all()
    assert (fresh(issuing).status, fresh(returning).status, ann.balance) == ("active", "returned", 900)


def test_no_key_stands_in_the_database_or_in_a_job(ann: Shopper, checkout: Checkout) -> None:
    checkout.mood = "breaks"
    ann.redeems(ann.world.reward(cost=500))
    jobs.run_all()
    kept = everything_kept()
    assert ann.world.shop.api_keys_sealed in kept
    for key in checkout.keys.values():
        assert key not in kept
    assert shops.by_id(ann.world.shop.id).api_keys == checkout.keys
