"""Statements: queries that are written with peewee, and built once for each kind of database."""

import inspect
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, ParamSpec, TypeVar, cast

from widget_server.db.built import Built, Found, Stored, as_it_is
from widget_server.db.engines import on_sqlite
from widget_server.db.fields import UtcDateTime
from widget_server.db.tables import Selection, Table

P = ParamSpec("P")
M = TypeVar("M", bound=Table)

# Stand-ins for arguments while a query is built: no query has such values of its own
_TEXT, _NUMBER, _MOMENT = "\0%s", 9_000_000_000_000_000_000, datetime(9998, 1, 1, tzinfo=UTC)


class Statement(Generic[P, M]):
    """A query of rows, made by `statement`. Its arguments are those of the function that builds it, given
    by position.
    """

    def __init__(self, build: Callable[P, Selection[M]], kinds: Sequence[object] | None = None) -> None:
        """`kinds` are the types of the arguments, where the function does not name them."""
        self.build = build
        self._kinds = kinds or [parameter.annotation for parameter in inspect.signature(build).parameters.values()]
        self._built: dict[bool, Built] = {}

    def rows(self, *arguments: P.args, **named: P.kwargs) -> list[M]:
        """Returns the rows, as iterating over the query would."""
        return cast(list[M], self._text().rows(arguments))

    def first(self, *arguments: P.args, **named: P.kwargs) -> M | None:
        """Returns the first row, or None. The query says itself how many it reads."""
        found = self.rows(*arguments, **named)
        return found[0] if found else None

    def together(self, *arguments: P.args, **named: P.kwargs) -> list[Found]:
        """Returns the rows of a query of several tables: an object of each, None where a left join has none."""
        return list(self._text().together(arguments))

    def values(self, *arguments: P.args, **named: P.kwargs) -> list[Found]:
        """Returns the rows as tuples of values of their columns' types: what many rows are read as, without objects."""
        return self._text().values_of(arguments)

    def tuples(self, *arguments: P.args, **named: P.kwargs) -> list[Found]:
        """Returns the rows as the driver gives them: for counts and sums."""
        return self._text().tuples(arguments)

    def _text(self) -> Built:
        return self._built.get(on_sqlite()) or self._build()

    def _build(self) -> Built:
        stand_ins = [_stand_in(kind, number) for number, kind in enumerate(self._kinds)]
        query: Any = self.build(*(value for value, _ in stand_ins))  # type: ignore[call-arg, arg-type]
        marks = {repr(stored(value)): (number, stored) for number, (value, stored) in enumerate(stand_ins)}
        places = [(at, *marks[repr(value)]) for at, value in enumerate(query.sql()[1]) if repr(value) in marks]
        assert {number for _, number, _ in places} == set(range(len(stand_ins))), f"{self.build}: an unused argument"
        self._built[on_sqlite()] = built = Built.of(query, places)
        return built


EVERY: list[Statement[Any, Any]] = []


def statement(build: Callable[P, Selection[M]]) -> Statement[P, M]:
    """Makes a statement of a function that returns a query with the same text for all arguments.

    Its rows are of one table, or of several, whose columns follow each other (`together`).

    Each parameter is annotated with str, int, datetime, or list[str] for `among`; the first use raises TypeError for
    another type.
    """
    made = Statement(build)
    EVERY.append(made)
    return made


def _stand_in(kind: object, number: int) -> tuple[object, Stored]:
    if kind is str:
        return _TEXT % number, as_it_is
    if kind is int:
        return _NUMBER + number, as_it_is
    if kind is datetime:
        return _MOMENT.replace(microsecond=number), UtcDateTime().db_value
    if kind == list[str]:
        return [_TEXT % number], json.dumps if on_sqlite() else list
    raise TypeError(f"a statement has no argument of type {kind}")
