"""Parts of SQL conditions: joins of many, and text search, the same on SQLite and PostgreSQL."""

from collections.abc import Sequence

from peewee import SQL, ColumnBase, NodeList, Value, fn

from widget_server.db import Condition, on_sqlite

JOINED_AT_ONCE = 40  # SQLite refuses an expression nested 1000 deep, and a chain is as deep as it is long

ALL, NONE = SQL("(1 = 1)"), SQL("(1 = 0)")


def all_of(conditions: Sequence[Condition]) -> Condition:
    """Returns the condition that all of these are true; always true for an empty list."""
    conditions = [one for one in conditions if one is not ALL]
    return _joined(conditions, " AND ") if conditions else ALL


def any_of(conditions: Sequence[Condition]) -> Condition:
    """Returns the condition that one of these is true; never true for an empty list."""
    return _joined(conditions, " OR ") if conditions else NONE


def _joined(conditions: Sequence[Condition], glue: str) -> Condition:
    if len(conditions) == 1:
        return conditions[0]
    while len(conditions) > JOINED_AT_ONCE:
        chunks = (conditions[at : at + JOINED_AT_ONCE] for at in range(0, len(conditions), JOINED_AT_ONCE))
        conditions = [_joined(chunk, glue) for chunk in chunks]
    return NodeList(tuple(conditions), glue, parens=True)


def negate(condition: Condition, column: ColumnBase, nullable: bool) -> Condition:
    """Returns the condition that is true where `condition` on `column` is false or NULL."""
    if condition is ALL:
        return NONE
    without = NodeList((SQL("NOT"), NodeList((condition,), parens=True)))
    return any_of([without, column.is_null()]) if nullable else without


def contains(column: ColumnBase, text: str) -> Condition:
    """True where `column` contains `text`, ignoring case."""
    column, text = _folded(column, text)
    return _like(column, f"%{_escaped(text)}%")


def starts_with(column: ColumnBase, text: str) -> Condition:
    """True where `column` begins with `text`, ignoring case."""
    column, text = _folded(column, text)
    return _like(column, f"{_escaped(text)}%")


def ends_with(column: ColumnBase, text: str) -> Condition:
    """True where `column` ends with `text`, ignoring case."""
    column, text = _folded(column, text)
    return _like(column, f"%{_escaped(text)}")


def resembles(column: ColumnBase, text: str) -> Condition:
    """True where `column` contains `text` with one letter wrong, too many or missing, or two neighbours swapped.

    One typo leaves at least one third of the text unchanged: that is tested first, because it is cheap.
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
    """Returns `holds` over `folded`, computed once per row: the LIMIT keeps SQLite from inlining it at each use."""
    inner = (SQL("(SELECT"), holds, SQL("FROM (SELECT"), value, SQL("AS folded LIMIT 1) AS once)"))
    return NodeList(inner)


def _like(column: ColumnBase, pattern: str) -> Condition:
    like = SQL("LIKE" if on_sqlite() else "ILIKE")
    return NodeList((column, like, Value(pattern, converter=False), SQL("ESCAPE '\\'")), parens=True)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def needs_folding(text: str) -> bool:
    """True when `text` has non-ASCII letters, whose case is folded here."""
    return bool(_pairs(text))


def _folded(column: ColumnBase, text: str) -> tuple[ColumnBase, str]:
    """Returns column and text with the non-ASCII letters of `text` in lower case, by one call for all of them. SQLite,
    and PostgreSQL in the C locale, fold only the case of ASCII letters.
    """
    pairs = _pairs(text)
    if not pairs:
        return column, text
    small, large = ("".join(one) for one in zip(*pairs, strict=True))
    given = (Value(letters, converter=False) for letters in (large, small))
    return fn.translate(column, *given), text.translate(str.maketrans(large, small))


def _pairs(text: str) -> list[tuple[str, str]]:
    """Returns (lower, upper) of each non-ASCII letter in `text` that has both."""
    letters = [(small, small.upper()) for small in sorted({letter.lower() for letter in text})]
    return [one for one in letters if one[0] != one[1] and len("".join(one)) == 2 and not "".join(one).isascii()]
