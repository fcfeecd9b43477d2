"""The JSON Schema of queries: the fields of an entity with their operators, its orders, its aggregations.

A query that fits the schema can still get a 400: for an invalid cursor, a field sorted by twice, a filter too deep or
too costly (weight.py), an unknown time zone, or too many groups.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, make_dataclass
from typing import Annotated, Any, TypeVar

from widget_server.web.bodies import JsonDict
from widget_server.web.query import aggregations, cursors, filters, pages, search
from widget_server.web.query.fields import DECIMAL, INT_MAX, MONEY_MAX, Entity, Field, Kind
from widget_server.web.wire import GUID, RFC3339, Described, whole

T = TypeVar("T")
Shapes = dict[str, JsonDict]

ANYTHING: JsonDict = {
    "type": ["object", "array", "string", "number", "boolean", "null"],
    "description": "Taken and passed over.",
}
NOTHING: JsonDict = {"type": "null"}
VALUES: dict[Kind, JsonDict] = {
    "id": {"type": "string", "format": "uuid", "pattern": whole(GUID)},
    "text": {"type": "string"},
    "int": {"type": "integer", "minimum": -INT_MAX, "maximum": INT_MAX},
    "time": {"type": "string", "format": "date-time", "pattern": whole(RFC3339)},
    "money": {
        "anyOf": [
            {"type": "number", "minimum": -MONEY_MAX, "maximum": MONEY_MAX},
            {"type": "string", "pattern": whole(DECIMAL)},
        ]
    },
    "bool": {"type": "boolean"},
    "texts": {"type": "string"},
}
NAME: JsonDict = {"type": ["string", "null"], "maxLength": aggregations.NAME_LENGTH_MAX}
FOREIGN = dict.fromkeys(("value", "range", "scalar", "dateHistogram", "nested"), ANYTHING)  # of other types
CONDITIONS: dict[str, Kind] = {f"{kind.capitalize()}Condition": kind for kind in VALUES}
NAMES = {kind: name for name, kind in CONDITIONS.items()}


@dataclass(frozen=True)
class QueryBody:
    """The body of a query: JSON of an untrusted caller, read by pages.py."""

    query: dict[str, Any] | None = None


@dataclass(frozen=True)
class SearchBody:
    """The body of a search."""

    search: dict[str, Any] | None = None


@dataclass(frozen=True)
class CountBody:
    """The body of a count."""

    filter: dict[str, Any] | None = None
    search: dict[str, Any] | None = None


def query_body(entity: Entity) -> type[QueryBody]:
    """Returns the QueryBody class of this entity."""
    return _body(QueryBody, f"{_name(entity)}QueryBody", query=_query(entity, "Query", pages.SORT_MAX["query"]))


def searched(entity: Entity, *, aggregated: bool = False) -> type[SearchBody]:
    """Returns the SearchBody class of this entity; `aggregated`: with aggregations over all found rows."""
    more: JsonDict = {"search": _nullable(_free_text(entity))}
    if aggregated:
        more |= {"aggregations": _list(_ref(entity, "Aggregation"), aggregations.AGGREGATIONS_MAX)}
        more |= {"timeZone": {"type": ["string", "null"], "maxLength": aggregations.ZONE_LENGTH_MAX}}
    shapes = _query(entity, "Search", pages.SORT_MAX["search"], **more)
    return _body(
        SearchBody, f"{_name(entity)}SearchBody", search={**(_aggregations(entity) if aggregated else {}), **shapes}
    )


def counted(entity: Entity) -> type[CountBody]:
    """Returns the CountBody class of this entity: a filter and free text."""
    parts = {"filter": _filter(entity), "search": {f"{_name(entity)}FreeText": _free_text(entity)}}
    return _body(CountBody, f"{_name(entity)}CountBody", **parts)


def selected(entity: Entity) -> Described:
    """Returns a field that selects rows by filter and free text, for a bulk call."""
    parts = {"filter": _nullable(_ref(entity, "Filter")), "search": _nullable(_free_text(entity))}
    ignored = dict.fromkeys(("sort", "cursorPaging", "paging"), ANYTHING)
    return Described({**_filter(entity), f"{_name(entity)}Selection": _object({**parts, **ignored}, example={})})


def _body(base: type[T], name: str, **members: Shapes) -> type[T]:
    """Returns a subclass of `base` with its members described for one entity."""
    described = [
        (member, Annotated[dict[str, Any] | None, Described(shapes)], None) for member, shapes in members.items()
    ]
    return make_dataclass(name, described, bases=(base,), frozen=True, namespace={"__doc__": base.__doc__})


def _query(entity: Entity, kind: str, sort_max: int, **more: JsonDict) -> Shapes:
    sortable = [name for name, field in entity.fields.items() if field.sortable]
    order = {"type": ["string", "null"], "enum": ["ASC", "DESC", None]}
    sorting_of = _object({"fieldName": _words(sortable), "order": order}, required=["fieldName"])
    cursor = {"type": ["string", "null"], "maxLength": cursors.LENGTH_MAX}
    paging = {"limit": _number(1, pages.LIMIT_MAX), "cursor": cursor}
    offset = {"limit": _number(0, pages.OFFSET_LIMIT_MAX), "offset": _number(0, pages.OFFSET_MAX)}
    unused = {"anyOf": [NOTHING, {"type": "object", "maxProperties": 0}]}
    either = [{"properties": {name: unused}} for name in ("paging", "cursorPaging")]
    shape = _object(
        {
            "filter": _nullable(_ref(entity, "Filter")),
            "sort": _list(sorting_of, sort_max),
            "cursorPaging": _nullable(_object(paging)),
            "paging": _nullable(_object(offset)),
            **more,
        },
        example={"filter": {}, "sort": [{"fieldName": sortable[0], "order": "ASC"}], "cursorPaging": {"limit": 10}},
    )
    return {**_filter(entity), f"{_name(entity)}{kind}": {**shape, "anyOf": either}}


def _filter(entity: Entity) -> Shapes:
    """Returns the schema of the filter, and those of the conditions in it."""
    known = {name: field for name, field in entity.fields.items() if field.filterable}
    itself = _ref(entity, "Filter")
    several = {"type": "array", "items": itself, "maxItems": filters.LIST_MAX}
    logic: Shapes = {
        "$and": several,
        "$or": several,
        "$not": {"anyOf": [itself, {**several, "minItems": 1, "maxItems": 1}]},
    }
    conditions = {name: _condition_of(field) for name, field in known.items()}
    kinds = {field.kind for field in known.values() if field.kind != "enum"}
    shared = {NAMES[kind]: _condition(kind, VALUES[kind]) for kind in sorted(kinds)}
    return {**shared, f"{_name(entity)}Filter": _object({**conditions, **logic}, example={})}


def _condition_of(field: Field) -> JsonDict:
    if field.kind == "enum":
        return _condition("enum", _words(field.words))
    return {"$ref": f"#/components/schemas/{NAMES[field.kind]}"}


def _condition(kind: Kind, value: JsonDict) -> JsonDict:
    """Returns the schema of a condition: a value, null for missing, or operators with values."""
    several = {"type": "array", "items": value, "maxItems": filters.LIST_MAX}
    text, flag = {"type": "string", "maxLength": filters.TEXT_LENGTH_MAX}, {"type": "boolean"}
    takes: dict[str, JsonDict] = {
        **dict.fromkeys(("$in", "$nin", "$hasSome", "$hasAll"), several),
        **dict.fromkeys(("$exists", "$isEmpty"), flag),
        **dict.fromkeys(filters.TEXT, text),
    }
    operators = {name: takes.get(name, value) for name in filters.OPERATORS[kind]}
    equal = [value] if "$eq" in operators else []
    operators |= {name: {"anyOf": [*equal, NOTHING]} for name in ("$eq", "$ne")}
    return {"anyOf": [*equal, NOTHING, _object(operators, minProperties=1)]}


def _free_text(entity: Entity) -> JsonDict:
    known = [name for name, field in entity.fields.items() if field.searchable]
    parts = {
        "expression": {"type": ["string", "null"], "maxLength": search.EXPRESSION_LENGTH_MAX},
        "mode": {"type": ["string", "null"], "enum": ["OR", "AND", None]},
        "fields": _list(_words(known), search.FIELDS_MAX),
        "fuzzy": {"type": ["boolean", "null"]},
    }
    return _object(parts, example={"expression": "ann"})


def _aggregations(entity: Entity) -> Shapes:
    """Returns the schemas of an aggregation of each type, alone or nested."""
    inner = {"type": "array", "items": _ref(entity, "Level"), "minItems": 2}
    inner["maxItems"] = aggregations.NESTED_LEVELS_MAX
    within = _object({"nestedAggregations": inner}, required=["nestedAggregations"])
    nested = {**FOREIGN, "fieldPath": ANYTHING, "name": NAME, "type": _words(["NESTED"]), "nested": within}
    return {
        f"{_name(entity)}Level": {"anyOf": _levels(entity)},
        f"{_name(entity)}Aggregation": {
            "anyOf": [_ref(entity, "Level"), _object(nested, required=["type", "nested"])],
            "example": {"name": "months", "type": "DATE_HISTOGRAM", "fieldPath": "createdDate"}
            | {"dateHistogram": {"interval": "MONTH"}},
        },
    }


def _levels(entity: Entity) -> list[JsonDict]:
    """Returns the schema of each type of aggregation that may be nested; figures last."""
    known = {name: field for name, field in entity.fields.items() if field.aggregatable}

    def of(*kinds: str) -> JsonDict:
        return _words([name for name, field in known.items() if not kinds or field.kind in kinds])

    def figure(fields_of: JsonDict, *types: str) -> JsonDict:
        return _level("SCALAR", fields_of, "scalar", _object({"type": _words(types)}, required=["type"]))

    intervals = _object({"interval": _words(aggregations.INTERVALS)}, required=["interval"])
    return [
        _level("VALUE", of(), "value", _nullable(_values()), needed=False),
        _level("RANGE", of(*aggregations.NUMBERS), "range", _object({"buckets": _buckets()}, required=["buckets"])),
        _level("DATE_HISTOGRAM", of("time"), "dateHistogram", intervals),
        figure(of(), "COUNT_DISTINCT"),
        figure(of(*aggregations.NUMBERS, "time"), "MIN", "MAX"),
    ]


def _level(type: str, fields_of: JsonDict, part: str, own: JsonDict, *, needed: bool = True) -> JsonDict:
    members = {**FOREIGN, "name": NAME, "type": _words([type]), "fieldPath": fields_of, part: own}
    return _object(members, required=["type", "fieldPath", *([part] if needed else [])])


def _values() -> JsonDict:
    added = {"addToBucket": {"type": ["string", "null"], "maxLength": aggregations.BUCKET_NAME_LENGTH_MAX}}
    return _object(
        {
            "limit": _number(1, aggregations.VALUES_MAX),
            "sortType": {"type": ["string", "null"], "enum": ["COUNT", "VALUE", None]},
            "sortDirection": {"type": ["string", "null"], "enum": ["DESC", "ASC", None]},
            "missingValues": {"type": ["string", "null"], "enum": ["EXCLUDE", "INCLUDE", None]},
            "includeOptions": _nullable(_object(added)),
        }
    )


def _buckets() -> JsonDict:
    edge = {"type": ["number", "null"], "exclusiveMinimum": -(2**63), "exclusiveMaximum": 2**63}
    number = {"type": "number", "exclusiveMinimum": -(2**63), "exclusiveMaximum": 2**63}
    bucket = _object({"from": edge, "to": edge})
    bucket["anyOf"] = [{"required": [name], "properties": {name: number}} for name in ("from", "to")]
    return {"type": "array", "items": bucket, "minItems": 1, "maxItems": aggregations.RANGES_MAX}


def _name(entity: Entity) -> str:
    return "".join(word.capitalize() for word in entity.name.split("_"))


def _ref(entity: Entity, kind: str) -> JsonDict:
    return {"$ref": f"#/components/schemas/{_name(entity)}{kind}"}


def _object(properties: Mapping[str, JsonDict], **facts: Any) -> JsonDict:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False, **facts}


def _list(item: JsonDict, most: int) -> JsonDict:
    return {"type": ["array", "null"], "items": item, "maxItems": most}


def _number(low: int, high: int) -> JsonDict:
    return {"type": ["integer", "null"], "minimum": low, "maximum": high}


def _words(words: Iterable[str]) -> JsonDict:
    return {"type": "string", "enum": list(words)}


def _nullable(shape: JsonDict) -> JsonDict:
    return {"anyOf": [shape, NOTHING]}
