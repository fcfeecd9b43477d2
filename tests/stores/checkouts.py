"""Checkouts of shops on loopback: what Shopify and WooCommerce do with the codes that are made there."""

import base64
import itertools
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from tests.shopify_schema import schema

Answer = tuple[int, Any]
WOO_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")

SHOPIFY_DEED = re.compile(
    r"\b(currentAppInstallation|codeDiscountNodeByCode|product|discountCode(?:Delete|BasicCreate|FreeShippingCreate))\b"
)


@dataclass
class Code:
    """One code as the shop keeps it."""

    id: str
    code: str
    terms: dict[str, Any]
    mark: str | None = None
    uses: int = 0

    def has_run_out(self, now: datetime) -> bool:
        return bool(self.ends and self.ends <= now)

    @property
    def ends(self) -> datetime | None:
        text = self.terms.get("endsAt") or self.terms.get("date_expires")
        return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


@dataclass
class Checkout:
    """A shop's API. `mood` says how it answers; `meanwhile` runs when a deed is done and not yet answered."""

    keys: ClassVar[dict[str, str]] = {}
    platform: ClassVar[str] = ""

    mood: str = "well"
    meanwhile: Callable[[str], object] | None = None
    codes: dict[str, Code] = field(default_factory=dict)
    calls: list[tuple[str, Any]] = field(default_factory=list)
    numbers: Any = field(default_factory=lambda: itertools.count(1001))
    lock: Any = field(default_factory=threading.Lock)
    woken: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Checkout":
        checkout = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                checkout.serve(self, self.rfile.read(length))

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *words: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.woken.set()
        self.server.shutdown()
        self.server.server_close()

    def serve(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        if self.mood == "hangs":
            self.woken.wait(30)
            return None
        if self.mood == "breaks":
            return self.send(request, 500, {"message": "There has been a critical error on this website."})
        if self.mood == "busy":
            return self.send(request, 429, {"errors": "Exceeded the rate limit"})
        with self.lock:
            deed, (status, value) = self.act(request, json.loads(body) if body else None)
        if self.meanwhile is not None:
            self.meanwhile(deed)
        if self.mood == "forgets to answer":
            request.close_connection = True
            return None
        return self.send(request, status, value)

    def send(self, request: BaseHTTPRequestHandler, status: int, value: Any) -> None:
        text = json.dumps(value).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        request.wfile.write(text)

    def act(self, request: BaseHTTPRequestHandler, body: Any) -> tuple[str, Answer]:
        raise NotImplementedError

    def by_code(self, code: str) -> Code | None:
        """Case does not matter; a dash does, as on the platforms."""
        return next((one for one in self.codes.values() if one.code.upper() == code.upper()), None)

    def an_order_uses(self, code: str, *, at: datetime | None = None) -> bool:
        """Somebody types the code at the checkout; False when it is not taken."""
        with self.lock:
            one = self.by_code(code)
            if one is None or one.uses or one.has_run_out(at or datetime.now(UTC)):
                return False
            one.uses += 1
            return True

    def an_order_is_cancelled(self, code: str) -> None:
        """The owner cancels the order that used the code."""

    def has(self, code: str) -> bool:
        return self.by_code(code) is not None

    def has_of_its_own(self, code: str) -> Code:
        """The owner makes a discount by hand."""
        one = Code(str(next(self.numbers)), code, {"title": "Summer sale"})
        self.codes[one.id] = one
        return one


class WooCommerce(Checkout):
    """The REST API v3 of WooCommerce, as far as coupons and their products go: codes are kept in small letters."""

    keys = {"key": "ck_test", "secret": "cs_test"}
    platform = "woocommerce"
    products: ClassVar[dict[str, str]] = {"7": "publish", "8": "draft", "9": "private"}

    def act(self, request: BaseHTTPRequestHandler, body: Any) -> tuple[str, Answer]:
        if no := self.refusal_of_keys(request):
            return "", no
        address = urlsplit(request.path)
        path, query = address.path.removeprefix("/wp-json/wc/v3/"), parse_qs(address.query)
        self.calls.append((f"{request.command} {path}", body))
        kind, _, number = path.partition("/")
        if kind == "products" and request.command == "GET":
            return "product", self.product(number)
        if kind != "coupons":
            return "", (404, _no(404, "rest_no_route", "No route was found matching the URL and request method."))
        match request.command:
            case "GET" if not number:
                rows = [self.by_code(query["code"][0])] if "code" in query else list(self.codes.values())
                return "find", (200, [self.row(one) for one in rows if one])
            case "POST" if not number:
                return "make", self.make(body)
            case "POST" if number == "batch" and body == {}:
                return "batch", (200, [])
            case "DELETE" if query == {"force": ["true"]}:
                gone = self.codes.pop(number, None)
                if gone is None:
                    return "delete", (404, _no(404, "woocommerce_rest_shop_coupon_invalid_id", "Invalid ID."))
                return "delete", (200, self.row(gone))
        return "", (404, _no(404, "rest_no_route", "No route was found matching the URL and request method."))

    def refusal_of_keys(self, request: BaseHTTPRequestHandler) -> Answer | None:
        """What WooCommerce says of keys that are missing, unknown or wrong; None for good ones."""
        name, _, login = request.headers.get("Authorization", "").partition(" ")
        key, _, secret = base64.b64decode(login).decode().partition(":")
        if self.mood == "shut" or name != "Basic":
            return 401, _no(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        for part, given, known in (("key", key, self.keys["key"]), ("secret", secret, self.keys["secret"])):
            if given != known:
                words = f"Consumer {part} is invalid."
                return 401, _no(401, "woocommerce_rest_authentication_error", words)
        return None

    def product(self, number: str) -> Answer:
        status = self.products.get(number)
        if status is None:
            return 404, _no(404, "woocommerce_rest_product_invalid_id", "Invalid ID.")
        return 200, {"id": int(number), "status": status}

    def make(self, told: dict[str, Any]) -> Answer:
        if self.mood == "refuses":
            return 400, _no(400, "rest_invalid_param", "Invalid parameter(s): product_ids")
        if told["discount_type"] not in ("percent", "fixed_cart") or not isinstance(told["amount"], str):
            return 400, _no(400, "rest_invalid_param", "Invalid parameter(s): discount_type, amount")
        if "date_expires" in told and not WOO_TIME.fullmatch(told["date_expires"]):
            return 400, _no(400, "rest_invalid_param", "Invalid parameter(s): date_expires")
        if self.by_code(told["code"]):
            return 400, _no(400, "woocommerce_rest_coupon_code_already_exists", "The coupon code already exists")
        mark = next((meta["value"] for meta in told.get("meta_data", []) if meta["key"] == "loyalty_coupon"), None)
        one = Code(str(next(self.numbers)), told["code"].lower(), told, mark)
        self.codes[one.id] = one
        return 201, self.row(one)

    def an_order_is_cancelled(self, code: str) -> None:
        with self.lock:
            one = self.by_code(code)
            if one is not None and one.uses:
                one.uses -= 1

    def row(self, one: Code) -> dict[str, Any]:
        meta = [{"id": 1, **meta} for meta in one.terms.get("meta_data", [])]
        return {"id": int(one.id), "code": one.code, "usage_count": one.uses, "meta_data": meta}


def _no(status: int, code: str, message: str) -> dict[str, Any]:
    return {"code": code, "message": message, "data": {"status": status}}


@dataclass
class Shopify(Checkout):
    """The Admin GraphQL API of Shopify, as far as codes go: it answers 200 to nearly everything.

    A use stays counted when its order is cancelled.
    """

    keys: ClassVar[dict[str, str]] = {"token": "shpat_test"}
    platform: ClassVar[str] = "shopify"
    scopes: tuple[str, ...] = ("read_products", "write_discounts")
    prices: ClassVar[dict[str, str]] = {f"gid://shopify/Product/{number}": "19.80" for number in (7, 8, 9)}
    violations: list[str] = field(default_factory=list)  # of the published schema
    statuses: ClassVar[dict[str, str]] = {"gid://shopify/Product/8": "DRAFT", "gid://shopify/Product/9": "ARCHIVED"}

    def act(self, request: BaseHTTPRequestHandler, body: Any) -> tuple[str, Answer]:
        if not re.fullmatch(r"/admin/api/20\d\d-(01|04|07|10)/graphql\.json", request.path):
            return "", (404, {"errors": "Not Found"})
        if not self.admits(request.headers.get("X-Shopify-Access-Token")) or self.mood == "shut":
            return "", (401, {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"})
        if self.mood == "throttles":
            return "", (200, {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]})
        query, told = body["query"], body["variables"]
        if wrong := schema.violations(query, told):
            self.violations += wrong
            return "", (200, {"errors": [{"message": one} for one in wrong]})
        name = SHOPIFY_DEED.search(query)
        assert name is not None, query
        self.calls.append((name[1], told))
        return self.deed(name[1], told)

    def admits(self, token: str | None) -> bool:
        return token == self.keys["token"]

    def deed(self, name: str, told: dict[str, Any]) -> tuple[str, Answer]:
        match name:
            case "currentAppInstallation":
                return "check", _data(name, {"accessScopes": [{"handle": one} for one in self.scopes]})
            case "product":
                price = self.prices.get(told["id"])
                status = self.statuses.get(told["id"], "ACTIVE")
                found = {"status": status, "priceRangeV2": {"maxVariantPrice": {"amount": price}}} if price else None
                return "price", _data(name, found)
            case "codeDiscountNodeByCode":
                one = self.by_code(told["code"])
                facts = one and {"title": one.terms["title"], "asyncUsageCount": one.uses}
                return "find", _data(name, one and {"id": one.id, "codeDiscount": facts})
            case "discountCodeDelete":
                gone = self.codes.pop(told["id"], None)
                wrong = [] if gone else [{"code": "INVALID", "message": "Discount does not exist"}]
                return "delete", _data(name, {"deletedCodeDiscountId": gone and gone.id, "userErrors": wrong})
        return "make", _data(name, self.make(name, told["input"]))

    def make(self, name: str, told: dict[str, Any]) -> dict[str, Any]:
        wrong = None
        if self.mood == "stumbles":
            wrong = {"field": None, "code": "INTERNAL_ERROR", "message": "Unexpected internal error happened."}
        elif self.mood == "refuses":
            wrong = {"field": ["customerGets"], "code": "INVALID", "message": "Customer gets is invalid"}
        elif missing := {"title", "code", "startsAt", "context"} - set(told):
            wrong = {"field": sorted(missing), "code": "BLANK", "message": "can't be blank"}
        elif name == "discountCodeFreeShippingCreate" and told["combinesWith"]["shippingDiscounts"]:
            code = "INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS"
            wrong = {"field": ["combinesWith"], "code": code, "message": "The combinesWith settings are invalid"}
        elif self.by_code(told["code"]):
            wrong = {"field": ["code"], "code": "TAKEN", "message": "Code must be unique. Please try a different code."}
        if wrong:
            return {"codeDiscountNode": None, "userErrors": [wrong]}
        one = Code(f"gid://shopify/DiscountCodeNode/{next(self.numbers)}", told["code"], told, told["title"][-36:])
        self.codes[one.id] = one
        return {"codeDiscountNode": {"id": one.id}, "userErrors": []}


def _data(name: str, value: Any) -> Answer:
    return 200, {"data": {name: value}, "extensions": {"cost": {"requestedQueryCost": 10}}}


def amount_of(code: Code) -> Decimal:
    """The amount off, as the shop reads it."""
    terms = code.terms
    if "amount" in terms:
        return Decimal(terms["amount"])
    return Decimal(terms["customerGets"]["value"]["discountAmount"]["amount"])
