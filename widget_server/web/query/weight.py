"""The cost limit of a query (contracts §17): it is weighed while it is parsed, before any row is read.

One unit is about the time SQLite needs to compare a column of one row with a number: 2.5 ns on a server of 2024.
"""

from widget_server.web.query.parsing import wrong

WEIGHT_MAX = 10_000
TEXT, TEXT_LETTER = 12, 2  # LIKE, and each different letter in its pattern
FOLDED = 520  # SQLite folds only the case of ASCII letters, so a function of ours folds the column
SLIP = 20  # one letter of a fuzzy word: four patterns
READING = 5  # reading a row once more, for an aggregation
GROUP = 500  # grouping rows into nearly as many groups


class Weight:
    """The weight of one query, which is read `readings` times: for its rows, and once for each aggregation."""

    def __init__(self, readings: int = 1) -> None:
        self.readings, self.total = readings, 0

    def add(self, units: int, path: str) -> None:
        """Add the cost of the value at `path`. Raises BadRequest naming it when the query becomes too costly."""
        self.add_once(units * self.readings, path)

    def add_once(self, units: int, path: str) -> None:
        """Like `add`, for a cost that does not depend on how often the rows are read."""
        self.total += units
        if self.total > WEIGHT_MAX:
            raise wrong(path, "makes the query too costly. Request less at once.")


def of_text(text: str, *, folded: bool) -> int:
    """Returns the units for searching one column for `text`."""
    return FOLDED if folded else TEXT + TEXT_LETTER * len(set(text))
