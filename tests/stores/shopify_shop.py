"""A strict Shopify on loopback: client credentials, tokens that end, webhook subscriptions, customers, app proxy.

Each request has to fit the published schema (tests/shopify_schema); what it returns for webhooks and customers has to
fit it as well. `now` is the shop's clock, which the stories move.
"""

import base64
import hashlib
import hmac
import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.make import NOON, World
from tests.shopify_schema import schema
from tests.stores.checkouts import Answer, Shopify
from widget_server import clock, config
from widget_server.loyalty.program import shops
from widget_server.stores import connecting

LIFE = timedelta(seconds=86_399)
GRANT = {"grant_type", "client_id", "client_secret"}
NEW_DEED = re.compile(r"\b(webhookSubscription(?:sCreate|Create|Delete|s)|customer)\b")
PROTECTED = ("ORDERS_", "REFUNDS_", "CUSTOMERS_")
NOT_APPROVED = "This app is not approved to subscribe to webhook topics containing protected customer data."
COST = {"requestedQueryCost": 10, "actualQueryCost": None, "throttleStatus": {"currentlyAvailable": 0}}


@dataclass
class ShopifyShop(Shopify):
    """A shop with one app of its own organization; `grants` counts the tokens that the app got."""

    keys: ClassVar[dict[str, str]] = {"client_id": "c0ffee" * 5 + "00", "client_secret": "shpss_hush-hush-hush-1"}

    now: datetime = NOON
    is_installed: bool = True
    is_of_the_organization: bool = True
    is_approved: bool = True
    secret: str = "shpss_hush-hush-hush-1"
    grants: int = 0
    throttled: int = 0
    page_size: int = 250
    tokens: dict[str, datetime] = field(default_factory=dict)
    subscriptions: list[dict[str, Any]] = field(default_factory=list)
    customers: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)
    serial: Any = field(default_factory=lambda: itertools.count(1))

    @contextmanager
    def connected(self, base_url: str) -> Iterator[World]:
        """Our shop, connected to this one: 10 points for each 1.00 of goods, and books that balance at the end."""
        config.use(replace(config.current(), base_url=base_url))
        with clock.at(NOON):
            made = World.create(platform="shopify")
            made.order_rule(10)
            connecting.connect(made.shop, self.url, self.keys)
            made.shop = shops.by_id(made.shop.id)
            yield made
            made.books_must_balance()

    def act(self, request: BaseHTTPRequestHandler, body: Any) -> tuple[str, Answer]:
        deed, (status, value) = self._act(request, body)
        self.log.append({"path": request.path, "body": body, "status": status, "value": value})
        return deed, (status, value)

    def serve(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        if request.path != "/admin/oauth/access_token":
            return super().serve(request, body)
        with self.lock:
            status, value = self.grant(request, body)
            self.log.append({"path": request.path, "body": None, "status": status, "value": value})
        return self.send(request, status, value)

    def grant(self, request: BaseHTTPRequestHandler, body: bytes) -> Answer:
        """A token for the client credentials grant, as RFC 6749 has it; each refusal has its code."""
        if request.command != "POST" or request.headers["Content-Type"] != "application/x-www-form-urlencoded":
            return 400, {"error": "invalid_request"}
        sent = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
        told = dict(sent)
        if set(told) != GRANT or len(sent) != len(GRANT) or told["grant_type"] != "client_credentials":
            return 400, {"error": "invalid_request"}
        if told["client_id"] != self.keys["client_id"]:
            return 400, {"error": "application_cannot_be_found"}
        if told["client_secret"] != self.secret:
            return 400, {"error": "invalid_client"}
        if not self.is_of_the_organization:
            words = "Client credentials cannot be performed on this shop."
            return 400, {"error": "shop_not_permitted", "error_description": words}
        if not self.is_installed:
            return 400, {"error": "app_not_installed"}
        self.grants += 1
        token = f"shpat_{self.grants:032x}"
        self.tokens[token] = self.now + LIFE
        return 200, {"access_token": token, "scope": ",".join(self.scopes), "expires_in": int(LIFE.total_seconds())}

    def admits(self, token: str | None) -> bool:
        return token in self.tokens and self.now < self.tokens[token]

    def is_uninstalled(self) -> None:
        """The owner uninstalls the app: its tokens and its subscriptions end."""
        self.is_installed = False
        self.tokens.clear()
        self.subscriptions.clear()

    def _act(self, request: BaseHTTPRequestHandler, body: Any) -> tuple[str, Answer]:
        name = NEW_DEED.search(body["query"]) if isinstance(body, dict) and "query" in body else None
        is_open = self.admits(request.headers.get("X-Shopify-Access-Token")) and self.mood == "well"
        if self.throttled:
            self.throttled -= 1
            wrong = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
            return "", (200, {"errors": [wrong], "extensions": {"cost": COST}})
        if name is None or not is_open or schema.violations(body["query"], body["variables"]):
            return super().act(request, body)
        query, told = body["query"], body["variables"]
        self.calls.append((name[1], told))
        facts = getattr(self, f"_{name[1]}")(told)
        if facts and "errors" in facts:
            return name[1], (200, facts)
        return name[1], (200, {"data": schema.response(query, told, {name[1]: facts})})

    def _webhookSubscriptions(self, told: dict[str, Any]) -> dict[str, Any]:
        size = min(told["first"], self.page_size)
        begin = int(told["after"] or 0)
        rows = self.subscriptions[begin : begin + size]
        end = begin + len(rows)
        more = end < len(self.subscriptions)
        page = {"hasNextPage": more, "hasPreviousPage": begin > 0, "endCursor": str(end)}
        return {"nodes": rows, "pageInfo": page}

    def _webhookSubscriptionCreate(self, told: dict[str, Any]) -> dict[str, Any]:
        topic, wanted = told["topic"], told["webhookSubscription"]
        wrong = None
        if not wanted["uri"].startswith("https://"):
            wrong = "Address is invalid: it must be an HTTPS URL"
        elif topic.startswith(PROTECTED) and not self.is_approved:
            wrong = NOT_APPROVED
        elif any((one["topic"], one["uri"]) == (topic, wanted["uri"]) for one in self.subscriptions):
            wrong = "Address for this topic has already been taken"
        if wrong:
            return {"webhookSubscription": None, "userErrors": [{"field": ["webhookSubscription"], "message": wrong}]}
        made = self.subscribes(topic, wanted["uri"], format=wanted["format"])
        return {"webhookSubscription": made, "userErrors": []}

    def subscribes(self, topic: str, uri: str, **facts: Any) -> dict[str, Any]:
        """A subscription of the app, however it came about."""
        identity = f"gid://shopify/WebhookSubscription/{next(self.serial)}"
        row = {"id": identity, "topic": topic, "uri": uri, "format": "JSON", "filter": None, "includeFields": []}
        self.subscriptions.append({**row, **facts})
        return self.subscriptions[-1]

    def _webhookSubscriptionDelete(self, told: dict[str, Any]) -> dict[str, Any]:
        gone = [one for one in self.subscriptions if one["id"] == told["id"]]
        self.subscriptions = [one for one in self.subscriptions if one["id"] != told["id"]]
        wrong = [] if gone else [{"field": ["id"], "message": "Webhook subscription does not exist"}]
        return {"deletedWebhookSubscriptionId": told["id"] if gone else None, "userErrors": wrong}

    def _customer(self, told: dict[str, Any]) -> dict[str, Any] | None:
        if not self.is_approved:
            words = "This app is not approved to access the Customer object."
            return {"errors": [{"message": words, "extensions": {"code": "ACCESS_DENIED"}}], "data": {"customer": None}}
        return self.customers.get(told["id"].rpartition("/")[2])

    def delivers(self, post: Callable[[str, bytes, dict[str, str]], int], topic: str, body: bytes) -> list[int]:
        """The statuses of a webhook's deliveries, one for each subscription to its topic."""
        digest = hmac.new(self.secret.encode(), body, hashlib.sha256).digest()
        headers = {"X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(), "X-Shopify-Topic": topic}
        name = topic.replace("/", "_").upper()
        return [post(one["uri"], body, headers) for one in self.subscriptions if one["topic"] == name]

    def proxied(self, customer_id: str = "", **parameters: str) -> str:
        """The query that the app proxy appends for a page of the shop, signed by Shopify's documented rule."""
        told = {
            "shop": urlsplit(self.url).netloc,
            "logged_in_customer_id": customer_id,
            "path_prefix": "/apps/loyalty",
            "timestamp": str(int(self.now.timestamp())),
            **parameters,
        }
        text = "".join(sorted(f"{name}={value}" for name, value in told.items()))
        signature = hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        return urlencode({**told, "signature": signature})
