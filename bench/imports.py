"""What a CSV import of 100,000 rows costs, as a multiple of an executemany of as many ledger rows in the same run.

Both commit each 1,000 rows. While the import is undone, a shopper's points move all the time: how long she waits.
"""

import io
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter

from bench._house import house
from tests.make import World
from widget_server import clock, db, jobs, ledger
from widget_server.ledger import Account, Transaction
from widget_server.loyalty.imports import imports, uploads
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import batches
from widget_server.loyalty.points.batch_tables import Batch

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000


def main() -> None:
    """Print one line a measurement."""
    with house() as (world, _):
        _people(world)
        floor = _bare(world)
    with house() as (world, _):
        _people(world)
        upload = uploads.new_upload(world.shop)
        lines = "".join(f"p{number}@example.com,{number % 900 + 1}\n" for number in range(ROWS))
        uploads.receive(upload.id, io.BytesIO(b"email,points\n" + lines.encode()))
        made = imports.create(world.shop, upload.id)
        spent = {"parsed": _seconds(jobs.run_all)}
        imports.begin_preview(world.shop, made.id)
        spent["looked at (preview)"] = _seconds(jobs.run_all)
        made = imports.execute(world.shop, made.id, source="staff")
        spent["listed and booked"] = _seconds(jobs.run_all)
        batch = Batch.need(world.shop, Batch.id == made.batch_id)
        assert (batch.status, batch.succeeded) == ("done", ROWS)
        batches.undo(world.shop, batch.id)
        with _shopper(world) as waits:
            spent["undone, beside a shopper"] = _seconds(jobs.run_all)
        spent["audited"] = _seconds(lambda: list(ledger.audit()))
    print(f"{ROWS:,} rows; an executemany of as many ledger rows is 1.0 ({ROWS / floor:,.0f} rows/s)")
    for what, seconds in spent.items():
        print(f"{what:46}{seconds / floor:9.1f} ({ROWS / seconds:,.0f} rows/s)")
    print(f"{'the shopper waited, median and longest':46}{median(waits) * 1000:9.1f} ms{max(waits) * 1000:9.1f} ms")


def _people(world: World) -> None:
    """So many members with an e-mail and an account."""
    moment, shop = clock.now(), world.shop.id
    facts = {"shop_id": shop, "email_verified": True, "created_at": moment, "updated_at": moment}
    people = [db.Row(id=db.new_id(), email_key=f"p{number}@example.com", **facts) for number in range(ROWS)]
    with db.atomic():
        db.insert_many(Customer, people)
        for first in range(0, ROWS, batches.CHUNK):
            ledger.open_accounts(shop, [person.id for person in people[first : first + batches.CHUNK]])


def _bare(world: World) -> float:
    """Seconds for inserting as many rows, their values made before."""
    moment, marks = clock.now(), ", ".join([db.database.param] * len(Transaction._meta.sorted_fields))
    facts = {"shop_id": world.shop.id, "kind": "adjust", "amount": 5, "balance_after": 5, "source": "staff"}
    facts |= {"key": "floor", "cause": "adjusted", "snapshot": {"note": "x" * 64}, "digest": "x" * 64}
    facts |= {"event_at": moment, "created_at": moment, "sequence": 1}
    rows = [
        Transaction(account_id=account.id, id=db.new_id(), line=line, **facts)
        for line, account in enumerate(Account.of(world.shop, Account.id))
    ]
    fields = Transaction._meta.sorted_fields
    values = [[field.db_value(row.__data__.get(field.name)) for field in fields] for row in rows]

    def insert() -> None:
        names = ", ".join(f'"{field.column_name}"' for field in fields)
        for first in range(0, ROWS, batches.CHUNK):
            with db.atomic():
                chunk = values[first : first + batches.CHUNK]
                db.execute_many(f'INSERT INTO "transaction" ({names}) VALUES ({marks})', chunk)

    return _seconds(insert)


@contextmanager
def _shopper(world: World) -> Iterator[list[float]]:
    """Somebody whose points move as often as they can; answers how long each time took, in seconds."""
    member, waits, done = world.member(), list[float](), threading.Event()

    def move() -> None:
        db.connect()
        while not done.wait(0.005):
            waits.append(_seconds(lambda: member.is_given(1)))
        db.disconnect()

    thread = threading.Thread(target=move)
    thread.start()
    yield waits
    done.set()
    thread.join()


def _seconds(act: Callable[[], object]) -> float:
    began = perf_counter()
    act()
    return perf_counter() - began


if __name__ == "__main__":
    main()
