"""The columns of an import's file: its header and samples, and which columns hold e-mails and points."""

import re
from itertools import islice
from typing import TypedDict

from widget_server.loyalty.imports.csv_files import CsvFile, Unreadable

HEADER_VALUES_MAX, SAMPLE_ROWS, SAMPLE_VALUES_MAX, VALUE_LENGTH_MAX = 100, 5, 20, 1000
WHOLE = re.compile(r"[+-]?\d{1,18}([.,]0{1,2})?")  # "100.00" is 100; "1,000" may be 1 or 1000: never guess points
LIKE_EMAIL = re.compile(r"[^@]+@[^@]+")  # a cell that looks like an address, valid or not
HEADINGS = {
    "email": ("email", "mail", "courriel", "correo", "adresse", "address"),
    "points": ("points", "balance", "punkte", "puntos", "punti", "pontos", "punten", "saldo"),
}


class FileSummary(TypedDict, total=False):
    """What was found in a file: header and samples for display, truncated to what a row can store.

    `columns` are the positions of e-mail and points, from 0; None when they are ambiguous.
    """

    has_header: bool
    header: list[str]
    sample_rows: list[list[str]]
    row_count: int
    columns: list[int] | None


def summary_of(file: CsvFile) -> FileSummary:
    """Read the whole file; returns header, samples, number of rows, and the columns of e-mail and points.

    Raises Unreadable for an empty file, or one without a row below its header.
    """
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
        "has_header": has_header,
        "header": [value[:VALUE_LENGTH_MAX] for value in header[:HEADER_VALUES_MAX]],
        "sample_rows": [[value[:VALUE_LENGTH_MAX] for value in row[:SAMPLE_VALUES_MAX]] for row in samples],
        "row_count": count,
        "columns": _guessed(header[:HEADER_VALUES_MAX], samples),
    }


def _guessed(header: list[str], samples: list[list[str]]) -> list[int] | None:
    """Returns the columns of e-mail and points by their headings, else by their values; None when ambiguous."""
    width = range(len(header))
    by_value = {
        "email": [at for at in width if _all(samples, at, LIKE_EMAIL)],
        "points": [at for at in width if _all(samples, at, WHOLE)],
    }
    found = []
    for meant, headings in HEADINGS.items():
        names = {at: re.sub(r"[\W_]", "", header[at].lower()) for at in width}
        exactly = [at for at in width if names[at] in headings]
        partly = [at for at in width if any(heading in names[at] for heading in headings)]
        both = [at for at in partly if at in by_value[meant]]
        found += next((choice for choice in (exactly, both, partly, by_value[meant]) if len(choice) == 1), [])
    return found if len(set(found)) == len(HEADINGS) else None


def _all(rows: list[list[str]], at: int, pattern: re.Pattern[str]) -> bool:
    return all(at < len(row) and pattern.fullmatch(row[at]) for row in rows)
