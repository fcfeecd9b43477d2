"""The text of a query, built once: peewee builds it anew each time, which takes longer than to run it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
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

    sql: str
    values: tuple[object, ...]
    places: tuple[Place, ...]
    parts: tuple["Part", ...]
    converted: tuple[tuple[int, Stored], ...]  # the columns that are not as the driver gives them, by place

    @classmethod
    def of(cls, query: Query, places: Sequence[Place] = ()) -> "Built":
        """Build the text of a query; the columns of a joined table follow each other."""
        sql, values = query.sql()
        columns: list[Any] = list(query._returning)  # type: ignore[attr-defined]
        fields = [one for one in columns if isinstance(one, peewee.Field)]  # others are read by `tuples`
        parts = Part.all_of(fields)
        converted = [(part.first + part.names.index(name), of) for part in parts for name, of in part.converted]
        return cls(sql, tuple(values), tuple(places), parts, tuple(converted))

    def rows(self, arguments: Sequence[object]) -> list[peewee.Model]:
        """Run it; returns the rows of its one table as peewee would."""
        (part,) = self.parts
        return [part.row(found) for found in self.tuples(arguments)]

    def together(self, arguments: Sequence[object]) -> list[tuple[peewee.Model | None, ...]]:
        """Run it; returns a row of each of its tables, None for a table of which a left join has none."""
        return [tuple(part.row_or_none(found) for part in self.parts) for found in self.tuples(arguments)]

    def values_of(self, arguments: Sequence[object]) -> list[Found]:
        """Run it; returns the rows as tuples of values of their columns' types."""
        rows = list[Found]()
        for one in self.tuples(arguments):
            values = list(one)
            for at, value_of in self.converted:
                if values[at] is not None:
                    values[at] = value_of(values[at])
            rows.append(tuple(values))
        return rows

    def tuples(self, arguments: Sequence[object]) -> list[Found]:
        """Run it; returns the rows as the driver gives them."""
        values = list(self.values)
        for at, argument, stored in self.places:
            values[at] = stored(arguments[argument])
        return list(database.execute_sql(self.sql, values).fetchall())


@dataclass(frozen=True)
class Part:
    """The columns of one table in the rows of a query: which, from where to where, and how they are converted."""

    table: type[peewee.Model]
    names: tuple[str, ...]
    first: int
    converted: tuple[tuple[str, Stored], ...]

    @classmethod
    def all_of(cls, fields: Sequence[peewee.Field]) -> "tuple[Part, ...]":
        """The parts of these columns: those that follow each other and are of one table."""
        parts, first = list[Part](), 0
        for table, own in groupby(fields, key=lambda one: one.model):
            parts.append(cls.of(table, list(own), first))
            first += len(parts[-1].names)
        return tuple(parts)

    @classmethod
    def of(cls, table: type[peewee.Model], fields: Sequence[peewee.Field], first: int) -> "Part":
        """The part of these columns, which begin at `first`."""
        converted = tuple((one.name, one.python_value) for one in fields if not isinstance(one, _AS_STORED))
        return cls(table, tuple(one.name for one in fields), first, converted)

    def row(self, found: Found) -> peewee.Model:
        """Returns the object of its table."""
        row: Any = self.table.__new__(self.table)
        data = dict(zip(self.names, found[self.first : self.first + len(self.names)], strict=True))
        for name, value_of in self.converted:
            value = data[name]
            if value is not None:
                data[name] = value_of(value)
        row.__data__, row.__rel__, row._dirty = data, {}, set()
        return row  # type: ignore[no-any-return]

    def row_or_none(self, found: Found) -> peewee.Model | None:
        """Returns the object, or None where its first column, which is never null in its table, is null."""
        return None if found[self.first] is None else self.row(found)


def objects(query: "peewee.Select") -> list[peewee.Model]:
    """Runs a query; returns its rows as iterating over it would: objects of its first table, with those of joined
    tables and named columns as attributes. Much faster than peewee where there are many columns.
    """
    rows: Any = query
    columns: list[Any] = list(rows._returning)
    fields = list(takewhile(lambda one: isinstance(one, peewee.Field), columns))
    named = columns[len(fields) :]
    parts = Part.all_of(fields)
    places = {joined: attr for joined, attr, _, kind in rows._joins.get(rows.model, ()) if kind == peewee.JOIN.INNER}
    is_plain = rows._row_type is None and all(part.table in places for part in parts[1:])
    if not parts or not is_plain or not all(map(_is_raw, named)):
        return list(rows)
    sql, values = rows.sql()
    return [_joined(parts, places, named, found) for found in database.execute_sql(sql, values).fetchall()]


def _joined(
    parts: Sequence[Part], places: Mapping[type[peewee.Model], str], named: Sequence[Any], found: Found
) -> peewee.Model:
    row = parts[0].row(found)
    for part in parts[1:]:
        setattr(row, places[part.table], part.row(found))
    for column, value in zip(reversed(named), reversed(found), strict=False):
        setattr(row, column.name, value)
    return row


def _is_raw(column: object) -> bool:
    """Whether it is a named column whose value peewee gives as the driver does."""
    return isinstance(column, peewee.Alias) and isinstance(column.node, peewee.NodeList)


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
