"""A worker that is killed in the middle of an import books each order once (contracts §29)."""

from collections.abc import Iterator

import pytest

from tests.make import World
from tests.stores.test_importing import connected, sold_many
from tests.stores.woo_shop import WooShop
from tests.workers import killed_in_the_middle
from widget_server import db, jobs
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.earning.store_imports import StoreImport
from widget_server.stores import importing

DATABASES = ("sqlite",)


@pytest.fixture
def store() -> Iterator[WooShop]:
    with WooShop() as running:
        yield running


def test_a_worker_that_is_killed_books_each_order_once(database: str, store: WooShop) -> None:
    world: World = connected(store)
    sold_many(store, 70)
    importing.begin_as_job(world.shop, "import")

    def in_second_page() -> bool:
        return bool(Order.of(world.shop).count() > 51)

    killed_in_the_middle(database, in_second_page)
    assert 51 < Order.of(world.shop).count() < 70
    assert StoreImport.need(world.shop).facts.orders < 70
    db.connect()
    jobs.run_all()
    world.books_must_balance()
    done = StoreImport.need(world.shop)
    assert (done.status, done.facts.orders, done.facts.known) == ("done", 70, 0)
    assert done.facts.points == sum(world.given_by_order().values()) == 70 * 650
