"""How many durable commits a second the embedded database takes, and how many of them share a sync.

    python -m bench.commits [SECONDS]      of each figure in each of five rounds, whose median counts

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

from bench._figures import Figure, note, of_rates
from bench._house import house
from tests.make import Shopper, World
from tests.panels import Panel
from tests.test_serve import serving
from widget_server import config, db
from widget_server.db.engines import LOG_PAGES
from widget_server.durability import Durability, sync_file
from widget_server.web.limits import Limit

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
ROUNDS = 5
THREADS, CALLERS, COST = 8, 4, 10
SLOWER_SECONDS = 0.001
SHARED, SHARED_GOAL = "1 ms more: a row each", 5
LONGEST_GOAL_MS = 50

Act = Callable[[], Any]
Figures = tuple[float, float, float, float]  # commits a second, of the floor's, a sync, processor ms each


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
        _fill_the_log(inserts)
        rounds = [_round(file, inserts, redemptions) for _ in range(ROUNDS)]
        _told(rounds)
        _note(rounds)
        settings, reward = config.current(), world.reward(cost=COST)
        with serving(settings.database_url, settings.instance, WIDGET_KEY_RATE="0") as (_, port):
            waits = _waits(world, port, reward.id)
    print(f"{len(waits)} redemptions of {CALLERS} callers at two web processes: median {median(waits) * 1000:.0f} ms,")
    print(f"the longest {max(waits) * 1000:.0f} ms")
    longest, middle = max(waits), median(waits)
    name = f"redemptions of {CALLERS} callers at two processes: the longest"
    figure = f"{longest * 1000:.0f} ms", f"{middle * 1000:.0f} ms"
    note(Figure(name, *figure, longest / middle, f"{LONGEST_GOAL_MS} ms", longest * 1000 <= LONGEST_GOAL_MS))


def _fill_the_log(insert: Act) -> None:
    """Commit until the log is used again from its beginning: while a file grows, each sync takes longer."""
    before, db.database.obj.durability = db.database.obj.durability, None
    for _ in range(2 * LOG_PAGES):
        insert()
    db.database.obj.durability = before


def _slower(file: int) -> None:
    sleep(SLOWER_SECONDS)
    sync_file(file)


def _full_commits(file: Path) -> float:
    """Commits a second of one connection that syncs each."""
    with closing(cysqlite.connect(str(file))) as one:
        for pragma in ("journal_mode = wal", "synchronous = full"):
            one.execute(f"PRAGMA {pragma}")
        one.execute("DROP TABLE IF EXISTS floor")
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


def _round(file: Path, inserts: Act, redemptions: list[Act]) -> dict[str, Figures]:
    """Measure each kind of commit once; the rates are beside the floor of the same round."""
    floor = _full_commits(file.with_name("floor.db"))
    found: dict[str, Figures] = {"this disk: one by one, FULL (the floor)": (floor, 1.0, 1.0, 0.0)}
    with _durability(sync_file):
        found["this disk: a row each"] = _measured([inserts] * THREADS, floor)
        found["this disk: a redemption each"] = _measured(redemptions, floor)
    with _full():
        found["this disk: a redemption each, FULL"] = _measured(redemptions, floor)
    with _durability(_slower):
        found["1 ms more: one thread, a row (the floor)"] = alone = _measured([inserts], None)
        found["1 ms more: a row each"] = _measured([inserts] * THREADS, alone[0])
        found["1 ms more: a redemption each"] = _measured(redemptions, alone[0])
    return found


def _measured(acts: list[Act], floor: float | None) -> Figures:
    """Run the acts in threads for SECONDS."""
    log, counts = db.database.obj.durability, [0] * len(acts)
    before = (log.rounds, log.served) if log else (0, 0)
    began, spent = perf_counter(), process_time()
    threads = [threading.Thread(target=_again, args=(act, counts, at, began)) for at, act in enumerate(acts)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    rate, spent = sum(counts) / (perf_counter() - began), (process_time() - spent) / sum(counts)
    shared = (log.served - before[1]) / (log.rounds - before[0]) if log else 1.0
    return rate, rate / (floor or rate), shared, spent * 1000


def _again(act: Act, counts: list[int], at: int, began: float) -> None:
    with db.connected():
        while perf_counter() < began + SECONDS:
            act()
            counts[at] += 1


def _told(rounds: list[dict[str, Figures]]) -> None:
    """Print the medians of the rounds."""
    print(f"{THREADS} threads{'':38}{'commits/s':>10}{'floor':>8}{'a sync':>8}{'CPU ms':>8}")
    for words in rounds[0]:
        rate, ratio, shared, spent = (median(column) for column in zip(*(one[words] for one in rounds), strict=True))
        print(f"{words:47}{rate:10.0f}{ratio:8.1f}{shared:8.1f}{spent:8.2f}")


def _note(rounds: list[dict[str, Figures]]) -> None:
    """Note the rates beside those of their floors."""
    for words in rounds[0]:
        if "floor" not in words:
            rates = [one[words][0] for one in rounds]
            floors = [one[words][0] / one[words][1] for one in rounds]
            goal, times = (
                ("", None) if words != SHARED else (f"{SHARED_GOAL} x as many", median(rates) / median(floors))
            )
            note(of_rates(words, rates, floors, goal=goal, held=None if times is None else times >= SHARED_GOAL))


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
