"""Imports: what a CSV file says of many customers, found by their e-mail (acceptance 56, wix-api §2).

    upload address -> file -> import: parsing -> parsed -> importing -> imported      parsing, importing -> failed

An import books by a batch: progress, errors and undoing are the batch's.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Literal, Unpack

from peewee import Check

from widget_server import clock, job_queue, remains
from widget_server.db import Bool, Int, Json, ShopTable, Text, UtcDateTime, atomic, lock_rows, new_id
from widget_server.errors import AlreadyImported, BadRequest, ImportNotParsed, NotFound
from widget_server.events import BatchChanged, ImportCreated, emit
from widget_server.job_queue import JobName
from widget_server.json_types import JsonObject
from widget_server.loyalty.imports import columns, csv_files, formats, stored_files, uploads
from widget_server.loyalty.imports.columns import FIELDS, FileSummary, ImportMode, Mapped
from widget_server.loyalty.imports.csv_files import CsvFile, Opens, Unreadable
from widget_server.loyalty.imports.problems import REASONS
from widget_server.loyalty.imports.reading import Reader
from widget_server.loyalty.imports.scratch import Scratch
from widget_server.loyalty.imports.uploads import KEPT_DAYS, Upload
from widget_server.loyalty.people import former_codes
from widget_server.loyalty.people.forgetting import Forgotten
from widget_server.loyalty.points import batches
from widget_server.loyalty.points.adjustments import NO_ANNOTATION, Annotation
from widget_server.loyalty.points.batch_tables import Batch, BatchItem
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop

TEMPLATE = FIELDS["add"].template
PROBLEM_COLUMN = "problem"  # no heading that a field has: the corrected file is imported again
CODES_AT_ONCE = 1_000
PreviewStatus = Literal["running", "done", "failed"]


class Import(ShopTable):
    """One file and its state. `columns` are the positions of e-mail and points, from 0, as they were guessed.

    `mode` says what its rows are, `mapping` which column has which field, since a preview or the import itself was
    requested. `format` is the app whose columns the file has (formats.py). `day_first` is the order of days with
    slashes. `preview` is what previews.py found, `previewed` the rows it has read.
    """

    id = Text(primary_key=True)
    status = Text(default="parsing")
    upload_id = Text(unique=True)
    file_name = Text(null=True)
    size = Int()
    digest = Text()
    header = Json(default=list)
    sample_rows = Json(default=list)
    columns = Json(null=True)
    mode = Text(default="add")
    mapping = Json(null=True)
    format = Text(null=True)
    day_first = Bool(null=True)
    preview_status = Text(null=True)
    previewed = Int(default=0)
    preview = Json(null=True)
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


def create(shop: Shop, file_url: str, *, file_name: str | None = None, mode: ImportMode = "add") -> Import:
    """Create an import of an uploaded file, which a job reads. The same file address returns the same import.

    `mode` is what its rows probably are; a preview or `execute` decides. `file_url` is the upload's address or its last
    part: files elsewhere are not fetched. Raises BadRequest.
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
            mode=mode,
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
        known = formats.recognised(summary["header"])
    except (Unreadable, NotFound) as reason:
        _save(made, "parsing", status="failed", parse_error=str(reason))
    else:
        _save(made, "parsing", status="parsed", format=known.app if known else None, **summary)


def proposed(made: Import, mode: ImportMode) -> Mapped:
    """Returns the columns that the fields of a mode probably have, by field; empty while the file is being read."""
    known = formats.named(made.format)
    return columns.proposed(mode, made.header, made.sample_rows, known.fields if known else None)


def reader(shop: Shop, made: Import, scratch: Scratch) -> Reader:
    """Returns what reads the rows of this import, by its mode and mapping."""
    mapping = made.mapping or dict(zip(("email", "points"), made.columns or (), strict=False))
    return Reader(shop, made.mode, mapping, scratch, made.day_first, made.has_header)


def begin_preview(
    shop: Shop,
    import_id: str,
    *,
    mode: ImportMode = "add",
    mapping: Mapping[str, int] | None = None,
    creates_customers: bool = False,
    day_first: bool | None = None,
) -> Import:
    """Enqueue the job that reads every row as it would be booked, and books nothing (previews.py).

    A new preview replaces the former one. Raises NotFound, ImportNotParsed, ImportColumnsUnknown.
    """
    with atomic():
        made = _parsed(shop, import_id)
        requested = _save(
            made,
            "parsed",
            mode=mode,
            mapping=_chosen(made, mode, mapping),
            creates_customers=creates_customers,
            day_first=day_first,
            preview_status="running",
            previewed=0,
            preview=None,
        )
        job_queue.enqueue(JobName.PREVIEW_IMPORT, {"import_id": made.id, "revision": requested.revision})
        return requested


def execute(
    shop: Shop,
    import_id: str,
    *,
    source: str,
    mapping: Mapping[str, int] | None = None,
    mode: ImportMode = "add",
    again: bool = False,
    creates_customers: bool = False,
    day_first: bool | None = None,
    annotation: Annotation = NO_ANNOTATION,
) -> Import:
    """Book the rows of the file, as a job, in any state of the program.

    `mapping` has the positions of the fields when they differ from those found. `add` is the default, as the
    guide has it ("Add points to existing member balances", wix-api §1b); `set` makes the figure the balance. `members`
    stores what is known of customers, `history` books what they earned and spent on earlier days, and `codes` keeps
    unspent codes of another app (contracts §22).
    Existing customers only: an unknown e-mail is an error of its row, unless `creates_customers`, for shops that
    move here from another app: then they are visitors, and see their points once their address is verified.

    Raises NotFound, ImportNotParsed, ImportColumnsUnknown, and AlreadyImported when the same content was imported
    before, and not undone, unless `again`.
    """
    with atomic():
        made = _parsed(shop, import_id)
        chosen = _chosen(made, mode, mapping)
        earlier = None if again else _earlier(shop, made)
        if earlier is not None:
            raise AlreadyImported(import_id=earlier.id)
        batch, _ = batches.create(
            shop,
            "import",
            "set" if mode in ("set", "members") else "add",
            source=source,
            key=f"import:{made.id}",
            annotation=annotation,
            in_turns=mode == "history",
        )
        job_queue.enqueue(JobName.LIST_IMPORT, {"batch_id": batch.id})
        return _save(
            made,
            "parsed",
            status="importing",
            mode=mode,
            mapping=chosen,
            batch_id=batch.id,
            creates_customers=creates_customers,
            day_first=day_first,
        )


def _parsed(shop: Shop, import_id: str) -> Import:
    """Returns the import, locked. Raises NotFound, ImportNotParsed."""
    made = lock_rows(Import.of(shop).where(Import.id == import_id)).first() or Import.need(shop, Import.id == import_id)
    if made.status != "parsed":
        raise ImportNotParsed(status=made.status)
    return made


def _chosen(made: Import, mode: ImportMode, mapping: Mapping[str, int] | None) -> Mapped:
    """Returns the columns of the fields: as given, as in the last preview, or as found. Raises ImportColumnsUnknown."""
    if mapping is None:
        mapping = made.mapping if made.mapping and made.mode == mode else proposed(made, mode)
    return columns.checked(mode, mapping)


def follow(event: BatchChanged) -> None:
    """Update the status of an import from its batch, if the batch is one of an import."""
    made = Import.one(event.shop_id, Import.batch_id == event.batch_id)
    status = {"done": "imported", "failed": "failed"}.get(event.status)
    if made is not None and status is not None:
        _save(made, "importing", status=status)
    if made is not None and event.status == "undone":
        former_codes.remove_of_batch(event.shop_id, event.batch_id)


def error_file(shop: Shop, import_id: str, sentences: Mapping[str, str] = REASONS) -> Iterator[str]:
    """Yields the lines of a CSV file with the rows that were not imported, each followed by the sentence of its code.

    It has the file's delimiter, so that it can be corrected and imported. Raises NotFound when there is none.
    """
    made = Import.need(shop, Import.id == import_id)
    if not _errors(made).exists():
        raise NotFound("No row of this import failed.")
    return _error_lines(made, uploads.file_of(made.shop_id, made.upload_id), sentences)


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
            remains.note(shops.by_id(upload.shop_id).timezone)
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
        if made.preview and person.is_named_in(json.dumps(made.preview, ensure_ascii=False)):
            Import.change(person.shop_id, {Import.preview: {**made.preview, "rows": []}}, Import.id == made.id)


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
    for made in list(Import.of(upload.shop_id).where(Import.upload_id == upload.id, Import.preview.is_null(False))):
        without_rows = {Import.preview: {**made.preview, "rows": []}}
        Import.change(upload.shop_id, without_rows, Import.id == made.id)
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


def _error_lines(made: Import, file: CsvFile, sentences: Mapping[str, str]) -> Iterator[str]:
    """Both the file and the codes are read in the order of their lines, so that neither is in memory as a whole."""
    yield "\ufeff"  # without it Excel takes UTF-8 for Windows-1252
    if made.has_header:
        yield csv_files.line([*made.header, PROBLEM_COLUMN], file.delimiter)
    codes = _codes(made)
    failed, code = next(codes, (0, ""))
    for number, values in file.rows():
        if number == failed:
            cells = [*values, *[""] * (len(made.header) - len(values))]
            yield csv_files.line([*cells, str(sentences[code])], file.delimiter)
            failed, code = next(codes, (0, ""))


def _codes(made: Import) -> Iterator[tuple[int, str]]:
    """Yields the numbers and codes of the lines that failed, in their order, read by pages."""
    last = 0
    while True:
        after = _errors(made).where(BatchItem.line > last).order_by(BatchItem.line).limit(CODES_AT_ONCE)
        page = list(after.select(BatchItem.line, BatchItem.code).tuples())
        yield from page
        if len(page) < CODES_AT_ONCE:
            return
        last = page[-1][0]


class _Changes(FileSummary, total=False):
    """The columns of an import that change while it runs."""

    status: str
    mode: ImportMode
    mapping: Mapped
    format: str | None
    day_first: bool | None
    preview_status: PreviewStatus
    previewed: int
    preview: JsonObject | None
    parse_error: str
    batch_id: str
    creates_customers: bool


def _save(made: Import, was: str, **facts: Unpack[_Changes]) -> Import:
    """Save new facts, if the import still has the status `was`; returns it."""
    changes = {**facts, "revision": Import.revision + 1, "updated_at": clock.now()}
    Import.change(made.shop_id, changes, Import.id == made.id, Import.status == was)
    return Import.need(made.shop_id, Import.id == made.id)
