"""Tables of the fields that a call may ask by: all that the shapes of its body say of them, and no more."""

from typing import Any

from widget_server.ledger import Account
from widget_server.web import query
from widget_server.web.query import Entity, Field, tables, word_of
from widget_server.web.query.filters import OPERATORS
from widget_server.web.query.tables import Row, Table
from widget_server.web.typed_schemas import schema_of
from widget_server.web.wire import Described, Wire

CREATED = Field(Account.created_at, "time", aggregatable=True)
COLUMN = Account.id  # nothing is asked of the database here
PARCEL = Entity(
    "parcel",
    {
        "id": Field(COLUMN, "id"),
        "to.name": Field(COLUMN, "text", searchable=True, aggregatable=True),
        "note": Field(COLUMN, "text", sortable=False),
        "weight": Field(COLUMN, "int", aggregatable=True),
        "createdDate": CREATED,
        "price": Field(COLUMN, "money", sortable=False, aggregatable=True),
        "fragile": Field(COLUMN, "bool"),
        "status": Field(COLUMN, "enum", to_stored=word_of({"SENT": 1, "LOST": 2})),
        "labels": Field(COLUMN, "texts", sortable=False),
        "place": Field(COLUMN, "int", filterable=False),
        "secret": Field(COLUMN, "text", filterable=False, sortable=False),
    },
    (CREATED,),
    CREATED,
)
FIELDS = ("id", "to.name", "note", "weight", "createdDate", "price", "fragile", "status", "labels")
NUMBERS, TIMES, TEXTS = ("VALUE", "RANGE", "SCALAR"), ("VALUE", "DATE_HISTOGRAM", "SCALAR"), ("VALUE", "SCALAR")


def table(body: type) -> Table | None:
    """The table of a call with this body."""
    known = schema_of(body, Wire)().fields
    shapes = {name: shape for one in known.values() if isinstance(one, Described) for name, shape in one.shapes.items()}
    members: dict[str, Any] = {n: one.reference for n, one in known.items() if isinstance(one, Described)}
    shapes["Body"] = {"type": "object", "properties": {**members, "amount": {"type": "integer"}}}
    return tables.table({"$ref": "#/components/schemas/Body"}, shapes)


def rows(body: type) -> dict[str, Row]:
    found = table(body)
    assert found
    return {row.name: row for row in found.rows}


def chosen(body: type[Wire], part: str) -> list[str]:
    return [name for name, row in rows(body).items() if getattr(row, part)]


class Moved(Wire):
    """A bulk call."""

    search = query.selected(PARCEL)


class Sent(Wire):
    """A body without a filter, though one of its members is called so."""

    filter = Described({"Sieve": {"type": "object", "properties": {"mesh": {"type": "integer"}}}})


def test_each_field_has_its_type_and_operators() -> None:
    found = rows(query.query_body(PARCEL))
    assert {name: row.type for name, row in found.items()} == {
        "id": "GUID",
        "to.name": "text",
        "note": "text",
        "weight": "whole number",
        "createdDate": "time",
        "price": "amount",
        "fragile": "true or false",
        "status": "one of",
        "labels": "list of texts",
        "place": "",
    }
    assert {name: row.words for name, row in found.items() if row.words} == {"status": ("SENT", "LOST")}
    assert found["place"].operators == ()
    for name in FIELDS:
        assert found[name].operators == OPERATORS[PARCEL.fields[name].kind], name


def test_what_may_be_done_with_a_field_is_that_of_the_call() -> None:
    asked, found = query.query_body(PARCEL), query.searched(PARCEL, aggregated=True)
    plain, counted = query.searched(PARCEL), query.counted(PARCEL)
    sortable = ["id", "to.name", "weight", "createdDate", "fragile", "status", "place"]
    assert [chosen(body, "sortable") for body in (asked, found, plain)] == [sortable] * 3
    assert [chosen(body, "searchable") for body in (found, plain, counted, Moved)] == [["to.name"]] * 4
    assert {name: row.aggregations for name, row in rows(found).items() if row.aggregations} == {
        "to.name": TEXTS,
        "weight": NUMBERS,
        "createdDate": TIMES,
        "price": NUMBERS,
    }
    assert [chosen(body, "aggregations") for body in (asked, plain, counted, Moved)] == [[]] * 4
    assert chosen(asked, "searchable") == chosen(counted, "sortable") == chosen(Moved, "sortable") == []


def test_a_table_says_where_its_filter_stands_and_what_goes_with_it() -> None:
    found = {
        body: (one.path, one.takes)
        for body in (query.query_body(PARCEL), query.searched(PARCEL, aggregated=True), query.counted(PARCEL), Moved)
        if (one := table(body))
    }
    assert list(found.values()) == [
        ("query.filter", ("sort",)),
        ("search.filter", ("sort", "search", "aggregations")),
        ("filter", ("search",)),
        ("search.filter", ("search",)),
    ]


def test_a_body_without_a_filter_has_no_table() -> None:
    assert table(Sent) is None
    assert tables.table({}, {}) is None
