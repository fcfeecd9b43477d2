"""A widget server of this repository with one WooCommerce shop, as its owner would set it up by commands."""

import json
import os
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from link_server import LinkServer
from wordpress_site import free_port, wait_for

ROOT = Path(__file__).parents[3]
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
  - {handle: two, kind: amount, amount: 2, cost_points: 200}
"""


class Widget:
    """The running server and its shop: `facts` is what `shop create` printed."""

    def __init__(self, folder: Path, store: str) -> None:
        """Set the server up in an empty folder, and start it with its worker."""
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "WIDGET_INSTANCE": str(folder),
            "WIDGET_SECRET_KEY": secrets.token_urlsafe(48),
            "WIDGET_BASE_URL": self.url,
            "DATABASE_URL": f"sqlite:///{folder / 'loyalty.db'}",
            "WIDGET_MAIL_URL": f"file://{folder / 'mail'}",
            "WIDGET_MAIL_FROM": "Fern <hello@shop.example>",
            "WIDGET_ALLOW_PRIVATE_WEBHOOKS": "1",
        }
        self.shell("upgrade")
        create = ["shop", "create", "--name", "Fern Mugs", "--origin", store, "--currency", "EUR"]
        zone = ["--timezone", "Europe/Berlin", "--locale", "en", "--platform", "woocommerce", "--json"]
        self.facts = json.loads(self.shell(*create, *zone))
        (folder / "program.yaml").write_text(PROGRAM)
        self.shell("program", "apply", str(folder / "program.yaml"), "--shop", self.facts["shop_id"])
        self._log = (folder / "server.log").open("wb")
        command = [sys.executable, "-m", "widget_server.cli", "serve", "--port", str(self.port), "--workers", "1"]
        self._child = subprocess.Popen(command, env=self.env, stdout=self._log, stderr=subprocess.STDOUT)
        wait_for(self._is_ready)

    def shell(self, *words: str, typed: str = "") -> str:
        """Returns what `widget-server WORDS` prints; raises RuntimeError with its message."""
        command = [sys.executable, "-m", "widget_server.cli", *words]
        done = subprocess.run(command, env=self.env, input=typed, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"widget-server {' '.join(words[:2])}: {done.stderr.strip()[-1000:]}")
        return done.stdout.strip()

    def has_codes(self) -> bool:
        """Returns whether this server makes connection codes."""
        try:
            self.shell("shop", "code", "--help")
        except RuntimeError:
            return False
        return True

    def stand_in(self) -> LinkServer:
        """Returns a stand-in that gives out the secrets of this server's shop."""
        source = f"{self.url}/widget.js?shop={self.facts['embed_key']}"
        names = ("script_tag", "embed_key", "identity_secret", "webhook_secret")
        facts = {name: str(self.facts[name]) for name in names}
        further = {
            "widget_url": self.url,
            "shop_name": "Fern Mugs",
            "referral_param": "ref",
            "origin": "",
            "script_src": source,
        }
        return LinkServer(self.facts["shop_id"], {**facts, **further})

    def stop(self) -> None:
        """Stop the server."""
        self._child.terminate()
        self._child.wait(timeout=60)
        self._log.close()

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False
