"""Discounts at checkouts: `/loyalty-checkout-exchange/v1` (wix-api §1; their states: loyalty/rewards/checkout.py)."""

from widget_server.admin.routes import MANAGE, MEMBER, READ, REDEEMING, SOURCE, Service, request_key
from widget_server.admin.wire.checkout import (
    TYPES,
    WIRE_STATUSES,
    ApplyDiscount,
    CheckoutRequest,
    CompleteCheckout,
    DiscountResponse,
    DiscountsPage,
    discount,
)
from widget_server.errors import CheckoutEnded, CheckoutTaken, CouponNotUsable, NotFound, StaleRevision
from widget_server.loyalty.rewards import checkout
from widget_server.loyalty.rewards.checkout import CheckoutDiscount
from widget_server.web import query
from widget_server.web.callers import Caller
from widget_server.web.query import Entity, Field, word_of

service = Service("checkout", "/loyalty-checkout-exchange/v1", "Discounts at checkouts")

CREATED = Field(CheckoutDiscount.applied_at, "time")
ENTITY = Entity(
    "checkout_discount",
    {
        "id": Field(CheckoutDiscount.id, "id"),
        "checkoutId": Field(CheckoutDiscount.checkout_id, "text"),
        "status": Field(CheckoutDiscount.status, "enum", to_stored=word_of(WIRE_STATUSES)),
        "discountType": Field(CheckoutDiscount.kind, "enum", to_stored=word_of(TYPES)),
        "createdDate": CREATED,
        "updatedDate": Field(CheckoutDiscount.updated_at, "time"),
    },
    (Field(CheckoutDiscount.id, "id"),),
    CREATED,
)


@service.route(
    "POST",
    "/loyalty-checkout-discount",
    MEMBER,
    takes=ApplyDiscount,
    returns=DiscountResponse,
    refuses=(NotFound, StaleRevision, CheckoutTaken, CouponNotUsable, *REDEEMING),
)
def apply_discount(caller: Caller, body: ApplyDiscount) -> DiscountResponse:
    """Apply a reward, or a coupon of the calling member, to a checkout of the shop."""
    reward, coupon = body.reward, body.loyalty_coupon
    applied = reward or coupon
    row = checkout.apply(
        caller.shop,
        caller.member,
        body.checkout_id,
        key=request_key(),
        source=SOURCE,
        reward_id=reward.id if reward else None,
        points=reward.points_to_spend if reward else None,
        coupon_id=coupon.id if coupon else None,
        revision=applied.revision if applied else None,
    )
    return {"discount": discount(row)}


@service.route("POST", "/loyalty-checkout-discounts/query", READ, takes=query.query_body(ENTITY), returns=DiscountsPage)
def query_discounts(caller: Caller, body: query.QueryBody) -> DiscountsPage:
    """Query discounts by filter and order."""
    found = query.page(ENTITY, CheckoutDiscount.of(caller.shop), body.query, shop_id=caller.shop.id)
    return {
        "loyalty_checkout_discounts": [discount(row) for row in found.rows],
        "paging_metadata": query.metadata(found),
    }


@service.route(
    "POST",
    "/loyalty-checkout-discounts/begin",
    MANAGE,
    takes=CheckoutRequest,
    returns=DiscountResponse,
    refuses=(NotFound, CheckoutEnded),
)
def begin_checkout(caller: Caller, body: CheckoutRequest) -> DiscountResponse:
    """Mark that the order is being placed: the member can no longer remove the discount."""
    return {"discount": discount(checkout.begin(caller.shop, body.checkout_id))}


@service.route(
    "POST",
    "/loyalty-checkout-discounts/complete",
    MANAGE,
    takes=CompleteCheckout,
    returns=DiscountResponse,
    refuses=(NotFound, CheckoutEnded),
)
def complete_checkout(caller: Caller, body: CompleteCheckout) -> DiscountResponse:
    """Mark that an order was placed; the shop's webhook does the same for an order with the coupon's code."""
    order = f"{caller.shop.platform}:{body.order_id}"
    row = checkout.complete(caller.shop, body.checkout_id, order, source=SOURCE, order_number=body.order_number)
    return {"discount": discount(row)}


@service.route(
    "POST",
    "/loyalty-checkout-discounts/cancel",
    MANAGE,
    takes=CheckoutRequest,
    returns=DiscountResponse,
    refuses=(NotFound,),
)
def cancel_checkout(caller: Caller, body: CheckoutRequest) -> DiscountResponse:
    """Mark that no order was placed, or it was cancelled: the member gets back what they spent, once."""
    return {"discount": discount(checkout.cancel(caller.shop, body.checkout_id, source=SOURCE))}


@service.route(
    "POST",
    "/loyalty-checkout-discounts/remove",
    MANAGE,
    takes=CheckoutRequest,
    returns=DiscountResponse,
    refuses=(NotFound, CheckoutEnded),
)
def remove_discount(caller: Caller, body: CheckoutRequest) -> DiscountResponse:
    """Remove the member's discount from the checkout."""
    return {"discount": discount(checkout.remove(caller.shop, body.checkout_id, source=SOURCE))}
