"""Files that pages offer for download."""

from collections.abc import Iterable

from flask import Response


def csv_file(lines: Iterable[str], name: str) -> Response:
    """Returns the lines as a CSV file of this name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response("".join(lines), content_type="text/csv; charset=utf-8", headers=headers)
