"""A code is its owner's, good for one order, and never hers together with its points (acceptance 37, 38)."""

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from tests.make import NOON, Shopper, World, at_once, cart, fresh, refused
from widget_server import clock
from widget_server.errors import CouponNotUsable, NotFound
from widget_server.loyalty.people import customers
from widget_server.loyalty.rewards import codes, coupons
from widget_server.loyalty.rewards.coupons import Coupon


def test_codes_are_long_and_without_look_alikes(world: World, ann: Shopper) -> None:  # acceptance 37
    reward = world.reward(cost=1)
    codes = [ann.redeems(reward).code for _ in range(50)]
    assert len(set(codes)) == 50
    assert all([len(group) for group in code.split("-")] == [4, 4, 4] for code in codes)
    assert set("".join(codes)) <= set("23456789ABCDEFGHJKMNPQRSTVWXYZ-")
    assert not set("0O1IlLU") & set("".join(codes))


def test_a_code_is_read_as_people_type_it(world: World, ann: Shopper) -> None:
    coupon = ann.redeems(world.reward(cost=1))
    plain = coupon.code.replace("-", "")
    for typed in (coupon.code, coupon.code.lower(), plain, plain.lower(), f" {coupon.code.replace('-', ' ')} "):
        assert codes.by_code(world.shop, typed).id == coupon.id
    assert codes.by_code(world.shop, coupon.code[:-1]) is None
    assert codes.by_code(world.shop, "") is None


def test_why_a_cart_may_not_use_a_code(world: World, ann: Shopper) -> None:  # acceptance 37
    with clock.at(NOON):
        plain = ann.redeems(world.reward(cost=1, expires_after_days=1))
        large = ann.redeems(world.reward(cost=1, minimum_subtotal=Decimal(30)))
        mugs = ann.redeems(world.reward(cost=1, collections=[{"id": "mugs", "name": "Mugs"}]))
        mug = ann.redeems(world.reward("free_product", cost=1, product_id="p-mug"))

        def why(coupon: Coupon, **facts: Any) -> str | None:
            return codes.check(world.shop, coupon.code, cart(**facts)).reason

        assert why(plain) is None
        assert codes.check(world.shop, "222222222222", cart()).reason == "unknown"
        assert why(plain, currency="USD") == "other_currency"
        assert why(plain, currency=None, subtotal=None) is None
        assert why(large, subtotal=Decimal("29.99")) == why(large, subtotal=None) == "below_minimum"
        assert why(large, subtotal=Decimal(30)) is None
        assert why(mugs, collection_ids=frozenset({"cups"})) == "other_collection"
        assert why(mugs, collection_ids=frozenset({"cups", "mugs"})) is None
        assert why(mug) == "product_missing"
        assert why(mug, product_ids=frozenset({"p-mug"})) is None
        codes.use(world.shop, large.code, "o1")
        ann.returns(mugs)
        coupons.revoke(mug)
        assert (why(large), why(mugs), why(mug)) == ("used", "returned", "revoked")
    with clock.at(NOON + timedelta(days=2)):
        assert why(plain) == "expired"
    assert codes.check(World.create().shop, plain.code, cart()).reason == "unknown"


def test_a_check_takes_off_no_more_than_the_cart_holds(world: World, ann: Shopper) -> None:
    five, half = ann.redeems(world.reward(cost=1)), ann.redeems(world.reward("percent", cost=1, percent=Decimal(50)))

    def off(coupon: Coupon, subtotal: str | None) -> Decimal | None:
        known = None if subtotal is None else Decimal(subtotal)
        return codes.check(world.shop, coupon.code, cart(subtotal=known)).amount

    assert [off(five, told) for told in ("4.20", "5.00", "9.00", "0", None)] == [Decimal("4.20"), 5, 5, 0, 5]
    assert off(half, "4.20") is None


def test_a_code_is_its_owner_s_unless_it_may_be_shared(world: World, ann: Shopper) -> None:  # acceptance 37
    hers = ann.redeems(world.reward(cost=1))
    anybody_s = ann.redeems(world.reward(cost=1, shareable=True))
    bob = {"customer_email": "bob@example.com", "customer_external_id": "c-2"}
    assert codes.check(world.shop, hers.code, cart(**bob)).reason == "not_yours"
    assert codes.check(world.shop, hers.code, cart(customer_external_id="c-2")).reason == "not_yours"
    assert codes.check(world.shop, hers.code, cart(customer_email="ANN@example.com")).valid
    assert codes.check(world.shop, hers.code, cart()).valid  # the shop does not know yet who buys
    assert codes.check(world.shop, anybody_s.code, cart(**bob)).valid
    customers.update(ann.customer, external_id="c-1")
    assert codes.check(world.shop, hers.code, cart(customer_external_id="c-1")).valid
    assert codes.check(world.shop, hers.code, cart(**bob)).reason == "not_yours"
    ann_s_address = {"customer_email": "ann@example.com", "customer_external_id": "c-2"}
    assert codes.check(world.shop, hers.code, cart(**ann_s_address)).reason == "not_yours"


def test_use_and_release_are_idempotent_one_order_a_code(world: World, ann: Shopper) -> None:  # contracts §4
    coupon = ann.redeems(world.reward(cost=1))
    shop, code = world.shop, coupon.code
    assert codes.release(shop, code, "o1", source="t").status == "active"
    for _ in range(2):
        used = codes.use(shop, code.lower(), "o1", order_number="#1")
        assert (used.status, used.order_ref, used.order_number, used.revision) == ("used", "o1", "#1", 2)
    assert refused(lambda: codes.use(shop, code, "o2"), CouponNotUsable).facts == {"reason": "used"}
    assert codes.release(shop, code, "o2", source="t").status == "used"
    for _ in range(2):
        free = codes.release(shop, code, "o1", source="t")
        assert (free.status, free.order_ref, free.order_number, free.ended_at) == ("active", None, None, None)
    assert codes.use(shop, code, "o2").order_ref == "o2"
    for act in (codes.use, partial(codes.release, source="t")):
        refused(partial(act, shop, "222222222222", "o1"), NotFound)


def test_two_orders_race_for_a_code(world: World, ann: Shopper) -> None:  # acceptance 37
    coupon, shop = ann.redeems(world.reward(cost=1)), world.shop
    results = at_once(*[partial(codes.use, shop, coupon.code, f"o{at}") for at in range(6)])
    assert sorted(type(one).__name__ for one in results) == ["Coupon"] + ["CouponNotUsable"] * 5
    winner = next(one for one in results if isinstance(one, Coupon))
    assert fresh(world, coupon).order_ref == winner.order_ref


# Orders that carry a code, and cancelled ones: never both (acceptance 38)


def test_a_cancelled_order_gives_the_code_back(world: World, ann: Shopper) -> None:  # acceptance 38
    coupon = ann.redeems(world.reward(cost=500))
    ann.orders(id="o1", coupon_codes=(coupon.code,))
    assert (fresh(world, coupon).status, fresh(world, coupon).order_number) == ("used", "#o1")
    ann.orders(id="o1", coupon_codes=(coupon.code,), status="cancelled", revision=2)
    assert (fresh(world, coupon).status, ann.balance) == ("active", 500)
    ann.orders(id="o2", coupon_codes=(coupon.code,))
    assert fresh(world, coupon).order_number == "#o2"


def test_or_its_points_and_then_not_the_code(world: World, ann: Shopper) -> None:  # acceptance 38
    world.settings(coupon_after_cancel="points")
    coupon = ann.redeems(world.reward(cost=500))
    for revision in range(1, 4):  # cancelled, back again, and told twice each time
        for _ in range(2):
            ann.orders(id="o1", coupon_codes=(coupon.code,), revision=2 * revision)
            assert (fresh(world, coupon).status, ann.balance) == ("used", 500)
        for _ in range(2):
            ann.orders(id="o1", coupon_codes=(coupon.code,), status="cancelled", revision=2 * revision + 1)
            assert (fresh(world, coupon).status, ann.balance) == ("returned", 1000)
    refused(lambda: codes.use(world.shop, coupon.code, "o2"), CouponNotUsable)
    assert (ann.account.earned, ann.account.redeemed) == (1000, 0)


def test_the_setting_changes_between_two_cancellations(world: World, ann: Shopper) -> None:  # acceptance 38
    world.settings(coupon_after_cancel="points")
    coupon = ann.redeems(world.reward(cost=500))
    for status, revision in (("paid", 1), ("cancelled", 2), ("paid", 3)):
        ann.orders(id="o1", coupon_codes=(coupon.code,), status=status, revision=revision)
    world.settings(coupon_after_cancel="usable")
    ann.orders(id="o1", coupon_codes=(coupon.code,), status="cancelled", revision=4)
    assert (fresh(world, coupon).status, ann.balance) == ("active", 500)


@pytest.mark.parametrize(
    ("shortfall", "spent", "balance", "debt"),
    [("clamp", 0, 500, 0), ("clamp", 800, 0, 300), ("negative", 800, -300, 0)],
)
def test_returned_then_an_order_comes_with_the_code(
    world: World, ann: Shopper, shortfall: str, spent: int, balance: int, debt: int
) -> None:  # acceptance 38: never both
    world.settings(shortfall=shortfall)
    coupon = ann.redeems(world.reward(cost=500))
    ann.returns(coupon)
    if spent:
        ann.redeems(world.reward(cost=spent))
    for _ in range(2):
        ann.orders(id="late", coupon_codes=(coupon.code,))
    assert (fresh(world, coupon).status, fresh(world, coupon).order_number) == ("used", "#late")
    assert (ann.balance, ann.debt) == (balance, debt)
    if not spent:
        assert (ann.account.earned, ann.account.redeemed) == (1000, 500)


def test_an_order_may_be_the_first_to_tell_of_a_code(world: World, ann: Shopper) -> None:
    with clock.at(NOON):
        coupon = ann.redeems(world.reward(cost=1, expires_after_days=1))
    with clock.at(NOON + timedelta(days=3)):
        coupons.expire_due()
        ann.orders(id="o1", coupon_codes=("SUMMER", coupon.code.lower()))  # placed in time, heard of late
    assert fresh(world, coupon).status == "used"
