"""The proof of the outbox: whatever receivers do and however often workers are killed, each message arrives, in order,
or is listed as dead with its last answer (acceptance 63). `make proofs` sends 100,000.
"""

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from peewee import fn

from tests.delivery.stormy import fate
from tests.make import PROOFS, World
from tests.test_cli import env
from tests.test_serve import free_port
from widget_server import config, db
from widget_server.db import atomic
from widget_server.delivery import endpoints, outbox
from widget_server.delivery.outbox import Lane, Message
from widget_server.events import PointsMoved
from widget_server.job_queue import Beat

EVENTS = 100_000 if PROOFS else 2_000
CUSTOMERS = EVENTS // 20
KILL_SECONDS = (3.0, 10.0) if PROOFS else (0.3, 1.5)
RESTART_SECONDS = (10.0, 20.0) if PROOFS else (1.0, 3.0)
PATIENCE_SECONDS = 3000 if PROOFS else 150
SETTINGS = {
    "WIDGET_ALLOW_PRIVATE_WEBHOOKS": "1",
    "WIDGET_WEBHOOK_TIMEOUT_MS": "1000",
    "WIDGET_WEBHOOK_PAUSE_DIVISOR": "4000",
}


Begin = Callable[[], subprocess.Popen[bytes]]


@contextmanager
def killed_and_started(begin: Begin, is_up: Callable[[int], bool], every: tuple[float, float]) -> Iterator[list[int]]:
    """A process that is killed some seconds after it is up, and started anew; answers a list with those killed."""
    over, kills = threading.Event(), []

    def weather() -> None:
        db.connect()
        process = begin()
        while not over.is_set():
            if is_up(process.pid) or process.poll() is not None:
                over.wait(random.uniform(*every))
                process.kill()
                process.wait()
                kills.append(process.pid)
                process = begin()
            over.wait(0.1)
        process.kill()
        process.wait()
        db.disconnect()

    thread = threading.Thread(target=weather)
    thread.start()
    try:
        yield kills
    finally:
        over.set()
        thread.join()


def beats(pid: int) -> bool:
    """True when the worker is at work."""
    return Beat.select().where(Beat.worker == f"{socket.gethostname()}:{pid}").exists()


def listens(port: int) -> bool:
    """True when somebody takes calls."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def happen(shop_id: str) -> None:
    """Each customer's points move, one after the other; `amount` counts."""
    for number in range(1, EVENTS // CUSTOMERS + 1):
        for first in range(0, CUSTOMERS, 100):
            with atomic():
                for customer in range(first, min(first + 100, CUSTOMERS)):
                    id = f"customer-{customer}"
                    outbox.publish(PointsMoved(shop_id, f"account-{customer}", id, f"t-{number}", "earn", number))
            time.sleep(0.002)  # SQLite's lock is not fair


@pytest.mark.timeout(PATIENCE_SECONDS + 300)
def test_nothing_is_lost_and_nothing_overtakes(world: World, database: str, tmp_path: Path) -> None:
    config.use(replace(config.current(), allow_private_webhooks=True))
    port, log = free_port(), tmp_path / "receiver.log"
    endpoint = endpoints.create(world.shop.id, url=f"http://127.0.0.1:{port}/hooks", event_types=["points.moved"])
    assert endpoint.secret
    weather = [sys.executable, "-m", "tests.delivery.stormy", str(port), endpoint.secret, str(log)]
    worker = [sys.executable, "-m", "widget_server.cli", "worker"]
    known = {**os.environ, **env(database, **SETTINGS)}
    with (tmp_path / "workers.log").open("ab") as out:

        def start(command: list[str]) -> Begin:
            return lambda: subprocess.Popen(command, env=known, stdout=out, stderr=out)

        began = time.monotonic()
        with (
            killed_and_started(start(weather), lambda pid: listens(port), RESTART_SECONDS) as restarts,
            killed_and_started(start(worker), beats, KILL_SECONDS) as kills,
            killed_and_started(start(worker), beats, KILL_SECONDS) as more_kills,
        ):
            happen(world.shop.id)
            deadline = time.monotonic() + PATIENCE_SECONDS
            while Message.everywhere().where(Message.status.in_(("new", "waiting"))).exists():
                assert time.monotonic() < deadline, _states()
                time.sleep(1 if PROOFS else 0.2)
        seconds = time.monotonic() - began
    sys.stdout.write(
        f"{EVENTS} events in {seconds:.0f} s ({EVENTS / seconds:.0f}/s); workers killed {len(kills)} and "
        f"{len(more_kills)} times, the receiver {len(restarts)} times; {_states()}\n"
    )
    heard = [json.loads(line) for line in log.read_text().splitlines()]
    taken = {id for id, _, _, status in heard if status == 200}
    refused = {id for id, _, _, status in heard if status in (410, 500)}
    assert {status for _, _, _, status in heard} <= {200, 410, 500}, "a signature was wrong, or a redirect followed"
    rows = {row.event_id: row for row in Message.everywhere()}
    assert len(rows) == EVENTS
    dead = {id for id, row in rows.items() if row.status == "dead"}
    assert {id for id, row in rows.items() if row.status == "sent"} == taken == rows.keys() - dead
    assert dead == refused
    for letter in Message.of(world.shop).where(Message.status == "dead"):
        wanted = fate(letter.event_id)
        assert letter.answer_status == wanted if wanted == 410 else letter.tries == outbox.TRIES_MAX
        assert letter.answer
    assert len(outbox.dead_letters(world.shop.id, endpoint.id, limit=EVENTS)) == len(dead)
    firsts: dict[str, list[int]] = defaultdict(list)
    for id, customer, amount, _ in heard:
        if amount not in firsts[customer] and id in taken:
            firsts[customer].append(amount)
    assert all(amounts == sorted(amounts) for amounts in firsts.values())
    assert not Lane.everywhere().exists()


def _states() -> Counter[str]:
    found = Message.everywhere(Message.status, fn.COUNT(Message.number)).group_by(Message.status).tuples()
    return Counter(dict(found))
