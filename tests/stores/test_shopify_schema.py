"""Every request to Shopify fits its published schema, and is written down in docs/shopify-requests.md."""

from pathlib import Path
from typing import Any

import pytest

from tests.shopify_schema import record, schema
from tests.shopify_schema.requests import REQUESTS
from tests.stores.shopify_shop import ShopifyShop
from widget_server.stores.calls import Api, Refused
from widget_server.stores.shopify import api as shopify_api
from widget_server.stores.shopify import codes, subscriptions

DATABASES = ("sqlite",)
DOCUMENT = Path(__file__).parents[2] / "docs" / "shopify-requests.md"
SUBSCRIPTION = {"uri": "https://loyalty.example/stores/shopify/1/orders/create", "format": "JSON"}
GOOD = {"topic": "ORDERS_CREATE", "webhookSubscription": SUBSCRIPTION}


def test_each_recorded_request_fits_the_schema() -> None:
    recorded = record.requests()
    assert {query for _, query, _ in recorded} == set(REQUESTS.values())
    wrong = {name: found for name, query, told in recorded if (found := schema.violations(query, told))}
    assert wrong == {}


def test_the_document_is_what_was_recorded() -> None:
    assert DOCUMENT.read_text() == record.document(), "python -m tests.shopify_schema.record writes it again"


@pytest.mark.parametrize("name", REQUESTS)
def test_a_field_that_shopify_does_not_have_is_found_in_each_request(name: str) -> None:
    request = REQUESTS[name]
    assert schema.violations(request.replace("{ ", "{ favouriteColour ", 1), {}) != []


@pytest.mark.parametrize(
    ("query", "variables", "words"),
    [
        (subscriptions.CREATE, {**GOOD, "topic": "ORDERS_MADE"}, "does not exist in 'WebhookSubscriptionTopic'"),
        (
            subscriptions.CREATE,
            {"topic": "ORDERS_CREATE"},
            "Expected a value of non-null type 'WebhookSubscriptionInput!' to be provided",
        ),
        (subscriptions.CREATE, {**GOOD, "webhookSubscription": {"url": "https://a.example"}}, "unknown field 'url'"),
        (subscriptions.CREATE, {**GOOD, "shop": "mugs"}, "$shop is not declared"),
        (subscriptions.LIST.replace("uri", "callbackUri"), {"first": 5}, "callbackUri"),
        (subscriptions.LIST, {"first": "five"}, "Int cannot represent"),
        (codes.DELETE.replace("$id: ID!", "$id: Int!"), {"id": 5}, "used in position expecting type 'ID!'"),
        (codes.CHECK.removesuffix("}"), {}, "Syntax Error"),
    ],
)
def test_a_request_that_does_not_fit_is_found(query: str, variables: dict[str, Any], words: str) -> None:
    assert words in " ".join(schema.violations(query, variables))


def test_the_shop_of_the_stories_refuses_what_does_not_fit() -> None:
    with ShopifyShop() as shop, pytest.raises(Refused, match="favouriteColour"):
        shopify_api.ask(Api(shop.url, shop.keys), codes.CHECK.replace("handle", "favouriteColour"))
    assert len(shop.violations) == 1
