"""Makes the rows of an import's file the items of its batch: whom each row means, or why it cannot be booked."""

import re
import time
from collections.abc import Iterator, Sequence
from itertools import islice

from peewee import fn

from widget_server import holds, job_queue, ledger
from widget_server.db import Row, among, atomic, insert_many, lock_rows
from widget_server.errors import NotFound
from widget_server.job_queue import JobName
from widget_server.ledger import POINTS_MAX
from widget_server.loyalty.imports import uploads
from widget_server.loyalty.imports.columns import WHOLE
from widget_server.loyalty.imports.csv_files import Unreadable
from widget_server.loyalty.imports.imports import Import
from widget_server.loyalty.people import customers, emails, recognition
from widget_server.loyalty.people.customers import Customer, Person
from widget_server.loyalty.points import batches
from widget_server.loyalty.points.batches import Batch, BatchItem, Mode
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop

NEW_AT_ONCE = 4  # creating a customer takes fifty times as long as finding one
TURN_SECONDS = 2.0  # how long one job lists rows; each job reads the file again


def list_rows(batch_id: str) -> None:
    """The job that makes the rows of the file the items of its batch. It continues where it stopped.

    A transaction ends after holds.HOLD_SECONDS, and the job after TURN_SECONDS: then it enqueues itself again,
    behind the jobs that wait meanwhile.
    """
    made: Import = Import.everywhere().where(Import.batch_id == batch_id).get()
    batch = Batch.need(made.shop_id, Batch.id == made.batch_id)
    if batch.status != "running" or batch.total:
        return
    shop, until = shops.by_id(made.shop_id), time.monotonic() + TURN_SECONDS
    try:
        listed = _last_listed(batch)
        rows = (row for row in _items(made, batch, set()) if row[0].line > listed)
        chunk: list[tuple[Row, str]] = []
        while chunk := [*chunk, *islice(rows, batches.CHUNK - len(chunk))]:
            chunk = chunk[_list_chunk(shop, made, batch, chunk) :]
            if time.monotonic() > until:
                job_queue.enqueue(JobName.LIST_IMPORT, {"batch_id": batch.id})
                return
    except (Unreadable, NotFound):  # the file was changed or deleted since it was parsed
        batches.fail(batch)
        return
    with atomic():
        batch = lock_rows(Batch.of(shop).where(Batch.id == batch.id)).get()
        if batch.status == "running" and not batch.total:
            batches.start(batch)


def _items(made: Import, batch: Batch, seen: set[str]) -> Iterator[tuple[Row, str]]:
    """Yields each row as an item, with its e-mail; `seen` are the e-mails of the rows above."""
    at_email, at_points = made.columns
    for count, (number, values) in enumerate(uploads.file_of(made.shop_id, made.upload_id).rows()):
        if count or not made.has_header:
            email, points = (values[at] if at < len(values) else "" for at in (at_email, at_points))
            code, email = _checked(email, points, batch.mode, seen)
            figure = None if code else int(re.split("[.,]", points)[0])
            status = "failed" if code else "waiting"
            names = {"shop_id": made.shop_id, "batch_id": batch.id, "line": number}
            yield Row(**names, account_id=None, points=figure, status=status, code=code), email


def _checked(email: str, points: str, mode: Mode, seen: set[str]) -> tuple[str | None, str]:
    """Returns the error code of a malformed row (None: well formed), and the folded e-mail; does no look-up."""
    key = emails.key_of(email)
    if not key:
        return "email_invalid", ""
    if not WHOLE.fullmatch(points):
        return "points_invalid", key
    figure = int(re.split("[.,]", points)[0])
    if abs(figure) > POINTS_MAX:
        return "points_out_of_range", key
    if mode == "set" and figure < 0:
        return "balance_negative", key
    if key in seen:
        return "email_twice", key
    seen.add(key)
    return None, key


def _list_chunk(shop: Shop, made: Import, batch: Batch, rows: list[tuple[Row, str]]) -> int:
    """Make rows items of the batch, as many as fit one transaction; returns how many of them are items now."""
    with atomic():
        lock_rows(Batch.of(shop).where(Batch.id == batch.id)).get()
        listed = _last_listed(batch)
        left = [(item, email) for item, email in rows if item.line > listed]
        if made.creates_customers:  # all at once: two imports of the same people do not deadlock
            customers.take_turns(shop.id, *(email for _, email in left))
        count = len(rows) - len(left)
        for group in holds.groups(left, largest=NEW_AT_ONCE if made.creates_customers else batches.CHUNK):
            _list_group(shop, made, group)
            count += len(group)
        return count


def _last_listed(batch: Batch) -> int:
    lines = BatchItem.of(batch.shop_id, fn.MAX(BatchItem.line)).where(BatchItem.batch_id == batch.id)
    return int(lines.scalar() or 0)


def _list_group(shop: Shop, made: Import, rows: Sequence[tuple[Row, str]]) -> None:
    emails = {email for item, email in rows if item.status == "waiting"}
    found = _people(shop, emails, creates=made.creates_customers)
    accounts = ledger.open_accounts(shop.id, {person.id for person in found.values() if person is not None})
    for item, email in rows:
        if item.status == "waiting":
            person = found.get(email)
            if person is None:
                item.status, item.code = "failed", "email_ambiguous" if email in found else "email_unknown"
            else:
                item.account_id = accounts[person.id]
    insert_many(BatchItem, [item for item, _ in rows])


def _people(shop: Shop, emails: set[str], *, creates: bool) -> dict[str, Row | Customer | None]:
    """Returns the customer of each address; None for several ones, no entry for an unknown address.

    Its verified owner; else a guest who only typed it, since only the owner can see that row; else the one
    whom the shop registered with it.
    """
    rows: dict[str, list[Row]] = {}
    living = (Customer.merged_into.is_null(), Customer.erased_at.is_null())
    needed = (Customer.id, Customer.email_key, Customer.email_verified, Customer.external_id)
    people = Customer.of(shop, *needed).where(among(Customer.email_key, emails), *living)
    for person in people.order_by(Customer.created_at, Customer.id).objects(Row):
        rows.setdefault(person.email_key, []).append(person)
    found: dict[str, Row | Customer | None] = {}
    for email, same in rows.items():
        owners = (one for one in same if one.email_verified)
        typed = (one for one in same if one.external_id is None)
        registered = same[0] if len(same) == 1 else None
        found[email] = next(owners, None) or next(typed, None) or registered
    if creates:
        found |= {email: recognition.recognise(shop.id, Person(email=email)) for email in sorted(emails - set(rows))}
    return found
