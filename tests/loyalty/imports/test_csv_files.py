"""CSV files come as people's programs write them, and go where people's programs open them."""

import csv
import io
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import tries
from widget_server.loyalty.imports import csv_files
from widget_server.loyalty.imports.csv_files import CsvFile, Unreadable


def read(content: bytes) -> CsvFile:
    return csv_files.read(lambda: io.BytesIO(content))


def rows(content: bytes) -> list[tuple[int, list[str]]]:
    return list(read(content).rows())


TABLE = [(1, ["Name", "E-Mail"]), (2, ["Zoë, the 2nd", "zoe@example.com"])]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_make_of_file_reads_the_same(delimiter: str, encoding: str, end: str) -> None:  # acceptance 56
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(row for _, row in TABLE)
    assert rows(out.getvalue().encode(encoding)) == TABLE


def test_excels_own_remark_names_the_delimiter() -> None:
    assert rows(b"sep=;\r\nemail;points\r\na@x.de;5\r\n") == [(1, ["email", "points"]), (2, ["a@x.de", "5"])]


def test_quotes_hold_delimiters_quotes_and_line_breaks() -> None:
    assert rows(b'a,b\n"one, ""two""\nthree",4\n5,6\n') == [
        (1, ["a", "b"]),
        (2, ['one, "two"\nthree', "4"]),
        (3, ["5", "6"]),
    ]


def test_empty_rows_count_but_are_left_out() -> None:
    assert rows(b"a;b\n\n;;\n1;2\n") == [(1, ["a", "b"]), (4, ["1", "2"])]


def test_the_delimiter_is_the_one_that_divides_alike() -> None:
    assert read(b"email;note, long\na@x.de;hello\nb@x.de;1,5\n").delimiter == ";"
    assert read(b"email\na@x.de\n").delimiter == ","


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"PK\x03\x04...", "workbook"),
        (b"\xd0\xcf\x11\xe0...", "workbook"),
        (b"email\0points", "text file"),
        (b"a,b\n\x81\x8d,1\n", "UTF-8"),
        (b'a,b\n1,2\n"open,3\n', "Row 3"),
        (b'a,b\n"x"y,3\n', "Row 2"),
        (b"\xff\xfea", "UTF-8"),
    ],
)
def test_what_is_no_csv_file_says_why(content: bytes, word: str) -> None:
    with pytest.raises(Unreadable, match=word):
        rows(content)


def test_no_cell_is_taken_for_a_formula() -> None:
    cells = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\tx", "-5", "+1.5", "plain", "", "a,b"]
    (read,) = csv.reader([csv_files.line(cells, ",")])
    assert read == ["'=1+1", "'+cmd|' /C calc'!A0", "'-2+3", "'@SUM(1)", "'\tx", "-5", "+1.5", "plain", "", "a,b"]


words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).map(str.strip)


@tries(100)
@given(st.lists(st.lists(words, min_size=3, max_size=3), min_size=1, max_size=8), st.sampled_from(",;\t"))
def test_what_was_written_reads_back(table: list[list[str]], delimiter: str) -> None:
    text = "".join(csv_files.line(row, delimiter) for row in table)
    file = CsvFile(lambda: io.BytesIO(text.encode()), "utf-8", delimiter)
    found = [row for _, row in file.rows()]
    written = [row for row in table if any(row)]
    assert [[one.replace("'", "") for one in row] for row in found] == [
        [one.replace("'", "") for one in row] for row in written
    ]
    for was, one in zip(chain(*written), chain(*found), strict=True):
        assert one == was or set(was) & set("=+-@"), "only what may be a formula is marked"
        assert one[:1] not in "=+-@" or not one or csv_files.NUMBER.fullmatch(one)
