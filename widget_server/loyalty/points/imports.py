"""Imports: points of many customers from a CSV file, found by their e-mail (acceptance 56, wix-api §2).

    upload address -> file -> import: parsing -> parsed -> importing -> imported      parsing, importing -> failed

What an import books is a batch of its own: progress, errors and undoing are the batch's.
"""

import re
import secrets
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from peewee import Check, fn

from widget_server import clock, holds, job_queue, ledger
from widget_server.db import (
    Bool,
    Int,
    Json,
    Row,
    ShopTable,
    Text,
    UtcDateTime,
    among,
    atomic,
    insert_many,
    lock_rows,
    new_id,
)
from widget_server.errors import (
    AlreadyImported,
    BadRequest,
    ImportColumnsUnknown,
    ImportNotParsed,
    NotFound,
    UploadGone,
)
from widget_server.events import BatchChanged, ImportCreated, emit
from widget_server.ledger import POINTS_MAX
from widget_server.loyalty.people import customers, emails
from widget_server.loyalty.people.customers import Customer, Person
from widget_server.loyalty.people.forgetting import Forgotten
from widget_server.loyalty.points import batches, csv_files, stored_files
from widget_server.loyalty.points.adjustments import NO_ANNOTATION, Annotation
from widget_server.loyalty.points.batches import Batch, BatchItem, Mode
from widget_server.loyalty.points.csv_files import CsvFile, Opens, Unreadable
from widget_server.loyalty.points.stored_files import Stored
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop

FILE_BYTES_MAX = 10 * 1024 * 1024
UPLOAD_MINUTES = 60
KEPT_DAYS = 30  # how long the file with its addresses is kept
HEADER_VALUES_MAX, SAMPLE_ROWS, SAMPLE_VALUES_MAX, VALUE_LENGTH_MAX = 100, 5, 20, 1000
NEW_AT_ONCE = 4  # a customer who must be made costs fifty times as much as one who is known
PARSE_JOB = "parse_import"
TURN_SECONDS = 2.0  # how long listing takes at a stretch, and the file is read anew after each
TEMPLATE = "email,points\r\nann@example.com,100\r\n"
WHOLE = re.compile(r"[+-]?\d{1,18}([.,]0{1,2})?")  # "100.00" is 100; "1,000" may be 1 or 1000: no guessing about points
LIKE_EMAIL = re.compile(r"[^@]+@[^@]+")  # a cell that is meant to be an address, well written or not
HEADINGS = {
    "email": ("email", "mail", "courriel", "correo", "adresse", "address"),
    "points": ("points", "balance", "punkte", "puntos", "punti", "pontos", "punten", "saldo"),
}
REASONS = {  # why a row was not imported, in words for staff
    "email_invalid": "No mail reaches this address: write it as ann@example.com, without brackets or invisible signs.",
    "email_unknown": "No customer has this e-mail address.",
    "email_ambiguous": "Several customers use this e-mail address.",
    "email_twice": "An earlier row has this e-mail address; that row counts.",
    "points_invalid": "Points are a whole number, without separators.",
    "points_out_of_range": "That is more points than a row can hold.",
    "balance_negative": "A balance cannot be set below zero.",
    **batches.REASONS,
}


class Upload(ShopTable):
    """An address for one file. `id` is secret: who has it may upload, once; then size, digest and file are known."""

    id = Text(primary_key=True)
    size = Int(null=True)
    digest = Text(null=True)
    file_id = Text(null=True)
    created_at = UtcDateTime()


class Import(ShopTable):
    """One file and what became of it. `columns` are the places of e-mail and points, from 0, guessed or given."""

    id = Text(primary_key=True)
    status = Text(default="parsing")
    upload_id = Text(unique=True)
    file_name = Text(null=True)
    size = Int()
    digest = Text()
    header = Json(default=list)
    sample_rows = Json(default=list)
    columns = Json(null=True)
    has_header = Bool(default=True)
    row_count = Int(null=True)
    parse_error = Text(null=True)
    creates_customers = Bool(default=False)
    batch_id = Text(null=True, index=True)
    revision = Int(default=1)
    created_at = UtcDateTime()
    updated_at = UtcDateTime()

    class Meta:
        indexes = ((("shop_id", "created_at"), False), (("shop_id", "digest"), False))
        constraints = [Check("status IN ('parsing', 'parsed', 'importing', 'imported', 'failed')")]


def new_upload(shop: Shop) -> Upload:
    """An address for one file, good for an hour."""
    upload = Upload(id=secrets.token_urlsafe(24), shop_id=shop.id, created_at=clock.now())
    upload.save(force_insert=True)
    return upload


def receive(upload_id: str, content: BinaryIO) -> Upload:
    """Keep the file that somebody with the address sends. Raises UploadGone, FileTooLarge; then nothing is kept."""
    since = clock.now() - timedelta(minutes=UPLOAD_MINUTES)
    open_ones = (Upload.id == upload_id, Upload.size.is_null(), Upload.created_at > since)
    upload: Upload | None = Upload.everywhere().where(*open_ones).first()
    if upload is None:
        raise UploadGone()
    stored = stored_files.store(upload.shop_id, content, bytes_max=FILE_BYTES_MAX)
    if not _attach(upload, stored, *open_ones):  # another one was faster
        stored_files.remove(upload.shop_id, stored.id)
        raise UploadGone()
    return upload


def take_in(folder: Path) -> int:
    """Move files that an earlier version kept in a folder of this host into the database; returns how many.

    A file that no import or upload knows any more is deleted. It may be run again, and on each host.
    """
    count = 0
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        lacking = (Upload.id == path.name, Upload.size.is_null(False), Upload.file_id.is_null())
        upload: Upload | None = Upload.everywhere().where(*lacking).first()
        if upload is not None:
            with path.open("rb") as content:
                stored = stored_files.store(upload.shop_id, content, bytes_max=FILE_BYTES_MAX)
            if _attach(upload, stored, *lacking):
                count += 1
            else:
                stored_files.remove(upload.shop_id, stored.id)
        path.unlink()
    return count


def _attach(upload: Upload, stored: Stored, *conditions: Any) -> bool:
    """Make the stored file the upload's, if `conditions` hold for it still."""
    upload.size, upload.digest, upload.file_id = stored.size, stored.digest, stored.id
    facts = {Upload.size: stored.size, Upload.digest: stored.digest, Upload.file_id: stored.id}
    return bool(Upload.change(upload.shop_id, facts, *conditions))


def create(shop: Shop, file_url: str, *, file_name: str | None = None) -> Import:
    """Begin with an uploaded file: it is read by a job. The same file address returns the same import.

    `file_url` is the upload's address or its last part: files of other places are not fetched. Raises BadRequest.
    """
    with atomic():
        name = file_url.partition("?")[0].rstrip("/").rpartition("/")[2]
        upload: Upload | None = lock_rows(Upload.of(shop).where(Upload.id == name, Upload.size.is_null(False))).first()
        if upload is None:
            raise BadRequest("There is no uploaded file at this address.", field="fileUrl")
        known = Import.one(shop, Import.upload_id == upload.id)
        if known is not None:
            return known
        moment = clock.now()
        made = Import(
            id=new_id(),
            shop_id=shop.id,
            upload_id=upload.id,
            file_name=file_name,
            size=upload.size,
            digest=upload.digest,
            created_at=moment,
            updated_at=moment,
        )
        made.save(force_insert=True)
        job_queue.enqueue(PARSE_JOB, {"import_id": made.id})
        emit(ImportCreated(shop.id, made.id))
        return made


def parse(import_id: str) -> None:
    """Look through the whole file: header, count, samples, and which columns are meant; the job."""
    made: Import = Import.everywhere().where(Import.id == import_id).get()
    try:
        found = _looked_through(_file(made))
    except (Unreadable, NotFound) as reason:
        found = {"status": "failed", "parse_error": str(reason)}
    _save(made, "parsing", **found)


def execute(
    shop: Shop,
    import_id: str,
    *,
    source: str,
    columns: tuple[int, int] | None = None,
    mode: Mode = "add",
    again: bool = False,
    creates_customers: bool = False,
    said: Annotation = NO_ANNOTATION,
) -> Import:
    """Book what the file says, as a job: an adjust for each row, in any program.

    `columns` are the places of e-mail and points when they differ from those found. `add` is the default, as the
    guide has it ("Add points to existing member balances", wix-api §1b); `set` makes the figure the
    balance. Existing customers only: an unknown e-mail is an error of its row, unless `creates_customers`, for shops
    that move here from another app: then they are visitors, and read their points once the address is proven theirs.

    Raises ImportNotParsed, ImportColumnsUnknown, and AlreadyImported when the same content was imported before, and
    not undone, unless `again`.
    """
    with atomic():
        made = lock_rows(Import.of(shop).where(Import.id == import_id)).first() or Import.need(
            shop, Import.id == import_id
        )
        if made.status != "parsed":
            raise ImportNotParsed(status=made.status)
        chosen = list(columns) if columns is not None else made.columns
        if chosen is None or len(set(chosen)) != len(chosen) or not all(0 <= at < HEADER_VALUES_MAX for at in chosen):
            raise ImportColumnsUnknown()
        earlier = None if again else _earlier(shop, made)
        if earlier is not None:
            raise AlreadyImported(import_id=earlier.id)
        batch, _ = batches.create(shop, "import", mode, source=source, key=f"import:{made.id}", said=said)
        facts = {"columns": chosen, "batch_id": batch.id, "creates_customers": creates_customers}
        job_queue.enqueue(batches.LIST_JOB, {"batch_id": batch.id})
        return _save(made, "parsed", status="importing", **facts)


def list_rows(batch_id: str) -> None:
    """Make the rows of the file the items of its batch; the job. It goes on where it stopped.

    A transaction ends after holds.HOLD_SECONDS, and the job after TURN_SECONDS: then it promises itself anew, behind
    the jobs that wait meanwhile.
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
                job_queue.enqueue(batches.LIST_JOB, {"batch_id": batch.id})
                return
    except (Unreadable, NotFound):  # somebody touched the file since it was parsed
        batches.fail(batch)
        return
    with atomic():
        batch = lock_rows(Batch.of(shop).where(Batch.id == batch.id)).get()
        if batch.status == "running" and not batch.total:
            batches.start(batch)


def follow(event: BatchChanged) -> None:
    """The import is what its batch became."""
    made = Import.one(event.shop_id, Import.batch_id == event.batch_id)
    status = {"done": "imported", "failed": "failed"}.get(event.status)
    if made is not None and status is not None:
        _save(made, "importing", status=status)


def error_file(shop: Shop, import_id: str) -> Iterator[str]:
    """The rows that were not imported, line by line as a CSV file, with the reason behind each.

    In the delimiter of the file, so that it can be mended and imported. Raises NotFound when there is none (any more).
    """
    made = Import.need(shop, Import.id == import_id)
    codes = dict(_errors(made).select(BatchItem.line, BatchItem.code).tuples())
    if not codes:
        raise NotFound("No row of this import failed.")
    file = _file(made)
    return _error_lines(made, file, codes)


def has_error_file(made: Import) -> bool:
    """True while `error_file` has something to tell."""
    kept = Upload.one(made.shop_id, Upload.id == made.upload_id)
    return kept is not None and made.batch_id is not None and bool(_errors(made).exists())


def forget_old() -> None:
    """Files and samples hold addresses: after 30 days they go, the figures stay."""
    kept = timedelta(days=KEPT_DAYS)
    for upload in list(Upload.everywhere().where(Upload.created_at < clock.now() - kept)):
        with atomic():
            _drop(upload)
    stored_files.forget_old(kept)


def forget(person: Forgotten) -> None:
    """Files in which this person stands go, and what cannot be read goes with them; so do names and samples of files.

    An import that still needs its file fails, and says so.
    """
    for file_id in stored_files.ids(person.shop_id):
        if _names(person, partial(stored_files.opened, person.shop_id, file_id)):
            _let_go(person.shop_id, file_id)
    for made in list(Import.of(person.shop_id)):
        if person.is_named_in(made.file_name):
            Import.change(person.shop_id, {Import.file_name: None}, Import.id == made.id)
        if person.is_named_in("\n".join([*made.header, *(cell for row in made.sample_rows for cell in row)])):
            blank = {Import.header: [""] * len(made.header), Import.sample_rows: []}
            Import.change(person.shop_id, blank, Import.id == made.id)


def _names(person: Forgotten, opens: Opens) -> bool:
    try:
        return any(map(person.is_named_in, csv_files.read(opens).texts()))
    except Unreadable:
        return True


def _let_go(shop_id: str, file_id: str) -> None:
    upload = Upload.one(shop_id, Upload.file_id == file_id)
    if upload is not None:
        _drop(upload)
    stored_files.remove(shop_id, file_id)


def _drop(upload: Upload) -> None:
    Import.change(upload.shop_id, {Import.sample_rows: []}, Import.upload_id == upload.id)
    Upload.remove(upload.shop_id, Upload.id == upload.id)
    if upload.file_id:
        stored_files.remove(upload.shop_id, upload.file_id)


def _file(made: Import) -> CsvFile:
    """The file, as it was uploaded; raises NotFound, Unreadable."""
    upload = Upload.one(made.shop_id, Upload.id == made.upload_id)
    if upload is None or upload.file_id is None:
        raise NotFound("The file is gone.")
    return csv_files.read(partial(stored_files.opened, made.shop_id, upload.file_id))


def _looked_through(file: CsvFile) -> dict[str, Any]:
    rows = file.rows()
    first = [values for _, values in islice(rows, SAMPLE_ROWS + 1)]
    if not first:
        raise Unreadable("The file is empty.")
    has_header = not any(LIKE_EMAIL.fullmatch(value) for value in first[0])
    count = len(first) + sum(1 for _ in rows) - has_header
    if not count:
        raise Unreadable("There is no row below the header.")
    header = first[0] if has_header else [f"Column {number}" for number in range(1, len(first[0]) + 1)]
    samples = first[has_header:][:SAMPLE_ROWS]
    return {
        "status": "parsed",
        "has_header": has_header,
        "header": [value[:VALUE_LENGTH_MAX] for value in header[:HEADER_VALUES_MAX]],
        "sample_rows": [[value[:VALUE_LENGTH_MAX] for value in row[:SAMPLE_VALUES_MAX]] for row in samples],
        "row_count": count,
        "columns": _guessed(header[:HEADER_VALUES_MAX], samples),
    }


def _guessed(header: list[str], samples: list[list[str]]) -> list[int] | None:
    """Which columns are meant, by their headings, else by what stands in them; None when that is not clear."""
    width = range(len(header))
    by_value = {
        "email": [at for at in width if _all(samples, at, LIKE_EMAIL)],
        "points": [at for at in width if _all(samples, at, WHOLE)],
    }
    found = []
    for meant, headings in HEADINGS.items():
        names = {at: re.sub(r"[\W_]", "", header[at].lower()) for at in width}
        exactly = [at for at in width if names[at] in headings]
        partly = [at for at in width if any(word in names[at] for word in headings)]
        both = [at for at in partly if at in by_value[meant]]
        found += next((choice for choice in (exactly, both, partly, by_value[meant]) if len(choice) == 1), [])
    return found if len(set(found)) == len(HEADINGS) else None


def _all(rows: list[list[str]], at: int, pattern: re.Pattern[str]) -> bool:
    return all(at < len(row) and pattern.fullmatch(row[at]) for row in rows)


def _earlier(shop: Shop, made: Import) -> Import | None:
    """An import of the same content that still counts."""
    return (
        Import.of(shop)
        .join(Batch, on=(Batch.id == Import.batch_id))
        .where(
            Import.digest == made.digest,
            Import.id != made.id,
            Import.status.in_(("importing", "imported")),
            Batch.status.not_in(("undoing", "undone")),
        )
        .first()
    )


def _items(made: Import, batch: Batch, seen: set[str]) -> Iterator[tuple[Row, str]]:
    """Each row as an item, with its e-mail; `seen` are those further up."""
    at_email, at_points = made.columns
    for count, (number, values) in enumerate(_file(made).rows()):
        if count or not made.has_header:
            email, points = (values[at] if at < len(values) else "" for at in (at_email, at_points))
            code, email = _checked(email, points, batch.mode, seen)
            figure = None if code else int(re.split("[.,]", points)[0])
            status = "failed" if code else "waiting"
            names = {"shop_id": made.shop_id, "batch_id": batch.id, "line": number}
            yield Row(**names, account_id=None, points=figure, status=status, code=code), email


def _checked(email: str, points: str, mode: Mode, seen: set[str]) -> tuple[str | None, str]:
    """Why a row cannot be meant, before anybody is looked for; and the folded e-mail."""
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
    """Make rows the items of the batch, as many as a transaction may; returns how many of them are items now."""
    with atomic():
        lock_rows(Batch.of(shop).where(Batch.id == batch.id)).get()
        listed = _last_listed(batch)
        left = [(item, email) for item, email in rows if item.line > listed]
        if made.creates_customers:  # all at once: two imports of the same people do not wait in a ring
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
    """Who is meant by each address; None where several are, absent where nobody is.

    Its certain owner; else who only ever typed it, since that row is shown to nobody but the owner; else the one
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
        found |= {email: customers.recognise(shop.id, Person(email=email)) for email in sorted(emails - set(rows))}
    return found


def _errors(made: Import) -> Any:
    return BatchItem.of(made.shop_id).where(BatchItem.batch_id == made.batch_id, BatchItem.status == "failed")


def _error_lines(made: Import, file: CsvFile, codes: dict[int, str]) -> Iterator[str]:
    yield "\ufeff"  # without it Excel takes UTF-8 for Windows-1252
    if made.has_header:
        yield csv_files.line([*made.header, "reason"], file.delimiter)
    for number, values in file.rows():
        if number in codes:
            cells = [*values, *[""] * (len(made.header) - len(values))]
            yield csv_files.line([*cells, REASONS[codes[number]]], file.delimiter)


def _save(made: Import, was: str, **facts: Any) -> Import:
    """Note new facts, if the import still stands where it `was`."""
    changes = {**facts, "revision": Import.revision + 1, "updated_at": clock.now()}
    Import.change(made.shop_id, changes, Import.id == made.id, Import.status == was)
    return Import.need(made.shop_id, Import.id == made.id)
