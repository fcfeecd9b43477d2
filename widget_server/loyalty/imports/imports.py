"""Imports: points of many customers from a CSV file, found by their e-mail (acceptance 56, wix-api §2).

    upload address -> file -> import: parsing -> parsed -> importing -> imported      parsing, importing -> failed

An import books by a batch: progress, errors and undoing are the batch's.
"""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any, Unpack

from peewee import Check

from widget_server import clock, job_queue
from widget_server.db import Bool, Int, Json, ShopTable, Text, UtcDateTime, atomic, lock_rows, new_id
from widget_server.errors import AlreadyImported, BadRequest, ImportColumnsUnknown, ImportNotParsed, NotFound
from widget_server.events import BatchChanged, ImportCreated, emit
from widget_server.job_queue import JobName
from widget_server.loyalty.imports import columns, csv_files, stored_files, uploads
from widget_server.loyalty.imports.columns import HEADER_VALUES_MAX, FileSummary
from widget_server.loyalty.imports.csv_files import CsvFile, Opens, Unreadable
from widget_server.loyalty.imports.uploads import KEPT_DAYS, Upload
from widget_server.loyalty.people.forgetting import Forgotten
from widget_server.loyalty.points import batches
from widget_server.loyalty.points.adjustments import NO_ANNOTATION, Annotation
from widget_server.loyalty.points.batches import Batch, BatchItem, Mode
from widget_server.loyalty.program.shops import Shop

TEMPLATE = "email,points\r\nann@example.com,100\r\n"
REASONS = {  # why a row was not imported, for staff
    "email_invalid": "No mail reaches this address: write it as ann@example.com, without brackets or invisible signs.",
    "email_unknown": "No customer has this e-mail address.",
    "email_ambiguous": "Several customers use this e-mail address.",
    "email_twice": "An earlier row has this e-mail address; that row counts.",
    "points_invalid": "Points are a whole number, without separators.",
    "points_out_of_range": "That is more points than a row can hold.",
    "balance_negative": "A balance cannot be set below zero.",
    **batches.REASONS,
}


class Import(ShopTable):
    """One file and its state. `columns` are the positions of e-mail and points, from 0, guessed or given."""

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


def create(shop: Shop, file_url: str, *, file_name: str | None = None) -> Import:
    """Create an import of an uploaded file, which a job reads. The same file address returns the same import.

    `file_url` is the upload's address or its last part: files elsewhere are not fetched. Raises BadRequest.
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
        job_queue.enqueue(JobName.PARSE_IMPORT, {"import_id": made.id})
        emit(ImportCreated(shop.id, made.id))
        return made


def parse(import_id: str) -> None:
    """The job that reads the whole file: header, number of rows, samples, and the columns of e-mail and points."""
    made: Import = Import.everywhere().where(Import.id == import_id).get()
    try:
        summary = columns.summary_of(uploads.file_of(made.shop_id, made.upload_id))
    except (Unreadable, NotFound) as reason:
        _save(made, "parsing", status="failed", parse_error=str(reason))
    else:
        _save(made, "parsing", status="parsed", **summary)


def execute(
    shop: Shop,
    import_id: str,
    *,
    source: str,
    columns: tuple[int, int] | None = None,
    mode: Mode = "add",
    again: bool = False,
    creates_customers: bool = False,
    annotation: Annotation = NO_ANNOTATION,
) -> Import:
    """Book the rows of the file, as a job: an adjust for each row, in any state of the program.

    `columns` are the positions of e-mail and points when they differ from those found. `add` is the default, as the
    guide has it ("Add points to existing member balances", wix-api §1b); `set` makes the figure the balance.
    Existing customers only: an unknown e-mail is an error of its row, unless `creates_customers`, for shops that
    move here from another app: then they are visitors, and see their points once their address is verified.

    Raises NotFound, ImportNotParsed, ImportColumnsUnknown, and AlreadyImported when the same content was imported
    before, and not undone, unless `again`.
    """
    with atomic():
        made = lock_rows(Import.of(shop).where(Import.id == import_id)).first() or Import.need(
            shop, Import.id == import_id
        )
        if made.status != "parsed":
            raise ImportNotParsed(status=made.status)
        chosen = _chosen(made, columns)
        earlier = None if again else _earlier(shop, made)
        if earlier is not None:
            raise AlreadyImported(import_id=earlier.id)
        batch, _ = batches.create(shop, "import", mode, source=source, key=f"import:{made.id}", annotation=annotation)
        job_queue.enqueue(JobName.LIST_IMPORT, {"batch_id": batch.id})
        return _save(
            made,
            "parsed",
            status="importing",
            columns=chosen,
            batch_id=batch.id,
            creates_customers=creates_customers,
        )


def _chosen(made: Import, columns: tuple[int, int] | None) -> list[int]:
    """Returns the positions of e-mail and points, given or found; raises ImportColumnsUnknown unless they are two."""
    chosen = list(columns) if columns is not None else made.columns
    if chosen is None or len(set(chosen)) != len(chosen) or not all(0 <= at < HEADER_VALUES_MAX for at in chosen):
        raise ImportColumnsUnknown()
    return list(chosen)


def follow(event: BatchChanged) -> None:
    """Update the status of an import from its batch, if the batch is one of an import."""
    made = Import.one(event.shop_id, Import.batch_id == event.batch_id)
    status = {"done": "imported", "failed": "failed"}.get(event.status)
    if made is not None and status is not None:
        _save(made, "importing", status=status)


def error_file(shop: Shop, import_id: str) -> Iterator[str]:
    """Yields the lines of a CSV file with the rows that were not imported, each followed by the reason.

    It has the file's delimiter, so that it can be corrected and imported. Raises NotFound when there is none.
    """
    made = Import.need(shop, Import.id == import_id)
    codes = dict(_errors(made).select(BatchItem.line, BatchItem.code).tuples())
    if not codes:
        raise NotFound("No row of this import failed.")
    file = uploads.file_of(made.shop_id, made.upload_id)
    return _error_lines(made, file, codes)


def has_error_file(made: Import) -> bool:
    """True while `error_file` has rows."""
    kept = Upload.one(made.shop_id, Upload.id == made.upload_id)
    return kept is not None and made.batch_id is not None and bool(_errors(made).exists())


def forget_old() -> None:
    """Delete files and samples, which hold e-mail addresses, after 30 days; the figures stay."""
    kept = timedelta(days=KEPT_DAYS)
    for upload in list(Upload.everywhere().where(Upload.created_at < clock.now() - kept)):
        with atomic():
            _drop(upload)
    stored_files.forget_old(kept)


def forget(person: Forgotten) -> None:
    """Delete files that name this person or cannot be read, with the file names and samples that hold their data.

    An import that still needs its file fails, with the reason.
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


def _earlier(shop: Shop, made: Import) -> Import | None:
    """Returns an import of the same content that was not undone; None when there is none."""
    found: Import | None = (
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
    return found


def _errors(made: Import) -> Any:  # a query, which peewee does not type
    return BatchItem.of(made.shop_id).where(BatchItem.batch_id == made.batch_id, BatchItem.status == "failed")


def _error_lines(made: Import, file: CsvFile, codes: dict[int, str]) -> Iterator[str]:
    yield "\ufeff"  # without it Excel takes UTF-8 for Windows-1252
    if made.has_header:
        yield csv_files.line([*made.header, "reason"], file.delimiter)
    for number, values in file.rows():
        if number in codes:
            cells = [*values, *[""] * (len(made.header) - len(values))]
            yield csv_files.line([*cells, REASONS[codes[number]]], file.delimiter)


class _Changes(FileSummary, total=False):
    """The columns of an import that change while it runs."""

    status: str
    parse_error: str
    batch_id: str
    creates_customers: bool


def _save(made: Import, was: str, **facts: Unpack[_Changes]) -> Import:
    """Save new facts, if the import still has the status `was`; returns it."""
    changes = {**facts, "revision": Import.revision + 1, "updated_at": clock.now()}
    Import.change(made.shop_id, changes, Import.id == made.id, Import.status == was)
    return Import.need(made.shop_id, Import.id == made.id)
