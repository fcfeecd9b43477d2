"""A WooCommerce of loopback with orders, refunds, webhooks and settings: its REST API v3 as WooCommerce 11 has it.

What it changes it tells by webhooks, as long as they are on: each delivery that fails counts, and one that fails after
more than five others switches its webhook off for good. A deletion for good, and a restoring by the API, tell nobody.
Webhooks are made, changed and deleted by the API too; nobody is told their secrets.
"""

import copy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from tests.stores import bodies
from tests.stores.checkouts import Answer, WooCommerce, _no
from widget_server import clock

ISO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})?")
STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft")
ORDER_BY = ("date", "id", "include", "title", "slug", "modified")
FAILURES_MAX = 5
HOOK_TOPIC = re.compile(
    r"(coupon|customer|order|product)\.(created|updated|deleted)|(coupon|order|product)\.restored|action\.\w+"
)
HOOK_STATUSES = ("active", "paused", "disabled")
SITE = ZoneInfo("Europe/Berlin")

Json = dict[str, Any]
Post = Callable[[str, bytes, dict[str, str]], int]


@dataclass
class Hook:
    """A webhook of the shop's."""

    id: int
    topic: str
    delivery_url: str
    secret: str
    status: str = "active"
    failures: int = 0
    name: str = ""

    def row(self) -> Json:
        """As the API tells it; the secret is told to nobody."""
        known = {"id": self.id, "name": self.name or self.topic, "status": self.status, "topic": self.topic}
        return {**known, "resource": self.topic.split(".")[0], "delivery_url": self.delivery_url}


@dataclass
class Delivery:
    """A webhook that the shop's own queue is about to send."""

    hook: Hook
    body: bytes


class Paged(list[Any]):
    """A page of a list, how many pages there are, and how many rows in all."""

    pages: int = 1
    total: int = 0


@dataclass
class WooShop(WooCommerce):
    """The shop. `rights`: what its keys may do; `knows_settings`: whether they may read settings. `pings` are the
    addresses that it tested; the next `busy` requests are too many, and may be sent again `busy_seconds` later.
    """

    rights: str = "read_write"
    may_read_settings: bool = True
    may_read_webhooks: bool = True
    orders: dict[int, Json] = field(default_factory=dict)
    parts: dict[int, list[Json]] = field(default_factory=dict)
    hooks: list[Hook] = field(default_factory=list)
    customers: dict[int, Json] = field(default_factory=dict)
    pings: list[str] = field(default_factory=list)
    busy: int = 0
    busy_seconds: str | None = "7"
    ahead: timedelta = timedelta(0)
    outbox: list[Delivery] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    rates: list[Json] = field(default_factory=list)

    # What happens in the shop

    def subscribes(self, base: str, secret: str, *topics: str) -> None:
        """The owner makes a webhook for each topic, to the addresses that `shop create` printed."""
        for topic in topics:
            self.hooks.append(Hook(next(self.numbers), topic, base + topic, secret))

    def sells(self, **facts: Any) -> int:
        """An order comes in, paid; its id."""
        number = next(self.numbers)
        born = {"date_created_gmt": _gmt(), "date_paid_gmt": _gmt()}
        self.orders[number] = bodies.woo_order(**{"id": number, "number": str(number), **born, **facts})
        self._touch(number)
        self._tell("order.created", number)
        return number

    def changes(self, number: int, *, quietly: bool = False, **facts: Any) -> None:
        """Staff change the order, or it goes on; `quietly`: in a way that sends no webhook."""
        self.orders[number].update(facts)
        self._touch(number)
        if not quietly:
            self._tell("order.updated", number)

    def gives_back(self, number: int, amount: str, **parts: Any) -> int:
        """Money is given back, for `lines`, `shipping` and `fees` (item id -> net, tax), or for nothing named."""
        refund = next(self.numbers)
        rows = {
            f"{kind}_{name}": [_part(next(self.numbers), item, *money) for item, money in parts.get(short, {}).items()]
            for kind, name, short in (
                ("line", "items", "lines"),
                ("shipping", "lines", "shipping"),
                ("fee", "lines", "fees"),
            )
        }
        made = {"id": refund, "date_created_gmt": _gmt(), "amount": amount, "reason": "", "refunded_by": 1, **rows}
        self.parts.setdefault(number, []).insert(0, made)
        listed = [bodies.woo_refund(refund, amount), *self.orders[number]["refunds"]]
        self.changes(number, refunds=listed)
        return refund

    def trashes(self, number: int) -> None:
        """Staff move it into the trash, from where it can come back."""
        self.orders[number]["_was"] = self.orders[number]["status"]
        self.orders[number]["status"] = "trash"
        self._touch(number)
        self._tell("order.deleted", number)

    def untrashes_by_api(self, number: int) -> None:
        """A program takes it out of the trash, which sends no webhook."""
        self.changes(number, quietly=True, status=self.orders[number].pop("_was"))

    def deletes_for_good(self, number: int) -> None:
        """Staff delete it for good, which sends no webhook."""
        del self.orders[number]

    def _touch(self, number: int) -> None:
        self.orders[number]["date_modified_gmt"] = _gmt()
        self.orders[number]["date_modified"] = _local(_gmt())

    def _tell(self, topic: str, number: int) -> None:
        body = {"id": number} if topic == "order.deleted" else self._body(self.orders[number])
        for hook in self.hooks:
            if hook.topic == topic and hook.status == "active":
                self.outbox.append(Delivery(hook, json.dumps(body).encode()))

    def delivers(self, post: Post | None, *, order: list[int] | None = None, lost: set[int] | None = None) -> None:
        """The shop's queue runs: each webhook is posted once; nobody answers without `post`.

        `order` shuffles the deliveries, and those at the places `lost` reach nobody. What fails is not sent again.
        """
        waiting, self.outbox = self.outbox, []
        for place in order if order is not None else range(len(waiting)):
            sent = waiting[place]
            if sent.hook.status != "active":
                continue
            signature = bodies.signature(sent.body, sent.hook.secret)
            headers = {"X-WC-Webhook-Signature": signature, "X-WC-Webhook-Topic": sent.hook.topic}
            is_lost = post is None or place in (lost or ())
            status = 0 if is_lost or post is None else post(sent.hook.delivery_url, sent.body, headers)
            self._count(sent.hook, 200 <= status < 303)

    def _count(self, hook: Hook, arrived: bool) -> None:
        if arrived:
            hook.failures = 0
        elif hook.failures > FAILURES_MAX:
            hook.status = "disabled"
        else:
            hook.failures += 1

    # Its API

    def serve(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        if self.busy:
            self.busy -= 1
            return self.send(request, 429, {"message": "Too Many Requests"})
        return super().serve(request, body)

    def act(self, request: BaseHTTPRequestHandler, body: Any) -> tuple[str, Answer]:
        address = urlsplit(request.path)
        path, query = (
            address.path.removeprefix("/wp-json/wc/v3/"),
            {k: v[-1] for k, v in parse_qs(address.query).items()},
        )
        if no := self.refusal_of_keys(request):
            return "", no
        if request.command != "GET" and self.rights == "read":
            words = "The API key provided does not have write permissions."
            return "", (401, _no(401, "woocommerce_rest_authentication_error", words))
        if path.startswith("coupons") or not address.path.startswith("/wp-json/wc/v3/"):
            return super().act(request, body)
        self.calls.append((f"{request.command} {path}", body or query))
        return path, self.answer(request.command, path.split("/"), query, body)

    def answer(self, method: str, path: list[str], query: dict[str, str], body: Any) -> Answer:
        match method, path:
            case "GET", ["orders"]:
                return self._listed(query)
            case "GET", ["orders", number]:
                found = self.orders.get(int(number))
                if found is None:
                    return 404, _no(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
                return 200, self._body(found)
            case "GET", ["orders", number, "refunds"]:
                return _page(self.parts.get(int(number), []), query)
            case _, ["webhooks", *_] if not self.may_read_webhooks:
                return 403, _no(403, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
            case "GET", ["webhooks"]:
                return _page([hook.row() for hook in self.hooks], query)
            case "POST", ["webhooks"]:
                return self._hook_made(body)
            case "PUT", ["webhooks", number]:
                return self._hook_changed(int(number), body)
            case "DELETE", ["webhooks", number]:
                return self._hook_deleted(int(number), query)
            case "GET", ["customers"]:
                if query.get("orderby", "name") not in ("id", "include", "name", "registered_date"):
                    return 400, _no(400, "rest_invalid_param", "Invalid parameter(s): orderby")
                rows = [self.customers[number] for number in sorted(self.customers)]
                wanted = query.get("role", "customer")
                return _page([row for row in rows if wanted in ("all", row["role"])], query)
            case "GET", ["settings", group, name]:
                if not self.may_read_settings:
                    return 403, _no(403, "woocommerce_rest_cannot_view", "Sorry, you cannot view this resource.")
                return 200, {"id": name, "group_id": group, "type": "select", "value": self.settings.get(name, "no")}
            case "GET", ["taxes"]:
                if not self.may_read_settings:
                    return 403, _no(403, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
                return _page([row for row in self.rates if row["class"] == query["class"]], query)
        return 404, _no(404, "rest_no_route", "No route was found matching the URL and request method.")

    def _hook_made(self, body: Json) -> Answer:
        if not HOOK_TOPIC.fullmatch(body.get("topic") or ""):
            words = "Webhook topic is required and must be valid."
            return 400, _no(400, "woocommerce_rest_shop_webhook_invalid_topic", words)
        if no := _wrong_of_hook(body):
            return no
        made = Hook(next(self.numbers), body["topic"], body["delivery_url"], body.get("secret") or "chance")
        made.name, made.status = body.get("name") or "Webhook created on a day", "active"
        self.hooks.append(made)
        self.pings.append(made.delivery_url)
        return 201, made.row()

    def _hook_changed(self, number: int, body: Json) -> Answer:
        found = [hook for hook in self.hooks if hook.id == number]
        if not found:
            return 400, _no(400, "woocommerce_rest_shop_webhook_invalid_id", "ID is invalid.")
        if no := _wrong_of_hook({"delivery_url": "http://x", **body}):
            return no
        for name in ("topic", "delivery_url", "secret", "status", "name"):
            if body.get(name):  # what it has failed before stays counted
                setattr(found[0], name, body[name])
        return 200, found[0].row()

    def _hook_deleted(self, number: int, query: dict[str, str]) -> Answer:
        if query.get("force") != "true":
            return 501, _no(501, "woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.")
        found = [hook for hook in self.hooks if hook.id == number]
        if not found:
            return 404, _no(404, "woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.")
        self.hooks.remove(found[0])
        return 200, found[0].row()

    def registers(self, **facts: Any) -> int:
        """Somebody opens an account in the shop; its id."""
        number = next(self.numbers)
        row = bodies.woo_customer(**{"id": number, "email": f"c{number}@example.com", "role": "customer", **facts})
        self.customers[number] = row
        return number

    def _listed(self, query: dict[str, str]) -> Answer:
        statuses = query.get("status", "any").split(",")
        wrong = [
            name
            for name, is_good in (
                ("modified_after", ISO.fullmatch(query.get("modified_after", "2026-01-01T00:00:00"))),
                ("after", ISO.fullmatch(query.get("after", "2026-01-01T00:00:00"))),
                ("status", set(statuses) <= {"any", "trash", *STATUSES}),
                ("orderby", query.get("orderby", "date") in ORDER_BY),
            )
            if not is_good
        ]
        if wrong:
            return 400, _no(400, "rest_invalid_param", f"Invalid parameter(s): {', '.join(wrong)}")
        found = [order for order in self.orders.values() if not order.get("_hidden")]
        if "any" in statuses:
            found = [order for order in found if order["status"] != "trash"]
        else:
            found = [order for order in found if order["status"] in statuses]
        if "include" in query:
            found = [order for order in found if str(order["id"]) in query["include"].split(",")]
        if "modified_after" in query:
            column = "date_modified_gmt" if query.get("dates_are_gmt") == "true" else "date_modified"
            found = [order for order in found if order[column] > _wall_time(query["modified_after"])]
        if "after" in query:
            column = "date_created_gmt" if query.get("dates_are_gmt") == "true" else "date_created"
            found = [order for order in found if order[column] > _wall_time(query["after"])]
        column = {"modified": "date_modified_gmt", "id": "id"}.get(query.get("orderby", "date"), "date_created_gmt")
        found.sort(key=lambda order: (order[column], order["id"]), reverse=query.get("order", "desc") == "desc")
        rows = [self._body(order) for order in found]
        if "_fields" in query:
            rows = [{name: row[name] for name in query["_fields"].split(",")} for row in rows]
        return _page(rows, query)

    def _body(self, order: Json) -> Json:
        return {name: copy.deepcopy(value) for name, value in order.items() if not name.startswith("_")}

    def send(self, request: BaseHTTPRequestHandler, status: int, value: Any) -> None:
        text = json.dumps(value).encode()
        request.send_response_only(status)
        request.send_header("Date", format_datetime(clock.now() + self.ahead, usegmt=True))
        request.send_header("Content-Type", "application/json; charset=UTF-8")
        request.send_header("Content-Length", str(len(text)))
        if isinstance(value, Paged):
            request.send_header("X-WP-Total", str(value.total))
            request.send_header("X-WP-TotalPages", str(value.pages))
        if status == 429 and self.busy_seconds:
            request.send_header("Retry-After", self.busy_seconds)
        request.end_headers()
        request.wfile.write(text)


def _wrong_of_hook(body: Json) -> Answer | None:
    if body.get("topic") and not HOOK_TOPIC.fullmatch(body["topic"]):
        return 400, _no(400, "woocommerce_rest_shop_webhook_invalid_topic", "Webhook topic must be valid.")
    if not re.fullmatch(r"https?://\S+", body.get("delivery_url") or ""):
        words = "Webhook delivery URL must be a valid URL starting with http:// or https://."
        return 400, _no(400, "woocommerce_rest_shop_webhook_invalid_delivery_url", words)
    if body.get("status", "active") not in HOOK_STATUSES:
        return 400, _no(400, "rest_invalid_param", "Invalid parameter(s): status")
    return None


def _page(rows: list[Any], query: dict[str, str]) -> Answer:
    size, number = int(query.get("per_page", 10)), int(query.get("page", 1))
    if not 1 <= size <= 100:
        return 400, _no(400, "rest_invalid_param", "Invalid parameter(s): per_page")
    page = Paged(rows[(number - 1) * size : number * size])
    page.pages, page.total = -(-len(rows) // size), len(rows)
    return 200, page


def _part(number: int, item: int, net: str, tax: str) -> Json:
    """A line of a refund: what it takes back is below 0."""
    meta = [{"id": number, "key": "_refunded_item_id", "value": str(item), "display_key": "_refunded_item_id"}]
    return {"id": number, "quantity": -1, "total": f"-{net}", "total_tax": f"-{tax}", "meta_data": meta}


def _gmt() -> str:
    return clock.now().strftime("%Y-%m-%dT%H:%M:%S")


def _local(gmt: str) -> str:
    return datetime.fromisoformat(gmt).replace(tzinfo=UTC).astimezone(SITE).strftime("%Y-%m-%dT%H:%M:%S")


def _wall_time(text: str) -> str:
    """As WordPress reads a time that it compares with a column: one with a zone is moved into the site's first."""
    moment = datetime.fromisoformat(text)
    moment = moment.astimezone(SITE) if moment.tzinfo else moment
    return moment.strftime("%Y-%m-%dT%H:%M:%S")
