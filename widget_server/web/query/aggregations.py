"""Aggregations over the found rows: values, ranges, figures, dates, and nested ones (wix-api §4).

Results have the shape of Wix's AggregationData, with the wire's names. A time belongs to a day, month or year of the
requested time zone; the response names that day by its first moment.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any

from peewee import SQL, Case, ColumnBase, NodeList, Select, Value, fn

from widget_server import clock
from widget_server.db import on_sqlite
from widget_server.web.query.conditions import all_of
from widget_server.web.query.costly import costly
from widget_server.web.query.fields import TYPES, Entity, Field
from widget_server.web.query.parsing import read_choice, read_list, read_number, read_object, read_text, wrong
from widget_server.web.query.weight import GROUP, READING, Weight

AGGREGATIONS_MAX = 10
NAME_LENGTH_MAX, BUCKET_NAME_LENGTH_MAX, PATH_LENGTH_MAX, ZONE_LENGTH_MAX = 100, 20, 200, 50
VALUES_MAX, VALUES_DEFAULT = 250, 10
RANGES_MAX = 50
DATES_MAX = 200
NESTED_MAX, NESTED_LEVELS_MAX = 1000, 3
GROUPS_MAX = 200_000  # what one aggregation may read: the quarter-hours of five years
QUARTER_S = 900  # the offsets of all time zones are multiples of 15 minutes
NUMBERS = ("int", "money")
INTERVALS = ("YEAR", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND")
OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)", re.ASCII)
MISSING = {"int": "0", "money": "0", "bool": "false"}  # the value under which rows without a value count; else "N/A"

Groups = Mapping[tuple[object, ...], int]


class Summary:
    """The aggregations of a query, read and weighed; `of` computes them over rows."""

    def __init__(self, entity: Entity, requested: object, zone: tzinfo, path: str) -> None:
        listed = enumerate(read_list(requested, AGGREGATIONS_MAX, path))
        self.path = path
        self.wanted = [_wanted(entity, one, zone, f"{path}[{at}]") for at, one in listed]
        self.weight()

    def weight(self) -> Weight:
        """Returns a weight that includes the aggregations; the rows of the query are read once more for each of them.

        Raises BadRequest when they alone are too costly.
        """
        weight = Weight(1 + len(self.wanted))
        for one in self.wanted:
            weight.add_once(READING + one.units(), self.path)
        return weight

    def of(self, select: Select) -> dict[str, object]:
        """Returns the AggregationData of all rows of `select`. Raises QueryTooSlow, Busy, and BadRequest for more than
        200 dates or 1000 nested results.
        """
        with costly():
            return {"results": [{**one.heading, **one.alone(select)} for one in self.wanted]}


def summary(entity: Entity, requested: object, zone: tzinfo = UTC, *, where: str = "search") -> Summary:
    """Returns the Summary for `requested`, the `aggregations` in the body's `where`. Dates are in the time zone `zone`.

    Raises BadRequest naming what is invalid or too costly.
    """
    return Summary(entity, requested, zone, f"{where}.aggregations")


def aggregate(
    entity: Entity, select: Select, requested: object, zone: tzinfo = UTC, *, where: str = "search"
) -> dict[str, object]:
    """Returns the AggregationData that `requested` describes over all rows of `select`. Raises as `Summary.of`."""
    return summary(entity, requested, zone, where=where).of(select)


def time_zone(name: object, where: str = "search") -> tzinfo:
    """Returns the `timeZone` in the body's `where`: an IANA name or offset (+02:00), default UTC. Raises BadRequest."""
    text = read_text({"timeZone": name}, "timeZone", ZONE_LENGTH_MAX, where) or "UTC"
    offset = OFFSET.fullmatch(text)
    try:
        if not offset:
            return clock.zone("UTC" if text == "Z" else text)
        sign, hours, minutes = offset.groups()
        return timezone(timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1))
    except ValueError as unknown:
        raise wrong(f"{where}.timeZone", "is an IANA time zone or an offset as +02:00.") from unknown


class _Level:
    """One aggregation, found at `path`. Rows are grouped by `key` in the database, then by the value `shown` for it in
    the response: several keys may have the same shown value.
    """

    part = ""  # the member of the request with this type's own settings
    many = one = ""  # the members of the response with the results: of the aggregation alone, or nested

    def __init__(self, field: Field, zone: tzinfo, heading: dict[str, str], own: object, path: str) -> None:
        self.field, self.zone, self.heading, self.path = field, zone, heading, f"{path}.{self.part}"
        self.read({} if own is None else own)

    def read(self, own: object) -> None:
        """Read the settings; raises BadRequest when one is invalid."""
        raise NotImplementedError

    def key(self) -> ColumnBase:
        """Returns the column; a time with the precision of the wire."""
        if self.field.kind != "time":
            return NodeList((self.field.ordered,))
        if self.field.to_shown:
            return _seconds(self.field.column, QUARTER_S)
        if on_sqlite():
            return NodeList((fn.SUBSTR(self.field.column, 1, 23), SQL("|| 'Z'")))
        return fn.DATE_TRUNC("milliseconds", self.field.column)

    def shown(self, key: object) -> object:
        """Returns the value under which the response groups a key; None without a value."""
        if key is not None and self.field.kind == "time" and self.field.to_shown:
            return self.field.to_shown(_moment(key))
        return self.value(key)

    def value(self, stored: object) -> object:
        """Returns the wire's value for a stored one."""
        if stored is None:
            return None
        value: Any = Decimal(str(stored)) if self.field.kind == "money" else TYPES[self.field.kind].python_value(stored)
        return self.field.to_shown(value) if self.field.to_shown else value

    def units(self) -> int:
        """Returns the weight of its groups: an id, or a time to the second, differs in nearly every row."""
        return GROUP if self.field.kind in ("id", "time") else 0

    def alone(self, select: Select) -> dict[str, object]:
        """Returns the result of an aggregation that is not nested."""
        found: dict[object, int] = defaultdict(int)
        for (value,), count in _grouped(select, [self], self.path).items():
            found[value] += count
        return {self.many: {"results": [self.result(value, found.get(value, 0)) for value in self.arranged(found)]}}

    def arranged(self, found: Mapping[object, int]) -> list[object]:
        """Returns the groups for the response, in order."""
        raise NotImplementedError

    def result(self, shown: object, count: int) -> dict[str, object]:
        """Returns one group with its number of rows."""
        return {"value": _text(shown), "count": count}


class _Values(_Level):
    """Counts rows by value: the most frequent values, or the first in order."""

    part, many, one = "value", "values", "value"

    def read(self, own: object) -> None:
        own = read_object(own, ("limit", "sortType", "sortDirection", "missingValues", "includeOptions"), self.path)
        options = read_object(own.get("includeOptions"), ("addToBucket",), f"{self.path}.includeOptions")
        named = read_text(options, "addToBucket", BUCKET_NAME_LENGTH_MAX, f"{self.path}.includeOptions")
        self.limit = read_number(own, "limit", 1, VALUES_MAX, VALUES_DEFAULT, self.path)
        self.by_count = read_choice(own, "sortType", ("COUNT", "VALUE"), self.path) == "COUNT"
        self.descending = read_choice(own, "sortDirection", ("DESC", "ASC"), self.path) == "DESC"
        self.with_missing = read_choice(own, "missingValues", ("EXCLUDE", "INCLUDE"), self.path) == "INCLUDE"
        self.missing = named or MISSING.get(self.field.kind, "N/A")

    def key(self) -> ColumnBase:
        value = _as_value(self.missing, self.field.kind) if self.with_missing else None
        return super().key() if value is None else fn.COALESCE(super().key(), self.field.bound(value))

    def alone(self, select: Select) -> dict[str, object]:
        if self.field.to_shown:  # values can only be merged here
            return super().alone(select)
        direction = "DESC" if self.descending else "ASC"
        order = [SQL(f"2 {direction}")] if self.by_count else []
        query = select.select(self.key(), fn.COUNT(SQL("*"))).group_by(SQL("1"))
        query = query.order_by(*order, SQL("1 ASC NULLS LAST" if order else f"1 {direction} NULLS LAST"))
        if not self.with_missing:
            query = query.where(self.field.column.is_null(False))
        rows = query.limit(self.limit).tuples()
        return {self.many: {"results": [self.result(self.shown(key), count) for key, count in rows]}}

    def arranged(self, found: Mapping[object, int]) -> list[object]:
        known: list[Any] = [value for value in found if value is not None]
        values = sorted(known, reverse=self.descending and not self.by_count)
        values += [None] if self.with_missing and None in found else []
        if self.by_count:
            values.sort(key=lambda value: found[value], reverse=self.descending)
        return values[: self.limit]

    def result(self, shown: object, count: int) -> dict[str, object]:
        return super().result(self.missing if shown is None else shown, count)


class _Ranges(_Level):
    """Counts rows by range, `from` included and `to` excluded; a row that fits several counts in the first."""

    part, many, one = "range", "ranges", "range"

    def read(self, own: object) -> None:
        if self.field.kind not in NUMBERS:
            raise wrong(self.path, "is for numbers.")
        own = read_object(own, ("buckets",), self.path)
        requested = read_list(own.get("buckets"), RANGES_MAX, f"{self.path}.buckets", least=1)
        self.buckets = [self.bucket(one, f"{self.path}.buckets[{at}]") for at, one in enumerate(requested)]

    def units(self) -> int:
        return len(self.buckets)

    def bucket(self, requested: object, path: str) -> dict[str, float]:
        bounds: dict[str, float] = {}
        for name, edge in read_object(requested, ("from", "to"), path).items():
            if edge is None:
                continue
            if isinstance(edge, bool) or not isinstance(edge, int | float) or not abs(edge) < 2**63:
                raise wrong(f"{path}.{name}", "is a number.")
            bounds[name] = edge
        if not bounds:
            raise wrong(path, "has from, to or both.")
        return bounds

    def key(self) -> ColumnBase:
        column = self.field.ordered
        edges = [{name: Value(edge, converter=False) for name, edge in one.items()} for one in self.buckets]
        above = [[column >= one["from"]] if "from" in one else [] for one in edges]
        below = [[column < one["to"]] if "to" in one else [] for one in edges]
        inside = [all_of([*low, *high]) for low, high in zip(above, below, strict=True)]
        return Case(None, [(holds, SQL(str(at))) for at, holds in enumerate(inside)], None)

    def shown(self, key: object) -> object:
        return key

    def arranged(self, found: Mapping[object, int]) -> list[object]:
        return list(range(len(self.buckets)))

    def result(self, shown: object, count: int) -> dict[str, object]:
        place: Any = shown  # as `key` numbers them
        return {**self.buckets[place], "count": count}


class _Dates(_Level):
    """Counts rows by year, month, week (from Monday), day, hour, minute or second, oldest first."""

    part, many, one = "dateHistogram", "dateHistogram", "dateHistogram"

    def read(self, own: object) -> None:
        if self.field.kind != "time":
            raise wrong(self.path, "is for times.")
        own = read_object(own, ("interval",), self.path)
        self.interval = read_choice(own, "interval", INTERVALS, self.path, needed=True)

    def units(self) -> int:
        return GROUP if self.interval in ("MINUTE", "SECOND") and not self.field.to_shown else 0

    def key(self) -> ColumnBase:
        finest = {"MINUTE": 60, "SECOND": 1}.get(self.interval, QUARTER_S)
        return _seconds(self.field.column, QUARTER_S if self.field.to_shown else finest)

    def shown(self, key: object) -> object:
        if key is None:
            return None
        moment = _moment(key)
        return _begin(self.field.to_shown(moment) if self.field.to_shown else moment, self.interval, self.zone)

    def arranged(self, found: Mapping[object, int]) -> list[object]:
        known: list[Any] = [moment for moment in found if moment is not None]
        dates = sorted(known)
        if len(dates) > DATES_MAX:
            raise wrong(f"{self.path}.interval", f"gives {len(dates)} dates, of {DATES_MAX} at most.")
        return dates


class _Figure(_Level):
    """One figure over all values: the number of different ones, the smallest or the largest."""

    part, one = "scalar", "scalar"

    def read(self, own: object) -> None:
        own = read_object(own, ("type",), self.path)
        self.type = read_choice(own, "type", ("COUNT_DISTINCT", "MIN", "MAX"), self.path, needed=True)
        if self.type != "COUNT_DISTINCT" and self.field.kind not in (*NUMBERS, "time"):
            raise wrong(self.path, "has MIN and MAX of numbers and times only.")

    def alone(self, select: Select) -> dict[str, object]:
        if self.type != "COUNT_DISTINCT":
            edge = getattr(fn, self.type)(NodeList((self.field.ordered,)))
            figure = self.value(select.select(edge).order_by().scalar())
        elif self.field.to_shown:
            figure = len({value for (value,) in _grouped(select, [self], self.path)} - {None})
        else:
            figure = select.select(fn.COUNT(self.key().distinct())).order_by().scalar()
        return self.answered(figure, type=self.type)

    def within(self, values: Iterable[object]) -> dict[str, object]:
        """Returns the figure over the values of one group."""
        known: set[Any] = {value for value in values if value is not None}
        figures = {"COUNT_DISTINCT": len(known), "MIN": min(known, default=None), "MAX": max(known, default=None)}
        return self.answered(figures[self.type])

    def answered(self, figure: object, **type: str) -> dict[str, object]:
        if isinstance(figure, datetime):
            return {"scalarDate": {**type, "value": _text(figure)}}
        value = float(figure) if isinstance(figure, Decimal) else figure
        return {"scalar": {**type, **({} if value is None else {"value": value})}}


TYPES_OF_LEVELS: dict[str, type[_Level]] = {
    "VALUE": _Values,
    "RANGE": _Ranges,
    "SCALAR": _Figure,
    "DATE_HISTOGRAM": _Dates,
}
MEMBERS = ("name", "type", "fieldPath", "nested", *(level.part for level in TYPES_OF_LEVELS.values()))


class _Nested:
    """Nested groups, returned as one list: each result names its group on every level."""

    def __init__(self, entity: Entity, requested: Mapping[str, object], zone: tzinfo, path: str) -> None:
        listed = read_object(requested.get("nested"), ("nestedAggregations",), f"{path}.nested").get(
            "nestedAggregations"
        )
        self.path = f"{path}.nested.nestedAggregations"
        levels = read_list(listed, NESTED_LEVELS_MAX, self.path, least=2)
        self.levels = [_level(entity, one, zone, f"{self.path}[{at}]") for at, one in enumerate(levels)]
        self.heading = {"name": read_text(requested, "name", NAME_LENGTH_MAX, path), "type": "NESTED"}
        names = {level.heading["name"] for level in self.levels}
        if "" in names or len(names) < len(levels):
            raise wrong(self.path, "need a name each, no two the same.")
        if any(isinstance(level, _Figure) for level in self.levels[:-1]):
            raise wrong(self.path, "may have a scalar only as the last one.")

    def units(self) -> int:
        """Returns the weight of all levels together."""
        return sum(READING + level.units() for level in self.levels)

    def alone(self, select: Select) -> dict[str, object]:
        """Returns the list of nested results; raises BadRequest beyond NESTED_MAX."""
        results = list(_within(self.levels, _grouped(select, self.levels, self.path)))
        if len(results) > NESTED_MAX:
            raise wrong(self.path, f"give {len(results)} results, of {NESTED_MAX} at most.")
        return {"nested": {"results": [{"results": one} for one in results]}}


def _wanted(entity: Entity, requested: object, zone: tzinfo, path: str) -> _Level | _Nested:
    requested = read_object(requested, MEMBERS, path)
    nested = read_choice(requested, "type", (*TYPES_OF_LEVELS, "NESTED"), path, needed=True) == "NESTED"
    return _Nested(entity, requested, zone, path) if nested else _level(entity, requested, zone, path)


def _level(entity: Entity, requested: object, zone: tzinfo, path: str) -> _Level:
    requested = read_object(requested, MEMBERS, path)
    type = read_choice(requested, "type", (*TYPES_OF_LEVELS,), path, needed=True)
    name = read_text(requested, "fieldPath", PATH_LENGTH_MAX, path)
    known = {name: field for name, field in entity.fields.items() if field.aggregatable}
    field = known.get(".".join(word.removeprefix("_") for word in name.split(".")))  # the SDK sends `_id`
    if field is None:
        raise wrong(f"{path}.fieldPath", f"is one of {', '.join(sorted(known))}.")
    level = TYPES_OF_LEVELS[type]
    heading = {"name": read_text(requested, "name", NAME_LENGTH_MAX, path), "type": type, "fieldPath": name}
    return level(field, zone, heading, requested.get(level.part), path)


def _within(levels: Sequence[_Level], groups: Groups) -> Iterator[dict[str, object]]:
    level, deeper = levels[0], levels[1:]
    name = level.heading["name"]
    if isinstance(level, _Figure):
        yield {name: level.within(key for (key,) in groups)}
        return
    inside: dict[object, dict[tuple[object, ...], int]] = defaultdict(dict)
    for (value, *others), count in groups.items():
        inside[value][tuple(others)] = count
    found = {value: sum(counts.values()) for value, counts in inside.items()}
    for value in level.arranged(found):
        if value in found:
            here = {name: {level.one: level.result(value, found[value])}}
            for more in _within(deeper, inside[value]) if deeper else ({},):
                yield {**here, **more}


def _grouped(select: Select, levels: Sequence[_Level], path: str) -> Groups:
    """Returns the number of rows in each nested group, by the values shown. Raises BadRequest beyond GROUPS_MAX."""
    places = [
        SQL(str(at)) for at in range(1, len(levels) + 1)
    ]  # keys may contain parameters, which PostgreSQL treats as different each time
    query = select.select(*(level.key() for level in levels), fn.COUNT(SQL("*"))).order_by().group_by(*places)
    rows = list(query.limit(GROUPS_MAX + 1).tuples())
    if len(rows) > GROUPS_MAX:
        raise wrong(path, f"has more than {GROUPS_MAX:,} groups: filter first.")
    found: dict[tuple[object, ...], int] = defaultdict(int)
    for *keys, count in rows:
        found[tuple(level.shown(key) for level, key in zip(levels, keys, strict=True))] += count
    return found


def _seconds(column: ColumnBase, step: int) -> ColumnBase:
    """Returns a time as seconds since 1970, rounded down to a multiple of `step`."""
    if on_sqlite():
        return NodeList((SQL("unixepoch(substr("), column, SQL(f", 1, 19)) / {step} * {step}")))
    return NodeList((SQL("floor(extract(epoch FROM"), column, SQL(f") / {step})::bigint * {step}")))


def _moment(seconds: Any) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _begin(moment: datetime, interval: str, zone: tzinfo) -> datetime:
    """Returns the first moment of the interval that contains `moment`."""
    local = moment.astimezone(zone)
    if interval in ("HOUR", "MINUTE", "SECOND"):
        minute = 0 if interval == "HOUR" else local.minute
        second = local.second if interval == "SECOND" else 0
        return local.replace(minute=minute, second=second, microsecond=0).astimezone(UTC)
    day = local.date()
    first = {
        "YEAR": day.replace(month=1, day=1),
        "MONTH": day.replace(day=1),
        "WEEK": day - timedelta(days=day.weekday()),
        "DAY": day,
    }[interval]
    return datetime.combine(first, time.min, zone).astimezone(UTC)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return clock.iso(value) if isinstance(value, datetime) else str(value)


def _as_value(text: str, kind: str) -> str | int | bool | None:
    """Returns the field value written as `text`, None without one: rows without a value count under it."""
    if kind == "text":
        return text
    if kind in NUMBERS:
        return int(text) if text.isdecimal() and text.isascii() else None
    return {"true": True, "false": False}.get(text) if kind == "bool" else None
