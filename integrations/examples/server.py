"""A loyalty server of this repository with one shop of the generic platform, as its owner would set it up."""

import http.server
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from integrations.clients.python.loyalty_widget import request

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60
PROGRAM = """
program:
  name: Fern Club
  status: active
  point_value: 0.01
  earn_at: paid
  wait_days: 0
earning_rules:
  - {handle: order, kind: order, per: {points: 10, money: 1}}
rewards:
  - {handle: two, kind: amount, amount: 2, cost_points: 200}
  - {handle: mugs, kind: percent, percent: 10, cost_points: 1, collections: [{id: "MUGS", name: Mugs}]}
  - {handle: parcel, kind: free_shipping, cost_points: 1}
  - {handle: fern, kind: free_product, product_id: "FERN", product_name: Fern, cost_points: 1}
referral:
  trigger: first_paid_order
  advocate: {kind: points, points: 300}
"""


class LoyaltyServer:
    """The server and its worker, which can be stopped and started again; `facts` is what `shop create` printed."""

    def __init__(self, folder: Path, origin: str, *, mugs: str, fern: str) -> None:
        """Set the server up in an empty folder for the shop at `origin`, and start it.

        `mugs` and `fern` are the shop's ids of a collection and of a product.
        """
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "WIDGET_INSTANCE": str(folder),
            "WIDGET_SECRET_KEY": secrets.token_urlsafe(48),
            "WIDGET_BASE_URL": self.url,
            "DATABASE_URL": f"sqlite:///{folder / 'loyalty.db'}",
            "WIDGET_MAIL_URL": f"file://{folder / 'mail'}",
            "WIDGET_MAIL_FROM": "Fern <hello@shop.example>",
        }
        self._child: subprocess.Popen[bytes] | None = None
        self.shell("upgrade")
        create = ["shop", "create", "--name", "Fern Mugs", "--origin", origin, "--currency", "EUR"]
        self.facts: dict[str, Any] = json.loads(
            self.shell(*create, "--timezone", "Europe/Berlin", "--locale", "en", "--json")
        )
        (folder / "program.yaml").write_text(PROGRAM.replace("MUGS", mugs).replace("FERN", fern))
        self.shell("program", "apply", str(folder / "program.yaml"), "--shop", self.facts["shop_id"])
        self.start()

    @property
    def settings(self) -> dict[str, str]:
        """What the owner gives to the developer, as the example shops read it."""
        names = ("shop_id", "embed_key", "webhook_secret", "identity_secret")
        return {"LOYALTY_URL": self.url, **{f"LOYALTY_{name.upper()}": self.facts[name] for name in names}}

    @property
    def _shop(self) -> tuple[str, str]:
        return self.facts["shop_id"], self.facts["webhook_secret"]

    def shell(self, *words: str) -> str:
        """Returns what `widget-server WORDS` prints; raises RuntimeError with its message."""
        command = [sys.executable, "-m", "widget_server.cli", *words]
        done = subprocess.run(command, env=self._env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"widget-server {' '.join(words[:2])}: {done.stderr.strip()[-1000:]}")
        return done.stdout.strip()

    def start(self) -> None:
        """Start it; returns when it is ready."""
        command = [sys.executable, "-m", "widget_server.cli", "serve", "--port", str(self.port), "--workers", "1"]
        with (self.folder / "server.log").open("ab") as log:
            self._child = subprocess.Popen(command, env=self._env, stdout=log, stderr=subprocess.STDOUT)
        wait_for("the loyalty server", lambda: responds(f"{self.url}/readyz"))

    def stop(self) -> None:
        """Stop it; nothing listens on its port then."""
        if self._child:
            self._child.terminate()
            self._child.wait(timeout=PATIENCE_SECONDS)
            self._child = None

    def call(self, path: str, token: str = "", body: object = None) -> Any:
        """Returns the JSON of a call of the panel; `token` is that of a session."""
        headers = {"X-Loyalty-Shop": self.facts["embed_key"], "Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Idempotency-Key": secrets.token_hex(8)} if body is not None else {}
        sent = None if body is None else json.dumps(body).encode()
        call = urllib.request.Request(f"{self.url}/widget/{path}", sent, headers)
        with urllib.request.urlopen(call, timeout=30) as response:
            return json.load(response)

    def dry_run(self, body: object) -> dict[str, Any]:
        """Returns what the server would book for an order's body."""
        would: dict[str, Any] = request(self.url, *self._shop, "order?dry_run=1", body)[1]
        return would

    def order(self, id: str) -> dict[str, Any]:
        """Returns what the server has of an order, as the shop may read it; an error's body when it has none."""
        held: dict[str, Any] = request(self.url, *self._shop, f"orders/{id}")[1]
        return held

    def expect_order(self, id: str, status: str, points: int, pending: int = 0) -> dict[str, Any]:
        """Wait until the server has an order like this. Returns it; raises AssertionError with what is there."""
        wanted = (status, points, pending)

        def is_so() -> bool:
            held = self.order(id)
            return (held.get("status"), held.get("points"), held.get("pending")) == wanted

        try:
            wait_for(f"order {id}", is_so)
        except TimeoutError as late:
            raise AssertionError(f"order {id} should be {wanted}: {self.order(id)}") from late
        return self.order(id)

    def session(self, identity_token: str) -> str:
        """Returns the token of a session for what the shop's own endpoint returned, as the panel does it."""
        opened: str = self.call("session/identity", body={"token": identity_token, "join": True})["token"]
        return opened

    def redeem(self, session: str) -> dict[str, str]:
        """Buy each reward but the first, as the panel does it. Returns the codes by their kind."""
        _, *rewards = self.call("redeem", session)["rewards"]
        bought = [self.call("redeem", session, {"reward_id": one["id"]})["coupon"] for one in rewards]
        return {one["kind"]: coupon["code"] for one, coupon in zip(rewards, bought, strict=True)}

    def points(self, session: str) -> int:
        """Returns what a member can spend."""
        available: int = self.call("panel", session)["balance"]["available"]
        return available


class Outage:
    """What a proxy does while the server behind it is away: 503 and a page. `count` is the number of requests."""

    def __init__(self, port: int) -> None:
        outage = self
        self.count = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outage.count += 1
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(503)
                self.end_headers()
                self.wfile.write(b"<h1>Service Unavailable</h1>")

            def log_message(self, format: str, *args: object) -> None:
                """Print nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Free the port."""
        self._server.shutdown()
        self._server.server_close()


def free_port() -> int:
    """Returns a port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def responds(url: str) -> bool:
    """Returns whether a GET returns 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def wait_for(what: str, is_so: Callable[[], bool]) -> None:
    """Wait until a function returns True; raises TimeoutError."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if is_so():
            return
        time.sleep(0.1)
    raise TimeoutError(f"not in {PATIENCE_SECONDS} seconds: {what}")
