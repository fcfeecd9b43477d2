"""Pieces of conditions: many of them joined, and what a text holds, the same on SQLite and PostgreSQL."""

from collections.abc import Sequence

from peewee import SQL, ColumnBase, NodeList, Value, fn

from widget_server.db import Condition, on_sqlite

JOINED_AT_ONCE = 40  # SQLite refuses an expression that is nested 1000 deep, and a chain is as deep as it is long

ALL, NONE = SQL("(1 = 1)"), SQL("(1 = 0)")


def all_of(conditions: Sequence[Condition]) -> Condition:
    """Returns the condition that all of these hold; of none, one that always does."""
    conditions = [one for one in conditions if one is not ALL]
    return _joined(conditions, " AND ") if conditions else ALL


def any_of(conditions: Sequence[Condition]) -> Condition:
    """Returns the condition that one of these holds; of none, one that never does."""
    return _joined(conditions, " OR ") if conditions else NONE


def _joined(conditions: Sequence[Condition], glue: str) -> Condition:
    if len(conditions) == 1:
        return conditions[0]
    while len(conditions) > JOINED_AT_ONCE:
        chunks = (conditions[at : at + JOINED_AT_ONCE] for at in range(0, len(conditions), JOINED_AT_ONCE))
        conditions = [_joined(chunk, glue) for chunk in chunks]
    return NodeList(tuple(conditions), glue, parens=True)


def negate(condition: Condition, column: ColumnBase, nullable: bool) -> Condition:
    """True where `condition` on `column` does not hold: where that cannot be known, too."""
    if condition is ALL:
        return NONE
    without = NodeList((SQL("NOT"), NodeList((condition,), parens=True)))
    return any_of([without, column.is_null()]) if nullable else without


def contains(column: ColumnBase, text: str) -> Condition:
    """True where `column` holds `text`, whatever the case of either."""
    column, text = _folded(column, text)
    return _like(column, f"%{_escaped(text)}%")


def starts_with(column: ColumnBase, text: str) -> Condition:
    """True where `column` begins with `text`, whatever the case of either."""
    column, text = _folded(column, text)
    return _like(column, f"{_escaped(text)}%")


def ends_with(column: ColumnBase, text: str) -> Condition:
    """True where `column` ends with `text`, whatever the case of either."""
    column, text = _folded(column, text)
    return _like(column, f"%{_escaped(text)}")


def resembles(column: ColumnBase, text: str) -> Condition:
    """True where `column` holds `text` with one letter wrong, too many or too few, or two neighbours swapped.

    One slip leaves one of three parts as it was: whether one is there is looked at first, because that costs little.
    """
    given = column
    column, text = _folded(column, text)
    folded = None if column is given else column
    if folded is not None:
        column = SQL("folded")
    cuts = [(text[:at], text[at:]) for at in range(len(text))]
    ways = {
        *(f"{_escaped(head)}_{_escaped(tail[1:])}" for head, tail in cuts),
        *(f"{_escaped(head)}_{_escaped(tail)}" for head, tail in cuts[1:]),
        *(_escaped(head + tail[1:]) for head, tail in cuts),
        *(_escaped(head + tail[1] + tail[0] + tail[2:]) for head, tail in cuts[:-1]),
    }
    third = len(text) // 3
    parts = (text[:third], text[third : 2 * third], text[2 * third :])
    near = any_of([_like(column, f"%{_escaped(part)}%") for part in parts])
    holds = all_of([near, any_of([_like(column, f"%{way}%") for way in sorted(ways)])])
    return holds if folded is None else _with_folded(folded, holds)


def _with_folded(value: ColumnBase, holds: Condition) -> Condition:
    """`holds` of `folded`, which is computed once a row: the LIMIT keeps SQLite from writing it into each use."""
    inner = (SQL("(SELECT"), holds, SQL("FROM (SELECT"), value, SQL("AS folded LIMIT 1) AS once)"))
    return NodeList(inner)


def _like(column: ColumnBase, pattern: str) -> Condition:
    like = SQL("LIKE" if on_sqlite() else "ILIKE")
    return NodeList((column, like, Value(pattern, converter=False), SQL("ESCAPE '\\'")), parens=True)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def needs_folding(text: str) -> bool:
    """True when `text` has letters whose case only we know."""
    return bool(_pairs(text))


def _folded(column: ColumnBase, text: str) -> tuple[ColumnBase, str]:
    """SQLite, and PostgreSQL in the C locale, know the case of ASCII letters only: the others are folded here, as far
    as the text has them, by one call for all of its letters.
    """
    pairs = _pairs(text)
    if not pairs:
        return column, text
    small, large = ("".join(one) for one in zip(*pairs, strict=True))
    given = (Value(letters, converter=False) for letters in (large, small))
    return fn.translate(column, *given), text.translate(str.maketrans(large, small))


def _pairs(text: str) -> list[tuple[str, str]]:
    """Small and large of each letter in `text` that is no ASCII letter and has both."""
    letters = [(small, small.upper()) for small in sorted({letter.lower() for letter in text})]
    return [one for one in letters if one[0] != one[1] and len("".join(one)) == 2 and not "".join(one).isascii()]
