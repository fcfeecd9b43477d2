"""CSV files as people have them: whatever their program made of delimiter, encoding and quotes (acceptance 56)."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, TextIO

DELIMITERS = (",", ";", "\t")
SNIFFED_ROWS = 20
ROWS_MAX, COLUMNS_MAX, ROW_LENGTH_MAX = 500_000, 200, 500_000  # a row's length in characters
CHUNK, OVERLAP = 65_536, 1_000  # characters
REMARK_LENGTH_MAX = 100
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .xls
NUMBER = re.compile(r"[+-]?[\d.,]+")
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")  # with these a cell begins that a spreadsheet takes for a formula


Opens = Callable[[], BinaryIO]  # a file is read several times, each time from its beginning


class Unreadable(ValueError):
    """The file is no CSV file; the message says why, in words for staff."""


@dataclass(frozen=True)
class CsvFile:
    """A file and how it is divided. Its rows are numbered as a spreadsheet shows them, from 1."""

    opens: Opens
    encoding: str
    delimiter: str
    has_remark: bool = False

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each row with its number, blanks around values gone; empty rows are left out. One row is in memory at a time.

        Raises Unreadable, which names the row, also where a row or the file is larger than any import has need of.
        """
        number = 0
        lines = _Lines(self._opened())
        try:
            for number, values in enumerate(_reader(lines, self.delimiter, strict=True), 1):
                lines.row_is_over()
                if number > ROWS_MAX:
                    raise Unreadable(f"Row {number:,} is one too many: a file has {ROWS_MAX:,} rows at most.")
                if len(values) > COLUMNS_MAX:
                    raise Unreadable(f"Row {number} has more than {COLUMNS_MAX} columns.")
                cleaned = [value.strip() for value in values]
                if any(cleaned):
                    yield number, cleaned
        except RowTooLong as long:
            raise Unreadable(f"Row {number + 1} has more than {ROW_LENGTH_MAX:,} characters.") from long
        except csv.Error as broken:
            raise Unreadable(f"Row {number + 1} cannot be read: {broken}.") from broken

    def texts(self) -> Iterator[str]:
        """All of the file as text, CHUNK characters and then some at a time: what stands across the end of one piece
        stands whole in the next, up to OVERLAP characters.
        """
        rest, text = "", self._opened()
        while part := text.read(CHUNK):
            yield rest + part
            rest = (rest + part)[-OVERLAP:]

    def _opened(self) -> TextIO:
        text = io.TextIOWrapper(self.opens(), self.encoding, newline="")
        if self.has_remark:
            text.readline(REMARK_LENGTH_MAX)
        return text


class RowTooLong(ValueError):
    """A row is longer than ROW_LENGTH_MAX characters, as when a quote is never closed."""


class _Lines:
    """The lines of a text for a csv reader; a row, which may be many lines, has an end within ROW_LENGTH_MAX."""

    def __init__(self, text: TextIO) -> None:
        self.text, self.used = text, 0

    def __iter__(self) -> Iterator[str]:
        while line := self.text.readline(ROW_LENGTH_MAX + 1):
            self.used += len(line)
            if self.used > ROW_LENGTH_MAX:
                raise RowTooLong
            if "\0" in line:
                raise Unreadable("This is not a text file.")
            yield line

    def row_is_over(self) -> None:
        """What is read from now on belongs to the next row."""
        self.used = 0


def read(opens: Opens) -> CsvFile:
    """The file that `opens` opens; raises Unreadable. Only its rows can tell whether the rest is well formed."""
    with opens() as file:
        head = file.read(len(WORKBOOKS[-1]))
    if head.startswith(WORKBOOKS):
        raise Unreadable("This is a workbook of a spreadsheet program: save it as CSV.")
    encoding = _encoding(opens, head)
    first = CsvFile(opens, encoding, ",")._opened().readline(REMARK_LENGTH_MAX).strip()
    if first.lower().startswith("sep=") and len(first) == len("sep=,"):  # Excel's own remark
        return CsvFile(opens, encoding, first[-1], has_remark=True)
    return CsvFile(opens, encoding, _delimiter(opens, encoding))


def line(values: list[str], delimiter: str) -> str:
    """One row, quoted where needed; no value is taken for a formula by a spreadsheet, but numbers stay numbers."""
    out = io.StringIO()
    safe = [f"'{value}" if value.startswith(DANGEROUS) and not NUMBER.fullmatch(value) else value for value in values]
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerow(safe)
    return out.getvalue()


def _reader(lines: _Lines, delimiter: str, *, strict: bool) -> Any:
    return csv.reader(lines, delimiter=delimiter, strict=strict)


def _encoding(opens: Opens, head: bytes) -> str:
    """By the byte order mark; else UTF-16 shows by its zeros, and what is not UTF-8 is Windows-1252."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\0" in head[:2]:
        encodings = ["utf-16-le" if head[1:2] == b"\0" else "utf-16-be"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        if _fits(opens, encoding):
            return encoding
    raise Unreadable("The encoding of this file is not supported: save it as UTF-8.")


def _fits(opens: Opens, encoding: str) -> bool:
    """Whether all of it can be decoded, a chunk at a time."""
    text = io.TextIOWrapper(opens(), encoding, newline="")
    try:
        while text.read(CHUNK):
            pass
    except UnicodeError:
        return False
    return True


def _delimiter(opens: Opens, encoding: str) -> str:
    """The one that divides the most of the first rows as it divides the very first."""

    def fit(delimiter: str) -> tuple[int, int]:
        lines, widths = _Lines(CsvFile(opens, encoding, delimiter)._opened()), []
        try:
            for row in islice(_reader(lines, delimiter, strict=False), SNIFFED_ROWS):
                lines.row_is_over()
                if row:
                    widths.append(len(row))
        except (csv.Error, RowTooLong):
            return 0, 0
        width = widths[0] if widths else 0
        return (widths.count(width), width) if width > 1 else (0, 0)

    return max(DELIMITERS, key=fit)
