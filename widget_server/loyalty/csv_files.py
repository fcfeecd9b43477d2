"""CSV files as people have them: whatever their program made of delimiter, encoding and quotes (acceptance 56)."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

DELIMITERS = (",", ";", "\t")
SNIFFED_ROWS = 20
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .xls
NUMBER = re.compile(r"[+-]?[\d.,]+")
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")  # with these a cell begins that a spreadsheet takes for a formula


class Unreadable(ValueError):
    """The file is no CSV file; the message says why, in words for staff."""


@dataclass(frozen=True)
class CsvFile:
    """The text of a file and how it is divided. Its rows are numbered as a spreadsheet shows them, from 1."""

    text: str
    delimiter: str

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each row with its number, blanks around values gone; empty rows are left out. Raises Unreadable."""
        number = 0
        try:
            for number, values in enumerate(_reader(self.text, self.delimiter, strict=True), 1):
                cleaned = [value.strip() for value in values]
                if any(cleaned):
                    yield number, cleaned
        except csv.Error as broken:
            raise Unreadable(f"Row {number + 1} cannot be read: {broken}.") from broken


def read(content: bytes) -> CsvFile:
    """The file that `content` is; raises Unreadable. Only its rows can tell whether the rest is well formed."""
    if content.startswith(WORKBOOKS):
        raise Unreadable("This is a workbook of a spreadsheet program: save it as CSV.")
    text = _decoded(content)
    if "\0" in text:
        raise Unreadable("This is not a text file.")
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == len("sep=,"):  # Excel's own remark
        return CsvFile(rest, first.strip()[-1])
    return CsvFile(text, _delimiter(text))


def line(values: list[str], delimiter: str) -> str:
    """One row, quoted where needed; no value is taken for a formula by a spreadsheet, but numbers stay numbers."""
    out = io.StringIO()
    safe = [f"'{value}" if value.startswith(DANGEROUS) and not NUMBER.fullmatch(value) else value for value in values]
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerow(safe)
    return out.getvalue()


def _reader(text: str, delimiter: str, *, strict: bool) -> Any:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)


def _decoded(content: bytes) -> str:
    """By the byte order mark; else UTF-16 shows by its zeros, and what is not UTF-8 is Windows-1252."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\0" in content[:2]:
        encodings = ["utf-16-le" if content[1] == 0 else "utf-16-be"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable("The file is in no encoding we know: save it as UTF-8.")


def _delimiter(text: str) -> str:
    """The one that divides the most of the first rows as it divides the very first."""

    def fit(delimiter: str) -> tuple[int, int]:
        try:
            widths = [len(row) for row in islice(_reader(text, delimiter, strict=False), SNIFFED_ROWS) if row]
        except csv.Error:
            return 0, 0
        width = widths[0] if widths else 0
        return (widths.count(width), width) if width > 1 else (0, 0)

    return max(DELIMITERS, key=fit)
