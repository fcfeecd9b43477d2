"""The order of rows, and the condition for rows after a given one (wix-api §4).

Missing values are last when ascending and first when descending, on both databases. The entity's key breaks ties, in
the direction of the last requested field.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from peewee import ColumnBase, Ordering, Tuple

from widget_server.db import Condition
from widget_server.web.query.conditions import NONE, all_of, any_of
from widget_server.web.query.fields import Entity, Field
from widget_server.web.query.parsing import read_choice, read_list, read_object, read_text, wrong

NAME_LENGTH_MAX = 512


@dataclass(frozen=True)
class Key:
    """One field of an order, with its direction."""

    field: Field
    descending: bool

    def clause(self, backwards: bool) -> Ordering:
        """Returns the ORDER BY term of this field; `backwards` reverses it."""
        descending = self.descending is not backwards
        nulls = ("FIRST" if descending else "LAST") if self.field.nullable else None
        column = self.field.ordered
        return column.desc(nulls=nulls) if descending else column.asc(nulls=nulls)

    def same(self, value: object) -> Condition:
        """Returns the condition of rows with this value."""
        return self.field.ordered.is_null() if value is None else self.field.ordered == value

    def after(self, value: object, backwards: bool) -> Condition:
        """Returns the condition of rows that come after this value."""
        column, nullable = self.field.ordered, self.field.nullable
        if self.descending is not backwards:
            return column.is_null(False) if value is None else column < value
        if value is None:
            return NONE
        return any_of([column > value, column.is_null()]) if nullable else column > value


def order(entity: Entity, requested: object, path: str, *, most: int) -> list[Key]:
    """Returns the order in `requested`, the JSON at `path`, completed by the entity's key to a total order.

    Raises BadRequest for an unknown field, one named twice, or more than `most`.
    """
    keys = [_key(entity, one, f"{path}[{at}]") for at, one in enumerate(read_list(requested, most, path))]
    columns = [key.field.column for key in keys]
    for at, column in enumerate(columns):
        if any(column is earlier for earlier in columns[:at]):
            raise wrong(f"{path}[{at}].fieldName", "is sorted by twice.")
    keys = keys or [Key(entity.newest, True)]
    direction = keys[-1].descending
    ties = [field for field in entity.key if not any(field.column is key.field.column for key in keys)]
    return [*keys, *(Key(field, direction) for field in ties)]


def _key(entity: Entity, requested: object, path: str) -> Key:
    requested = read_object(requested, ("fieldName", "order"), path)
    known = {name: field for name, field in entity.fields.items() if field.sortable}
    name = read_text(requested, "fieldName", NAME_LENGTH_MAX, path)
    if name not in known:
        raise wrong(f"{path}.fieldName", f"is one of {', '.join(sorted(known))}.")
    return Key(known[name], read_choice(requested, "order", ("ASC", "DESC"), path) == "DESC")


def beyond(keys: Sequence[Key], anchor: Sequence[object], backwards: bool, *, itself: bool) -> Condition:
    """Returns the condition of rows after the one with the values `anchor`, or before it when `backwards`; `itself`
    includes that row.

    If all fields have one direction and none is nullable, rows are compared as tuples: an index can find that place.
    """
    values = [None if value is None else key.field.bound(value) for key, value in zip(keys, anchor, strict=True)]
    if not any(key.field.nullable for key in keys) and len({key.descending for key in keys}) == 1:
        columns: ColumnBase = Tuple(*(key.field.ordered for key in keys))
        place = Tuple(*values)
        if keys[0].descending is not backwards:
            found: Condition = columns <= place if itself else columns < place
        else:
            found = columns >= place if itself else columns > place
        return found
    same = [key.same(value) for key, value in zip(keys, values, strict=True)]
    ways = [
        all_of([*same[:at], key.after(value, backwards)])
        for at, (key, value) in enumerate(zip(keys, values, strict=True))
    ]
    return any_of([*ways, all_of(same)] if itself else ways)
