"""What a query may cost (contracts §17): it is weighed while it is read, before a row is.

One unit is about what SQLite needs to compare a column of one row with a number: 2.5 ns on a server of 2024.
"""

from widget_server.web.query.parsing import wrong

WEIGHT_MAX = 10_000
TEXT, TEXT_LETTER = 12, 2  # LIKE, and each letter it has to tell from others
FOLDED = 520  # SQLite knows the case of ASCII letters only, so a function of ours folds the column
SLIP = 20  # one letter of a word that forgives a slip: four patterns
READING = 5  # a row that is read once more, for an aggregation
GROUP = 500  # rows that fall into nearly as many groups


class Weight:
    """The weight of one query, which is read `readings` times: for its rows, and once for each aggregation."""

    def __init__(self, readings: int = 1) -> None:
        self.readings, self.total = readings, 0

    def add(self, units: int, path: str) -> None:
        """Count what stands at `path`. Raises BadRequest naming it when the query is too heavy with it."""
        self.add_once(units * self.readings, path)

    def add_once(self, units: int, path: str) -> None:
        """Like `add`, for what is done once however often the rows are read."""
        self.total += units
        if self.total > WEIGHT_MAX:
            raise wrong(path, "makes the query too costly. Request less at once.")


def of_text(text: str, *, folded: bool) -> int:
    """A column that is searched for `text`."""
    return FOLDED if folded else TEXT + TEXT_LETTER * len(set(text))
