"""One request with a key that may only read costs what it may cost, and ends when it must (contracts §17)."""

from typing import Any

import peewee
import pytest
from flask.testing import FlaskClient

from tests.counter import Counter
from tests.integrator import Integrator
from tests.make import World
from widget_server import db, work
from widget_server.loyalty.people import api_keys
from widget_server.loyalty.people.customers import Customer
from widget_server.web import query
from widget_server.web.query import costly, filters, search, weight

ACCOUNTS = "/loyalty-accounts/v1/accounts"
CYRILLIC = "".join(chr(code) for code in range(0x430, 0x450))
LETTERS = CYRILLIC + "".join(chr(code) for code in [*range(0xE0, 0xF7), *range(0x3B1, 0x3C2), *range(0x561, 0x586)])
VALUES = {"type": "VALUE", "fieldPath": "points.balance"}


@pytest.fixture
def reader(world: World, client: FlaskClient) -> Integrator:
    """A server that may only read."""
    key, secret = api_keys.create_key(world.shop.id, "reports", scope="read")
    return Integrator(client, secret, key.id)


def holding(*texts: str) -> dict[str, Any]:
    """Any of these in the e-mail."""
    return {"$or": [{"contact.email": {"$contains": text}} for text in texts]}


def lacking(*texts: str) -> dict[str, Any]:
    return {"$and": [{"$not": {"contact.email": {"$contains": text}}} for text in texts]}


def nested(number: int) -> dict[str, Any]:
    """Three levels, two of which have a group for nearly each account."""
    levels = [
        {"name": "x", "type": "VALUE", "fieldPath": "points.balance", "value": {"limit": 250}},
        {"name": "y", "type": "DATE_HISTOGRAM", "fieldPath": "createdDate", "dateHistogram": {"interval": "SECOND"}},
        {"name": "z", "type": "VALUE", "fieldPath": "contact.id", "value": {"limit": 250}},
    ]
    return {"name": f"a{number}", "type": "NESTED", "nested": {"nestedAggregations": levels}}


def aggregations(count: int) -> list[dict[str, Any]]:
    return [{**VALUES, "name": f"a{number}"} for number in range(count)]


DEAR: dict[str, tuple[str, dict[str, Any], str]] = {
    "500 texts": ("count", {"filter": holding(*(f"zz{n}q" for n in range(500)))}, "filter"),
    "140 texts of 32 Cyrillic letters": (
        "count",
        {"filter": holding(*(f"{CYRILLIC}{n}" for n in range(140)))},
        "filter",
    ),
    "45 texts of all letters": ("count", {"filter": holding(*(f"{LETTERS}{n}" for n in range(45)))}, "filter"),
    "10 aggregations within each other": (
        "search",
        {"search": {"aggregations": [nested(n) for n in range(10)]}},
        "search.aggregations",
    ),
    "10 aggregations behind a heavy filter": (
        "search",
        {"search": {"filter": holding(*(f"{LETTERS}{n}" for n in range(15))), "aggregations": aggregations(10)}},
        "search.filter",
    ),
    "10 aggregations whose filter fits last": (
        "search",
        {"search": {"filter": lacking(*(f"zz{n}q" for n in range(100))), "aggregations": aggregations(10)}},
        "search.filter",
    ),
    "a long search that forgives slips": (
        "search",
        {"search": {"search": {"expression": " ".join(CYRILLIC[n : n + 4] for n in range(20)), "fuzzy": True}}},
        "search.search.expression",
    ),
}


def refused_field(reader: Integrator, name: str) -> str:
    """Which field a dear query is refused for, without a statement about accounts."""
    call, body, _ = DEAR[name]
    with Counter() as asked:
        told = reader.post(f"{ACCOUNTS}/{call}", body, status=400)
    assert not [sql for sql in asked.statements if '"account"' in sql]
    return str(told["details"]["validationError"]["fieldViolations"][0]["field"])


@pytest.mark.parametrize("name", DEAR)
def test_what_is_too_dear_is_refused_before_a_row_is_read(reader: Integrator, name: str) -> None:
    assert refused_field(reader, name).startswith(DEAR[name][2])


@pytest.mark.parametrize("name", DEAR)
def test_without_a_limit_it_would_run(reader: Integrator, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(weight, "WEIGHT_MAX", 10**9)
    with pytest.raises(AssertionError):
        refused_field(reader, name)


def test_what_people_ask_for_is_far_below(reader: Integrator) -> None:
    words = {"expression": "ann müller berlin", "fuzzy": True}
    some = {"$or": [{"contact.email": {"$contains": word}} for word in ("ann", "bob", "müller", "@example.com")]}
    dashboard = {"filter": {"points.balance": {"$gt": 0}}, "aggregations": aggregations(10)}
    for body in ({"search": words, "filter": some}, dashboard):
        reader.post(f"{ACCOUNTS}/search", {"search": body})
    fields = {"name": query.Field(Customer.name, "text", nullable=True, searchable=True)}
    used = weight.Weight()
    filters.condition(fields, {"name": {"$contains": "ann"}}, "filter", used)
    search.condition(fields, words, "search", used)
    assert used.total < weight.WEIGHT_MAX / 3


# A statement ends


@pytest.fixture
def crowded(world: World) -> World:
    """Enough rows for a statement that does not end by itself soon."""
    for number in range(30):
        world.visitor(f"ann{number}@example.com")
    return world


ENDLESS = "SELECT COUNT(*) FROM customer a, customer b, customer c, customer d, customer e, customer f, customer g"


def limit(milliseconds: int) -> None:
    """What an operator sets by WIDGET_STATEMENT_TIMEOUT_MS."""
    if db.on_sqlite():
        db.database.obj.statement_timeout_ms = milliseconds
    else:
        db.database.execute_sql(f"SET statement_timeout = {milliseconds}")


def test_a_statement_that_takes_too_long_ends_with_a_name(crowded: World) -> None:
    limit(50)
    with pytest.raises(query.QueryTooSlow) as no, costly.costly():
        list(db.database.execute_sql(ENDLESS))
    assert no.value.facts == {"retry_after_seconds": 2}
    limit(15_000)
    assert crowded.member("cy@example.com")  # and the connection is as good as before


def test_without_the_callback_nothing_ends_it(crowded: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite only: PostgreSQL ends it by itself. The statement is one that ends, but not within its limit."""
    if not db.on_sqlite():
        return
    monkeypatch.setattr(work, "must_end", lambda database: False)
    limit(1)
    ended = ENDLESS.removesuffix(", customer e, customer f, customer g")
    assert list(db.database.execute_sql(ended)) == [(30**4,)]
    monkeypatch.undo()
    with pytest.raises(peewee.OperationalError) as no:
        list(db.database.execute_sql(ended))
    assert work.was_ended(no.value)


def test_an_upgrade_may_take_its_time(crowded: World) -> None:
    limit(1)
    with work.unhurried(db.database.obj):
        assert list(db.database.execute_sql("SELECT COUNT(*) FROM customer a, customer b, customer c, customer d"))
