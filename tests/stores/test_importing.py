"""Past orders and customers are read from the shop's own API, as if their webhooks had come (contracts §29)."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.make import NOON, World
from tests.stores.woo_shop import WooShop
from widget_server import clock, job_queue, jobs, ledger
from widget_server.errors import BadRequest
from widget_server.job_queue import Job, JobName
from widget_server.loyalty.earning import store_imports
from widget_server.loyalty.earning.orders import Order, Parked
from widget_server.loyalty.earning.store_imports import StoreImport
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import programs, shops
from widget_server.stores import importing, inbox
from widget_server.stores.calls import Api
from widget_server.stores.woocommerce import api as woocommerce_api

FIRST = datetime(2026, 1, 10, 9, tzinfo=UTC)


@pytest.fixture
def store() -> Iterator[WooShop]:
    with WooShop() as running:
        yield running


@pytest.fixture
def world(database: str, store: WooShop) -> Iterator[World]:
    """A connected shop that gives 10 points for each 1.00 of goods; its orders count from 1 January."""
    made = connected(store)
    yield made
    made.books_must_balance()


def connected(store: WooShop, name: str = "Fjord") -> World:
    made = World.create(platform="woocommerce", name=name)
    made.order_rule(10)
    made.settings(orders_from=date(2026, 1, 1))
    jobs.run_all()
    shops.connect(made.shop, store.url, store.keys)
    return made


def sold(store: WooShop, at: datetime, **facts: Any) -> int:
    """An order that was placed and paid at this time, long ago."""
    text = at.strftime("%Y-%m-%dT%H:%M:%S")
    return store.sells(**{"date_created_gmt": text, "date_created": text, "date_paid_gmt": text, **facts})


def sold_many(store: WooShop, count: int, every: timedelta = timedelta(hours=1)) -> list[int]:
    return [sold(store, FIRST + every * number, customer_id=100 + number % 7) for number in range(count)]


def read(world: World, mode: store_imports.Mode, since: datetime | None = None) -> StoreImport:
    """A trial or an import to its end, by the worker."""
    importing.begin_as_job(world.shop, mode, since)
    jobs.run_all()
    return StoreImport.need(world.shop)


def points(world: World) -> int:
    return sum(row.balance for row in ledger.Account.of(world.shop))


def test_a_trial_says_what_the_import_then_gives(world: World, store: WooShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(woocommerce_api, "PAGE_SIZE", 10)
    sold_many(store, 20)
    sold(store, FIRST, status="cancelled")
    sold(store, FIRST, status="on-hold", date_paid_gmt=None)
    sold(store, FIRST, status="checkout-draft")
    sold(store, FIRST, currency="XYZ")
    sold(store, FIRST, currency=None)
    sold(store, datetime(2025, 12, 30, tzinfo=UTC))
    store.trashes(sold(store, FIRST))
    store.gives_back(sold(store, FIRST + timedelta(days=9)), "19.25")
    for _ in range(3):
        store.registers()
    store.registers(role="editor")
    trial = read(world, "trial", datetime(2025, 12, 1, tzinfo=UTC))
    told = trial.facts
    assert (trial.status, told.orders, told.orders_in_all, told.parked, told.early) == ("done", 27, 27, 1, 1)
    assert (told.customers, told.customers_in_all) == (3, 3)
    assert not Order.of(world.shop).exists() and not Customer.of(world.shop).exists()
    assert not Parked.of(world.shop).exists() and points(world) == 0
    done = read(world, "import", datetime(2025, 12, 1, tzinfo=UTC))
    assert done.status == "done" and done.facts == told
    assert told.points == sum(world.given_by_order().values()) > 20 * 600
    assert Order.of(world.shop).count() == 25
    assert not Job.select().where(Job.name.in_((JobName.SEND_MAIL, JobName.WRITE_LETTER))).exists()


def test_the_points_are_those_of_the_webhooks(world: World, store: WooShop) -> None:
    sold_many(store, 5)
    store.gives_back(sold(store, FIRST), "10.00")
    told = connected(store, "Told")
    for row in woocommerce_api.orders_placed(Api(store.url, store.keys), since=FIRST, page=1).rows:
        inbox.deliver(told.shop, "woocommerce", "order.created", json.dumps(row).encode())
    read(world, "import")
    assert world.given_by_order() == told.given_by_order() and len(told.given_by_order()) == 6


def test_without_a_day_it_begins_where_orders_count(world: World, store: WooShop) -> None:
    sold(store, datetime(2025, 12, 31, 22, 59, 59, tzinfo=UTC))
    in_time = sold(store, datetime(2025, 12, 31, 23, 0, 0, tzinfo=UTC))  # midnight in Berlin
    done = read(world, "import")
    assert (done.facts.orders, done.facts.early) == (1, 0)
    assert [row.external_id for row in Order.of(world.shop)] == [str(in_time)]


def test_what_was_known_gives_nothing_twice(world: World, store: WooShop) -> None:
    sold_many(store, 3)
    read(world, "import")
    before = points(world)
    again, trial = read(world, "import").facts, read(world, "trial").facts
    assert (again.orders, again.known, again.points) == (3, 3, 0)
    assert (trial.orders, trial.known, trial.points) == (3, 3, 0)
    assert points(world) == before > 0


def test_a_shop_that_is_busy_is_asked_again_when_it_says_so(world: World, store: WooShop) -> None:
    sold_many(store, 2)
    store.busy, store.busy_seconds = 2, "90"
    with clock.at(NOON):
        row = read(world, "import")
        assert (row.status, row.tries, row.detail) == ("running", 1, "The shop answered 429.")
    with clock.at(NOON + timedelta(seconds=80)):
        jobs.run_all()
        assert StoreImport.need(world.shop).tries == 1
    with clock.at(NOON + timedelta(seconds=91)):
        jobs.run_all()
        assert StoreImport.need(world.shop).tries == 2
    with clock.at(NOON + timedelta(seconds=182)):
        jobs.run_all()
    done = StoreImport.need(world.shop)
    assert (done.status, done.tries, done.facts.orders) == ("done", 0, 2)


def test_one_that_stopped_goes_on_where_it_was(world: World, store: WooShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(woocommerce_api, "PAGE_SIZE", 5)
    sold_many(store, 11)
    importing.begin(world.shop, "import")
    assert importing.go_on(world.shop) == 0
    store.mood = "shut"
    assert importing.go_on(world.shop) is None
    stopped = StoreImport.need(world.shop)
    assert stopped.status == "stopped" and "answered 401" in str(stopped.detail) and stopped.facts.orders == 5
    store.mood, store.calls = "well", []
    done = read(world, "import")
    assert (done.status, done.facts.orders) == ("done", 11)
    assert len([path for path, _ in store.calls if path == "GET orders"]) == 2


def test_a_shop_that_stays_away_stops_it_in_the_end(world: World, store: WooShop) -> None:
    importing.begin(world.shop, "import")
    store.mood = "breaks"
    pauses = [importing.go_on(world.shop) for _ in range(importing.TRIES_MAX)]
    assert pauses[:4] == [1, 2, 4, 8] and pauses[-2:] == [600, None]
    assert StoreImport.need(world.shop).status == "stopped"


def test_two_workers_count_a_page_once(world: World, store: WooShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(woocommerce_api, "PAGE_SIZE", 5)
    sold_many(store, 6)
    importing.begin(world.shop, "import")
    first, second = StoreImport.need(world.shop), StoreImport.need(world.shop)
    api = Api(store.url, store.keys)
    found, place = importing.STEPS["orders"](world.shop, first, api)
    assert store_imports.advance(first, found, place)
    assert not store_imports.advance(second, *importing.STEPS["orders"](world.shop, second, api))
    assert StoreImport.need(world.shop).facts.orders == 5


def test_what_cannot_be_imported_is_refused(world: World, store: WooShop) -> None:
    with pytest.raises(BadRequest, match="WooCommerce alone"):
        importing.begin(World.create().shop, "trial")
    with pytest.raises(BadRequest, match="Connect the shop"):
        importing.begin(World.create(platform="woocommerce", name="Off").shop, "trial")
    importing.begin(world.shop, "import")
    with pytest.raises(BadRequest, match="runs already"):
        importing.begin(world.shop, "trial")
    programs.pause(world.shop.id)
    with pytest.raises(BadRequest, match="Activate the program"):
        importing.begin(world.shop, "import")
    programs.activate(world.shop.id)
    shops.disconnect(world.shop)
    assert importing.go_on(world.shop) is None
    assert StoreImport.need(world.shop).status == "stopped"
    assert job_queue.claim(Job.name == JobName.IMPORT_STORE) is None


@given(st.lists(st.integers(0, 6), max_size=14), st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_order_is_read_once_whatever_shares_a_second(
    world: World, store: WooShop, monkeypatch: pytest.MonkeyPatch, seconds: list[int], data: st.DataObject
) -> None:
    store.orders.clear()
    StoreImport.remove(world.shop)
    monkeypatch.setattr(woocommerce_api, "PAGE_SIZE", data.draw(st.integers(1, 4)))
    for second in seconds:
        sold(store, FIRST + timedelta(seconds=second))
    importing.begin(world.shop, "trial")
    for _ in range(100):
        if importing.go_on(world.shop) is None:
            break
    done = StoreImport.need(world.shop)
    assert (done.status, done.facts.orders, done.facts.points) == ("done", len(seconds), 650 * len(seconds))
