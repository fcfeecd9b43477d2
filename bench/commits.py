"""How many durable commits a second the embedded database takes, and how many of them share a sync.

    python -m bench.commits [SECONDS]      of each figure

On this disk, and on one whose fdatasync takes 1 ms more: THREADS threads that insert a row each time, and as many that
redeem through the application. The floor is one connection with `synchronous=FULL`, one commit after the other; on the
slower disk one thread that inserts rows. Beside them the same redemptions with FULL, which sync under the write lock.
At the end CALLERS redeem at a server with two web processes: how long the longest of them waited.
"""

import http.client
import itertools
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter, process_time, sleep
from typing import Any

import cysqlite
from flask import Flask

from bench._house import house
from tests.make import Shopper, World
from tests.panels import Panel
from tests.test_serve import serving
from widget_server import config, db
from widget_server.durability import Durability, sync_file
from widget_server.web.limits import Limit

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 4.0
THREADS, CALLERS, COST = 8, 4, 10
SLOWER_SECONDS = 0.001

Act = Callable[[], Any]


def main() -> None:
    """Print a line for each kind of commit."""
    Limit.count = lambda self, *_: None  # type: ignore[method-assign]  # 20 redemptions a minute are too few here
    with house() as (world, client):
        file = db.file_of_database()
        db.database.execute_sql('CREATE TABLE "floor" ("number" INTEGER PRIMARY KEY)')
        members = [world.member(f"m{number}@example.com") for number in range(THREADS)]
        for one in members:
            one.is_given(10_000_000)
        inserts, redemptions = _inserts(), [_redemption(client.application, world, one) for one in members]
        print(f"{'':50}{'commits/s':>10}{'floor':>8}{'a sync':>8}{'CPU ms':>8}")
        floor = _full_commits(file.with_name("floor.db"))
        _told("this disk: one by one, FULL (the floor)", floor, 1.0, 0.0, floor)
        with _durability(sync_file):
            _measured(f"this disk: {THREADS} threads, a row each", [inserts] * THREADS, floor)
            _measured(f"this disk: {THREADS} threads, a redemption each", redemptions, floor)
        with _full():
            _measured(f"this disk: {THREADS} threads, a redemption each, FULL", redemptions, floor)
        with _durability(_slower):
            floor = _measured("1 ms more: one thread, a row (the floor)", [inserts], None)
            _measured(f"1 ms more: {THREADS} threads, a row each", [inserts] * THREADS, floor)
            _measured(f"1 ms more: {THREADS} threads, a redemption each", redemptions, floor)
        settings, reward = config.current(), world.reward(cost=COST)
        with serving(settings.database_url, settings.instance, WIDGET_KEY_RATE="0") as (_, port):
            waits = _waits(world, port, reward.id)
    print(f"{len(waits)} redemptions of {CALLERS} callers at two web processes: median {median(waits) * 1000:.0f} ms,")
    print(f"the longest {max(waits) * 1000:.0f} ms")


def _slower(file: int) -> None:
    sleep(SLOWER_SECONDS)
    sync_file(file)


def _full_commits(file: Path) -> float:
    """Commits a second of one connection that syncs each."""
    with closing(cysqlite.connect(str(file))) as one:
        for pragma in ("journal_mode = wal", "synchronous = full"):
            one.execute(f"PRAGMA {pragma}")
        one.execute("CREATE TABLE floor (number INTEGER PRIMARY KEY)")
        began, numbers = perf_counter(), itertools.count()
        while perf_counter() - began < SECONDS:
            one.execute(f"INSERT INTO floor VALUES ({next(numbers)})")
        return next(numbers) / (perf_counter() - began)


@contextmanager
def _durability(sync: Callable[[int], None]) -> Iterator[None]:
    before = db.database.obj.durability
    db.database.obj.durability = Durability(before.log, sync)
    yield
    db.database.obj.durability.close()
    db.database.obj.durability = before


@contextmanager
def _full() -> Iterator[None]:
    """Let SQLite sync inside each commit, as without a group."""
    before, db.database.obj.durability = db.database.obj.durability, None
    db.database.obj.pragma("synchronous", "full", permanent=True)
    yield
    db.database.obj.pragma("synchronous", "normal", permanent=True)
    db.database.obj.durability = before


def _inserts() -> Act:
    numbers = itertools.count()

    def insert() -> None:
        with db.atomic():
            db.database.execute_sql(f'INSERT INTO "floor" VALUES ({next(numbers)})')

    return insert


def _redemption(app: Flask, world: World, member: Shopper) -> Act:
    reward, keys = world.reward(cost=COST), itertools.count()
    panel = Panel(app.test_client(), world, member)

    def redeem() -> None:
        response = panel.post("/widget/redeem", {"reward_id": reward.id}, key=f"k{next(keys)}")
        assert response.status_code == 200, response.data

    return redeem


def _measured(words: str, acts: list[Act], floor: float | None) -> float:
    """Run the acts in threads for SECONDS; prints and returns the commits a second."""
    log, counts = db.database.obj.durability, [0] * len(acts)
    before = (log.rounds, log.served) if log else (0, 0)
    end, spent, began = perf_counter() + SECONDS, process_time(), perf_counter()
    threads = [threading.Thread(target=_again, args=(act, counts, at, end)) for at, act in enumerate(acts)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    rate, spent = sum(counts) / (perf_counter() - began), (process_time() - spent) / sum(counts)
    shared = (log.served - before[1]) / (log.rounds - before[0]) if log else 1.0
    _told(words, rate, shared, spent, floor)
    return rate


def _again(act: Act, counts: list[int], at: int, end: float) -> None:
    with db.connected():
        while perf_counter() < end:
            act()
            counts[at] += 1


def _told(words: str, rate: float, shared: float, spent: float, floor: float | None) -> None:
    print(f"{words:50}{rate:10.0f}{rate / (floor or rate):8.1f}{shared:8.1f}{spent * 1000:8.2f}")


def _waits(world: World, port: int, reward_id: str) -> list[float]:
    """What each redemption took, in seconds."""
    waits: list[float] = []
    members = [world.member(f"caller{number}@example.com") for number in range(CALLERS * 40)]
    for one in members:
        one.is_given(1000)
    threads = [
        threading.Thread(target=_call, args=(world, members[at::CALLERS], port, reward_id, waits))
        for at in range(CALLERS)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return waits


def _call(world: World, members: list[Shopper], port: int, reward_id: str, waits: list[float]) -> None:
    body = json.dumps({"reward_id": reward_id})
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as line:
        for number, member in itertools.product(range(10), members):  # each less often than its limit
            headers = _headers(world, member, f"k{number}")
            began = perf_counter()
            line.request("POST", "/widget/redeem", body, headers)
            response = line.getresponse()
            response.read()
            waits.append(perf_counter() - began)
            assert response.status == 200, response.status


def _headers(world: World, member: Shopper, key: str) -> dict[str, str]:
    facts = {"X-Loyalty-Shop": world.shop.embed_key, "Authorization": f"Bearer {member.token}", "Idempotency-Key": key}
    return {**facts, "Content-Type": "application/json"}


if __name__ == "__main__":
    main()
