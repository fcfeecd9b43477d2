"""Files that pages offer for download."""

from collections.abc import Iterable

from flask import Response, stream_with_context


def csv_file(lines: Iterable[str], name: str, *, streams: bool = False) -> Response:
    """Returns the lines as a CSV file of this name; a large one is sent line by line (`streams`)."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    body = stream_with_context(iter(lines)) if streams else "".join(lines)
    return Response(body, content_type="text/csv; charset=utf-8", headers=headers)
