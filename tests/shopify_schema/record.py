"""Records every request that this server sends to Shopify, and writes docs/shopify-requests.md.

`python -m tests.shopify_schema.record` runs each call against the Shopify of the tests.
"""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.make import NOON
from tests.shopify_schema import schema
from tests.shopify_schema.requests import REQUESTS
from tests.stores.shopify_shop import ShopifyShop
from widget_server import clock
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.stores.calls import Api, Recipient
from widget_server.stores.shopify import api as shopify_api
from widget_server.stores.shopify import codes, proxy, subscriptions, tokens

DOCUMENT = Path(__file__).parents[2] / "docs" / "shopify-requests.md"
SCOPES = {
    "check the app's scopes": "none",
    "find a code": "`read_discounts`",
    "price of a free product": "`read_products`",
    "make a code": "`write_discounts`; `read_customers` to bind it to its owner",
    "make a code for free shipping": "`write_discounts`; `read_customers` to bind it to its owner",
    "delete a code": "`write_discounts`",
    "list the webhooks": "none: it has those of this app",
    "create a webhook": "the scope of its topic: `read_orders`, `read_customers`, `read_customer_merge`",
    "delete a webhook": "none",
    "e-mail address and name of a customer": "`read_customers`, with protected customer data: name and e-mail",
}
ADDRESS = "https://loyalty.example/stores/shopify/SHOP_ID/"
INTRODUCTION = """# Requests to Shopify

Every kind of request that this server sends to a Shopify shop, as recorded against the Shopify of the tests
(`python -m tests.shopify_schema.record` writes this page). Each one is valid in the Admin GraphQL schema {version} that
Shopify publishes in the npm package `@shopify/dev-mcp` 1.16.0; the tests check them against the part of it that they
use (`tests/shopify_schema/admin.graphql`).

## The access token

    POST https://NAME.myshopify.com{path}
    Content-Type: application/x-www-form-urlencoded

    grant_type=client_credentials&client_id=...&client_secret=...

returns `{{"access_token": "...", "scope": "...", "expires_in": 86399}}`. A token is renewed {before} before its end,
and once when Shopify refuses it earlier. Refusals are told in words: {reasons}.

## GraphQL

All others are `POST https://NAME.myshopify.com/admin/api/{version}/graphql.json` with `X-Shopify-Access-Token` and the
JSON body `{{"query": ..., "variables": ...}}`.
"""


def requests() -> list[tuple[str, str, dict[str, Any]]]:
    """Returns each kind of request once, in the order of REQUESTS: what it is for, its text and its variables."""
    with clock.at(NOON), ShopifyShop(customers={"7": {}}) as shop:
        _run(shop)
    assert shop.violations == [], shop.violations
    sent = {entry["body"]["query"]: entry["body"]["variables"] for entry in reversed(shop.log) if entry["body"]}
    return [(name, query, sent[query]) for name, query in REQUESTS.items()]


def _run(shop: ShopifyShop) -> None:
    api = Api(shop.url, shop.keys)
    codes.check(api)
    for kind, facts in (
        ("amount", {"amount": Decimal(5), "minimum_subtotal": Decimal(20)}),
        ("free_shipping", {}),
        ("free_product", {"product_id": "7"}),
    ):
        terms = {"created_at": NOON, "expires_at": NOON + timedelta(days=30), "collections": []}
        coupon = Coupon(id="COUPON_ID", code=f"CODE-{kind}".upper(), kind=kind, title=f"A {kind}", **terms, **facts)
        codes.make(api, coupon, Recipient("7"), "EUR")
    found = codes.find(api, "CODE-AMOUNT")
    assert found is not None
    codes.delete(api, found)
    shop.subscribes("ORDERS_CREATE", ADDRESS + "orders/create", format="XML")
    subscriptions.repair(api, ADDRESS)
    shop.customers.clear()
    shopify_api.ask(api, proxy.CUSTOMER, {"id": "gid://shopify/Customer/7"})


def document() -> str:
    """Returns the page."""
    hours = int(tokens.RENEW_BEFORE.total_seconds()) // 3600
    page = INTRODUCTION.format(
        version=shopify_api.API_VERSION,
        path=tokens.PATH,
        before="an hour" if hours == 1 else f"{hours} hours",
        reasons=", ".join(f"`{name}`" for name in tokens.REASONS),
    )
    for name, query, variables in requests():
        assert not schema.violations(query, variables)
        shown = json.dumps(variables, indent=2, ensure_ascii=False)
        page += f"\n### {name[0].upper()}{name[1:]}\n\nScopes: {SCOPES[name]}\n\n```graphql\n{query}\n```\n"
        page += f"\n```json\n{shown}\n```\n" if variables else ""
    return page


if __name__ == "__main__":
    DOCUMENT.write_text(document())
