"""LoyaltyImport on the wire (wix-api §2)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, TypedDict, cast

from marshmallow import ValidationError
from marshmallow.validate import Length

from widget_server.loyalty.imports.imports import Import
from widget_server.loyalty.points.batches import Batch, Mode
from widget_server.web.typed_schemas import together
from widget_server.web.wire import Choice, CursorPagingMetadata, Guid, Points, Revision, Rule, text

STATUSES = {one: one.lower() for one in ("PARSING", "PARSED", "IMPORTING", "IMPORTED", "FAILED")}
Column = Literal["EMAIL", "POINTS"]
COLUMNS: tuple[Column, ...] = ("EMAIL", "POINTS")


class Values(TypedDict):
    """One line of the file."""

    values: list[str]


class HeaderMapping(TypedDict):
    """The column, counted from 0, of e-mails or of points."""

    column_name: Column
    column_index: Annotated[int, Points(low=0, high=99)]


class BothColumns(Rule):
    """Requires EMAIL and POINTS, each once; a JSON Schema cannot express this."""

    def check(self, data: dict[str, object], partial: bool) -> None:
        mappings = cast("list[HeaderMapping]", data.get("header_mappings", []))  # as loaded by HeaderMappingInfo
        if {one["column_name"] for one in mappings} != set(COLUMNS):
            raise ValidationError("EMAIL and POINTS, each exactly once.", field_name="headerMappings")


@together(BothColumns())
class HeaderMappingInfo(TypedDict):
    """The mappings of both columns."""

    header_mappings: Annotated[list[HeaderMapping], Length(equal=2)]


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
    """A file of e-mails and points. `asyncImportJobId` is its batch, which has the progress and can be undone."""

    id: Guid
    async_import_job_id: Guid | None
    revision: Annotated[int, Revision()]
    status: Annotated[str, Choice(STATUSES)]
    file_metadata: FileMetadata
    parse_result: ParseResult
    import_result: ImportResult
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
    """The import to book, and its columns; our additions to Wix's are `mode`, `again`, `createsCustomers`,
    `description` and `reason`.
    """

    loyalty_import_id: Guid
    header_mapping_info: HeaderMappingInfo | None = None
    mode: Annotated[Mode | None, Choice({"ADD": "add", "SET": "set"})] = None
    again: bool | None = None
    creates_customers: bool | None = None
    description: Annotated[str | None, text(1, 100)] = None
    reason: Annotated[str | None, text(1, 500)] = None


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
            "header_mapping_info": _mapping(row.columns),
            "sample_data_rows": [{"values": values} for values in row.sample_rows],
        },
        "parse_result": {"parsed_row_count": row.row_count, "parse_error_reason": row.parse_error},
        "import_result": {
            "error_file_exists": has_errors,
            "success_count": batch.succeeded + batch.skipped if batch else None,
            "failure_count": batch.failed if batch else None,
        },
        "created_date": row.created_at,
        "updated_date": row.updated_at,
    }


def columns(body: ExecuteImport) -> tuple[int, int] | None:
    """Returns the columns of e-mail and points, counted from 0; None if the body names none."""
    if body.header_mapping_info is None:
        return None
    at = {one["column_name"]: one["column_index"] for one in body.header_mapping_info["header_mappings"]}
    return at["EMAIL"], at["POINTS"]


def _mapping(columns: list[int] | None) -> HeaderMappingInfo | None:
    if not columns:
        return None
    pairs = zip(COLUMNS, columns, strict=False)
    return {"header_mappings": [{"column_name": name, "column_index": at} for name, at in pairs]}
