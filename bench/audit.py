"""What the audit of whole books costs: processor time beside SHA-256 of the same rows, and memory.

python -m bench.audit [MEMBERS] [FOLDER]      each has ten movements; the shop is kept in FOLDER (nights.py makes it)
"""

import hashlib
import resource
import shutil
import sys
import tempfile
from pathlib import Path
from time import process_time

from bench import nights
from bench._figures import Figure, note
from widget_server import db
from widget_server.loyalty import books

GOAL_SECONDS = 15  # of a processor, for each 1,000,000 rows of the ledger


def main() -> None:
    """Print the seconds, the ratio and the memory."""
    with tempfile.TemporaryDirectory() as place:
        kept = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(place) / "kept"
        nights.made(kept)
        shutil.copy(kept / f"{nights.MEMBERS}.db", Path(place) / "loyalty.db")
        nights.opened(Path(place))
        floor, rows = _floor("transaction")
        more, entries = _floor("journal")
        before, began = _memory(), process_time()
        found = list(books.audit())
        spent = process_time() - began
        assert not found, found[:3]
        db.disconnect()
    whole = spent / rows * 1e6
    print(
        f"{rows:,} movements and {entries:,} entries: {spent:.2f} s, {spent / (floor + more):.1f} times SHA-256 of them"
    )
    print(f"{whole:.1f} s for 1,000,000 rows   goal {GOAL_SECONDS}   {'held' if whole <= GOAL_SECONDS else 'missed'}")
    figure = f"{whole:.1f} s/M rows", f"{(floor + more) / rows * 1e6:.1f} s/M rows"
    note(Figure("audit", *figure, spent / (floor + more), f"{GOAL_SECONDS} s", whole <= GOAL_SECONDS))
    print(f"memory: {before:.0f} MB before, {_memory():.0f} MB at most")


def _floor(table: str) -> tuple[float, int]:
    """Returns the seconds that it takes to read the rows of a table and to hash each, and how many there are."""
    began, rows = process_time(), 0
    for row in db.database.execute_sql(f'SELECT * FROM "{table}"'):
        hashlib.sha256(repr(row).encode()).hexdigest()
        rows += 1
    return process_time() - began, rows


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    main()
