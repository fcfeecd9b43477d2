"""What a CSV import of 100,000 rows and a bulk update of 1,000,000 customers cost, and their undoing, in a real worker.

    python -m bench.bulk [ROWS OF THE FILE] [CUSTOMERS]      0 leaves a part out; BENCH_URL names a PostgreSQL database

A worker of its own does the work, while a shopper here redeems every PAUSE_SECONDS. Each figure stands beside an
executemany of as many ledger rows, committed by as many at a time, in the same run. The memory is what the worker
process has in use at a tenth, half and the end of the work.
"""

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import quantiles
from time import perf_counter, sleep

import psutil

from bench._figures import Figure, note
from bench._house import house
from tests.make import SECRET, World
from widget_server import clock, config, db, jobs
from widget_server.ledger import Account, Transaction
from widget_server.loyalty import books
from widget_server.loyalty.imports import imports, uploads
from widget_server.loyalty.imports.columns import ImportMode
from widget_server.loyalty.imports.imports import Import
from widget_server.loyalty.people import selections
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.people.selections import Selection
from widget_server.loyalty.points import batches
from widget_server.loyalty.points.batch_tables import Batch
from widget_server.loyalty.program import shops

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
PEOPLE = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
PAUSE_SECONDS, LOOK_SECONDS, MADE_AT_ONCE = 0.05, 0.2, 10_000
GOALS = {"ratio": 2.5, "memory": 120, "growth": 10, "wait": 50}


@dataclass
class Figures:
    """What one piece of work took: seconds, the worker's memory in MB by the part that was done, a shopper's waits."""

    seconds: float = 0.0
    memory: list[tuple[float, float]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def at(self, part: float) -> float:
        """Returns the memory when this part was done."""
        return next((used for done, used in self.memory if done >= part), self.memory[-1][1])


def main() -> None:
    """Print one line a piece of work."""
    with house(os.environ.get("BENCH_URL")) as (world, _):
        began = perf_counter()
        shops.note_daily(world.shop, clock.local_date(clock.now(), world.shop.timezone).isoformat())
        _people(world, max(ROWS, PEOPLE))
        books.audit_daily(world.shop)  # or the worker does it meanwhile
        print(f"{max(ROWS, PEOPLE):,} customers after {perf_counter() - began:.0f} s")
        print(
            f"{'':34}{'rows/s':>9}{'ratio':>7}{'MB at 10 %':>12}{'50 %':>7}{'100 %':>7}{'waits p99':>11}{'longest':>9}"
        )
        if ROWS:
            floor = _floor(world, ROWS)
            for mode, words in (("add", "CSV, add"), ("set", "CSV, reset")):
                _import(world, mode, words, floor)
        if PEOPLE:
            floor = _floor(world, PEOPLE)
            _bulk(world, floor)


def _import(world: World, mode: ImportMode, words: str, floor: float) -> None:
    upload = uploads.new_upload(world.shop)
    lines = "".join(
        f"p{number}@example.com,{number % 900 + (1 if mode == 'add' else 2000)}\n" for number in range(ROWS)
    )
    uploads.receive(upload.id, io.BytesIO(b"email,points\n" + lines.encode()))
    made = imports.create(world.shop, upload.id)
    jobs.run_all()
    imports.begin_preview(world.shop, made.id, mode=mode)

    def looked_at() -> float:
        row = Import.need(world.shop, Import.id == made.id)
        return 1.0 if row.preview_status == "done" else min(row.previewed / ROWS, 0.99)

    _tell(f"{words}: preview", ROWS, floor, _measured(world, looked_at))
    made = imports.execute(world.shop, made.id, source="staff", mode=mode)
    assert made.batch_id is not None
    _tell(f"{words}: listed and booked", ROWS, floor, _measured(world, _part_of(world, made.batch_id, ROWS)))
    batches.undo(world.shop, made.batch_id)
    _tell(f"{words}: undone", ROWS, floor, _measured(world, _part_of(world, made.batch_id, ROWS)))


def _bulk(world: World, floor: float) -> None:
    everybody = Selection()
    tried = _seconds(lambda: selections.dry_run(world.shop, everybody, by=10))
    waits = list[float]()
    with _shopper(world, waits):
        began = perf_counter()
        batch = selections.bulk_adjust(world.shop, everybody, source="staff", key="bench", by=10)
        started = perf_counter() - began
    people = Customer.of(world.shop).count()
    _tell("bulk: listed and booked", people, floor, _measured(world, _part_of(world, batch.id, people)))
    page = _seconds(lambda: Batch.need(world.shop, Batch.id == batch.id))
    batches.undo(world.shop, batch.id)
    _tell("bulk: undone", people, floor, _measured(world, _part_of(world, batch.id, people)))
    longest = max(waits, default=0.0) * 1000
    print(f"bulk: tried in {tried:.2f} s, started in {started:.2f} s (a shopper waited {longest:.0f} ms)")
    print(f"bulk: its row is read in {page * 1000:.1f} ms")


def _part_of(world: World, batch_id: str, rows: int) -> Callable[[], float]:
    """Returns what tells which part of a batch is done: half of it is to be listed, half to be booked."""

    def part() -> float:
        batch = Batch.need(world.shop, Batch.id == batch_id)
        if batch.status in ("done", "undone"):
            assert (batch.succeeded, batch.failed) == (rows, 0), vars(batch)
            return 1.0
        done = batch.undone + batch.kept if batch.status == "undoing" else batch.succeeded + batch.failed
        return min(done / rows, 0.99)

    return part


def _measured(world: World, part: Callable[[], float]) -> Figures:
    """Let a worker do what is due; returns what it took."""
    figures = Figures()
    with _worker() as process, _shopper(world, figures.waits):
        began = perf_counter()
        while (done := part()) < 1.0:
            figures.memory.append((done, process.memory_info().rss / 1e6))
            sleep(LOOK_SECONDS)
        figures.seconds = perf_counter() - began
        figures.memory.append((1.0, process.memory_info().rss / 1e6))
    return figures


def _tell(words: str, rows: int, floor: float, figures: Figures) -> None:
    ratio, (tenth, half, end) = figures.seconds / floor, (figures.at(part) for part in (0.1, 0.5, 1.0))
    cuts = quantiles(figures.waits, n=100, method="inclusive") if len(figures.waits) > 1 else [0.0] * 99
    p99, longest = cuts[98] * 1000, max(figures.waits, default=0.0) * 1000
    missed = [
        name
        for name, value in {"ratio": ratio, "memory": end, "growth": end - tenth, "wait": p99}.items()
        if value > GOALS[name]
    ]
    value, least = f"{rows / figures.seconds:,.0f} rows/s", f"{rows / floor:,.0f} rows/s"
    note(Figure(words, value, least, ratio, f"{GOALS['ratio']} x", ratio <= GOALS["ratio"]))
    line = f"{words:34}{rows / figures.seconds:9,.0f}{ratio:7.1f}{tenth:12.0f}{half:7.0f}{end:7.0f}"
    print(f"{line}{p99:8.0f} ms{longest:6.0f} ms  {'missed: ' + ', '.join(missed) if missed else 'held'}", flush=True)


@contextlib.contextmanager
def _worker() -> Iterator[psutil.Process]:
    """A worker of its own, as an operator starts it."""
    settings = config.current()
    names = {"DATABASE_URL": settings.database_url, "WIDGET_SECRET_KEY": SECRET}
    names |= {"WIDGET_INSTANCE": str(settings.instance), "WIDGET_BASE_URL": "http://widget.localhost:8000"}
    process = subprocess.Popen([sys.executable, "-m", "widget_server.cli", "worker"], env={**os.environ, **names})
    try:
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


@contextlib.contextmanager
def _shopper(world: World, waits: list[float]) -> Iterator[None]:
    """A member redeems again and again; `waits` gets how long each time took, in seconds."""
    member, done = world.member(f"shopper{next(world.numbers)}@other.example"), threading.Event()
    reward = world.reward(cost=1)
    member.is_given(1_000_000)

    def redeem() -> None:
        while not done.wait(PAUSE_SECONDS):
            db.connect()  # as each request does
            waits.append(_seconds(lambda: member.redeems(reward)))
        db.disconnect()

    thread = threading.Thread(target=redeem)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _people(world: World, count: int) -> None:
    """So many members with an e-mail and an account."""
    moment, shop = clock.now(), world.shop.id
    facts = {"shop_id": shop, "email_verified": True, "status": "member", "joined_at": moment}
    times = {"created_at": moment, "updated_at": moment}
    for first in range(0, count, MADE_AT_ONCE):
        numbers = range(first, min(first + MADE_AT_ONCE, count))
        ids = [(number, db.new_id(), db.new_id()) for number in numbers]
        with db.atomic():
            db.insert_many(
                Customer,
                [
                    db.Row(id=id, email_key=f"p{number}@example.com", account_id=account, **facts, **times)
                    for number, id, account in ids
                ],
            )
            accounts = {"shop_id": shop, "last_activity_at": moment, **times}
            db.insert_many(Account, [db.Row(id=account, customer_id=id, **accounts) for _, id, account in ids])


def _floor(world: World, rows: int) -> float:
    """Seconds for inserting as many ledger rows, their values made before, into a table like the ledger's."""
    moment, marks = clock.now(), ", ".join([db.database.param] * len(Transaction._meta.sorted_fields))
    facts = {"shop_id": world.shop.id, "kind": "adjust", "amount": 5, "balance_after": 5, "source": "floor"}
    facts |= {"key": "floor", "cause": "adjusted", "snapshot": {"note": "x" * 64}, "digest": "x" * 64}
    facts |= {"event_at": moment, "created_at": moment, "sequence": 1}
    fields = Transaction._meta.sorted_fields
    names = ", ".join(f'"{field.column_name}"' for field in fields)
    insert = f'INSERT INTO "floor" ({names}) VALUES ({marks})'
    accounts = [id for (id,) in Account.of(world.shop, Account.id).order_by(Account.id).limit(rows).tuples()]
    spent = 0.0
    _make_floor()
    for first in range(0, rows, batches.CHUNK):
        made = [
            Transaction(account_id=account, id=db.new_id(), line=line, **facts)
            for line, account in enumerate(accounts[first : first + batches.CHUNK], first)
        ]
        values = [[field.db_value(row.__data__.get(field.name)) for field in fields] for row in made]
        began = perf_counter()
        with db.atomic():
            db.execute_many(insert, values)
        spent += perf_counter() - began
    db.database.execute_sql('DROP TABLE "floor"')
    print(f"{f'executemany of {rows:,} ledger rows':34}{rows / spent:9,.0f}{1.0:7.1f}", flush=True)
    return spent


def _make_floor() -> None:
    """Make an empty table with the columns and indexes of the ledger."""
    if not db.on_sqlite():
        db.database.execute_sql('CREATE TABLE "floor" (LIKE "transaction" INCLUDING ALL)')
        return
    made = "SELECT type, sql FROM sqlite_master WHERE tbl_name = 'transaction' AND sql IS NOT NULL ORDER BY type DESC"
    for kind, statement in list(db.database.execute_sql(made)):
        if kind in ("table", "index"):
            named = statement.replace('"transaction"', '"floor"').replace('INDEX "', 'INDEX "floor_')
            db.database.execute_sql(named)


def _seconds(act: Callable[[], object]) -> float:
    began = perf_counter()
    act()
    return perf_counter() - began


if __name__ == "__main__":
    main()
