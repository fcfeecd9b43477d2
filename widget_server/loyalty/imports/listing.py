"""Makes the rows of an import's file the items of its batch: whom each row means, or why it cannot be booked."""

import time
from collections.abc import Sequence
from itertools import islice

from peewee import fn

from widget_server import holds, job_queue, ledger
from widget_server.db import Row, atomic, insert_many, lock_rows
from widget_server.errors import NotFound
from widget_server.job_queue import JobName
from widget_server.loyalty.imports import imports, members, people, uploads
from widget_server.loyalty.imports.csv_files import Unreadable
from widget_server.loyalty.imports.imports import Import
from widget_server.loyalty.imports.people import People
from widget_server.loyalty.imports.reading import ReadRow
from widget_server.loyalty.imports.scratch import Scratch
from widget_server.loyalty.people import customers, recognition
from widget_server.loyalty.people.customers import Person
from widget_server.loyalty.points import batches
from widget_server.loyalty.points.batch_tables import Batch, BatchItem
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import takeover

NEW_AT_ONCE = 4  # creating a customer takes fifty times as long as finding one
WRITES_MUCH = ("members", "codes")  # modes whose rows each write more than an item
TURN_SECONDS = 2.0  # how long one job lists rows, or longer: as long as it read the file again to come to them


def list_rows(batch_id: str) -> None:
    """The job that makes the rows of the file the items of its batch. It continues where it stopped.

    A transaction ends after holds.HOLD_SECONDS, and the job after its turn: then it enqueues itself again, behind the
    jobs that wait meanwhile.
    """
    made: Import = Import.everywhere().where(Import.batch_id == batch_id).get()
    batch = Batch.need(made.shop_id, Batch.id == made.batch_id)
    if batch.status != "running" or batch.total:
        return
    shop = shops.by_id(made.shop_id)
    try:
        if not _list_some(shop, made, batch):
            job_queue.enqueue(JobName.LIST_IMPORT, {"batch_id": batch.id})
            return
    except (Unreadable, NotFound):  # the file was changed or deleted since it was parsed
        batches.fail(batch)
        return
    with atomic():
        batch = lock_rows(Batch.of(shop).where(Batch.id == batch.id)).get()
        if batch.status == "running" and not batch.total:
            batches.start(batch)


def _list_some(shop: Shop, made: Import, batch: Batch) -> bool:
    """List rows from where the last turn stopped; returns whether they were the last ones.

    A turn reads the rows before them again, since no two may be alike. It is at least as long as that took: so an
    import takes twice as long as in one turn, and not by the square of its rows.
    """
    listed, slow, began = _last_listed(batch), made.creates_customers or made.mode in WRITES_MUCH, time.monotonic()
    pace, chunk = holds.Pace(smallest=batches.AT_LEAST, largest=batches.CHUNK), list[ReadRow]()
    until: float | None = None
    with Scratch() as scratch:
        file = uploads.file_of(made.shop_id, made.upload_id)
        rows = (row for row in imports.reader(shop, made, scratch).rows(file) if row.line > listed)
        while chunk := [*chunk, *islice(rows, (batches.CHUNK if slow else pace.size) - len(chunk))]:
            now = time.monotonic()
            until = until or now + max(TURN_SECONDS, now - began)
            with pace.measured(len(chunk)):
                chunk = chunk[_list_chunk(shop, made, batch, chunk, slow=slow) :]
            if time.monotonic() > until:
                return False
    return True


def _list_chunk(shop: Shop, made: Import, batch: Batch, rows: list[ReadRow], *, slow: bool) -> int:
    """Make rows items of the batch, as many as fit one transaction; returns how many of them are items now."""
    with atomic():
        lock_rows(Batch.of(shop).where(Batch.id == batch.id)).get()
        listed = _last_listed(batch)
        left = [row for row in rows if row.line > listed]
        if made.creates_customers:  # all at once: two imports of the same people do not deadlock
            customers.take_turns(shop.id, *(row.email for row in left))
        count = len(rows) - len(left)
        if not slow:
            _list_group(shop, made, batch, left)
            return len(rows)
        for group in holds.groups(left, largest=NEW_AT_ONCE):
            _list_group(shop, made, batch, group)
            count += len(group)
        return count


def _last_listed(batch: Batch) -> int:
    lines = BatchItem.of(batch.shop_id, fn.MAX(BatchItem.line)).where(BatchItem.batch_id == batch.id)
    return int(lines.scalar() or 0)


def _list_group(shop: Shop, made: Import, batch: Batch, rows: Sequence[ReadRow]) -> None:
    found = people.find(shop, {row.email for row in rows if row.problem is None})
    people.check(shop, rows, found, creates=made.creates_customers)
    if made.creates_customers:
        _create(shop, rows, found)
    coupons = {row.line: _keep(shop, row, found) for row in rows if row.coupon and row.problem is None}
    for row in rows:
        person = found.get(row.email)
        if row.member and row.problem is None and person is not None:
            row.problem = members.apply(shop, person.id, row.member, batch_id=batch.id)
    good = {row.line: found[row.email] for row in rows if row.problem is None}
    booked = {row.line for row in rows if row.line in good and row.points is not None}
    accounts = ledger.open_accounts(shop.id, {person.id for line, person in good.items() if person and line in booked})
    items = []
    for row in rows:
        person = good.get(row.line)
        item = _item(shop, batch, row)
        if person is not None:
            item.account_id, item.made_id = accounts.get(person.id), coupons.get(row.line)
        items.append(item)
    insert_many(BatchItem, items)


def _item(shop: Shop, batch: Batch, row: ReadRow) -> Row:
    """Returns the item of a row: it waits to be booked, is done since it books nothing, or failed."""
    is_good = row.problem is None
    return Row(
        shop_id=shop.id,
        batch_id=batch.id,
        line=row.line,
        account_id=None,
        points=row.points if is_good else None,
        status="failed" if not is_good else "done" if row.points is None else "waiting",
        code=row.problem,
        event_at=row.at if is_good else None,
        note=row.note if is_good else None,
        made_id=None,
    )


def _create(shop: Shop, rows: Sequence[ReadRow], found: People) -> None:
    """Create the customers of unknown addresses: visitors, who see what is theirs once the address is verified."""
    for email in sorted({row.email for row in rows if row.problem is None} - set(found)):
        found[email] = recognition.recognise(shop.id, Person(email=email))


def _keep(shop: Shop, row: ReadRow, found: People) -> str | None:
    """Store the code of a row as a coupon; returns its id. A code that the shop has already is the row's problem."""
    person = found[row.email]
    assert person is not None and row.coupon is not None
    coupon = takeover.keep(shop, customers.by_id(shop.id, person.id), row.coupon)
    if coupon is None:
        row.problem = "code_taken"
        return None
    return str(coupon.id)
