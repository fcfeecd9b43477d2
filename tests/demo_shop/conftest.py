"""The actors around the demo shop: a loyalty server that checks signatures, a shopper, the shop's owner."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from standardwebhooks import Webhook
from werkzeug.test import TestResponse

from demo_shop import create_shop
from demo_shop.config import TOPICS, ShopConfig
from demo_shop.shop import Shop

WEBHOOK_SECRET = "whsec_c2hvcC1hbmQtc2VydmVyLXNoYXJlLXRoaXM="
IDENTITY_SECRET = "a-secret-of-more-than-thirty-two-bytes"


@dataclass
class Heard:
    """One message whose signature was right."""

    topic: str
    message_id: str
    body: dict[str, Any]


class Receiver:
    """A loyalty server on a loopback port: refuses wrong signatures, remembers the rest, answers as told."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.forged = 0
        self.status = 200
        self.refuses: Callable[[Heard], bool] = lambda heard: False
        self.coupons: dict[str, dict[str, Any]] = {}
        self.used: dict[str, str] = {}
        self._server: ThreadingHTTPServer | None = None
        self.port = 0
        self.open()

    def open(self) -> None:
        """Listen, on the same port as before."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = receiver.answer(self.path, dict(self.headers), body)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Answer nobody."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        try:
            data = Webhook(WEBHOOK_SECRET).verify(body, headers)
        except Exception:
            self.forged += 1
            return 401, {}
        lowered = {name.lower(): value for name, value in headers.items()}
        heard = Heard(path.removeprefix("/stores/generic/shop/"), lowered["webhook-id"], data)
        if self.status != 200 or self.refuses(heard):
            return max(self.status, 400), {}
        self.heard.append(heard)
        return self._coupon(heard) if heard.topic.startswith("coupons/") else (200, {})

    def _coupon(self, heard: Heard) -> tuple[int, dict[str, Any]]:
        code = heard.body["code"]
        if heard.topic == "coupons/check":
            return 200, self.coupons.get(code, {"valid": False, "reason": "unknown"})
        if heard.topic == "coupons/release":
            if self.used.get(code) == heard.body["order_id"]:
                del self.used[code]
            return 200, {}
        order_id = self.used.setdefault(code, heard.body["order_id"])
        return (200, {}) if order_id == heard.body["order_id"] else (409, {"error": {"code": "used"}})

    def bodies(self, topic: str) -> list[dict[str, Any]]:
        """What was heard on one topic, in order."""
        return [heard.body for heard in self.heard if heard.topic == topic]


@dataclass
class Shopper:
    """Somebody with a browser; forms are sent with the token that their page carried."""

    client: FlaskClient

    def see(self, path: str, **options: Any) -> str:
        """The page, its entities resolved."""
        return unescape(self.get(path, **options).text)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, buffered=True, **options)

    def send(self, path: str, *, form_from: str = "/products/p1", **form: str) -> TestResponse:
        token = re.search(r'name="csrf" value="([^"]+)"', self.client.get(form_from).text)
        assert token
        return self.client.post(path, data={"csrf": token[1], **form})

    def add(self, product_id: str, quantity: int = 1) -> None:
        assert self.send("/cart/lines", product=product_id, quantity=str(quantity)).status_code == 302

    def register(self, email: str = "ann@example.com", **form: str) -> TestResponse:
        given = {"name": "Ann Lee", "email": email, "password": "eight or more", **form}
        return self.send("/account/register", form_from="/account", **given)

    def check_out(self, *, key: str = "one", pay: bool = True, **form: str) -> TestResponse:
        given = {"key": key, "email": "Guest@Example.com", "name": "Guy Rest", "address": "Fjordgata 1"}
        return self.send("/checkout", **{**given, **({"pay": "yes"} if pay else {}), **form})


@dataclass
class Owner:
    """The shop's owner, at the back office's buttons."""

    shopper: Shopper

    def do(self, order_id: str, verb: str, **form: str) -> None:
        path = f"/admin/orders/{order_id}/{verb}"
        assert self.shopper.send(path, form_from="/products/p1", **form).status_code == 302


@pytest.fixture
def coupon() -> Callable[..., dict[str, Any]]:
    """Makes a good answer to coupons/check."""

    def make(type: str, *, combines: bool = False, **worth: str) -> dict[str, Any]:
        discount = {"type": type, "amount": None, "percent": None, "product_id": None, **worth}
        rest = {"reason": None, "minimum_subtotal": None, "expires_at": None}
        return {"valid": True, "discount": discount, "combines": combines, **rest}

    return make


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="session")
def make_config() -> Callable[[Path, int], ShopConfig]:
    """Makes settings for a shop in a folder, told of a loyalty server on a port."""

    def make(folder: Path, port: int) -> ShopConfig:
        widget_url = f"http://widget.localhost:{port}"
        return ShopConfig(
            widget_url=widget_url,
            shop_id="shop",
            embed_key="embed",
            identity_secret=IDENTITY_SECRET,
            webhook_secret=WEBHOOK_SECRET,
            webhook_urls={topic: f"{widget_url}/stores/generic/shop/{topic}" for topic in TOPICS},
            script_tag=f'<script async src="{widget_url}/widget.js?shop=embed"></script>',
            database=folder / "shop.db",
            mail_dir=folder / "mail",
            secret_key="of the tests",
            origin="http://shop.localhost:8001",
        )

    return make


@pytest.fixture
def config(make_config: Callable[[Path, int], ShopConfig], receiver: Receiver, tmp_path: Path) -> ShopConfig:
    return make_config(tmp_path, receiver.port)


@pytest.fixture
def app(config: ShopConfig) -> Flask:
    app = create_shop(config)
    app.testing = True
    return app


@pytest.fixture
def shop(app: Flask) -> Shop:
    shop: Shop = app.extensions["demo_shop"]
    return shop


@pytest.fixture
def shopper(app: Flask) -> Shopper:
    return Shopper(app.test_client())


@pytest.fixture
def owner(app: Flask) -> Owner:
    return Owner(Shopper(app.test_client()))
