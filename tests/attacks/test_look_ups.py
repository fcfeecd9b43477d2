"""A look-up by e-mail reads the rows of that address, on a database that was never measured too."""

from collections.abc import Callable
from typing import Any

import pytest

from tests import crowd, plans
from tests.make import World
from widget_server import db, jobs
from widget_server.loyalty.earning import birthdays, orders
from widget_server.loyalty.imports import people
from widget_server.loyalty.people import customer_edits, customers, mailboxes, recognition
from widget_server.loyalty.people.customers import Person

LOOK_UPS: dict[str, Callable[[World], Any]] = {
    "owner of an address": lambda world: customers.by_verified_email(world.shop.id, "z@example.com"),
    "guest at a checkout": lambda world: recognition.recognise(world.shop.id, Person(email="z@example.com")),
    "registered customer": lambda world: recognition.recognise(
        world.shop.id, Person(email="y@example.com", email_verified=True, external_id="c-new")
    ),
    "new customer by staff": lambda world: customer_edits.create(world.shop.id, Person(email="x@example.com")),
    "people of an import": lambda world: people.find(world.shop, {"z@example.com", "q@example.com"}),
    "mailbox": lambda world: mailboxes.claim(world.shop, world.visitor("m@example.com").customer, "membership"),
    "birthdays": lambda world: birthdays._born_on(world.shop, crowd.TODAY),
    "order of a guest": lambda world: world.guest_orders("g@example.com"),
    "addresses of a customer": lambda world: orders.known_emails(world.shop, world.visitor("k@example.com").customer),
}


@pytest.fixture
def world(database: str) -> World:
    """A shop with a crowd, on a database that has measured nothing."""
    worlds = crowd.shops()
    crowd.multiply()
    if db.on_sqlite():
        db.database.execute_sql("DELETE FROM sqlite_stat1")
        db.disconnect()
        db.connect()
    else:
        db.database.execute_sql("ANALYZE")  # PostgreSQL does so by itself
    return worlds[0]


def faults(world: World) -> dict[str, str]:
    """What the look-ups read that they need not, by the name of each."""
    found = {}
    for name, look_up in LOOK_UPS.items():
        with plans.Statements() as heard:
            look_up(world)
        for why in plans.faults(heard.heard).values():
            found[name] = why
    return found


def test_no_look_up_reads_all_customers(world: World) -> None:
    found = {name: why for name, why in faults(world).items() if why.startswith("customer")}
    found.pop("people of an import", None)  # how many are meant is not known to SQLite before the first minute
    assert found == {}


def test_without_the_index_of_addresses_they_would(world: World) -> None:
    """An index on what is mostly NULL serves nobody, however equal its columns are."""
    db.database.execute_sql('DROP INDEX "customer_shop_id_email_key"')
    db.database.execute_sql('CREATE INDEX "customer_shop_id_merged_into" ON "customer" ("shop_id", "merged_into")')
    assert "owner of an address" in faults(world)


def test_a_minute_later_it_has_measured(world: World) -> None:
    jobs.every_minute()
    if db.on_sqlite():
        assert list(db.database.execute_sql("SELECT 1 FROM sqlite_stat1 WHERE tbl = 'customer'"))
    assert faults(world) == {}
