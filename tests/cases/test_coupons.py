"""Coupons whose orders fall through, and amounts that the currency has no coins for."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cases.shop import BEGAN, CASES, CaseShop, case
from tests.make import Shopper, fresh, refused
from widget_server import clock
from widget_server.errors import BadRequest, WorthNothing
from widget_server.loyalty.rewards import codes, rewards
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.rewards.rewards import Reward
from widget_server.program_file import apply, schema

ShopOn = Callable[..., CaseShop]


def member_with_coupon(shop: CaseShop, points: int = 500) -> tuple[Shopper, Coupon]:
    """Ann, who has spent 500 points on 5.00 off before her orders."""
    with clock.at(BEGAN):
        ann = shop.world.member("ann@example.com")
        ann.is_given(points)
        return ann, ann.redeems(shop.world.reward(cost=500))


def with_code(name: str, code: str) -> list[Any]:
    """The bodies of a case with this coupon's code in the place of CODE."""
    bodies: list[Any] = json.loads(json.dumps(case(name)).replace('"CODE"', json.dumps(code)))
    return bodies


# 07: the first order falls through, the second keeps the discount


@pytest.mark.parametrize("setting", ["usable", "points"])
@pytest.mark.parametrize("arrival", [(0, 1, 2), (1, 0, 2), (0, 2, 1), (2, 0, 1), (1, 2, 0), (2, 1, 0), (0, 1, 2, 1, 0)])
def test_the_code_stays_used_by_the_second_order(shop_on: ShopOn, setting: str, arrival: tuple[int, ...]) -> None:
    shop = shop_on("woocommerce")
    shop.world.settings(coupon_after_cancel=setting)
    ann, coupon = member_with_coupon(shop)
    bodies = with_code("07-two-orders-one-code.json", coupon.code.lower())
    for at in arrival:
        assert shop.tells("order.updated", bodies[at])["status"] == "booked"
    now = fresh(shop.world, coupon)
    assert (now.status, now.order_number) == ("used", "102")
    assert ann.account.redeemed == 500
    shop.world.books_must_balance()


def test_and_is_free_when_the_second_falls_through_too(shop_on: ShopOn) -> None:
    shop = shop_on("woocommerce")
    shop.world.settings(coupon_after_cancel="points")
    ann, coupon = member_with_coupon(shop)
    bodies = with_code("07-two-orders-one-code.json", coupon.code)
    for body in bodies:
        shop.tells("order.updated", body)
    failed = {**bodies[1], "status": "failed", "date_modified_gmt": "2026-11-21T12:00:00"}
    shop.tells("order.updated", failed)
    assert (fresh(shop.world, coupon).status, ann.balance) == ("returned", 500)
    shop.tells("order.updated", {**failed, "status": "processing", "date_modified_gmt": "2026-11-21T13:00:00"})
    assert (fresh(shop.world, coupon).status, ann.account.redeemed) == ("used", 500)


def test_a_coupon_line_that_staff_remove_frees_the_code(shop_on: ShopOn) -> None:
    shop = shop_on("woocommerce")
    _, coupon = member_with_coupon(shop)
    body = with_code("07-two-orders-one-code.json", coupon.code)[1]
    shop.tells("order.updated", body)
    without_the_field = {name: value for name, value in body.items() if name != "coupon_lines"}
    shop.tells("order.updated", {**without_the_field, "date_modified_gmt": "2026-11-21T11:00:00"})
    assert fresh(shop.world, coupon).status == "used"
    shop.tells("order.updated", {**body, "coupon_lines": [], "date_modified_gmt": "2026-11-21T12:00:00"})
    assert fresh(shop.world, coupon).status == "active"
    shop.tells("order.deleted", {"id": body["id"]})
    assert codes.by_code(shop.shop, coupon.code.replace("-", "")) == coupon


def test_a_shop_that_calls_and_sends_no_list(shop_on: ShopOn) -> None:
    shop = shop_on("generic")
    _ann, coupon = member_with_coupon(shop)
    order: dict[str, Any] = {
        "status": "paid",
        "currency": "USD",
        "placed_at": "2026-11-20T10:00:00Z",
        "total": "10.00",
        "lines": [{"id": "1", "subtotal": "10.00"}],
    }
    call = {"code": coupon.code.lower().replace("-", " "), "order_id": "1"}
    assert shop.tells("coupons/use", call) == {"code": coupon.code, "status": "used"}
    shop.tells("order", {**order, "id": "1", "revision": 1})
    shop.tells("order", {**order, "id": "1", "revision": 2, "coupon_codes": []})
    shop.tells("order", {**order, "id": "2", "coupon_codes": [coupon.code]})
    shop.tells("order", {**order, "id": "1", "revision": 3, "status": "cancelled", "coupon_codes": None})
    assert (fresh(shop.world, coupon).status, fresh(shop.world, coupon).order_ref) == ("used", "generic:2")
    shop.tells("order", {**order, "id": "2", "modified_at": "2026-11-20T11:00:00Z", "status": "cancelled"})
    assert shop.tells("coupons/use", {**call, "order_id": "3"})["status"] == "used"
    assert shop.tells("coupons/release", {**call, "order_id": "3"})["status"] == "active"
    checked = shop.tells("coupons/check", {"code": coupon.code, "subtotal": "3.10"})
    assert (checked["valid"], checked["discount"]["amount"]) == (True, "3.10")
    shop.world.books_must_balance()


# 09: somebody who only looked at the checkout


@pytest.mark.parametrize("status", ["draft", "auto-draft"])
def test_a_draft_uses_no_code(shop_on: ShopOn, status: str) -> None:
    shop = shop_on("woocommerce")
    _, coupon = member_with_coupon(shop)
    (body,) = with_code("09-checkout-draft.json", coupon.code)
    shop.tells("order.updated", {**body, "status": status})
    assert fresh(shop.world, coupon).status == "active"
    shop.tells("order.updated", {**body, "status": "processing"})
    assert fresh(shop.world, coupon).status == "used"


# 14: money that the currency does not have


@pytest.mark.parametrize(
    ("currency", "point_value", "points", "worth"),
    [
        ("JPY", "0.5", 101, "50"),
        ("KWD", "0.0125", 3, "0.037"),
        ("USD", "0.0125", 3, "0.03"),
        ("EUR", "0.0033", 4, "0.01"),
        ("KRW", "1.9", 1, "1"),
        ("BHD", "0.0004", 3, "0.001"),
    ],
)
def test_a_sliding_coupon_is_of_whole_coins(
    shop_on: ShopOn, currency: str, point_value: str, points: int, worth: str
) -> None:
    ann, reward = slider(shop_on, currency, point_value)
    coupon = ann.redeems(reward, points=points)
    assert (fresh(ann.world, coupon).amount, ann.balance) == (Decimal(worth), 1000 - points)


@pytest.mark.parametrize(("currency", "point_value", "points"), [("USD", "0.0033", 2), ("JPY", "0.5", 1)])
def test_a_choice_that_comes_to_nothing_is_refused(
    shop_on: ShopOn, currency: str, point_value: str, points: int
) -> None:
    ann, reward = slider(shop_on, currency, point_value)
    assert refused(lambda: ann.redeems(reward, points=points), WorthNothing).field == "points"
    assert ann.balance == 1000


def slider(shop_on: ShopOn, currency: str, point_value: str) -> tuple[Shopper, Reward]:
    """A member with 1000 points, in a shop that sells the case's sliding reward."""
    shop = shop_on("generic", currency=currency)
    text = (Path(CASES) / "14-coupon-in-parts-of-a-coin.yaml").read_text("utf-8")
    file = schema.parse(text.replace("point_value: 0.5", f"point_value: {point_value}"))
    apply.apply(shop.shop, file)
    ann = shop.world.member("ann@example.com")
    ann.is_given(1000)
    (reward,) = rewards.listed(shop.shop)
    return ann, reward


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "50.5"), ("USD", "0.005"), ("KWD", "1.0005")])
def test_a_fixed_amount_without_coins_is_refused_where_it_is_defined(
    shop_on: ShopOn, currency: str, amount: str
) -> None:
    shop = shop_on("generic", currency=currency)
    told = f"rewards: [{{handle: five, kind: amount, cost_points: 1, amount: {amount}}}]"
    assert refused(lambda: apply.plan(shop.shop, schema.parse(told)), BadRequest).field == ("rewards.0.amount")
    for side in ("friend", "advocate"):
        gift = f"referral: {{{side}: {{kind: amount, amount: {amount}}}}}"
        no = refused(lambda gift=gift: apply.plan(shop.shop, schema.parse(gift)), BadRequest)
        assert no.field == f"referral.{side}.amount"
    whole = Decimal(amount).quantize(Decimal(1)) + 1
    apply.apply(shop.shop, schema.parse(told.replace(f"amount: {amount}", f"amount: {whole}")))
