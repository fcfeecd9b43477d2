"""Queries that are built once. Peewee builds the text of a query anew each time, which takes longer than to run it."""

import inspect
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

import peewee

from widget_server.db.engines import database, on_sqlite
from widget_server.db.fields import Int, Text, UtcDateTime

if TYPE_CHECKING:
    from widget_server.db.tables import Selection, ShopTable, Table

P = ParamSpec("P")
M = TypeVar("M", bound="Table")

_ALONE = "\0"  # begins the stand-in of a text: no query has such a text of its own
_FIRST = 9_000_000_000_000_000_000  # the first stand-in of a number
_DAY = datetime(9998, 1, 1, tzinfo=UTC)
_AS_STORED = (Text, Int)

Stored = Callable[[Any], object]  # makes the parameter of a statement from a value


@dataclass(frozen=True)
class Built:
    """The text of a query for one kind of database, and how its rows become objects of their table.

    `values` are the parameters; `places` says which of them are arguments: where, which argument, and how it is stored.
    """

    table: Any
    sql: str
    values: tuple[object, ...]
    places: tuple[tuple[int, int, Stored], ...]
    names: tuple[str, ...]
    converted: tuple[tuple[str, Stored], ...]

    @classmethod
    def of(cls, query: "Selection[Any]", places: Sequence[tuple[int, int, Stored]] = ()) -> "Built":
        """Build the text of a query of one table."""
        sql, values = query.sql()
        columns: list[Any] = list(query._returning)  # type: ignore[attr-defined]
        fields = [one for one in columns if isinstance(one, peewee.Field)]  # else it is read by `tuples`
        converted = tuple((one.name, one.python_value) for one in fields if not isinstance(one, _AS_STORED))
        return cls(query.model, sql, tuple(values), tuple(places), tuple(one.name for one in fields), converted)

    def rows(self, arguments: Sequence[object]) -> list[Any]:
        """Run it; returns the rows as peewee would."""
        return [self._row(found) for found in self.tuples(arguments)]

    def tuples(self, arguments: Sequence[object]) -> list[tuple[Any, ...]]:
        """Run it; returns the rows as the driver gives them."""
        values = list(self.values)
        for at, argument, stored in self.places:
            values[at] = stored(arguments[argument])
        return list(database.execute_sql(self.sql, values).fetchall())

    def _row(self, found: Sequence[object]) -> Any:
        row, data = self.table.__new__(self.table), dict(zip(self.names, found, strict=True))
        for name, value_of in self.converted:
            data[name] = value_of(data[name])
        row.__data__, row.__rel__, row._dirty = data, {}, set()
        return row


class Statement(Generic[P, M]):
    """A query of one table's rows, made by `statement`. Its arguments are those of the function that builds it."""

    def __init__(self, build: "Callable[P, Selection[M]]", kinds: Sequence[object] | None = None) -> None:
        """`kinds` are the types of the arguments, where the function does not name them."""
        self.build = build
        self._kinds = kinds or [parameter.annotation for parameter in inspect.signature(build).parameters.values()]
        self._built: dict[bool, Built] = {}
        EVERY.append(self)

    def rows(self, *arguments: P.args, **named: P.kwargs) -> list[M]:
        """Returns the rows, as iterating over the query would. Arguments are given by position only."""
        return (self._built.get(on_sqlite()) or self._build()).rows(arguments)

    def first(self, *arguments: P.args, **named: P.kwargs) -> M | None:
        """Returns the first row, or None. The query says itself how many it reads."""
        found = self.rows(*arguments, **named)
        return found[0] if found else None

    def tuples(self, *arguments: P.args, **named: P.kwargs) -> list[tuple[Any, ...]]:
        """Returns the rows as the driver gives them: for counts and sums."""
        return (self._built.get(on_sqlite()) or self._build()).tuples(arguments)

    def _build(self) -> Built:
        stand_ins = [_stand_in(kind, number) for number, kind in enumerate(self._kinds)]
        query: Any = self.build(*(value for value, _ in stand_ins))  # type: ignore[call-arg, arg-type]
        marks = {repr(stored(value)): (number, stored) for number, (value, stored) in enumerate(stand_ins)}
        places = [(at, *marks[repr(value)]) for at, value in enumerate(query.sql()[1]) if repr(value) in marks]
        assert {number for _, number, _ in places} == set(range(len(stand_ins))), f"{self.build}: an unused argument"
        self._built[on_sqlite()] = built = Built.of(query, places)
        return built


EVERY: list[Statement[Any, Any]] = []


def statement(build: "Callable[P, Selection[M]]") -> Statement[P, M]:
    """Makes a statement of a function that returns a query of one table, with the same text for all arguments.

    Each parameter is annotated with str, int, datetime, or list[str] for `among`. Other types raise TypeError.
    """
    return Statement(build)


def _stand_in(kind: object, number: int) -> tuple[object, Stored]:
    if kind is str:
        return f"{_ALONE}{number}", _as_it_is
    if kind is int:
        return _FIRST + number, _as_it_is
    if kind is datetime:
        return _DAY.replace(microsecond=number), UtcDateTime().db_value
    if kind == list[str]:
        return [f"{_ALONE}{number}"], json.dumps if on_sqlite() else list
    raise TypeError(f"a statement has no argument of type {kind}")


def _as_it_is(value: object) -> object:
    return value


_by_equalities: dict[tuple[object, ...], Built] = {}


def first_by(table: "type[ShopTable]", shop_id: str, conditions: tuple[Any, ...]) -> list[Any] | None:
    """Returns at most one row of the shop by the values of some columns; None for conditions of another kind."""
    names, values = [], []
    for one in conditions:
        if type(one) is not peewee.Expression or one.op != peewee.OP.EQ or not isinstance(one.lhs, peewee.Field):
            return None
        if one.lhs.model is not table or not isinstance(one.rhs, (str, int)):
            return None
        names.append(one.lhs.name)
        values.append(one.lhs.db_value(one.rhs))
    key = (table, on_sqlite(), *names)
    built = _by_equalities.get(key)
    if built is None:
        query = table.of(shop_id).where(*conditions) if conditions else table.of(shop_id)
        places = [(at, at, _as_it_is) for at in range(len(values) + 1)]
        built = _by_equalities[key] = Built.of(query.limit(1), places)
    return built.rows((shop_id, *values))
