"""How long another shop's shoppers wait while an import makes 50,000 customers (or as many as its argument says).

A server of two web processes and a worker runs on an SQLite file. One shopper after the other asks for a code, signs
in, redeems and reads: first with nothing else going on, then during the import, by the same calls in the same run. The
goal is a p99 below 250 ms for each kind of call, and no answer of 500. A machine whose processors are busy otherwise
shows more.
"""

import http.client
import io
import itertools
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from statistics import quantiles
from typing import Any

from bench._house import house
from tests.make import World
from tests.test_serve import serving, until
from widget_server import config
from widget_server.loyalty.imports import imports, uploads
from widget_server.loyalty.imports.imports import Import
from widget_server.loyalty.points.batch_tables import Batch

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
QUIET_SECONDS, LONGEST_SECONDS = 15, 600
PAUSE_SECONDS = 0.05
GOAL_MS = 250
KINDS = ("ask code", "sign in", "redeem", "read")

Waits = dict[str, list[float]]


def main() -> None:
    """Print one line a kind of call."""
    with house() as (world, _):
        mover = World.create(name="Moves here")
        reward = world.reward(cost=10)
        made = _uploaded(mover)
        settings = config.current()
        with serving(settings.database_url, settings.instance, WIDGET_PROXIES="1") as (_, port):
            until(lambda: Import.need(mover.shop, Import.id == made.id).status == "parsed", "the file is read")
            shopper = Shoppers(world, port, reward.id)
            quiet = shopper.waits_until(_after(QUIET_SECONDS))
            began = time.monotonic()
            made = imports.execute(mover.shop, made.id, source="staff", creates_customers=True)
            busy = shopper.waits_until(lambda: _is_over(mover, made) or time.monotonic() - began > LONGEST_SECONDS)
            spent = time.monotonic() - began
            batch = Batch.need(mover.shop, Batch.id == made.batch_id)
    print(f"{ROWS:,} new customers; the import is {batch.status}, {batch.succeeded:,} booked, after {spent:.0f} s")
    print(f"{'':10}{'calls':>8}{'median':>12}{'p99':>12}{'longest':>12}   p99 without the import is 1.0   goal")
    for kind in KINDS:
        (_, floor, _), (middle, p99, longest) = _figures(quiet[kind]), _figures(busy[kind])
        figures = "".join(f"{figure:9.0f} ms" for figure in (middle, p99, longest))
        verdict = "held" if p99 < GOAL_MS else "missed"
        print(f"{kind:10}{len(busy[kind]):8}{figures}   {p99 / floor:10.1f} (it is {floor:.0f} ms){'':6}{verdict}")
    print(f"responses: {dict(shopper.statuses)}")


class Shoppers:
    """One after the other asks for a code to sign up with, signs in, buys a reward and reads the balance."""

    def __init__(self, world: World, port: int, reward_id: str) -> None:
        self.world, self.reward_id = world, reward_id
        self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.numbers = itertools.count(1)
        self.statuses: Counter[int] = Counter()

    def waits_until(self, is_over: Callable[[], bool]) -> Waits:
        """How long each call took, in seconds, by its kind."""
        waits: Waits = {kind: [] for kind in KINDS}
        while not is_over():
            self._one(waits)
            time.sleep(PAUSE_SECONDS)
        return waits

    def _one(self, waits: Waits) -> None:
        number = next(self.numbers)
        word = self.world.token(sub=f"shopper-{number}", email=f"shopper{number}@example.com", email_verified=True)
        self._call(waits["ask code"], "POST", "/widget/session/sign-up", {"email": f"newcomer{number}@example.com"})
        session = self._call(waits["sign in"], "POST", "/widget/session/identity", {"token": word, "join": True})
        if session is not None:
            token, key = session["token"], f"k{number}"
            self._call(waits["redeem"], "POST", "/widget/redeem", {"reward_id": self.reward_id}, token, key)
            self._call(waits["read"], "GET", "/widget/my-balance", None, token)

    def _call(
        self, waits: list[float], method: str, path: str, body: Any, token: str | None = None, key: str | None = None
    ) -> Any:
        address = f"10.{next(self.numbers) % 250}.{next(self.numbers) % 250}.1"
        headers = {"X-Loyalty-Shop": self.world.shop.embed_key, "X-Forwarded-For": address}
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Idempotency-Key": key} if key else {}
        began = time.monotonic()
        self.line.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = self.line.getresponse()
        answer = json.loads(response.read())
        waits.append(time.monotonic() - began)
        self.statuses[response.status] += 1
        return answer if response.status == 200 else None


def _uploaded(world: World) -> Import:
    upload = uploads.new_upload(world.shop)
    lines = "".join(f"new{number}@example.com,{number % 900 + 1}\n" for number in range(ROWS))
    uploads.receive(upload.id, io.BytesIO(b"email,points\n" + lines.encode()))
    return imports.create(world.shop, upload.id)


def _after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def _is_over(world: World, made: Import) -> bool:
    return bool(Batch.need(world.shop, Batch.id == made.batch_id).status != "running")


def _figures(waits: list[float]) -> tuple[float, float, float]:
    """Median, p99 and longest, in milliseconds."""
    cuts = quantiles(waits, n=100, method="inclusive")
    return cuts[49] * 1000, cuts[98] * 1000, max(waits) * 1000


if __name__ == "__main__":
    main()
