"""Turns a filter of the wire into one SQL condition (wix-api §4).

Logic is two-valued on both databases: where a field is missing, `$ne`, `$nin` and `$not` are true. Negation is pushed
down to the leaves, so that conditions without negation stay simple enough for an index.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from peewee import SQL, ColumnBase, NodeList, Value

from widget_server import clock
from widget_server.db import Condition, on_sqlite
from widget_server.web.query.conditions import (
    NONE,
    all_of,
    any_of,
    contains,
    ends_with,
    needs_folding,
    negate,
    starts_with,
)
from widget_server.web.query.fields import MILLISECOND, Field, Kind
from widget_server.web.query.parsing import wrong
from widget_server.web.query.weight import Weight, of_text

DEPTH_MAX = 10
LEAVES_MAX = 500
LIST_MAX = 1000
TEXT_LENGTH_MAX = 256

ANY_KIND = ("$eq", "$ne", "$in", "$nin", "$hasSome", "$hasAll", "$exists", "$isEmpty")
ORDER = ("$gt", "$gte", "$lt", "$lte")
TEXT: dict[str, Callable[[ColumnBase, str], Condition]] = {
    "$startsWith": starts_with,
    "$endsWith": ends_with,
    "$contains": contains,
}
OPERATORS: dict[Kind, tuple[str, ...]] = {
    "id": (*ANY_KIND, *ORDER, *TEXT),
    "text": (*ANY_KIND, *ORDER, *TEXT),
    "int": (*ANY_KIND, *ORDER),
    "time": (*ANY_KIND, *ORDER),
    "money": (*ANY_KIND, *ORDER),
    "bool": ANY_KIND,
    "enum": ANY_KIND,
    "texts": ("$hasSome", "$hasAll", "$exists", "$isEmpty"),
}


def condition(fields: Mapping[str, Field], requested: object, path: str, weight: Weight | None = None) -> Condition:
    """Returns the condition for `requested`, the JSON at `path`; None or `{}` selects all. Adds its cost to `weight`.

    Raises BadRequest naming the field, operator or value that is invalid or too costly.
    """
    return _Filter(fields, path, weight or Weight()).group({} if requested is None else requested, False, 1)


class _Filter:
    """One filter while it is read; it counts the leaves to limit the total size."""

    def __init__(self, fields: Mapping[str, Field], path: str, weight: Weight) -> None:
        self.fields, self.path, self.weight = fields, path, weight
        self.leaves = 0

    def group(self, requested: object, negated: bool, depth: int) -> Condition:
        """Returns the condition that all members of an object are true."""
        if not isinstance(requested, dict):
            raise wrong(self.path, "is a JSON object.")
        if depth > DEPTH_MAX:
            raise wrong(self.path, f"is nested more than {DEPTH_MAX} deep.")
        return (any_of if negated else all_of)([self.member(*one, negated, depth) for one in requested.items()])

    def member(self, name: str, requested: object, negated: bool, depth: int) -> Condition:
        if name in ("$and", "$or"):
            parts = [self.group(one, negated, depth + 1) for one in self.listed(requested, f"{self.path}.{name}")]
            return (all_of if (name == "$and") is not negated else any_of)(parts)
        if name == "$not":
            if isinstance(requested, list):
                if len(requested) != 1:
                    raise wrong(f"{self.path}.$not", "takes one filter.")
                requested = requested[0]
            return self.group(requested, not negated, depth + 1)
        path = f"{self.path}.{name}"
        field = self.fields.get(name)
        if field is None or not field.filterable:
            known = ", ".join(sorted(one for one, field in self.fields.items() if field.filterable))
            raise wrong(path, f"cannot be filtered by. These can: {known}.")
        if requested == {}:
            raise wrong(path, "takes a value, or an object with operators.")
        requested = requested if isinstance(requested, dict) else {"$eq": requested}
        leaves = [self.leaf(field, operator, value, negated, path) for operator, value in requested.items()]
        return (any_of if negated else all_of)(leaves)

    def leaf(self, field: Field, operator: str, value: object, negated: bool, path: str) -> Condition:
        """Returns the condition of one operator on one field."""
        self.leaves += 1
        if self.leaves > LEAVES_MAX:
            raise wrong(self.path, f"has more than {LEAVES_MAX} conditions.")
        self.weight.add(1, path)
        if operator in ("$eq", "$ne") and value is None:
            operator, value = "$isEmpty", operator == "$eq"
        if operator not in OPERATORS[field.kind]:
            raise wrong(path, f"supports {', '.join(OPERATORS[field.kind])}, not {operator}.")
        if operator in ("$ne", "$nin"):
            operator, negated = {"$ne": "$eq", "$nin": "$in"}[operator], not negated
        if operator in ("$exists", "$isEmpty"):
            if not isinstance(value, bool):
                raise wrong(path, f"takes true or false for {operator}.")
            found = _present(field) if operator == "$exists" else _empty(field)
            return negate(found, field.column, False) if (value is False) is not negated else found
        holds = self.holds(field, operator, value, path)
        return negate(holds, field.column, field.nullable) if negated else holds

    def holds(self, field: Field, operator: str, value: object, path: str) -> Condition:
        if operator in TEXT:
            if not isinstance(value, str) or len(value) > TEXT_LENGTH_MAX:
                raise wrong(path, f"takes a text of {TEXT_LENGTH_MAX} characters at most for {operator}.")
            self.weight.add(of_text(value, folded=needs_folding(value)), path)
            return TEXT[operator](field.column, value)
        if operator in ("$in", "$hasSome", "$hasAll"):
            values = [field.read(one, path) for one in self.listed(value, path, 8 if field.kind == "time" else 1)]
            if field.kind == "texts":
                return (all_of if operator == "$hasAll" else any_of)([_holds_text(field, one) for one in values])
            if operator == "$hasAll":  # true only if every listed value is the field's single value
                return all_of([_one_of(field, [one]) for one in dict.fromkeys(values)][:2])
            return _one_of(field, values)
        found = field.read(value, path)
        return _one_of(field, [found]) if operator == "$eq" else _compared(field, operator, found)

    def listed(self, requested: object, path: str, weight: int = 1) -> list[object]:
        if not isinstance(requested, list) or len(requested) > LIST_MAX:
            raise wrong(path, f"takes a list of {LIST_MAX:,} at most.")
        self.weight.add_once(weight * len(requested), path)  # this many parameters: SQLite takes 32,766 in a statement
        return requested


def _present(field: Field) -> Condition:
    return field.column.is_null(False)


def _empty(field: Field) -> Condition:
    """Returns the condition that the field is NULL or empty."""
    nothing = {"text": "", "texts": "[]"}.get(field.kind)
    missing = field.column.is_null()
    return missing if nothing is None else any_of([missing, NodeList((field.column, SQL("="), SQL(f"'{nothing}'")))])


def _one_of(field: Field, values: Sequence[Any]) -> Condition:
    if field.kind == "time":
        return any_of([_shown_as(field, moment) for moment in values])
    bound = [field.bound(one) for one in values]
    column = field.ordered if field.kind == "money" else field.column
    return (column == bound[0]) if len(bound) == 1 else column.in_(bound) if bound else NONE


def _shown_as(field: Field, moment: datetime) -> Condition:
    return all_of([_compared(field, "$gte", moment), _compared(field, "$lte", moment)])


def _compared(field: Field, operator: str, value: Any) -> Condition:
    """Returns the comparison of values as the wire shows them: "greater" starts at the next millisecond."""
    column = field.ordered
    if field.kind == "time":
        edge = field.bound(field.at_least(_next_shown(value) if operator in ("$gt", "$lte") else value))
        return (column < edge) if operator in ("$lt", "$lte") else (column >= edge)
    bound = field.bound(value)
    return {"$gt": column > bound, "$gte": column >= bound, "$lt": column < bound, "$lte": column <= bound}[operator]


def _next_shown(moment: datetime) -> datetime:
    return clock.to_millisecond(moment) + MILLISECOND


def _holds_text(field: Field, text: object) -> Condition:
    """Returns the condition that the JSON list in the column contains this text."""
    each = SQL("json_each(") if on_sqlite() else SQL("jsonb_array_elements_text(")
    column = field.column if on_sqlite() else field.column.cast("jsonb")
    select = (SQL("EXISTS (SELECT 1 FROM"), each, column, SQL(") AS one WHERE one.value ="), Value(text), SQL(")"))
    return NodeList(select)
