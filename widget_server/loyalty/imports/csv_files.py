"""CSV files of any delimiter, encoding and quoting that common programs write (acceptance 56)."""

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
# what begins a cell in a program that divides rows at another character, as spreadsheets do in some countries
INNER_FORMULA = re.compile(r"""([;,|\t\r\n]["\s]*)(?=[=@]|[+-](?![\d.,]+\s*(?:["\]};,|\t\r\n]|$)))""")
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")  # a cell that begins with one may run as a formula


Opens = Callable[[], BinaryIO]  # a file is read several times, from its beginning


class Unreadable(ValueError):
    """The file is not a CSV file; the message gives the reason, for staff."""


@dataclass(frozen=True)
class CsvFile:
    """A file with its encoding and delimiter. Its rows are numbered as in a spreadsheet, from 1."""

    opens: Opens
    encoding: str
    delimiter: str
    has_remark: bool = False

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yields each row with its number, without blanks around values; skips empty rows. Holds one row in memory.

        Raises Unreadable, which names the row, also where a row or the file exceeds the limits.
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
        """Yields the whole file as text, in pieces of CHUNK characters and some more: each piece repeats the end of
        the one before, so that a text of up to OVERLAP characters is whole in one of them.
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
    """The lines of a text for a csv reader; raises RowTooLong for a row (of one or more lines) over ROW_LENGTH_MAX."""

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
        """Count the lines read from now on towards the next row."""
        self.used = 0


def read(opens: Opens) -> CsvFile:
    """Returns the file that `opens` opens; raises Unreadable. Malformed rows are found only by reading them."""
    with opens() as file:
        head = file.read(len(WORKBOOKS[-1]))
    if head.startswith(WORKBOOKS):
        raise Unreadable("This is a workbook of a spreadsheet program: save it as CSV.")
    encoding = _encoding(opens, head)
    first = CsvFile(opens, encoding, ",")._opened().readline(REMARK_LENGTH_MAX).strip()
    if first.lower().startswith("sep=") and len(first) == len("sep=,"):  # Excel's own marker of the delimiter
        return CsvFile(opens, encoding, first[-1], has_remark=True)
    return CsvFile(opens, encoding, _delimiter(opens, encoding))


def line(values: list[str], delimiter: str) -> str:
    """Returns one row, quoted where needed; a spreadsheet takes no value for a formula, and numbers stay numbers."""
    out = io.StringIO()
    safe = [f"'{value}" if value.startswith(DANGEROUS) and not NUMBER.fullmatch(value) else value for value in values]
    inside = [INNER_FORMULA.sub(r"\1'", value) for value in safe]
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerow(inside)
    return out.getvalue()


def _reader(lines: _Lines, delimiter: str, *, strict: bool) -> Any:
    return csv.reader(lines, delimiter=delimiter, strict=strict)


def _encoding(opens: Opens, head: bytes) -> str:
    """By the byte order mark; else UTF-16 if there are zero bytes, UTF-8 if it decodes, else Windows-1252."""
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
    """Whether the whole file can be decoded; reads one chunk at a time."""
    text = io.TextIOWrapper(opens(), encoding, newline="")
    try:
        while text.read(CHUNK):
            pass
    except UnicodeError:
        return False
    return True


def _delimiter(opens: Opens, encoding: str) -> str:
    """Returns the delimiter by which most of the first rows have as many values as the very first."""

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
