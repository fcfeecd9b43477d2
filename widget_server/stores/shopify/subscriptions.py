"""The webhook subscriptions of a Shopify shop: what is missing is created, what is double is deleted.

Shopify lists only the subscriptions of the app that calls. The three privacy topics cannot be subscribed to here: they
are in the app's configuration.
"""

from dataclasses import dataclass, field

from widget_server.stores.calls import Api, Refused
from widget_server.stores.shopify import api as shopify_api

TOPICS = (
    "orders/create",
    "orders/paid",
    "orders/updated",
    "orders/cancelled",
    "orders/delete",
    "refunds/create",
    "customers/create",
    "customers/update",
    "customers/delete",
    "customers/merge",
    "customers_email_marketing_consent/update",
    "app/uninstalled",
)
PAGE_SIZE = 250

LIST = """query ($first: Int!, $after: String) { webhookSubscriptions(first: $first, after: $after) {
  nodes { id topic uri format filter includeFields } pageInfo { hasNextPage endCursor }
} }"""
CREATE = """mutation ($topic: WebhookSubscriptionTopic!, $webhookSubscription: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $webhookSubscription) {
    webhookSubscription { id } userErrors { field message }
} }"""
DELETE = """mutation ($id: ID!) { webhookSubscriptionDelete(id: $id) {
  deletedWebhookSubscriptionId userErrors { field message }
} }"""


@dataclass
class Repaired:
    """What a repair did: topics that were created, deleted, and refused, each with Shopify's reason."""

    created: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def repair(api: Api, address: str) -> Repaired:
    """Give each of TOPICS one subscription that delivers to `address` + topic; others of this address are deleted.

    Subscriptions to other addresses are left alone. Raises NotReached, and Refused when none can be listed or deleted.
    """
    done, there = Repaired(), set[str]()
    for row in _listed(api):
        if not row["uri"].startswith(address):
            continue
        topic = row["uri"].removeprefix(address)
        if topic in TOPICS and topic not in there and _is_whole(row, topic):
            there.add(topic)
            continue
        shopify_api.change(api, DELETE, {"id": row["id"]})
        done.deleted.append(topic)
    for topic in TOPICS:
        if topic not in there:
            _create(api, address, topic, done)
    return done


def topic_name(topic: str) -> str:
    """Returns a topic as GraphQL has it: ORDERS_CREATE for orders/create."""
    return topic.replace("/", "_").upper()


def _listed(api: Api) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    after: str | None = None
    while True:
        page = shopify_api.ask(api, LIST, {"first": PAGE_SIZE, "after": after})["webhookSubscriptions"]
        rows += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return rows
        after = page["pageInfo"]["endCursor"]


def _is_whole(row: dict[str, str], topic: str) -> bool:
    """Returns whether the subscription delivers every message of its topic, with all fields, as JSON."""
    kind = (row["topic"], row["format"]) == (topic_name(topic), "JSON")
    return kind and not row["filter"] and not row["includeFields"]


def _create(api: Api, address: str, topic: str, done: Repaired) -> None:
    subscription = {"uri": address + topic, "format": "JSON"}
    try:
        shopify_api.change(api, CREATE, {"topic": topic_name(topic), "webhookSubscription": subscription})
    except Refused as no:
        done.refused[topic] = no.detail
    else:
        done.created.append(topic)
