"""The example shop, running: one process of Node with its job queue."""

import os
import re
import secrets
import subprocess
from pathlib import Path

from integrations.examples.server import LoyaltyServer, free_port, responds, wait_for

HERE = Path(__file__).parent
MAIN = HERE / "dist" / "shop" / "main.js"
PASSWORD = "fern-and-fjord-26"


class Site:
    """`origin` is its address; the loyalty server is given to `start`, since each has to know the other."""

    def __init__(self, folder: Path) -> None:
        """Choose its address."""
        self.folder, self.port = folder, free_port()
        self.origin = f"http://localhost:{self.port}"
        self._env: dict[str, str] = {}
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, server: LoyaltyServer) -> None:
        """Start it; the first time it fills its database."""
        if not self._env:
            facts = {"SHOP_FOLDER": str(self.folder), "SHOP_PORT": str(self.port), "SHOP_STAFF_PASSWORD": PASSWORD}
            further = {"SHOP_SECRET_KEY": secrets.token_urlsafe(48), "LOYALTY_PAUSE_SECONDS": "0.2"}
            quiet = {"VENDURE_DISABLE_TELEMETRY": "true"}  # else Vendure reports to its makers
            self._env = {**os.environ, **facts, **further, **quiet, **server.settings}
        before = self.log().count("\nready")
        with (self.folder / "shop.log").open("ab") as log:
            command = ["node", str(MAIN)]
            self._child = subprocess.Popen(command, cwd=HERE, env=self._env, stdout=log, stderr=subprocess.STDOUT)
        wait_for("the example shop", lambda: self.log().count("\nready") > before and responds(f"{self.origin}/"))

    def stop(self) -> None:
        """Stop it."""
        if self._child:
            self._child.terminate()
            self._child.wait(timeout=60)
            self._child = None

    def said(self) -> str:
        """Returns the end of its log."""
        return self.log()[-5000:]

    def log(self) -> str:
        """Returns what it has written."""
        path = self.folder / "shop.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def mail_to(self, email: str) -> str:
        """Returns the token that a new customer was sent."""
        wait_for(f"a mail to {email}", lambda: f"to {email}: " in self.log())
        found = re.search(rf"to {re.escape(email)}: (\S+)", self.log())
        assert found
        return found[1]
