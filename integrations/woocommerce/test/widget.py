"""A widget server of this repository, as its owner would set it up by commands."""

import json
import os
import re
import secrets
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from wordpress_site import free_port, wait_for

ROOT = Path(__file__).parents[3]
OWNER = "owner@shop.example"
PROGRAM = """
program:
  name: Fern Club
  status: active
  point_value: 0.01
  earn_at: paid
  wait_days: 0
earning_rules:
  - {handle: order, kind: order, per: {points: 10, money: 1}}
  - {handle: join, kind: join, points: 700}
rewards:
  - {handle: two, title: Two off, kind: amount, amount: 2, cost_points: 200}
  - {handle: big, title: Big cart, kind: amount, amount: 3, cost_points: 50, minimum_subtotal: 80}
referral:
  trigger: first_paid_order
  advocate: {kind: points, points: 250}
  friend: {kind: points, points: 150}
"""


class Widget:
    """The running server. `port` stays the same when it is stopped and started again."""

    def __init__(self, folder: Path) -> None:
        """Set the server up in an empty folder, and start it with its worker."""
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = folder / "loyalty.db"
        self.env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "WIDGET_INSTANCE": str(folder),
            "WIDGET_SECRET_KEY": secrets.token_urlsafe(48),
            "WIDGET_BASE_URL": self.url,
            "DATABASE_URL": f"sqlite:///{self.database}",
            "WIDGET_MAIL_URL": f"file://{folder / 'mail'}",
            "WIDGET_MAIL_FROM": "Fern <hello@shop.example>",
            "WIDGET_ALLOW_PRIVATE_WEBHOOKS": "1",
        }
        self._child: subprocess.Popen[bytes] | None = None
        self.shell("upgrade")

    def add_shop(self, name: str, origin: str) -> str:
        """Create a shop with a program. Returns its id."""
        create = ["shop", "create", "--name", name, "--origin", origin, "--currency", "EUR", "--json"]
        zone = ["--timezone", "Europe/Berlin", "--locale", "en", "--platform", "woocommerce"]
        shop_id = str(json.loads(self.shell(*create, *zone))["shop_id"])
        (self.folder / "program.yaml").write_text(PROGRAM)
        self.shell("program", "apply", str(self.folder / "program.yaml"), "--shop", shop_id)
        return shop_id

    def owner_link(self, shop_id: str) -> str:
        """Returns a link that signs the shop's owner in at the dashboard."""
        told = self.shell("staff", "link", "--shop", shop_id, "--email", OWNER, "--hire", "owner")
        found = re.search(r"https?://\S+", told)
        assert found, told
        return found[0]

    def findings(self, shop_id: str) -> dict[str, Any]:
        """Returns what `shop check` finds, whether all is well or not."""
        command = [sys.executable, "-m", "widget_server.cli", "shop", "check", "--shop", shop_id, "--json"]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, check=False)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def shell(self, *words: str) -> str:
        """Returns what `widget-server WORDS` prints; raises RuntimeError with its message."""
        command = [sys.executable, "-m", "widget_server.cli", *words]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"widget-server {' '.join(words[:2])}: {done.stderr.strip()[-1000:]}")
        return done.stdout.strip()

    def start(self) -> None:
        """Start the server and its worker."""
        with (self.folder / "server.log").open("ab") as log:
            command = [sys.executable, "-m", "widget_server.cli", "serve", "--port", str(self.port), "--workers", "1"]
            self._child = subprocess.Popen(command, env=self.env, stdout=log, stderr=subprocess.STDOUT)
        wait_for(self._is_ready)

    def stop(self) -> None:
        """Stop both."""
        if self._child:
            self._child.terminate()
            self._child.wait(timeout=60)
            self._child = None

    def make_look_due(self, shop_id: str) -> None:
        """Let the quarter of an hour until the next look at the shop be over, as if the server had been down for it."""
        with sqlite3.connect(self.database) as database:
            changed = database.execute(
                "UPDATE feed SET next_look_at = (SELECT min(began_at) FROM feed) WHERE shop_id = ?", [shop_id]
            )
            assert changed.rowcount == 1

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False
