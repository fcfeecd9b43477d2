"""The routes of the shops' webhooks: `/stores/{platform}/{shop_id}/{topic}` (docs/contracts.md §4)."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from widget_server.errors import BadRequest, BadSignature, NotFound
from widget_server.json_types import Json
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import codes, coupons
from widget_server.loyalty.rewards.codes import Verdict
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.stores import inbox, order_reports, signing
from widget_server.stores.platforms import PLATFORMS
from widget_server.stores.shapes import CheckBody, StoreBody, UseBody
from widget_server.stores.shopify import proxy as shopify_proxy
from widget_server.web.bodies import read_body

OF_ANY_SHOP = ("action",)  # no platform has such a topic; every shop may send it (contracts §18)

NOT_STORED = {"Cache-Control": "no-store"}  # Shopify and browsers pass it on to nobody else

stores = Blueprint("stores", __name__, url_prefix="/stores")


@stores.post("/<platform>/<shop_id>/<path:topic>")
def deliver(platform: str, shop_id: str, topic: str) -> ResponseReturnValue:
    """Receive a webhook: 200 means booked or parked in this commit, 401 a wrong signature.

    A wrong signature stores nothing, and neither does a dry run. Raises NotFound for an unknown shop or topic,
    BadRequest (dry_run) for a dry run of what has none.
    """
    known = PLATFORMS.get(platform)
    if known is None or topic not in known.TOPICS:
        raise NotFound("There is no such topic here.")
    body = request.get_data(cache=True)
    shop = shops.by_id(shop_id)
    if platform != shop.platform and topic not in OF_ANY_SHOP:
        raise NotFound("There is no such topic here.")
    if known.is_ping(dict(request.headers), body):
        return {"status": "ignored", "reason": "ping"}
    is_trial = _is_dry_run(platform, topic)
    _need_signature(shop, platform, body)
    if is_trial:
        return order_reports.dry_run(shop, body).as_json()
    shops.note_news(shop)
    outcome = inbox.deliver(shop, platform, topic, body)
    return {"status": outcome.status, "reason": outcome.reason}


@stores.get("/shopify/<shop_id>/proxy/identity")
def shopify_identity(shop_id: str) -> ResponseReturnValue:
    """Return an identity token for the customer who is logged in to the shop, or 204 for a guest (contracts §31).

    Shopify's app proxy signs the request; raises BadSignature without its signature. Raises NotFound for a shop of
    another platform.
    """
    shop = shops.by_id(shop_id)
    if shop.platform != "shopify":
        raise NotFound("There is no such shop here.")
    parameters = list(request.args.items(multi=True))
    customer_id = shopify_proxy.customer_id(shop, signing.secrets_for(shop), parameters)
    if customer_id is None:
        return "", 204, NOT_STORED
    return {"token": shopify_proxy.identity_token(shop, customer_id)}, 200, NOT_STORED


@stores.get("/generic/<shop_id>/orders/<path:external_id>")
def get_order(shop_id: str, external_id: str) -> ResponseReturnValue:
    """Get an order as this server holds it, for a sender that compares.

    Signed like a webhook, over the text `GET orders/{id}` in place of a body, so that a signature is for one order.
    Raises NotFound for an unknown shop or order.
    """
    shop = shops.by_id(shop_id)
    if shop.platform != order_reports.PLATFORM:
        raise NotFound("There is no such order here.")
    _need_signature(shop, shop.platform, f"GET orders/{external_id}".encode())
    return dict(order_reports.report(shop, external_id))


@stores.post("/generic/<shop_id>/coupons/check")
def check_coupon(shop_id: str) -> ResponseReturnValue:
    """Check whether this cart may use this code."""
    shop = _signed_generic(shop_id)
    body = read_body(CheckBody, StoreBody)
    return _verdict(codes.check(shop, body.code, body.cart))


@stores.post("/generic/<shop_id>/coupons/use")
def use_coupon(shop_id: str) -> ResponseReturnValue:
    """Use a code for an order: once per order, however often it is reported."""
    shop = _signed_generic(shop_id)
    body = read_body(UseBody, StoreBody)
    return _state(codes.use(shop, body.code, _order_ref(body.order_id), order_number=body.order_id))


@stores.post("/generic/<shop_id>/coupons/release")
def release_coupon(shop_id: str) -> ResponseReturnValue:
    """Release the code of a failed order: it is usable again or its points return, as the program says."""
    shop = _signed_generic(shop_id)
    body = read_body(UseBody, StoreBody)
    return _state(codes.release(shop, body.code, _order_ref(body.order_id), source="store:generic"))


def _is_dry_run(platform: str, topic: str) -> bool:
    """Whether the request is a dry run. Raises BadRequest (dry_run) for one that would be booked instead."""
    wish = request.args.get("dry_run")
    if wish is not None and (wish != "1" or (platform, topic) != (order_reports.PLATFORM, "order")):
        raise BadRequest("Only order has a dry run, with dry_run=1.", field="dry_run")
    return wish is not None


def _signed_generic(shop_id: str) -> Shop:
    shop = shops.by_id(shop_id)
    _need_signature(shop, "generic", request.get_data(cache=True))
    shops.note_news(shop)
    return shop


def _need_signature(shop: Shop, platform: str, body: bytes) -> None:
    headers, valid = dict(request.headers), signing.secrets_for(shop)
    if not any(PLATFORMS[platform].verify(secret, headers, body) for secret in valid):
        raise BadSignature()


def _order_ref(order_id: str) -> str:
    return f"generic:{order_id}"


def _state(coupon: Coupon) -> dict[str, Json]:
    return {"code": coupon.code, "status": coupons.status_now(coupon)}


def _verdict(verdict: Verdict) -> dict[str, object]:
    coupon = verdict.coupon
    if coupon is None:
        return {
            "valid": False,
            "code": None,
            "reason": verdict.reason,
            "discount": None,
            "combines": None,
            "minimum_subtotal": None,
            "collection_ids": None,
            "expires_at": None,
        }
    return {
        "valid": verdict.valid,
        "code": coupon.code,
        "reason": verdict.reason,
        "discount": {
            "type": coupon.kind,
            "amount": verdict.amount,
            "percent": coupon.percent,
            "product_id": coupon.product_id,
        },
        "combines": coupon.combines,
        "minimum_subtotal": coupon.minimum_subtotal,
        "collection_ids": [one["id"] for one in coupon.collections],
        "expires_at": coupon.expires_at,
    }
