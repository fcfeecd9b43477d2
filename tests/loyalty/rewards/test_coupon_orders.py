"""Orders that carry a coupon: the oldest living one uses it, whatever is told of the others (acceptance 37, 38)."""

import importlib
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from tests.make import NOON, Shopper, World, at_once, cart, fresh, refused
from widget_server import clock, db, journal, totals
from widget_server.errors import CouponNotUsable
from widget_server.loyalty.earning import orders
from widget_server.loyalty.people import privacy
from widget_server.loyalty.program import shops
from widget_server.loyalty.rewards import codes, coupon_orders, coupons, gifts
from widget_server.loyalty.rewards.coupon_orders import CouponOrder
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.rewards.gifts import Gift

A_DAY = timedelta(days=1)


def used_by(world: World, coupon: Coupon) -> str | None:
    """The order that uses the coupon; None while it is free."""
    now = fresh(world, coupon)
    return now.order_ref if now.status == "used" else None


@pytest.fixture
def coupon(world: World, ann: Shopper) -> Coupon:
    """5.00 off for 500 of Ann's 1000 points."""
    return ann.redeems(world.reward(cost=500))


@pytest.mark.parametrize("setting", ["usable", "points"])
def test_of_two_orders_with_one_code_the_living_one_keeps_it(
    world: World, ann: Shopper, coupon: Coupon, setting: str
) -> None:
    world.settings(coupon_after_cancel=setting)
    with clock.at(NOON):
        ann.orders(id="o1", coupon_codes=(coupon.code,), status="placed")
    with clock.at(NOON + A_DAY):
        ann.orders(id="o2", coupon_codes=(coupon.code,))
        assert used_by(world, coupon) == "generic:o1"  # the older one
        ann.orders(id="o1", coupon_codes=(coupon.code,), status="cancelled")
        assert (used_by(world, coupon), fresh(world, coupon).order_number) == ("generic:o2", "#o2")
        assert ann.balance == 500
        ann.orders(id="o2", coupon_codes=(coupon.code,), status="cancelled", revision=1)
    assert used_by(world, coupon) is None
    assert (fresh(world, coupon).status, ann.balance) == {"usable": ("active", 500), "points": ("returned", 1000)}[
        setting
    ]


def test_a_list_without_the_code_frees_it_and_no_list_says_nothing(world: World, ann: Shopper, coupon: Coupon) -> None:
    def told(revision: int, **facts: Any) -> str | None:
        ann.orders(id="o1", revision=revision, **facts)
        return used_by(world, coupon)

    assert told(1, coupon_codes=(coupon.code,)) == "generic:o1"
    assert told(2) == "generic:o1"
    assert told(4, coupon_codes=()) is None  # staff took it off
    assert told(3, coupon_codes=(coupon.code,)) is None  # late
    assert told(5) is None
    assert told(6, coupon_codes=("SUMMER", coupon.code.lower())) == "generic:o1"
    assert told(7, status="cancelled") is None
    assert told(8, status="fulfilled") == "generic:o1"


def test_what_a_call_said_an_empty_list_does_not_take_back(world: World, ann: Shopper, coupon: Coupon) -> None:
    codes.use(world.shop, coupon.code, "generic:o1", order_number="o1")
    ann.orders(id="o1", coupon_codes=(), revision=1)  # a shop that calls need not list
    assert (used_by(world, coupon), fresh(world, coupon).order_number) == ("generic:o1", "#o1")
    ann.orders(id="o1", coupon_codes=(), status="cancelled", revision=2)
    assert used_by(world, coupon) is None
    ann.orders(id="o1", coupon_codes=(), revision=3)
    assert used_by(world, coupon) == "generic:o1"
    codes.release(world.shop, coupon.code, "generic:o1", source="t")
    assert used_by(world, coupon) is None


def test_a_release_does_not_take_back_what_the_order_itself_lists(world: World, ann: Shopper, coupon: Coupon) -> None:
    codes.use(world.shop, coupon.code, "generic:o1")
    ann.orders(id="o1", coupon_codes=(coupon.code,))
    assert codes.release(world.shop, coupon.code, "generic:o1", source="t").status == "used"
    ann.orders(id="o1", coupon_codes=(coupon.code,), status="cancelled")
    assert used_by(world, coupon) is None


def test_a_call_for_a_second_order_is_refused_while_the_first_one_lives(
    world: World, ann: Shopper, coupon: Coupon
) -> None:  # contracts §4
    ann.orders(id="o1", coupon_codes=(coupon.code,))
    for order in ("generic:o2", "generic:o3"):
        no = refused(partial(codes.use, world.shop, coupon.code, order), CouponNotUsable)
        assert no.facts == {"reason": "used"}
    assert codes.use(world.shop, coupon.code, "generic:o1").status == "used"
    ann.orders(id="o1", coupon_codes=(), status="cancelled")  # the call stands, its order does not
    assert codes.use(world.shop, coupon.code, "generic:o2").order_ref == "generic:o2"


def test_a_call_for_an_order_that_was_cancelled_counts_once_it_is_back(
    world: World, ann: Shopper, coupon: Coupon
) -> None:
    ann.orders(id="o1", status="cancelled", revision=1)
    assert codes.use(world.shop, coupon.code, "generic:o1").status == "active"
    ann.orders(id="o1", status="paid", revision=2)
    assert used_by(world, coupon) == "generic:o1"


def test_a_deleted_order_lets_go(world: World, ann: Shopper, coupon: Coupon) -> None:
    ann.orders(id="o1", coupon_codes=(coupon.code,))
    orders.receive_deletion(world.shop, "generic", "o1")
    assert used_by(world, coupon) is None


def test_a_draft_takes_nothing(world: World, ann: Shopper, coupon: Coupon) -> None:
    order = ann.orders(id="o1", status="cancelled", coupon_codes=(coupon.code,))
    order.status = "draft"  # as an adapter may call what is not an order yet
    codes.follow_order(world.shop, order, source="t")
    assert (fresh(world, coupon).status, fresh(world, coupon).revision) == ("active", 1)
    ann.orders(id="o1", coupon_codes=(coupon.code,))
    assert used_by(world, coupon) == "generic:o1"


@pytest.mark.parametrize("setting", ["usable", "points"])
def test_an_end_that_is_heard_of_first_ends_the_same(world: World, ann: Shopper, setting: str) -> None:
    world.settings(coupon_after_cancel=setting)
    ends = []
    for number, late in enumerate((False, True)):
        bought = ann.redeems(world.reward(cost=100, expires_after_days=2))
        facts = {"id": f"o{number}", "coupon_codes": (bought.code,), "placed_at": clock.now()}
        news = [{"revision": 1}, {"revision": 2, "status": "cancelled"}]
        with clock.at(clock.now() + 9 * A_DAY):
            coupons.expire_due()
            for told in reversed(news) if late else news:
                ann.orders(**facts, **told)
            now = fresh(world, bought)
            ends.append((now.status, now.refund_id is None, now.expires_at and now.expires_at > clock.now()))
    assert ends[0] == ends[1]


# The coupon's end


def test_what_runs_out_in_an_order_that_falls_through_lives_on(world: World, ann: Shopper) -> None:
    with clock.at(NOON):
        bought = ann.redeems(world.reward(cost=100, expires_after_days=10))
    with clock.at(NOON + 7 * A_DAY):
        ann.orders(id="o1", coupon_codes=(bought.code,), status="placed")
    with clock.at(NOON + 30 * A_DAY):
        coupons.expire_due()
        ann.orders(id="o1", coupon_codes=(bought.code,), status="cancelled")
        now = fresh(world, bought)
        assert now.status == "active" and codes.check(world.shop, bought.code, cart()).valid
        assert now.expires_at == clock.parse("2026-04-14T00:00:00+02:00")  # 3 days and 11 hours were left
    with clock.at(now.expires_at):
        assert codes.check(world.shop, bought.code, cart()).reason == "expired"


def test_or_gives_its_points_back(world: World, ann: Shopper) -> None:
    world.settings(coupon_after_cancel="points")
    with clock.at(NOON):
        bought = ann.redeems(world.reward(cost=100, expires_after_days=10))
        gift = gifts.give(world.shop, ann.customer, Gift("free_shipping", expires_after_days=10), origin="referral")
        ann.orders(id="o1", coupon_codes=(bought.code, gift.code))
    with clock.at(NOON + 30 * A_DAY):
        ann.orders(id="o1", coupon_codes=(bought.code, gift.code), status="cancelled")
        assert (fresh(world, bought).status, ann.balance) == ("returned", 1000)
        assert (fresh(world, gift).status, coupons.has_run_out(fresh(world, gift))) == ("active", False)


@pytest.mark.parametrize("setting", ["usable", "points"])
def test_what_had_run_out_before_stays_so(world: World, ann: Shopper, setting: str) -> None:
    world.settings(coupon_after_cancel=setting)
    with clock.at(NOON):
        bought = ann.redeems(world.reward(cost=100, expires_after_days=1))
    with clock.at(NOON + 5 * A_DAY):
        ann.orders(id="o1", coupon_codes=(bought.code,))  # staff typed it in by hand
        assert used_by(world, bought) == "generic:o1"
        ann.orders(id="o1", coupon_codes=(bought.code,), status="cancelled")
        assert (fresh(world, bought).status, ann.balance) == ("expired", 900)


def test_a_life_that_was_given_anew_does_not_grow(world: World, ann: Shopper) -> None:
    with clock.at(NOON):
        bought = ann.redeems(world.reward(cost=100, expires_after_days=4))
        ann.orders(id="o1", coupon_codes=(bought.code,))
    ends = []
    for day in (10, 30):
        with clock.at(NOON + day * A_DAY):
            ann.orders(id="o1", coupon_codes=(bought.code,), status="cancelled")
            ann.orders(id="o9", coupon_codes=(bought.code,), placed_at=NOON, status="cancelled")
            ends.append(fresh(world, bought).expires_at - clock.now())
        with clock.at(NOON + (day + 1) * A_DAY):
            ann.orders(id="o1", coupon_codes=(bought.code,))
    assert ends[1] < ends[0] < 6 * A_DAY


# What the coupon was before the order came


def test_whoever_had_the_points_back_has_them_back_again(world: World, ann: Shopper, coupon: Coupon) -> None:
    ann.returns(coupon)
    for revision in (1, 3):
        ann.orders(id="o1", coupon_codes=(coupon.code,), revision=revision)
        assert (fresh(world, coupon).status, ann.balance) == ("used", 500)
        ann.orders(id="o1", coupon_codes=(coupon.code,), revision=revision + 1, status="cancelled")
        assert (fresh(world, coupon).status, ann.balance) == ("returned", 1000)


def test_a_gift_whose_ground_fell_away_meanwhile_is_not_given_twice(world: World, ann: Shopper) -> None:
    gift = gifts.give(world.shop, ann.customer, Gift("free_shipping"), origin="referral")
    ann.orders(id="o1", coupon_codes=(gift.code,))
    coupons.revoke(gift)
    assert used_by(world, gift) == "generic:o1"
    ann.orders(id="o1", coupon_codes=(gift.code,), status="cancelled")
    assert fresh(world, gift).status == "revoked"


def test_nobody_is_left_to_own_the_coupon(world: World, ann: Shopper) -> None:
    with clock.at(NOON):
        bought = ann.redeems(world.reward(cost=100, expires_after_days=1))
    with clock.at(NOON + 2 * A_DAY):
        coupons.expire_due()
        privacy.erase(world.shop, ann.customer)
        for status in ("paid", "cancelled"):
            world.order(id="o1", coupon_codes=(bought.code,), status=status, placed_at=NOON)
    assert fresh(world, bought).status == "revoked"


def test_orders_race_and_one_uses_the_code(world: World, ann: Shopper, coupon: Coupon) -> None:
    facts = {"coupon_codes": (coupon.code,), "placed_at": NOON}
    at_once(
        *[partial(ann.orders, id=f"o{at}", **facts) for at in range(3)],
        partial(codes.use, world.shop, coupon.code, "generic:o3"),
        partial(ann.orders, id="o0", status="cancelled", revision=9, **facts),
    )
    assert used_by(world, coupon) == "generic:o1"


def test_the_audit_names_a_coupon_that_is_out_of_step_with_its_orders(
    world: World, ann: Shopper, coupon: Coupon
) -> None:
    ann.orders(id="o1", coupon_codes=(coupon.code,))
    for change in ({Coupon.status: "active"}, {Coupon.status: "used"}):
        CouponOrder.change(world.shop, {CouponOrder.living: change[Coupon.status] == "active"})
        Coupon.change(world.shop, change, Coupon.id == coupon.id)
        assert [coupon.id in sentence for sentence in coupons.audit_coupons()] == [True]
    CouponOrder.change(world.shop, {CouponOrder.living: True})


# An installation from before


def test_an_upgrade_keeps_who_uses_what_and_how_codes_are_spelt(world: World, ann: Shopper) -> None:
    two, called, back, idle = (ann.redeems(world.reward(cost=100)) for _ in range(4))
    elsewhere = World.create(platform="woocommerce")
    bob = elsewhere.member("bob@example.com")
    bob.is_given(100)
    theirs = bob.redeems(elsewhere.reward(cost=100))
    ann.orders(id="o1", coupon_codes=(two.code.replace("-", "").lower(), "SUMMER"))
    ann.orders(id="o2", coupon_codes=(two.code,))
    codes.use(world.shop, called.code, "generic:o3", order_number="o3")
    world.settings(coupon_after_cancel="points")
    for status in ("paid", "cancelled"):
        ann.orders(id="o4", coupon_codes=(back.code,), status=status)
    shops.connect(elsewhere.shop, "https://shop.example", {"key": "k", "secret": "s"})
    _as_before()
    step = importlib.import_module("widget_server.migrations.0004_coupon_orders")
    step.up(None, db.database.obj)
    journal.adopt()  # as an upgrade does

    assert [fresh(world, one).code for one in (two, called, back, idle)] == [
        two.code,
        called.code,
        back.code,
        idle.code,
    ]
    assert fresh(elsewhere, theirs).code == theirs.code.replace("-", "")  # as it stands in the shop
    assert codes.by_code(elsewhere.shop, theirs.code).id == theirs.id
    assert list(coupons.audit_coupons()) == []
    ann.orders(id="o1", coupon_codes=(two.code,), status="cancelled")
    ann.orders(id="o3", coupon_codes=(), status="cancelled")
    assert (used_by(world, two), fresh(world, called).status) == ("generic:o2", "returned")
    ann.orders(id="o4", coupon_codes=(back.code,), revision=3)
    assert used_by(world, back) == "generic:o4"
    assert fresh(world, idle).status == "active"


def _as_before() -> None:
    """The tables as they were: no totals, no rows of orders, codes without dashes."""
    totals.uninstall()
    run = db.database.execute_sql
    run('DROP TABLE "coupon_order"')
    run('DROP INDEX "coupon_shop_id_code_key"')
    run('UPDATE "coupon" SET "code" = replace("code", \'-\', \'\')')
    for column in ("code_key", "when_free"):
        run(f'ALTER TABLE "coupon" DROP COLUMN "{column}"')


def test_an_order_is_living_or_not() -> None:
    assert [
        name for name in ("draft", "placed", "paid", "fulfilled", "cancelled") if coupon_orders.is_living(name)
    ] == [
        "placed",
        "paid",
        "fulfilled",
    ]
