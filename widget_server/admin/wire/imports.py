"""LoyaltyImport on the wire (wix-api §2)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, TypedDict, cast

from marshmallow import ValidationError
from marshmallow.validate import Length

from widget_server.loyalty.imports import previews
from widget_server.loyalty.imports.columns import ImportMode, Mapped, in_order
from widget_server.loyalty.imports.imports import Import
from widget_server.loyalty.imports.problems import REASONS
from widget_server.loyalty.people import former_codes
from widget_server.loyalty.points.batch_tables import Batch
from widget_server.web.texts import text
from widget_server.web.typed_schemas import together
from widget_server.web.wire import Choice, CursorPagingMetadata, Guid, Points, Revision, Rule

STATUSES = {one: one.lower() for one in ("PARSING", "PARSED", "IMPORTING", "IMPORTED", "FAILED")}
Column = Literal[
    "EMAIL",
    "POINTS",
    "NAME",
    "FIRST_NAME",
    "LAST_NAME",
    "PHONE",
    "BIRTHDAY",
    "TIER",
    "TIER_UNTIL",
    "LABELS",
    "REFERRAL_CODE",
    "ACCEPTS_MARKETING",
    "DATE",
    "REASON",
    "CODE",
    "KIND",
    "AMOUNT",
    "PERCENT",
    "MINIMUM_SUBTOTAL",
    "EXPIRES",
]
MODES = {one: one.lower() for one in ("ADD", "SET", "MEMBERS", "HISTORY", "CODES")}
PREVIEW_STATUSES = {one: one.lower() for one in ("RUNNING", "DONE", "FAILED")}


class Values(TypedDict):
    """One line of the file."""

    values: list[str]


class HeaderMapping(TypedDict):
    """The column, counted from 0, of a field. Which fields an import has depends on its mode."""

    column_name: Column
    column_index: Annotated[int, Points(low=0, high=99)]


class EachOnce(Rule):
    """Requires EMAIL, and each field at most once; a JSON Schema cannot express this."""

    def check(self, data: dict[str, object], partial: bool) -> None:
        mappings = cast("list[HeaderMapping]", data.get("header_mappings", []))  # as loaded by HeaderMappingInfo
        names = [one["column_name"] for one in mappings]
        if "EMAIL" not in names or len(set(names)) != len(names):
            raise ValidationError("EMAIL, and each field at most once.", field_name="headerMappings")


@together(EachOnce())
class HeaderMappingInfo(TypedDict):
    """The columns of the fields."""

    header_mappings: Annotated[list[HeaderMapping], Length(min=2, max=20)]


class FileMetadata(TypedDict, total=False):
    """The file: its name, size in bytes, header and first rows."""

    size: int
    name: str | None
    url: str
    header: Values
    header_mapping_info: HeaderMappingInfo | None
    sample_data_rows: list[Values]


class ParseResult(TypedDict, total=False):
    """The result of reading the file."""

    parsed_row_count: int | None
    parse_error_reason: str | None


class ImportResult(TypedDict):
    """The result of booking the rows."""

    error_file_exists: bool
    success_count: int | None
    failure_count: int | None


class LoyaltyImport(TypedDict, total=False):
    """A file about many customers. `asyncImportJobId` is its batch, which has the progress and can be undone.

    Our additions to Wix's: `mode`; `recognizedFormat`, the app whose columns the file has; and `previewStatus`.
    """

    id: Guid
    async_import_job_id: Guid | None
    revision: Annotated[int, Revision()]
    status: Annotated[str, Choice(STATUSES)]
    file_metadata: FileMetadata
    parse_result: ParseResult
    import_result: ImportResult
    mode: Annotated[str, Choice(MODES)]
    recognized_format: str | None
    preview_status: Annotated[str | None, Choice(PREVIEW_STATUSES)]
    created_date: datetime
    updated_date: datetime


@dataclass(frozen=True)
class NewImport:
    """An uploaded file: its address, or its `filePath`."""

    file_url: Annotated[str, text(3, 10_000)]
    file_name: Annotated[str | None, text(1, 1000)] = None
    file_size: Annotated[int | None, Points(low=0, high=104_857_600)] = None


@dataclass(frozen=True)
class ImportQuery:
    """The import by its id."""

    loyalty_import_id: Guid


@dataclass(frozen=True)
class ExecuteImport:
    """The import to book, and its columns; our additions to Wix's are `mode`, `again`, `createsCustomers`, `dayFirst`,
    `description` and `reason`.

    `dayFirst` is the order of days such as 03/04/2026 in the file.
    """

    loyalty_import_id: Guid
    header_mapping_info: HeaderMappingInfo | None = None
    mode: Annotated[ImportMode | None, Choice(MODES)] = None
    again: bool | None = None
    creates_customers: bool | None = None
    day_first: bool | None = None
    description: Annotated[str | None, text(1, 100)] = None
    reason: Annotated[str | None, text(1, 500)] = None


@dataclass(frozen=True)
class BeginPreview:
    """The import to look at, and what `execute` would be sent."""

    loyalty_import_id: Guid
    header_mapping_info: HeaderMappingInfo | None = None
    mode: Annotated[ImportMode | None, Choice(MODES)] = None
    creates_customers: bool | None = None
    day_first: bool | None = None


class PreviewCell(TypedDict):
    """One cell of a row, and the field that it is read as."""

    column_name: str
    value: str


class PreviewRow(TypedDict):
    """One of the first rows: its number in the file, its cells, and the code of its problem."""

    line: Annotated[int, Points()]
    cells: list[PreviewCell]
    code: str | None


class PreviewProblem(TypedDict):
    """A row that would not be imported: its number in the file, the field that causes it, its code and a sentence."""

    line: Annotated[int, Points()]
    column_name: str
    code: str
    reason: str


class ProblemCount(TypedDict):
    """How many rows have a problem."""

    code: str
    count: Annotated[int, Points()]


class ImportPreview(TypedDict, total=False):
    """What the import would do: its first 10 rows, its first 100 problems, all of them counted, and the totals.

    Customers: found, created and joined. Points: added and removed; the balances before and after are sums over the
    customers of the good rows. `failureReason`: why the file cannot be read any more.
    """

    status: Annotated[str | None, Choice(PREVIEW_STATUSES)]
    read_row_count: Annotated[int, Points()]
    rows: list[PreviewRow]
    problems: list[PreviewProblem]
    problem_counts: list[ProblemCount]
    good_row_count: Annotated[int, Points()]
    bad_row_count: Annotated[int, Points()]
    customers_found: Annotated[int, Points()]
    customers_created: Annotated[int, Points()]
    customers_joined: Annotated[int, Points()]
    points_added: Annotated[int, Points()]
    points_removed: Annotated[int, Points()]
    balance_before: Annotated[int, Points()]
    balance_after: Annotated[int, Points()]
    referral_codes: Annotated[int, Points()]
    coupons: Annotated[int, Points()]
    failure_reason: str | None


class PreviewResponse(TypedDict):
    """The preview."""

    preview: ImportPreview


@dataclass(frozen=True)
class TemplateQuery:
    """The mode of an import."""

    mode: Annotated[ImportMode, Choice(MODES)]


class Template(TypedDict):
    """A file with the fields of a mode as its header, and examples below it."""

    csv: str


@dataclass(frozen=True)
class FormerCodesQuery:
    """The customer by their id."""

    customer_id: Guid


class FormerCode(TypedDict):
    """A referral code that the customer had in another app, and which leads to them here too."""

    id: Guid
    customer_id: Guid
    code: str
    created_date: datetime


class FormerCodes(TypedDict):
    """The codes of a customer, the oldest first."""

    former_referral_codes: list[FormerCode]


class FormerCodeRemoved(TypedDict):
    """The id of the removed code."""

    id: Guid


class ImportResponse(TypedDict):
    """One import."""

    loyalty_import: LoyaltyImport


class ImportsPage(TypedDict):
    """Imports, and the paging metadata."""

    loyalty_imports: list[LoyaltyImport]
    paging_metadata: CursorPagingMetadata


class UploadUrl(TypedDict):
    """The address to PUT the file to, and the `filePath` that names it in later calls."""

    file_path: str
    upload_url: str


class UploadedFile(TypedDict):
    """The file that was received, with its size in bytes."""

    file_path: str
    size: int
    uploaded_date: datetime


class Url(TypedDict):
    """The address of a file."""

    url: str


def loyalty_import(row: Import, batch: Batch | None, file_url: str, *, has_errors: bool) -> LoyaltyImport:
    """Returns the row as the wire has it; `batch` is the one that books it, `has_errors` whether a line failed."""
    return {
        "id": row.id,
        "async_import_job_id": row.batch_id,
        "revision": row.revision,
        "status": row.status,
        "file_metadata": {
            "size": row.size,
            "name": row.file_name,
            "url": file_url,
            "header": {"values": row.header},
            "header_mapping_info": _mapping(row),
            "sample_data_rows": [{"values": values} for values in row.sample_rows],
        },
        "parse_result": {"parsed_row_count": row.row_count, "parse_error_reason": row.parse_error},
        "import_result": {
            "error_file_exists": has_errors,
            "success_count": batch.succeeded + batch.skipped if batch else None,
            "failure_count": batch.failed if batch else None,
        },
        "mode": row.mode,
        "recognized_format": row.format,
        "preview_status": row.preview_status,
        "created_date": row.created_at,
        "updated_date": row.updated_at,
    }


def preview(row: Import) -> ImportPreview:
    """Returns the import's preview as the wire has it; while there is none, its status alone."""
    shown: ImportPreview = {"status": row.preview_status, "read_row_count": row.previewed}
    if row.preview is None:
        return shown
    found = cast("previews.Preview", row.preview)
    return {
        **shown,
        "rows": [_row(row.mode, one) for one in found["rows"]],
        "problems": [
            {
                "line": one["line"],
                "column_name": one["field"].upper(),
                "code": one["code"],
                "reason": REASONS[one["code"]],
            }
            for one in found["listed"]
        ],
        "problem_counts": [{"code": code, "count": count} for code, count in sorted(found["problems"].items())],
        "good_row_count": found["good"],
        "bad_row_count": found["bad"],
        "customers_found": found["found"],
        "customers_created": found["created"],
        "customers_joined": found["joined"],
        "points_added": found["points_added"],
        "points_removed": found["points_removed"],
        "balance_before": found["balance_before"],
        "balance_after": found["balance_after"],
        "referral_codes": found["referral_codes"],
        "coupons": found["coupons"],
        "failure_reason": found["failed"],
    }


def former_code(row: former_codes.FormerCode) -> FormerCode:
    """Returns the code as the wire has it."""
    return {"id": row.id, "customer_id": row.customer_id, "code": row.code, "created_date": row.created_at}


def _row(mode: ImportMode, row: previews.PreviewRow) -> PreviewRow:
    cells = in_order(mode, row["cells"])
    shown: list[PreviewCell] = [{"column_name": name.upper(), "value": value} for name, value in cells]
    return {"line": row["line"], "cells": shown, "code": row["code"]}


def mapping(body: ExecuteImport | BeginPreview) -> Mapped | None:
    """Returns the columns of the fields, counted from 0; None if the body names none."""
    if body.header_mapping_info is None:
        return None
    return {one["column_name"].lower(): one["column_index"] for one in body.header_mapping_info["header_mappings"]}


def _mapping(row: Import) -> HeaderMappingInfo | None:
    known = row.mapping or dict(zip(("email", "points"), row.columns or (), strict=False))
    pairs = [(cast("Column", name.upper()), at) for name, at in in_order(row.mode, known)]
    return {"header_mappings": [{"column_name": name, "column_index": at} for name, at in pairs]} if pairs else None
