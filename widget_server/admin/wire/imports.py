"""LoyaltyImport on the wire (wix-api §2)."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from widget_server.loyalty.points.batches import Batch
from widget_server.loyalty.points.imports import Import
from widget_server.web.wire import Choice, Flag, Points, Revision, Wire, WireTime, guid, page_of, text, wrapped

STATUSES = {one: one.lower() for one in ("PARSING", "PARSED", "IMPORTING", "IMPORTED", "FAILED")}
COLUMNS = ("EMAIL", "POINTS")


class Values(Wire):
    """One line of the file."""

    values = fields.List(fields.String(), required=True)


class HeaderMapping(Wire):
    """Which column, from 0, holds what."""

    column_name = fields.String(required=True, validate=validate.OneOf(COLUMNS))
    column_index = Points(low=0, high=99, required=True)


class HeaderMappingInfo(Wire):
    """Both columns."""

    header_mappings = fields.List(fields.Nested(HeaderMapping), required=True, validate=validate.Length(equal=2))

    @validates_schema
    def _both(self, data: dict[str, Any], **_: Any) -> None:
        if {one["column_name"] for one in data.get("header_mappings", ())} != set(COLUMNS):
            raise ValidationError("EMAIL and POINTS, each exactly once.", field_name="headerMappings")


class FileMetadata(Wire):
    """What is known of the file."""

    size = fields.Integer()
    name, url = fields.String(), fields.String()
    header = fields.Nested(Values)
    header_mapping_info = fields.Nested(HeaderMappingInfo)
    sample_data_rows = fields.List(fields.Nested(Values))


class ParseResult(Wire):
    """How reading it went."""

    parsed_row_count = fields.Integer()
    parse_error_reason = fields.String()


class ImportResult(Wire):
    """How booking it went."""

    error_file_exists = fields.Boolean(required=True)
    success_count, failure_count = fields.Integer(), fields.Integer()


class LoyaltyImport(Wire):
    """A file of e-mails and points. `asyncImportJobId` is its batch, which tells progress and can be undone."""

    id, async_import_job_id = guid(), guid()
    revision = Revision()
    status = Choice(STATUSES)
    file_metadata = fields.Nested(FileMetadata)
    parse_result = fields.Nested(ParseResult)
    import_result = fields.Nested(ImportResult)
    created_date, updated_date = WireTime(), WireTime()


class UploadAnswer(Wire):
    """Where to PUT the file, and by what name to speak of it."""

    file_path, upload_url = fields.String(required=True), fields.String(required=True)


class Received(Wire):
    """The file is here."""

    file_path = fields.String(required=True)
    size = fields.Integer(required=True)
    uploaded_date = WireTime(required=True)


class CreateImport(Wire):
    """An uploaded file: its address, or its `filePath`."""

    file_url = text(3, 10_000, required=True)
    file_name = text(1, 1000)
    file_size = Points(low=0, high=104_857_600)


class ImportAsked(Wire):
    """Which import."""

    loyalty_import_id = guid(required=True)


class ExecuteImport(ImportAsked):
    """And which columns; ours beside Wix's are `mode`, `again`, `createsCustomers`, `description` and `reason`."""

    header_mapping_info = fields.Nested(HeaderMappingInfo)
    mode = Choice({"ADD": "add", "SET": "set"})
    again = Flag()
    creates_customers = Flag()
    description = text(1, 100)
    reason = text(1, 500)


class Url(Wire):
    """An address."""

    url = fields.String(required=True)


ImportBody = wrapped("loyalty_import", LoyaltyImport)
ImportsPage = page_of("loyalty_imports", LoyaltyImport)


def loyalty_import(row: Import, batch: Batch | None, file_url: str, *, has_errors: bool) -> dict[str, Any]:
    """The row as LoyaltyImport writes it."""
    mappings = [{"column_name": name, "column_index": at} for name, at in zip(COLUMNS, row.columns or (), strict=False)]
    booked = {"success_count": batch.succeeded + batch.skipped, "failure_count": batch.failed} if batch else {}
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
            "header_mapping_info": {"header_mappings": mappings} if mappings else None,
            "sample_data_rows": [{"values": values} for values in row.sample_rows],
        },
        "parse_result": {"parsed_row_count": row.row_count, "parse_error_reason": row.parse_error},
        "import_result": {"error_file_exists": has_errors, **booked},
        "created_date": row.created_at,
        "updated_date": row.updated_at,
    }


def columns(body: dict[str, Any]) -> tuple[int, int] | None:
    """The places of e-mail and points, where they are told."""
    told = body.get("header_mapping_info")
    if not told:
        return None
    at = {one["column_name"]: one["column_index"] for one in told["header_mappings"]}
    return at["EMAIL"], at["POINTS"]
