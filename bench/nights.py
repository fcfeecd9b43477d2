"""What the night's work of a large shop costs, and who waits meanwhile: 100,000 members on an SQLite file.

    python -m bench.nights [MEMBERS] [FOLDER]      the shop is kept in FOLDER; each run works on a copy

A worker of its own does the day's work as it does after midnight: birthdays, expiry and its reminders, tiers, letters,
and the audit of the whole books. Meanwhile a shopper here books every PAUSE_SECONDS, and somebody waits for a code by
mail. The worker notes how long it holds the write lock, and for which part of its work.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from time import monotonic, perf_counter, sleep, thread_time
from typing import Any

import psutil

from bench import _big_shop
from tests.make import SECRET, World
from widget_server import clock, config, db, events, jobs, ledger, reactions, write_queue
from widget_server.events import MailWanted
from widget_server.job_queue import Beat, Job
from widget_server.ledger import Account, Cause
from widget_server.loyalty import books
from widget_server.loyalty.earning import birthdays
from widget_server.loyalty.letters import facts
from widget_server.loyalty.points import expiry, tier_rechecks
from widget_server.loyalty.program import shops

MEMBERS = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 100_000
MIDNIGHT = datetime(2026, 12, 1, 0, 0, 5, tzinfo=UTC)  # a minute after the shop's own; the rows are of the day before
SHIFT, HOLDS = "BENCH_NIGHTS_SHIFT", "BENCH_NIGHTS_HOLDS"
PAUSE_SECONDS, MAIL_SECONDS, LOOK_SECONDS, LONGEST_SECONDS = 0.1, 0.5, 0.05, 900
GOALS = {"longest hold, ms": 50, "expiry's lock, s": 1.0, "a mail, s": 2.0, "a heartbeat, s": 60}
PARTS = {  # of the day's work, by the function that does it
    "birthdays": (birthdays, "pay_slices"), "expiry": (expiry, "expire_slices"),
    "reminders": (expiry, "remind_slices"), "tiers": (tier_rechecks, "recheck_slices"),
    "tier letters": (facts, "remind_slices"), "audit": (books, "audit_daily_slices"),
}  # fmt: skip


def main() -> None:
    """Print one line a figure."""
    with tempfile.TemporaryDirectory() as place:
        kept = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(place) / "kept"
        folder = Path(place) / "night"
        folder.mkdir()
        shop_id = made(kept)
        for file in kept.glob(f"{MEMBERS}.db*"):
            shutil.copy(file, folder / file.name.replace(str(MEMBERS), "loyalty"))
        opened(folder)
        shift = (MIDNIGHT - datetime.now(UTC)).total_seconds()
        _run_late(shift)
        night = _Night(shop_id)
        with _worker(folder, shift) as process:
            night.watch(process)
        _told(night, json.loads((folder / "holds.json").read_text()))
        db.disconnect()


def made(kept: Path) -> str:
    kept.mkdir(parents=True, exist_ok=True)
    url = f"sqlite:///{kept / f'{MEMBERS}.db'}"
    _big_shop.SEED = MEMBERS
    shop_id = _big_shop.built(url, MEMBERS, is_sealed=True, before_sealing=_ready_for_the_night).shop_id
    if db.on_sqlite():
        db.database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.disconnect()
    return shop_id


def _ready_for_the_night(world: World) -> None:
    """Birthdays all over the year, points that are due or nearly, tiers that end, and all letters."""
    world.rule("birthday", points=20)
    world.settings(
        expiry="inactivity", expiry_months=12, expiry_percent=50,
        letters=("points_expire", "points_earned", "tier_reached", "tier_at_risk", "tier_lost", "birthday_gift"),
    )  # fmt: skip
    shops.note_daily(world.shop, (MIDNIGHT - timedelta(days=1)).date().isoformat())
    run = db.database.execute_sql
    number = "rowid"
    day = f"DATE('1980-01-01', '+' || ({number} % 10000) || ' days')"
    run(f"UPDATE customer SET birthday = {day} WHERE status = 'member'")
    for remainder, time in enumerate(("2025-11-29T12", "2025-12-29T12", "2025-12-06T12")):
        at = f"{time}:00:00.000000Z"
        run(f"UPDATE account SET last_activity_at = ? WHERE {number} % 100 = ?", (at, remainder))
    run("UPDATE account SET tier_until = '2026-12-20T23:00:00.000000Z' WHERE tier_id IS NOT NULL AND rowid % 10 = 0")


def opened(folder: Path) -> None:
    url = f"sqlite:///{folder / 'loyalty.db'}"
    mail = f"file://{folder / 'mail'}"
    base = "http://widget.localhost:8000"
    config.use(config.Settings(database_url=url, secret_key=SECRET, instance=folder, base_url=base, mail_url=mail))
    db.open_database(url)
    db.connect()
    events.wire(reactions.react)


def _run_late(shift: float) -> None:
    clock.now = lambda: datetime.now(UTC) + timedelta(seconds=shift)


@contextlib.contextmanager
def _worker(folder: Path, shift: float) -> Iterator[psutil.Process]:
    names = {SHIFT: str(shift), HOLDS: str(folder)}
    process = subprocess.Popen([sys.executable, "-m", "bench.nights", "worker"], env={**os.environ, **names})
    try:
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _work(folder: Path) -> None:
    """The worker: like the product's own, with a note of each hold of the write lock."""
    holds, processor = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    here, since = threading.local(), dict[int, tuple[float, float]]()
    enter, leave = write_queue.WriteQueue.enter, write_queue.WriteQueue.leave

    def entered(queue: write_queue.WriteQueue, patience_seconds: float) -> write_queue.Place:
        place = enter(queue, patience_seconds)
        since[place.ticket] = monotonic(), thread_time()
        return place

    def left(queue: write_queue.WriteQueue, place: write_queue.Place) -> None:
        began = since.pop(place.ticket, None)
        leave(queue, place)
        if began is not None:
            part = getattr(here, "part", None) or threading.current_thread().name
            holds[part].append(monotonic() - began[0])
            processor[part].append(thread_time() - began[1])

    write_queue.WriteQueue.enter, write_queue.WriteQueue.leave = entered, left  # type: ignore[method-assign]
    spent = defaultdict[str, float](float)
    for part, (module, name) in PARTS.items():
        setattr(module, name, _noted(part, getattr(module, name), here, spent))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    jobs.work(stop)
    (folder / "holds.json").write_text(json.dumps({"holds": holds, "spent": spent, "processor": processor}))


def _noted(part: str, act: Callable[..., Any], here: threading.local, spent: dict[str, float]) -> Callable[..., Any]:
    @contextlib.contextmanager
    def named() -> Iterator[None]:
        here.part, began = part, perf_counter()
        try:
            yield
        finally:
            here.part = None
            spent[part] += perf_counter() - began

    def noted(*arguments: Any, **others: Any) -> Any:
        with named():
            result = act(*arguments, **others)
        return _each(result, named) if hasattr(result, "__next__") else result

    return noted


def _each(steps: Iterator[Any], named: Callable[[], contextlib.AbstractContextManager[None]]) -> Iterator[Any]:
    """Steps of work that is done bit by bit."""
    ends = object()
    while True:
        with named():
            step = next(steps, ends)
        if step is ends:
            return
        yield step


@dataclass
class _Night:
    """What shows while the worker works."""

    shop_id: str
    day_seconds: float = 0.0
    audit_seconds: float = 0.0
    writes: list[float] = field(default_factory=list)
    mails: list[float] = field(default_factory=list)
    heartbeat: float = 0.0
    memory: list[float] = field(default_factory=list)

    def watch(self, process: psutil.Process) -> None:
        stop = threading.Event()
        beside = [threading.Thread(target=act, args=(stop,)) for act in (self._book, self._mail)]
        began = monotonic()
        while not Beat.select().exists():
            sleep(LOOK_SECONDS)
        for thread in beside:
            thread.start()
        today = MIDNIGHT.date().isoformat()
        while monotonic() - began < LONGEST_SECONDS:
            self.memory.append(process.memory_info().rss / 1e6)
            seen = max(beat.seen_at for beat in Beat.select())
            self.heartbeat = max(self.heartbeat, (clock.now() - seen).total_seconds())
            shop = shops.Shop.everywhere().where(shops.Shop.id == self.shop_id).get()
            if shop.daily_done == today and not self.day_seconds:
                self.day_seconds = monotonic() - began
            mark = books.mark_of(shop)
            if mark is not None and not self.audit_seconds:
                self.audit_seconds = monotonic() - began
                assert not mark.findings, mark.finding
            if self.day_seconds and self.audit_seconds:
                break
            sleep(LOOK_SECONDS)
        stop.set()
        for thread in beside:
            thread.join()

    def _book(self, stop: threading.Event) -> None:
        db.connect()
        ids = [one.id for one in Account.of(self.shop_id, Account.id).limit(1000)]
        number = 0
        while not stop.wait(PAUSE_SECONDS):
            began, number = monotonic(), number + 1
            account = ids[number % len(ids)]
            ledger.post(self.shop_id, account, "adjust", 5, source="staff", key=f"n{number}", cause=Cause("gift"))
            self.writes.append(monotonic() - began)
        db.disconnect()

    def _mail(self, stop: threading.Event) -> None:
        db.connect()
        while not stop.wait(MAIL_SECONDS):
            began = monotonic()
            with db.atomic():
                before = clock.now()
                events.emit(MailWanted(self.shop_id, "sign_in", "ann@example.com", "en", CODE))
                job = Job.everywhere().where(Job.created_at >= before, Job.name == "send_mail").get()
            while Job.everywhere().where(Job.id == job.id).exists() and monotonic() - began < LONGEST_SECONDS:
                sleep(0.01)
            self.mails.append(monotonic() - began)
        db.disconnect()


TODAY = ledger.Transaction.created_at > MIDNIGHT - timedelta(hours=12)
CODE = {"code": "123456", "link": None}


def _told(night: _Night, noted: dict[str, Any]) -> None:
    holds: dict[str, list[float]] = noted["holds"]
    every = sorted(hold for part in PARTS for hold in holds.get(part, []))
    memory = [night.memory[int((len(night.memory) - 1) * part)] for part in (0.1, 0.5, 1.0)]
    waits = quantiles(night.writes, n=100, method="inclusive") if len(night.writes) > 1 else [0.0] * 99
    expired = ledger.Transaction.of(night.shop_id).where(ledger.Transaction.kind == "expire", TODAY).count()
    print(f"{expired:,} accounts lost points")
    print(
        f"{MEMBERS:,} members: the day is done after {night.day_seconds:.1f} s, the books {night.audit_seconds:.1f} s"
    )
    head = f"{'':20}{'seconds':>9}{'holds':>8}{'lock s':>9}{'its CPU s':>11}"
    print(f"{head}{'p99 ms':>9}{'longest ms':>12}{'of CPU ms':>11}")
    for part, (_, _) in [*PARTS.items(), *((name, ("", "")) for name in holds if name not in PARTS)]:
        some, used = sorted(holds.get(part, [])) or [0.0], noted["processor"].get(part, [0.0])
        middle = some[int((len(some) - 1) * 0.99)]
        print(
            f"{part:20}{noted['spent'].get(part, 0):9.2f}{len(holds.get(part, [])):8}{sum(some):9.2f}"
            f"{sum(used):11.2f}{middle * 1000:9.1f}{some[-1] * 1000:12.1f}{max(used) * 1000:11.1f}"
        )
    figures = {
        "longest hold, ms": every[-1] * 1000 if every else 0.0,
        "expiry's lock, s": sum(holds.get("expiry", [])),
        "a mail, s": max(night.mails, default=0.0),
        "a heartbeat, s": night.heartbeat,
    }
    for name, figure in figures.items():
        print(f"{name:20}{figure:9.2f}   goal {GOALS[name]:g}   {'held' if figure <= GOALS[name] else 'missed'}")
    print(f"a shopper's booking: p99 {waits[98] * 1000:.0f} ms, longest {max(night.writes, default=0) * 1000:.0f} ms")
    megabytes = ", ".join(f"{one:.0f} MB" for one in memory)
    print(f"{len(night.mails)} mails; the worker's memory at 10, 50, 100 %: {megabytes}")


if __name__ == "__main__":
    if HOLDS in os.environ and sys.argv[1:] == ["worker"]:
        place = Path(os.environ[HOLDS])
        _run_late(float(os.environ[SHIFT]))
        opened(place)
        _work(place)
    else:
        main()
