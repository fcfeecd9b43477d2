"""Codes as Shopify discounts, through its Admin GraphQL API with the scope write_discounts.

Shopify applies a percentage to every piece of a product, so a free product is an amount: its highest price, once.
"""

from decimal import Decimal

from widget_server import clock, money
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.stores.calls import PRODUCT_UNAVAILABLE, Api, Found, NotReached, Recipient, Refused
from widget_server.stores.fields import amount_text
from widget_server.stores.shopify import api as shopify_api

KEYS = {"client_id": "Client ID", "client_secret": "Client secret"}
OTHER_KEYS = {"token": "Admin API access token"}  # of a custom app that was made before 2026
SHOWN_BY_SHOPIFY = "shpat_"
GIVES_USES_BACK = False
TAKEN = "TAKEN"
SCOPE = "write_discounts"
MARK = "loyalty "  # followed by our coupon's id, at the end of the title in Shopify
TITLE_LENGTH_MAX = 200

CHECK = "query { currentAppInstallation { accessScopes { handle } } }"
FIND = """query ($code: String!) { codeDiscountNodeByCode(code: $code) { id codeDiscount {
  ... on DiscountCodeBasic { title asyncUsageCount }
  ... on DiscountCodeFreeShipping { title asyncUsageCount }
} } }"""
PRODUCT = "query ($id: ID!) { product(id: $id) { status priceRangeV2 { maxVariantPrice { amount } } } }"
SOLD = "ACTIVE"
DELETE = "mutation ($id: ID!) { discountCodeDelete(id: $id) { deletedCodeDiscountId userErrors { code message } } }"
MAKE_BASIC = """mutation ($input: DiscountCodeBasicInput!) { discountCodeBasicCreate(basicCodeDiscount: $input) {
  codeDiscountNode { id } userErrors { field code message }
} }"""
MAKE_FREE_SHIPPING = """mutation ($input: DiscountCodeFreeShippingInput!) {
  discountCodeFreeShippingCreate(freeShippingCodeDiscount: $input) {
    codeDiscountNode { id } userErrors { field code message }
} }"""


def is_other_key(key: str) -> bool:
    """Returns whether this is an Admin API access token, and no client id."""
    return key.startswith(SHOWN_BY_SHOPIFY)


def check(api: Api) -> None:
    """Check that the app may write discounts. Raises NotReached, Refused."""
    scopes = shopify_api.ask(api, CHECK)["currentAppInstallation"]["accessScopes"]
    if SCOPE not in {scope["handle"] for scope in scopes}:
        raise Refused(f"the token lacks the scope {SCOPE}")


def make(api: Api, coupon: Coupon, recipient: Recipient, currency: str) -> None:
    """Create the code; it is bound to the customer by Shopify's own id.

    Raises Refused with TAKEN when it exists already, with PRODUCT_UNAVAILABLE when the free product is not sold.
    """
    if coupon.kind == "free_shipping":
        if coupon.collections:
            raise Refused("Shopify cannot bind free shipping to collections")
        shopify_api.change(
            api, MAKE_FREE_SHIPPING, {"input": {**_terms(coupon, recipient), "destination": {"all": True}}}
        )
        return
    gets = {"value": _value(api, coupon, currency), "items": _items(coupon)}
    terms = {**_terms(coupon, recipient), "customerGets": gets}
    shopify_api.change(api, MAKE_BASIC, {"input": terms})


def find(api: Api, code: str) -> Found | None:
    """Returns the discount with this code, in any case; None without one. Raises NotReached, Refused."""
    node = shopify_api.ask(api, FIND, {"code": code})["codeDiscountNodeByCode"]
    if node is None:
        return None
    facts = node["codeDiscount"]
    mark = (facts.get("title") or "").rpartition(MARK)[2]
    return Found(node["id"], mark, (facts.get("asyncUsageCount") or 0) > 0)


def delete(api: Api, found: Found) -> None:
    """Delete the code.

    Raises NotReached also when Shopify refuses: a later try looks it up again, and it may be gone by then. Raises
    Refused when the token may not delete.
    """
    try:
        shopify_api.change(api, DELETE, {"id": found.id})
    except Refused as refused:
        if refused.code == "ACCESS_DENIED":
            raise
        raise NotReached(refused.detail) from None


def _terms(coupon: Coupon, recipient: Recipient) -> dict[str, object]:
    customer_id = recipient.external_id if recipient.external_id and recipient.external_id.isdecimal() else None
    bound = {"customers": {"add": [_gid("Customer", customer_id)]}} if customer_id and not coupon.shareable else None
    terms: dict[str, object] = {
        "title": f"{(coupon.title or '')[:TITLE_LENGTH_MAX]} · {MARK}{coupon.id}".removeprefix(" · "),
        "code": coupon.code,
        "startsAt": clock.iso(coupon.created_at),
        "endsAt": clock.iso(coupon.expires_at) if coupon.expires_at else None,
        "usageLimit": 1,
        "appliesOncePerCustomer": True,
        "context": bound or {"all": "ALL"},
        "combinesWith": {
            "orderDiscounts": coupon.combines,
            "productDiscounts": coupon.combines,
            "shippingDiscounts": coupon.combines and coupon.kind != "free_shipping",  # never two of that class
        },
    }
    if coupon.minimum_subtotal is not None:
        terms["minimumRequirement"] = {
            "subtotal": {"greaterThanOrEqualToSubtotal": amount_text(coupon.minimum_subtotal)}
        }
    return terms


def _value(api: Api, coupon: Coupon, currency: str) -> dict[str, object]:
    if coupon.kind == "percent":
        return {"percentage": float(coupon.percent / 100)}
    amount = _price(api, coupon) if coupon.kind == "free_product" else coupon.amount
    return {"discountAmount": {"amount": money.text(amount, currency), "appliesOnEachItem": False}}


def _price(api: Api, coupon: Coupon) -> Decimal:
    if coupon.minimum_subtotal is not None:
        raise Refused("Shopify would apply the minimum to the free product alone: leave the minimum out")
    product = shopify_api.ask(api, PRODUCT, {"id": _gid("Product", coupon.product_id)})["product"]
    if product is None:
        raise Refused(f"the shop has no product {coupon.product_id}", PRODUCT_UNAVAILABLE)
    if product["status"] != SOLD:
        raise Refused(f"the product {coupon.product_id} is {product['status']}", PRODUCT_UNAVAILABLE)
    return Decimal(product["priceRangeV2"]["maxVariantPrice"]["amount"])


def _items(coupon: Coupon) -> dict[str, object]:
    if coupon.kind == "free_product":
        return {"products": {"productsToAdd": [_gid("Product", coupon.product_id)]}}
    if coupon.collections:
        return {"collections": {"add": [_gid("Collection", one["id"]) for one in coupon.collections]}}
    return {"all": True}


def _gid(kind: str, identity: str | None) -> str:
    number = (identity or "").removeprefix(f"gid://shopify/{kind}/")
    if not number.isdecimal():
        raise Refused(f"{identity!r} is no id of Shopify: write the number of the {kind.lower()}")
    return f"gid://shopify/{kind}/{number}"
