"""A file of 10 MB that is made to cost: it is read a row at a time, and what is too large is refused by its row."""

import gc
import io
import tracemalloc

import pytest

from widget_server.loyalty.imports import columns, csv_files, uploads
from widget_server.loyalty.imports.csv_files import CsvFile, Unreadable

SIZE = uploads.FILE_BYTES_MAX - 200
MEMORY_BYTES_MAX = 16 * 1024 * 1024  # beside the file itself; a list of its commas would be 90 MB
HEAD = b"email,points\n"
FILES: dict[str, tuple[bytes, str]] = {
    "commas": (HEAD + b"," * SIZE, "Row 2 has more than"),
    "pairs": (HEAD + b"ab," * (SIZE // 3), "Row 2 has more than"),
    "columns": (HEAD + b"a," * 300, "Row 2 has more than 200 columns"),
    "quotes": (HEAD + b'"' + b"a\n" * (SIZE // 2) + b'"', "Row 2"),
    "quoted lines": (HEAD + b'"a\n",' * (SIZE // 5), "Row 2 has more than"),
    "rows": (HEAD + b"a,1\n" * (SIZE // 4), "Row 500,001"),
    "empty rows": (HEAD + b"\r" * SIZE, "Row 500,001"),
    "one field": (HEAD + b"a" * SIZE, "Row 2 has more than"),
    "wide letters": (("email,points\n" + "\N{GRINNING FACE}," * (SIZE // 8)).encode("utf-16"), "Row 2 has more than"),
}


def read(content: bytes) -> CsvFile:
    return csv_files.read(lambda: io.BytesIO(content))


def peak_of(content: bytes, reason: str) -> int:
    """How much memory it takes to refuse the file for its reason."""
    gc.collect()
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable, match=reason):
            columns.summary_of(read(content))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", FILES)
def test_a_costly_file_is_refused_by_its_row_in_little_memory(name: str) -> None:
    assert peak_of(*FILES[name]) < MEMORY_BYTES_MAX


@pytest.mark.parametrize("name", ["commas", "one field"])
def test_without_the_limit_of_a_row_it_takes_all_of_it(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(csv_files, "ROW_LENGTH_MAX", SIZE * 2)
    content, _ = FILES[name]
    assert peak_of(content, "Row 2") > MEMORY_BYTES_MAX


def test_what_stands_across_two_pieces_stands_whole_in_one() -> None:
    name = "somebody@example.com"
    for before in range(csv_files.CHUNK - 30, csv_files.CHUNK + 5, 7):
        file = read(b"a" * before + name.encode() + b"\n")
        assert any(name in text for text in file.texts())
        assert not any("nobody@example.com" in text for text in file.texts())
