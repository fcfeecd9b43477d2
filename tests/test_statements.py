"""A query that is built once finds the same rows as the query that peewee builds anew."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peewee import JOIN, NodeList

from tests import crowd, walk
from tests.make import NOON, World
from widget_server import db
from widget_server.db import (
    Bool,
    Int,
    Json,
    Money,
    Selection,
    ShopTable,
    Statement,
    Text,
    UtcDateTime,
    statement,
    statements,
)
from widget_server.db.built import by_equalities
from widget_server.errors import NotFound
from widget_server.ledger import Account
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points.adjustments import Adjustment
from widget_server.loyalty.program import programs
from widget_server.loyalty.rewards import coupons
from widget_server.widget.views import my_balance


class Drawer(ShopTable):
    """One column of each of our types."""

    id = Text(primary_key=True)
    label = Text(null=True)
    count = Int(null=True)
    on = Bool(null=True)
    at = UtcDateTime(null=True)
    price = Money(null=True)
    facts = Json(null=True)


@statement
def of_label(shop_id: str, label: str, limit: int) -> Selection[Drawer]:
    return Drawer.of(shop_id).where(Drawer.label == label).order_by(Drawer.id).limit(limit)


@statement
def between(shop_id: str, at: datetime, labels: list[str], count: int) -> Selection[Drawer]:
    """`at` stands in two places."""
    rows = Drawer.of(shop_id, Drawer.id, Drawer.at, Drawer.price).where(db.among(Drawer.label, labels))
    near = (Drawer.at <= at) | (Drawer.at > at)
    return rows.where(near, Drawer.count >= count).order_by(Drawer.id)


@pytest.fixture
def drawers(world: World) -> World:
    """A world with a table of every type of column."""
    for one in db.ddl([Drawer]):
        db.database.execute_sql(one)
    return world


def data(rows: list[Any]) -> list[dict[str, Any]]:
    """The values of rows, in their order."""
    return [dict(row.__data__) for row in rows]


LABELS = st.sampled_from(["a", "b", "ä'\"", "\x010", "[]", ""])
ROW = st.fixed_dictionaries(
    {
        "label": st.none() | LABELS,
        "count": st.none() | st.integers(-5, 5),
        "on": st.none() | st.booleans(),
        "at": st.none() | st.integers(-3, 3).map(lambda days: NOON + timedelta(days=days)),
        "price": st.none() | st.decimals(-9, 9, places=2),
        "facts": st.none() | st.lists(st.integers()),
    }
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, max_size=8), label=LABELS, count=st.integers(-5, 5), days=st.integers(-3, 3))
def test_it_finds_what_the_plain_query_finds(
    drawers: World, rows: list[dict[str, Any]], label: str, count: int, days: int
) -> None:
    Drawer.remove(drawers.shop)
    for row in rows:
        Drawer(id=db.new_id(), shop_id=drawers.shop.id, **row).save(force_insert=True)
    shop_id, at = drawers.shop.id, NOON + timedelta(days=days)
    for made, arguments in ((of_label, (label, abs(count))), (between, (at, [label, "b"], count))):
        plain = data(list(made.build(shop_id, *arguments)))  # type: ignore[operator, arg-type, call-arg]
        assert data(made.rows(shop_id, *arguments)) == plain  # type: ignore[arg-type]
    for conditions in (
        (),
        (Drawer.label == label,),
        (Drawer.count == count, Drawer.label == label),
        (Drawer.on == True,),
    ):
        plain_rows = Drawer.of(shop_id).where(*conditions) if conditions else Drawer.of(shop_id)
        ids = {row.id: dict(row.__data__) for row in plain_rows}
        found = Drawer.one(shop_id, *conditions)
        assert (found is None) == (not ids) and (found is None or ids[found.id] == dict(found.__data__))


def test_a_row_is_like_any_other(drawers: World) -> None:
    Drawer(id="1", shop_id=drawers.shop.id, price=Decimal(3), at=NOON).save(force_insert=True)
    row = Drawer.need(drawers.shop, Drawer.id == "1")
    assert not row.is_dirty() and (row.price, row.at, row.at.tzinfo) == (Decimal(3), NOON, UTC)
    with db.atomic():
        locked = Drawer.locked_one(drawers.shop, Drawer.id == "1")
        assert locked is not None and locked.price == 3
    row.price = Decimal(4)
    row.save()
    assert Drawer.need(drawers.shop, Drawer.id == "1").price == Decimal(4)
    with pytest.raises(NotFound, match="no such drawer"):
        Drawer.need(drawers.shop, Drawer.id == "2")


def test_conditions_of_another_kind_are_built_each_time(drawers: World) -> None:
    shop = drawers.shop
    for condition in (Drawer.label.is_null(), Drawer.count > 1, Drawer.count == Drawer.id, Drawer.on != True):
        assert by_equalities(Drawer, lambda: Drawer.of(shop), shop.id, (condition,), ending=db.lock_rows) is None
    assert Drawer.one(drawers.shop, Drawer.label.is_null()) is None


def test_an_argument_that_the_query_does_not_have_is_refused(world: World) -> None:
    def unused(shop_id: str, label: str) -> Selection[Drawer]:
        return Drawer.of(shop_id)

    def unknown(shop_id: str, price: Decimal) -> Selection[Drawer]:
        return Drawer.of(shop_id).where(Drawer.price == price)

    with pytest.raises(AssertionError, match="unused"):
        Statement(unused).rows(world.shop.id, "a")
    with pytest.raises(TypeError, match="Decimal"):
        Statement(unknown).rows(world.shop.id, Decimal(1))


@pytest.mark.timeout(300)
def test_every_statement_of_the_server_finds_what_its_query_finds(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole walk, in which each is compared each time."""
    worlds, compared = crowd.shops(), set[int]()
    rows, tuples, together = statements.Statement.rows, statements.Statement.tuples, statements.Statement.together
    values = statements.Statement.values

    def compare_rows(self: Any, *arguments: Any) -> Any:
        found = rows(self, *arguments)
        assert data(found) == data(list(self.build(*arguments))), (self.build, arguments)
        compared.add(id(self))
        return found

    def compare_tuples(self: Any, *arguments: Any) -> Any:
        found = tuples(self, *arguments)
        query = self.build(*arguments)
        assert sorted(map(tuple, found)) == sorted(map(tuple, db.database.execute(query).fetchall())), self.build
        compared.add(id(self))
        return found

    def compare_together(self: Any, *arguments: Any) -> Any:
        found = together(self, *arguments)
        assert len(found) == len(db.database.execute(self.build(*arguments)).fetchall())
        for row in (one for together_ in found for one in together_ if one is not None):
            key = type(row).transaction_id if isinstance(row, Adjustment) else type(row).id
            plain = dict(type(row).get(key == getattr(row, key.name)).__data__)
            assert dict(row.__data__) == {name: plain[name] for name in row.__data__}, (self.build, arguments)
        compared.add(id(self))
        return found

    def compare_values(self: Any, *arguments: Any) -> Any:
        found = values(self, *arguments)
        assert found == [tuple(row) for row in self.build(*arguments).tuples()], (self.build, arguments)
        compared.add(id(self))
        return found

    monkeypatch.setattr(statements.Statement, "values", compare_values)
    monkeypatch.setattr(statements.Statement, "together", compare_together)
    monkeypatch.setattr(statements.Statement, "rows", compare_rows)
    monkeypatch.setattr(statements.Statement, "tuples", compare_tuples)
    walked = walk.Walk(client, worlds[0])
    walked.everything()
    _further(worlds[0])
    known = {id(one): one.build for one in statements.EVERY if one.build.__module__.startswith("widget_server")}
    assert sorted(known[one].__qualname__ for one in known.keys() - compared) == []


def _further(world: World) -> None:
    """Somebody whose points wait reads older pages."""
    world.settings(wait_days=3)
    ann = world.member("waits@example.com")
    ann.orders("20.00")
    found = my_balance.balance(world.shop, programs.of(world.shop.id), ann.account)
    assert found["pending"] and found["pending_until"]
    assert my_balance.history(world.shop, ann.customer, ann.account, cursor="1000000")["rows"]
    assert coupons.my_coupons(world.shop, ann.customer, after=(NOON, "")) == []


def test_objects_are_those_of_peewee(world: World) -> None:
    world.member("ann@example.com").is_given(5)
    world.member("bob@example.com")
    both = Account.of(world.shop, Account, Customer).join(Customer, on=(Customer.id == Account.customer_id))
    named = both.select_extend(Customer.joined_at.alias("since"), NodeList((Account.balance,)).alias("sort_0"))
    left = Account.of(world.shop, Account, Customer).join(
        Customer, JOIN.LEFT_OUTER, on=(Customer.id == Account.customer_id)
    )
    for query in (both, named, left, Account.of(world.shop)):
        ordered = query.order_by(Account.balance)
        for ours, theirs in zip(db.objects(ordered), list(ordered), strict=True):
            assert data([ours]) == data([theirs])
            for name in ("customer", "since", "sort_0"):
                mine, peewees = getattr(ours, name, None), getattr(theirs, name, None)
                assert data([mine]) == data([peewees]) if isinstance(mine, Customer) else mine == peewees
    assert db.objects(Account.of(world.shop).dicts())[0]["shop_id"] == world.shop.id
