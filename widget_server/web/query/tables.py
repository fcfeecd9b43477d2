"""Tables for readers: the query fields of a call, read from the JSON Schemas that `json_schema.py` made."""

from dataclasses import dataclass

from widget_server.web.bodies import JsonDict
from widget_server.web.query.fields import Kind
from widget_server.web.query.json_schema import CONDITIONS, NOTHING, Shapes

TYPES: dict[Kind, str] = {
    "id": "GUID",
    "text": "text",
    "int": "whole number",
    "time": "time",
    "money": "amount",
    "bool": "true or false",
    "texts": "list of texts",
}
SORT, SEARCH, AGGREGATIONS = "sort", "search", "aggregations"


@dataclass(frozen=True)
class Row:
    """One field: its type, the values of an enum, and its operators and uses in queries."""

    name: str
    type: str
    words: tuple[str, ...]
    operators: tuple[str, ...]
    sortable: bool
    searchable: bool
    aggregations: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """The fields of a filter, which is at `path` in the body; `takes` are the other parts that the body accepts."""

    path: str
    takes: tuple[str, ...]
    rows: tuple[Row, ...]


def table(body: JsonDict, shapes: Shapes) -> Table | None:
    """Returns the table of query fields of a call with this body; None when it takes no filter."""
    members = _members(body, shapes)
    places = {"filter": members} | {f"{name}.filter": _members(one, shapes) for name, one in members.items()}
    for path, requested in places.items():
        conditions = _members(requested.get("filter", {}), shapes)
        if "$and" in conditions:
            return _table(path, requested, conditions, shapes)
    return None


def _table(path: str, requested: JsonDict, conditions: JsonDict, shapes: Shapes) -> Table:
    sortable = _members(requested.get(SORT, {}).get("items", {}), shapes).get("fieldName", {}).get("enum", [])
    searchable = _members(requested.get(SEARCH, {}), shapes).get("fields", {}).get("items", {}).get("enum", [])
    aggregations = _aggregations(requested.get(AGGREGATIONS, {}).get("items", {}), shapes)
    parts = {SORT: sortable, SEARCH: searchable, AGGREGATIONS: aggregations}
    names = dict.fromkeys(name for part in (conditions, *parts.values()) for name in part if not name.startswith("$"))
    rows = [
        Row(
            name,
            *_condition(conditions.get(name, {}), shapes),
            name in sortable,
            name in searchable,
            tuple(aggregations.get(name, ())),
        )
        for name in names
    ]
    return Table(path, tuple(name for name, part in parts.items() if part), tuple(rows))


def _condition(shape: JsonDict, shapes: Shapes) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Returns type, values and operators, without operators that take only null, which every field has."""
    kind = CONDITIONS.get(shape.get("$ref", "").rpartition("/")[2])
    either = _followed(shape, shapes).get("anyOf", [{}])
    words = () if kind else tuple(either[0].get("enum", ()))
    takes = either[-1].get("properties", {})
    operators = tuple(name for name, value in takes.items() if value != {"anyOf": [NOTHING]})
    return TYPES[kind] if kind else "one of" if words else "", words, operators


def _aggregations(shape: JsonDict, shapes: Shapes) -> dict[str, list[str]]:
    """Returns the types of aggregation that each field supports."""
    found: dict[str, list[str]] = {}
    for level in _followed(_followed(shape, shapes).get("anyOf", [{}])[0], shapes).get("anyOf", ()):
        for name in level["properties"]["fieldPath"]["enum"]:
            known = found.setdefault(name, [])
            known += [type for type in level["properties"]["type"]["enum"] if type not in known]
    return found


def _members(shape: JsonDict, shapes: Shapes) -> JsonDict:
    """Returns the properties of an object, which may be missing or null."""
    members: JsonDict = _followed(shape, shapes).get("properties", {})
    return members


def _followed(shape: JsonDict, shapes: Shapes) -> JsonDict:
    """Returns the shape itself, if this one is a `$ref` to it or its nullable form."""
    if "$ref" in shape:
        return _followed(shapes[shape["$ref"].rpartition("/")[2]], shapes)
    if shape.get("anyOf", ())[1:] == [NOTHING]:
        return _followed(shape["anyOf"][0], shapes)
    return shape
