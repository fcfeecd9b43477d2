"""How long shoppers wait while everything costly happens at once: 64 half-sent bodies, 200 wrong passwords, an import
of 50,000 new customers, and the dearest query that is allowed, again and again.

The loader, the panel and My balance are asked in turn by one shopper, first in calm and then in the storm, of a real
server with two processes on SQLite. The ratio of the 99th percentiles carries over; so does the count of errors.
"""

import http.client
import io
import json
import os
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, perf_counter, sleep

from tests.attacks.test_connections import HALF_SENT, connect
from tests.make import SECRET, World
from tests.test_serve import serving
from widget_server import config, db, events, migrate, reactions
from widget_server.loyalty.imports import imports, uploads
from widget_server.loyalty.people import api_keys

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
CALM_SECONDS, STORM_SECONDS = 10.0, 30.0
PASSWORDS, AT_ONCE, BODIES = 200, 20, 64
DEAR = {"filter": {"$or": [{"contact.email": {"$contains": f"zz{number:03}"}} for number in range(400)]}}
Ask = Callable[[str, str, object, dict[str, str]], int]


def main() -> None:
    """Print a line for each read, and what became of all requests."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        url = f"sqlite:///{place / 'loyalty.db'}"
        config.use(config.Settings(database_url=url, secret_key=SECRET, instance=place))
        db.open_database(url)
        db.connect()
        migrate.upgrade()
        events.wire(reactions.react)
        world = World.create()
        ann, secret = world.member(), api_keys.create_key(world.shop.id, "reader", scope="read")[1]
        upload = uploads.new_upload(world.shop)
        lines = "".join(f"p{number}@example.com,{number % 900 + 1}\n" for number in range(ROWS))
        uploads.receive(upload.id, io.BytesIO(b"email,points\n" + lines.encode()))
        made = imports.create(world.shop, upload.id)
        imports.parse(made.id)
        statuses: Counter[int] = Counter()
        with serving(url, place) as (_, port):
            reads = _reads(world, ann.token)
            ask = _caller(port, statuses)
            calm = _measured(ask, reads, CALM_SECONDS)
            imports.execute(world.shop, made.id, source="staff", creates_customers=True)
            with _Storm(port, world, secret, statuses):
                stormy = _measured(ask, reads, STORM_SECONDS)
            done = imports.Import.need(world.shop, imports.Import.id == made.id)
        db.disconnect()
    print(
        f"an import of {ROWS:,} new customers ({done.status}), {PASSWORDS} wrong passwords, {BODIES} half-sent bodies,"
    )
    print(f"the dearest query: responses by status {dict(sorted(statuses.items()))}, of them 500: {statuses[500]}")
    print(f"{'':12}{'p99 in calm':>14}{'in the storm':>14}{'ratio':>8}")
    for name in reads:
        before, after = _p99(calm[name]), _p99(stormy[name])
        print(f"{name:12}{before * 1000:11.1f} ms{after * 1000:11.1f} ms{after / before:8.1f}")


def _reads(world: World, token: str) -> dict[str, tuple[str, dict[str, str]]]:
    embed = world.shop.embed_key
    member = {"X-Loyalty-Shop": embed, "Authorization": f"Bearer {token}"}
    return {
        "loader": (f"/widget.js?shop={embed}", {}),
        "panel": (f"/panel?shop={embed}", {}),
        "My balance": ("/widget/my-balance", member),
    }


def _caller(port: int, statuses: Counter[int]) -> Ask:
    """Asks once, over a connection of its own; returns the status, 0 when there was no response."""

    def ask(method: str, path: str, body: object, headers: dict[str, str]) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, sent, {"Content-Type": "application/json", **headers})
            response = connection.getresponse()
            response.read()
            status = response.status
        except OSError:
            status = 0
        finally:
            connection.close()
        statuses[status] += 1
        return status

    return ask


def _measured(ask: Ask, reads: dict[str, tuple[str, dict[str, str]]], seconds: float) -> dict[str, list[float]]:
    """How long each read took, for so long."""
    took: dict[str, list[float]] = {name: [] for name in reads}
    end = monotonic() + seconds
    while monotonic() < end:
        for name, (path, headers) in reads.items():
            began = perf_counter()
            ask("GET", path, None, headers)
            took[name].append(perf_counter() - began)
        sleep(0.01)
    return took


def _p99(took: list[float]) -> float:
    return sorted(took)[int(len(took) * 0.99)]


class _Storm:
    """All that is costly, until the block ends."""

    def __init__(self, port: int, world: World, secret: str, statuses: Counter[int]) -> None:
        self.port, self.secret, self.embed = port, secret, world.shop.embed_key
        self.ask = _caller(port, statuses)
        self.over = threading.Event()
        self.threads = [
            threading.Thread(target=self._bodies),
            *(threading.Thread(target=self._passwords, args=(first,)) for first in range(AT_ONCE)),
            *(threading.Thread(target=self._queries) for _ in range(4)),
        ]

    def __enter__(self) -> None:
        for thread in self.threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join()

    def _bodies(self) -> None:
        while not self.over.is_set():
            with ExitStack() as held:
                for _ in range(BODIES):
                    held.enter_context(connect(self.port, HALF_SENT))
                self.over.wait(5)

    def _passwords(self, first: int) -> None:
        for number in range(first, PASSWORDS, AT_ONCE):
            body = {"email": f"x{number}@example.com", "password": "not the right one", "referral_code": None}
            self.ask("POST", "/widget/session/sign-in", body, {"X-Loyalty-Shop": self.embed})

    def _queries(self) -> None:
        while not self.over.is_set():
            self.ask("POST", "/loyalty-accounts/v1/accounts/count", DEAR, {"Authorization": self.secret})
            self.over.wait(0.2)


if __name__ == "__main__":
    main()
