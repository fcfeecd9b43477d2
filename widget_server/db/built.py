"""The text of a query, built once: peewee builds it anew each time, which takes longer than to run it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import peewee

from widget_server.db.engines import database, on_sqlite
from widget_server.db.fields import Int, Text

Stored: TypeAlias = Callable[[Any], object]  # makes the parameter of a query from a value, or a value from a column's
Found: TypeAlias = tuple[Any, ...]  # a row as the driver gives it
Query: TypeAlias = "peewee.ModelSelect[Any]"
Place: TypeAlias = tuple[int, int, Stored]

_AS_STORED = (Text, Int)


@dataclass(frozen=True)
class Built:
    """The text of a query for one kind of database, and how its rows become objects of their table.

    `values` are the parameters; `places` says which of them are arguments: where, which argument, and how it is stored.
    """

    table: type[peewee.Model]
    sql: str
    values: tuple[object, ...]
    places: tuple[Place, ...]
    names: tuple[str, ...]
    converted: tuple[tuple[str, Stored], ...]

    @classmethod
    def of(cls, query: Query, places: Sequence[Place] = ()) -> "Built":
        """Build the text of a query of one table."""
        sql, values = query.sql()
        columns: list[Any] = list(query._returning)  # type: ignore[attr-defined]
        fields = [one for one in columns if isinstance(one, peewee.Field)]  # others are read by `tuples`
        converted = tuple((one.name, one.python_value) for one in fields if not isinstance(one, _AS_STORED))
        return cls(query.model, sql, tuple(values), tuple(places), tuple(one.name for one in fields), converted)

    def rows(self, arguments: Sequence[object]) -> list[peewee.Model]:
        """Run it; returns the rows as peewee would."""
        return [self._row(found) for found in self.tuples(arguments)]

    def tuples(self, arguments: Sequence[object]) -> list[Found]:
        """Run it; returns the rows as the driver gives them."""
        values = list(self.values)
        for at, argument, stored in self.places:
            values[at] = stored(arguments[argument])
        return list(database.execute_sql(self.sql, values).fetchall())

    def _row(self, found: Found) -> peewee.Model:
        row: Any = self.table.__new__(self.table)
        data = dict(zip(self.names, found, strict=True))
        for name, value_of in self.converted:
            data[name] = value_of(data[name])
        row.__data__, row.__rel__, row._dirty = data, {}, set()
        return row  # type: ignore[no-any-return]


def as_it_is(value: object) -> object:
    """Returns the value: what needs no conversion."""
    return value


_by_equalities: dict[tuple[object, ...], Built] = {}


def by_equalities(
    table: type[peewee.Model],
    of_shop: Callable[[], Query],
    shop_id: str,
    conditions: Sequence[object],
    *,
    ending: Callable[[Query], Query],
) -> list[peewee.Model] | None:
    """Returns at most one row by the values of some columns, of those that the query `of_shop` selects.

    `ending` is what is done to the query last: a lock, or nothing. Returns None when the conditions are not all of the
    kind `Table.column == value`.
    """
    names, values = [], []
    for one in conditions:
        if type(one) is not peewee.Expression or one.op != peewee.OP.EQ or not isinstance(one.lhs, peewee.Field):
            return None
        if one.lhs.model is not table or not isinstance(one.rhs, (str, int)):
            return None
        names.append(one.lhs.name)
        values.append(one.lhs.db_value(one.rhs))
    key = (table, on_sqlite(), ending, *names)
    built = _by_equalities.get(key)
    if built is None:
        whole = of_shop().where(*conditions) if conditions else of_shop()
        places = [(at, at, as_it_is) for at in range(len(values) + 1)]
        built = _by_equalities[key] = Built.of(ending(whole.limit(1)), places)
    return built.rows((shop_id, *values))
