"""Signed and unsigned nonsense at a shop's webhook addresses: it is refused or kept aside, and nothing breaks."""

import base64
import copy
import hashlib
import hmac
import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from standardwebhooks import Webhook

from tests.cases.shop import SECRET, CaseShop, open_shop
from widget_server import clock, db, ledger
from widget_server.stores.generic import webhooks
from widget_server.web.auth import SHOP_HEADER

AT = "2026-11-28T10:00:00Z"
PERSON = {"id": "fz", "email": "fz@example.com", "email_verified": True, "name": "Fz"}
LINE = {
    "id": "1", "product_id": "p1", "collection_ids": [], "name": "Mug", "quantity": 1,
    "subtotal": "10.00", "discount": "0.00", "tax": "0.00", "gift_card": False,
}  # fmt: skip
ORDER = {
    "id": "o1", "number": "#1", "status": "paid", "currency": "USD", "source": "web", "placed_at": AT,
    "modified_at": AT, "customer": PERSON, "lines": [LINE], "shipping": "0.00", "discount": "0.00", "tax": "0.00",
    "total": "10.00", "coupon_codes": [], "landing_referral": None, "refunds": [],
}  # fmt: skip
AMOUNTS: list[Any] = [
    "-10.00", "1e3", "1E999999", "1e-999999", "NaN", "Infinity", "sNaN", "9" * 40, "99999999999999.99",
    f"0.{'0' * 50}1", 1e308, True, [], {}, "１２.５", "1_000", " 5 ", "+5", "-0", None,
]  # fmt: skip
NUMBERS: list[Any] = [-1, 0, 10**9, 2**63, 10**30, 1.5, True, "3", "NaN", None, []]
TIMES: list[Any] = [
    "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2026-11-28", "2026-11-28T10:00:00",
    "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2026-02-30T00:00:00Z", "10000-01-01T00:00:00Z", 5,
    None, "2026-11-28T24:00:00Z",
]  # fmt: skip
TEXTS: list[Any] = [
    "", " ", "n" * 100_000, "<img src=x onerror=alert(1)>", "\u202e evil", "a\u2028b", "a\x00b", "\ud800", 123, {},
    [], True, "a@b.com\r\nBcc: x@y.z", f"{'x' * 300}@a.com", "\u0130@x.com",
]  # fmt: skip
DEPTHS = (100, 500, 900, 950, 990, 1000, 5000, 100_000)


class Fuzzer:
    """Sends what comes to mind; notes what broke."""

    def __init__(self, shop: CaseShop) -> None:
        self.shop, self.broken, self.statuses = shop, list[tuple[str, int]](), list[int]()

    def sends(self, name: str, topic: str, body: Any, *, late: timedelta = timedelta()) -> int:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        moment, id = clock.now() + late, f"msg_{uuid.uuid4().hex}"
        signed = Webhook(SECRET)
        message = f"{id}.{int(moment.timestamp())}.".encode() + raw
        digest = hmac.new(signed._whsecret, message, hashlib.sha256).digest()
        headers = {
            "webhook-id": id,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        }
        return self.posts(name, f"/stores/generic/{self.shop.shop.id}/{topic}", raw, headers)

    def posts(self, name: str, path: str, raw: bytes, headers: dict[str, str]) -> int:
        response = self.shop.client.post(path, data=raw, headers={"Content-Type": "application/json", **headers})
        self.statuses.append(response.status_code)
        if response.status_code >= 500 or "Traceback" in response.text:
            self.broken.append((name, response.status_code))
        return response.status_code

    def must_hold(self) -> None:
        """Nothing broke, nobody has points, and a good order is booked as ever."""
        assert self.broken == []
        points = {row.balance for row in ledger.Account.of(self.shop.shop)}
        assert self.sends("good", "order", order(customer={"id": "good", "email": "good@example.com"})) == 200
        assert self.shop.balances()["good@example.com"] == 100
        assert all(0 <= balance < 10**15 for balance in points)


def order(**changed: Any) -> dict[str, Any]:
    """An order of its own number; `line_x` changes x of its line."""
    made = copy.deepcopy(ORDER) | {"id": uuid.uuid4().hex}
    for name, value in changed.items():
        if name.startswith("line_"):
            made["lines"][0][name.removeprefix("line_")] = value  # type: ignore[index]
        else:
            made[name] = value
    return made


@pytest.fixture
def fuzzer(client: FlaskClient) -> Iterator[Fuzzer]:
    made = Fuzzer(open_shop(client, "generic"))
    yield made
    made.must_hold()


def test_amounts_that_are_none(fuzzer: Fuzzer) -> None:
    for value in AMOUNTS:
        for field in ("line_subtotal", "line_discount", "line_tax", "discount", "shipping", "tax", "total"):
            fuzzer.sends(f"{field} {value!r:.20}", "order", order(**{field: value}))
        refund = {"id": "r", "amount": value, "shipping": value, "lines": [], "created_at": AT}
        fuzzer.sends(f"refund {value!r:.20}", "order", order(refunds=[refund]))
        action = {"id": uuid.uuid4().hex, "type": "review", "customer": {"id": "fz"}, "occurred_at": AT}
        fuzzer.sends(f"value {value!r:.20}", "action", action | {"value": value})


def test_numbers_and_moments_that_are_none(fuzzer: Fuzzer) -> None:
    for value in NUMBERS:
        for field in ("line_quantity", "revision"):
            fuzzer.sends(f"{field} {value!r:.20}", "order", order(**{field: value}))
    for value in TIMES:
        for field in ("placed_at", "modified_at"):
            fuzzer.sends(f"{field} {value}", "order", order(**{field: value}))
        fuzzer.sends(f"registered_at {value}", "customer", {**PERSON, "registered_at": value})


def test_texts_that_are_none(fuzzer: Fuzzer) -> None:
    for value in TEXTS:
        for field in ("id", "number", "status", "currency", "source", "coupon_codes", "landing_referral", "lines",
                      "customer", "line_id", "line_product_id", "line_name", "line_collection_ids"):  # fmt: skip
            fuzzer.sends(f"{field} {value!r:.20}", "order", order(**{field: value}))
        for field in ("id", "email", "name", "phone", "email_verified"):
            person = {**PERSON, "id": uuid.uuid4().hex, field: value}
            fuzzer.sends(f"customer {field} {value!r:.20}", "customer", person)
        for field in ("id", "type"):
            action = {"id": uuid.uuid4().hex, "type": "review", "customer": {"id": "fz"}, "occurred_at": AT}
            fuzzer.sends(f"action {field} {value!r:.20}", "action", {**action, field: value})
        for call in ("coupons/check", "coupons/use", "coupons/release"):
            fuzzer.sends(f"{call} {value!r:.20}", call, {"code": value, "order_id": value, "customer": PERSON})
    for type in ("social:", "custom:", "join", "birthday", "order", "first_order", "a" * 5000, "social:\u0130"):
        action = {"id": uuid.uuid4().hex, "type": type, "customer": {"id": "fz"}, "occurred_at": AT, "value": None}
        fuzzer.sends(f"action {type:.20}", "action", action)


def test_without_the_look_at_characters_texts_break_it(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    monkeypatch.setattr(webhooks, "storable", lambda value: True)
    fuzzer = Fuzzer(open_shop(client, "generic"))
    fuzzer.sends("half a character", "order", order(line_name="\ud800", number="\ud800"))
    if backend == "postgres":
        fuzzer.sends("a NUL", "order", order(line_name="a\x00b", number="a\x00b"))
    assert fuzzer.broken
    db.connect()  # what breaks a request closes its connection


def test_bodies_that_are_none(fuzzer: Fuzzer) -> None:
    good = json.dumps(order())
    for name, raw in {
        "NaN": good.replace('"10.00"', "NaN").encode(),
        "Infinity": good.replace('"10.00"', "Infinity").encode(),
        "1e999": good.replace('"10.00"', "1e999").encode(),
        "5,000 digits": good.replace('"10.00"', "1" * 5000).encode(),
        "4,000 digits of a quantity": good.replace('"quantity": 1', f'"quantity": {"1" * 4001}').encode(),
        "utf-16": good.encode("utf-16"),
        "utf-32": good.encode("utf-32"),
        "a byte order mark": b"\xef\xbb\xbf" + good.encode(),
        "bytes": b'{"id":"\xff\xfe"}',
        "a lone surrogate": b'{"id":"\\ud800","x":1}',
        "NUL as escape": b'{"id":"a\\u0000"}',
        "NUL": b"\x00",
        "a list": b"[]",
        "null": b"null",
        "nothing": b"",
        "2 MB": b'{"id":"' + b"a" * 2_000_000 + b'"}',
        "3 MB": b'{"id":"' + b"a" * 3_000_000 + b'"}',
        "10,000 lines": json.dumps(order(lines=[{**LINE, "id": str(n)} for n in range(10_000)])).encode(),
    }.items():
        assert fuzzer.sends(name, "order", raw) in (200, 400, 401, 413), name
    twice = good.replace('"status": "paid"', '"status": "cancelled", "status": "paid"')
    fuzzer.sends("a field twice", "order", twice.encode())


@pytest.mark.parametrize("depth", DEPTHS)
def test_bodies_too_deep(fuzzer: Fuzzer, depth: int) -> None:
    shop = fuzzer.shop.shop
    lists, objects = b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth
    for body in (b'{"a":' + lists + b"}", objects):
        fuzzer.sends(f"depth {depth}", "order", body)
        fuzzer.posts(f"panel {depth}", "/widget/session/code", body, {SHOP_HEADER: shop.embed_key})
        fuzzer.posts(f"token {depth}", "/oauth2/token", body, {})


def test_signatures_that_are_none(fuzzer: Fuzzer) -> None:
    raw, now = json.dumps(order()).encode(), str(int(clock.now().timestamp()))
    path = f"/stores/generic/{fuzzer.shop.shop.id}/order"
    for name, headers in {
        "no headers": {},
        "a time that is no number": {"webhook-id": "a", "webhook-timestamp": "NaN", "webhook-signature": "v1,x"},
        "an endless time": {"webhook-id": "a", "webhook-timestamp": "1e999", "webhook-signature": "v1,x"},
        "400 digits": {"webhook-id": "a", "webhook-timestamp": "9" * 400, "webhook-signature": "v1,x"},
        "a letter beyond ASCII": {"webhook-id": "a", "webhook-timestamp": now, "webhook-signature": "v1,é"},
        "a version alone": {"webhook-id": "a", "webhook-timestamp": now, "webhook-signature": "v1"},
        "another version": {"webhook-id": "a", "webhook-timestamp": now, "webhook-signature": "v2,x v1,"},
    }.items():
        assert fuzzer.posts(name, path, raw, headers) == 401, name
    for late in (timedelta(seconds=-330), timedelta(seconds=330)):
        assert fuzzer.sends("at another time", "order", order(), late=late) == 401


@pytest.mark.parametrize("platform", ["shopify", "woocommerce"])
def test_signatures_with_an_empty_key_at_platforms(client: FlaskClient, platform: str) -> None:
    fuzzer, raw = Fuzzer(open_shop(client, platform)), json.dumps(order()).encode()
    empty = base64.b64encode(hmac.new(b"", raw, hashlib.sha256).digest()).decode()
    for topic in ("orders/create", "order.created", "x", "customers/redact"):
        for name in ("X-Shopify-Hmac-Sha256", "X-WC-Webhook-Signature"):
            for value in (empty, "é", ""):
                path = f"/stores/{platform}/{fuzzer.shop.shop.id}/{topic}"
                assert fuzzer.posts(f"{topic} {name}", path, raw, {name: value}) in (401, 404)
    assert fuzzer.broken == []
