"""Refusals of imports and of changes of many accounts."""

from collections.abc import Sequence

from widget_server.errors.base import BadRequest, Refusal


class BatchUnfinished(Refusal):
    """The batch, or its undo, is still running."""

    kind, code, message = "conflict", "batch_unfinished", "This change is not finished yet. Try again later."


class UploadGone(Refusal):
    """The upload address was used, has expired or is not valid."""

    kind, code, message = "not_found", "upload_gone", "This upload address was used or has expired. Request a new one."


class FileTooLarge(BadRequest):
    """A file for an import can have at most 10 MB."""

    code, message = "file_too_large", "The file is too large: 10 MB at most."


class ImportNotParsed(Refusal):
    """Only an import that was parsed and not yet executed can be executed; `status` says how far it is."""

    kind, code, message = "conflict", "import_not_parsed", "This import cannot be executed now."


class ImportColumnsUnknown(BadRequest):
    """It is not clear which columns have the fields that the mode needs; send a header mapping."""

    code, message = "import_columns_unknown", "Say which column has the e-mails and which the points."

    def __init__(self, missing: Sequence[str] = ()) -> None:
        named = f"Say which column has: {', '.join(missing)}." if missing else None
        super().__init__(named, field="headerMappingInfo")


class AlreadyImported(Refusal):
    """A file with the same content was imported before; `import_id` names that import (acceptance 56)."""

    kind, code, message = "conflict", "already_imported", "This file was imported before: see import_id."
