"""The example shop, running: its web server, its outbox, and what is typed at its shell."""

import json
import os
import secrets
import subprocess
from pathlib import Path
from typing import Any

from integrations.examples.server import LoyaltyServer, free_port, responds, wait_for

HERE = Path(__file__).parent
PYTHON = HERE / ".venv" / "bin" / "python"
PASSWORD = "fern-and-fjord-26"


class Site:
    """`origin` is its address; the loyalty server is given to `start`, since each has to know the other."""

    def __init__(self, folder: Path) -> None:
        """Choose its address."""
        self.folder, self.port = folder, free_port()
        self.origin = f"http://localhost:{self.port}"
        self._env: dict[str, str] = {}
        self._children: list[subprocess.Popen[bytes]] = []
        self._outbox: subprocess.Popen[bytes] | None = None

    def start(self, server: LoyaltyServer) -> None:
        """Create its database, fill it, and start the shop and its outbox."""
        facts = {"SHOP_FOLDER": str(self.folder), "SHOP_ORIGIN": self.origin, "SHOP_STAFF_PASSWORD": PASSWORD}
        further = {"SHOP_SECRET_KEY": secrets.token_urlsafe(48), "LOYALTY_PAUSE_SECONDS": "0.2"}
        self._env = {**os.environ, **facts, **further, **server.settings, "PYTHONDONTWRITEBYTECODE": "1"}
        self.shell("migrate", "--verbosity", "0")
        self.shell("fill_shop")
        self._children.append(self._start("web", "runserver", "--noreload", f"127.0.0.1:{self.port}"))
        self.start_outbox()
        wait_for("the example shop", lambda: responds(f"{self.origin}/catalogue/"))

    def start_outbox(self) -> None:
        """Start what sends the orders."""
        self._outbox = self._start("outbox", "loyalty", "send")

    def kill_outbox(self) -> None:
        """End it without a warning, as a lost machine would."""
        if self._outbox:
            self._outbox.kill()
            self._outbox.wait(timeout=60)

    def stop(self) -> None:
        """Stop both."""
        self.kill_outbox()
        for child in self._children:
            child.terminate()
            child.wait(timeout=60)

    def shell(self, *words: str) -> str:
        """Returns what `manage.py WORDS` prints; raises RuntimeError with its message."""
        command = [str(PYTHON), "manage.py", *words]
        done = subprocess.run(command, cwd=HERE, env=self._env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"manage.py {words[0]}: {done.stderr.strip()[-2000:]}")
        return done.stdout

    def compare(self, number: str) -> Any:
        """Returns what the shop sends of an order, what would be booked, and what the loyalty server has."""
        return json.loads(self.shell("loyalty", "compare", number).splitlines()[-1])

    def said(self) -> str:
        """Returns the end of its logs."""
        logs = (self.folder / f"{name}.log" for name in ("outbox", "web"))
        return "\n".join(log.read_text(errors="replace")[-3000:] for log in logs if log.exists())

    def _start(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        command = [str(PYTHON), "-u", "manage.py", *words]
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(command, cwd=HERE, env=self._env, stdout=log, stderr=subprocess.STDOUT)
