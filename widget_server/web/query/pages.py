"""Pages of rows: reads the request, selects the rows, and adds cursors to the pages beside it (wix-api §4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, TypedDict

from peewee import NodeList, Select

from widget_server import clock
from widget_server.db import Condition, objects
from widget_server.errors import BadRequest
from widget_server.web.query import cursors, filters, search
from widget_server.web.query.aggregations import Summary
from widget_server.web.query.conditions import all_of
from widget_server.web.query.costly import costly
from widget_server.web.query.fields import Entity
from widget_server.web.query.parsing import read_number, read_object, read_text, wrong
from widget_server.web.query.sorting import Key, beyond, order
from widget_server.web.query.weight import Weight
from widget_server.web.wire import CursorPagingMetadata, Cursors, PagingMetadata

LIMIT_MAX, LIMIT_DEFAULT = 100, 50
OFFSET_MAX, OFFSET_LIMIT_MAX = 10_000, 1000
SORT_MAX = {"query": 5, "search": 10, "": 5}
COUNTED_MAX = 100_000

Where = Literal["query", "search", ""]


@dataclass(frozen=True)
class Page:
    """The `rows` of the select, and cursors to the pages beside this one, if any. `chosen` is the condition of all
    pages, for aggregations: filter and free text may come from a cursor.

    `offset` and `total` are set when the caller pages by offset; `total` is None beyond 100,000 rows.
    """

    rows: list[Any]
    chosen: Condition
    next: str | None
    prev: str | None
    offset: int | None = None
    total: int | None = None


class Paging(TypedDict, total=False):
    """CursorPagingMetadata or PagingMetadataV2, with Python's names."""

    count: int
    cursors: dict[str, str]
    has_next: bool
    offset: int
    total: int | None
    too_many_to_count: bool


@dataclass(frozen=True)
class _Wanted:
    """The request for a page: `known` is repeated in its cursors, `anchor` is the row beside which it begins."""

    known: dict[str, Any]
    limit: int
    anchor: list[Any] | None = None
    backwards: bool = False
    itself: bool = False
    offset: int | None = None

    @property
    def begun(self) -> bool:
        """True when rows of the list lie before the page, in the direction of reading."""
        return self.anchor is not None or bool(self.offset)


def page(
    entity: Entity,
    select: Select,
    requested: object,
    *,
    shop_id: str,
    where: Where = "query",
    summary: Summary | None = None,
) -> Page:
    """Returns the page of `select` (bound to its shop, with the joins of the fields) for `requested`, the JSON in the
    body's `where`. One query per page; paging by offset needs a count too. `summary`, which is computed over the same
    rows afterwards, adds to the weight.

    Raises QueryTooSlow, Busy, and BadRequest naming the field by its path in the body: `query.filter.points.balance`,
    `query.sort[0].fieldName`, `query.cursorPaging.cursor`.
    """
    path = f"{where}." if where else ""
    wanted = _read(entity, {} if requested is None else requested, shop_id, where)
    try:
        chosen = selection(entity, wanted.known.get("filter"), wanted.known.get("search"), where=where, summary=summary)
        keys = order(entity, wanted.known.get("sort"), f"{path}sort", most=SORT_MAX[where])
        place = [] if wanted.anchor is None else [_place(keys, wanted)]
    except (BadRequest, ValueError) as changed:
        if wanted.anchor is None:
            raise
        raise _bad_cursor(path) from changed  # it was valid once: the fields have changed since
    query = select.where(chosen, *place).order_by(*(key.clause(wanted.backwards) for key in keys))
    query = query.select_extend(*(_plain(key).alias(f"sort_{at}") for at, key in enumerate(keys)))
    with costly():
        rows = objects(query.limit(wanted.limit + 1).offset(wanted.offset))
    more, rows = len(rows) > wanted.limit, rows[: wanted.limit]
    if wanted.backwards:
        rows.reverse()

    def cursor(place: int, *, backwards: bool) -> str:
        anchor = [_encoded(rows[place], at) for at in range(len(keys))] if rows else wanted.anchor
        held = {**wanted.known, "limit": wanted.limit, "anchor": anchor, "backwards": backwards, "itself": not rows}
        text = cursors.write(shop_id, entity.name, held)
        if len(text) > cursors.LENGTH_MAX:
            raise wrong(f"{path}filter", "is too long for a cursor to hold.")
        return text

    return Page(
        rows,
        chosen,
        next=cursor(-1, backwards=False) if (wanted.begun if wanted.backwards else more) else None,
        prev=cursor(0, backwards=True) if (more if wanted.backwards else wanted.begun) else None,
        offset=wanted.offset,
        total=_total(select.where(chosen)) if wanted.offset is not None else None,
    )


def selection(
    entity: Entity,
    filter: object = None,
    search_for: object = None,
    *,
    where: str = "",
    summary: Summary | None = None,
) -> Condition:
    """Returns the condition of a filter and a free text together, for counts and bulk calls. `where` is the path of
    the object with both, empty for the body itself. Raises BadRequest as `page` does.
    """
    path = f"{where}." if where else ""
    weight = summary.weight() if summary else Weight()
    chosen = filters.condition(entity.fields, filter, f"{path}filter", weight)
    return all_of([chosen, search.condition(entity.fields, search_for, f"{path}search", weight)])


def count(select: Select) -> int:
    """Returns the number of rows of `select`. Raises QueryTooSlow, Busy."""
    with costly():
        return int(select.order_by().count())


def metadata(found: Page) -> CursorPagingMetadata:
    """Returns the number of rows on the page, and the cursors to the pages beside it."""
    return {"count": len(found.rows), "cursors": _cursors(found), "has_next": found.next is not None}


def metadata_v2(found: Page) -> PagingMetadata:
    """Returns the same as PagingMetadataV2, with `offset` and `total` for callers that page by offset."""
    figures: PagingMetadata = {"count": len(found.rows), "cursors": _cursors(found)}
    if found.offset is None:
        return figures
    return {**figures, "offset": found.offset, "total": found.total, "too_many_to_count": found.total is None}


def _cursors(found: Page) -> Cursors:
    beside: Cursors = {}
    if found.next is not None:
        beside["next"] = found.next
    if found.prev is not None:
        beside["prev"] = found.prev
    return beside


def _read(entity: Entity, requested: object, shop_id: str, where: Where) -> _Wanted:
    """Returns the parts of `requested`, or those in its cursor. Raises BadRequest."""
    path = f"{where}." if where else ""
    names = ("filter", "sort", *(("search",) if where == "search" else ()))
    body = read_object(requested, (*names, "cursorPaging", "paging"), where)
    cursor_paging = read_object(body.get("cursorPaging"), ("limit", "cursor"), f"{path}cursorPaging")
    paging = read_object(body.get("paging"), ("limit", "offset"), f"{path}paging")
    known = {name: body[name] for name in names if body.get(name) is not None}
    if cursor_paging and paging:
        raise wrong(f"{path}paging", "cannot be combined with cursorPaging.")
    if paging:
        limit = read_number(paging, "limit", 0, OFFSET_LIMIT_MAX, LIMIT_DEFAULT, f"{path}paging")
        offset = read_number(paging, "offset", 0, OFFSET_MAX, 0, f"{path}paging") if "offset" in paging else None
        return _Wanted(known, limit, offset=offset)
    cursor = read_text(cursor_paging, "cursor", cursors.LENGTH_MAX, f"{path}cursorPaging")
    if not cursor:
        return _Wanted(known, read_number(cursor_paging, "limit", 1, LIMIT_MAX, LIMIT_DEFAULT, f"{path}cursorPaging"))
    held = cursors.read(shop_id, entity.name, cursor)
    if held is None:
        raise _bad_cursor(path)
    for name, value in known.items():
        if value:
            raise wrong(f"{path}{name}", "is part of the cursor: send only a limit with a cursor.")
    anchor, backwards, itself, limit = (held.pop(name) for name in ("anchor", "backwards", "itself", "limit"))
    default = min(max(limit, 1), LIMIT_MAX)
    limit = read_number(cursor_paging, "limit", 1, LIMIT_MAX, default, f"{path}cursorPaging")
    return _Wanted(held, limit, anchor, backwards, itself)


def _bad_cursor(path: str) -> BadRequest:
    return wrong(f"{path}cursorPaging.cursor", "is not a cursor of this list, or has expired.")


def _place(keys: Sequence[Key], wanted: _Wanted) -> Condition:
    """Returns the condition of rows on the page's side of its anchor; raises ValueError when the order has changed."""
    pairs = zip(keys, wanted.anchor or [], strict=True)
    values = [clock.parse(one) if key.field.kind == "time" and one is not None else one for key, one in pairs]
    return beyond(keys, values, wanted.backwards, itself=wanted.itself)


def _total(select: Select) -> int | None:
    counted = count(select.limit(COUNTED_MAX + 1))
    return counted if counted <= COUNTED_MAX else None


def _plain(key: Key) -> NodeList:
    """Returns the key's database value as a column of the row itself, even if its field is in a joined table."""
    return NodeList((key.field.ordered,))


def _encoded(row: object, at: int) -> object:
    name = f"sort_{at}"
    value = row[name] if isinstance(row, dict) else getattr(row, name)
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
