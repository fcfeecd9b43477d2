"""What a shop's webhooks did not tell is read from its API: no change is lost for good (contracts §13)."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import urllib3
from flask.testing import FlaskClient

from tests.integrator import Integrator
from tests.make import NOON, World
from tests.stores import bodies
from tests.stores.checkouts import Shopify
from tests.stores.woo_shop import WooShop
from widget_server import clock, config, db, job_queue, jobs, ledger
from widget_server.job_queue import Job, JobName
from widget_server.loyalty.earning import feeds
from widget_server.loyalty.earning.orders import Order, Parked
from widget_server.loyalty.people import api_keys
from widget_server.loyalty.program import shops
from widget_server.stores import calls, reconcile, woocommerce

TOPICS = ("order.created", "order.updated", "order.deleted")


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The stories begin at noon; nobody waits long for a shop that hangs."""
    monkeypatch.setattr(calls, "LIST_TIMEOUT", urllib3.Timeout(connect=1, read=0.4))
    with clock.at(NOON):
        yield


@pytest.fixture
def shop() -> Iterator[WooShop]:
    with WooShop() as running:
        yield running


@pytest.fixture
def world(database: str, shop: WooShop) -> Iterator[World]:
    """A connected shop that gives 10 points for each 1.00 of goods, and has its webhooks."""
    made = connected(shop)
    yield made
    made.books_must_balance()


def connected(shop: WooShop, **facts: Any) -> World:
    made = World.create(platform="woocommerce", **facts)
    made.order_rule(10)
    shops.connect(made.shop, shop.url, shop.keys)
    base = f"{config.current().base_url}/stores/woocommerce/{made.shop.id}/"
    shop.subscribes(base, made.shop.webhook_secret, *TOPICS)
    return made


def post(client: FlaskClient) -> Callable[[str, bytes, dict[str, str]], int]:
    """The way of a webhook to our server."""

    def send(url: str, body: bytes, headers: dict[str, str]) -> int:
        path = url.removeprefix(config.current().base_url)
        return client.post(path, data=body, headers={**headers, "Content-Type": "application/json"}).status_code

    return send


def points(world: World) -> int:
    return sum(row.balance for row in ledger.Account.of(world.shop))


def fresh(world: World) -> shops.Shop:
    return shops.by_id(world.shop.id)


def feed(world: World) -> feeds.Feed:
    found = feeds.of(world.shop)
    assert found is not None
    return found


def looks(minutes: float = 0) -> None:
    """So many minutes later the worker comes round, and does what it promised."""
    with clock.at(clock.now() + timedelta(minutes=minutes)):
        jobs.every_minute()
        jobs.run_all()


def order_pages(shop: WooShop) -> list[dict[str, str]]:
    return [query for path, query in shop.calls if path == "GET orders" and "modified_after" in query]


# A feed that died


def test_what_changed_while_the_server_was_down_is_found_and_the_webhook_is_on_again(
    world: World, shop: WooShop, client: FlaskClient
) -> None:
    order = shop.sells()
    shop.delivers(post(client))
    assert points(world) == 650
    with clock.at(NOON + timedelta(hours=1)):
        for _ in range(7):  # our server is down
            shop.changes(order, customer_note="call me")
        shop.changes(order, status="cancelled")
        shop.delivers(None)
        assert [hook.status for hook in shop.hooks] == ["active", "disabled", "active"]
        assert points(world) == 650
    with clock.at(NOON + timedelta(hours=2)):
        looks()
        assert points(world) == 0
        assert [hook.status for hook in shop.hooks] == ["active"] * 3
        known = feed(world)
        assert (known.status, known.checked_at) == ("ok", clock.now())
        assert "is on again: order.updated." in str(known.detail)
        shop.changes(order, status="processing")
        shop.delivers(post(client))
        assert points(world) == 650
        looks(15)
        assert (feed(world).status, points(world)) == ("ok", 650)


def test_an_order_that_no_webhook_ever_told_is_found(world: World, shop: WooShop) -> None:
    shop.hooks.clear()
    with clock.at(NOON + timedelta(minutes=1)):
        shop.sells()
    looks(20)
    assert points(world) == 650
    told = feed(world)
    assert told.status == "silent"
    assert "Orders that changed without a webhook: 1." in str(told.detail)
    assert f"No webhook in the shop for: {', '.join(woocommerce.TOPICS)}." in str(told.detail)


def test_looked_at_twice_nothing_changes(world: World, shop: WooShop) -> None:
    order = shop.sells()
    shop.gives_back(order, "19.25")
    looks()
    before = (points(world), Order.need(world.shop).state, Parked.of(world.shop).count())
    for minutes in (15, 30, 45):
        looks(minutes)
    assert (points(world), Order.need(world.shop).state, Parked.of(world.shop).count()) == before
    assert before[0] == 475


def test_one_that_is_deleted_for_good_loses_its_points(world: World, shop: WooShop, client: FlaskClient) -> None:
    kept, deleted = shop.sells(), shop.sells()
    shop.delivers(post(client))
    assert points(world) == 1300
    looks(15)
    shop.deletes_for_good(deleted)
    looks(30)
    assert world.given_by_order() == {str(kept): 650}
    looks(45)
    assert points(world) == 650


def test_what_went_into_the_trash_and_came_back_is_followed(world: World, shop: WooShop) -> None:
    order = shop.sells()
    shop.outbox.clear()
    looks()
    assert points(world) == 650
    with clock.at(NOON + timedelta(minutes=20)):
        shop.trashes(order)
        shop.outbox.clear()
        looks()
        assert points(world) == 0
    with clock.at(NOON + timedelta(minutes=40)):
        shop.untrashes_by_api(order)
        looks()
        assert points(world) == 650


def test_one_whose_deletion_was_told_before_it_came_back_is_living(
    world: World, shop: WooShop, client: FlaskClient
) -> None:
    order = shop.sells()
    shop.outbox.clear()
    shop.trashes(order)
    shop.delivers(post(client))  # of an order that was never told: it waits
    with clock.at(NOON + timedelta(minutes=1)):
        shop.untrashes_by_api(order)
    looks(10)
    assert points(world) == 650
    assert [row.status for row in Parked.of(world.shop)] == ["booked"]


def test_an_order_long_in_the_trash_is_not_taken_for_a_living_one(
    world: World, shop: WooShop, client: FlaskClient
) -> None:
    order = shop.sells()
    shop.delivers(post(client))
    shop.orders[order]["status"] = "trash"  # by a plugin that leaves the time of change alone
    looks(15)
    assert points(world) == 0


# How it looks


def test_what_was_before_the_connection_stays_there(shop: WooShop, database: str) -> None:
    with clock.at(NOON - timedelta(minutes=5)):
        shop.sells()
    world = connected(shop)
    looks()
    looks(15)
    assert not Order.of(world.shop).exists()
    with clock.at(NOON + timedelta(minutes=20)):
        shop.sells()
    looks(30)
    assert points(world) == 650


def test_it_is_looked_at_every_quarter_of_an_hour_and_ten_minutes_back(world: World, shop: WooShop) -> None:
    looks()
    looks(1)
    looks(14)
    assert len(order_pages(shop)) == 2  # what lives, and what lies in the trash
    looks(15)
    looks(30)
    asked = [page["modified_after"] for page in order_pages(shop) if page["status"] == "any"]
    assert asked == [
        "2026-03-10T11:59:59",
        "2026-03-10T11:59:59",
        "2026-03-10T12:04:59",
    ]  # never before it was connected


def test_many_changes_are_read_page_by_page_and_none_is_left_out(
    world: World, shop: WooShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("widget_server.stores.woocommerce.api.PAGE_SIZE", 5)
    for number in range(12):
        with clock.at(NOON + timedelta(seconds=number)):
            shop.sells()
    with clock.at(NOON + timedelta(minutes=1)):
        for _ in range(11):  # a bulk edit: more in one second than a page holds
            shop.sells()
    looks(10)
    assert points(world) == 23 * 650
    assert all(page["per_page"] == "5" for page in order_pages(shop))


def test_orders_that_change_while_they_are_read_are_found(
    world: World, shop: WooShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("widget_server.stores.woocommerce.api.PAGE_SIZE", 2)
    numbers = []
    for number in range(6):
        with clock.at(NOON + timedelta(seconds=number)):
            numbers.append(shop.sells())

    def change(path: str) -> None:  # the first of a page moves to the end, and all others move up
        if path == "orders" and numbers:
            shop.orders[numbers.pop(0)]["date_modified_gmt"] = "2026-03-10T12:09:00"

    shop.meanwhile = change
    looks(10)
    assert points(world) == 6 * 650


def test_a_page_that_fails_is_read_later_from_the_same_place(
    world: World, shop: WooShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("widget_server.stores.woocommerce.api.PAGE_SIZE", 2)
    for number in range(5):
        with clock.at(NOON + timedelta(seconds=number)):
            shop.sells()
    pages = iter(["well", "breaks"])

    def stumble(path: str) -> None:
        if path == "orders":
            shop.mood = next(pages, "breaks")

    shop.meanwhile = stumble
    looks(10)
    assert 0 < points(world) < 5 * 650
    told = feed(world)
    assert (told.status, told.detail) == ("unreachable", f"{shop.url}: answered 500")
    shop.meanwhile, shop.mood = None, "well"
    looks(25)
    assert (points(world), feed(world).status) == (5 * 650, "silent")


@pytest.mark.parametrize("mood", ["hangs", "breaks", "busy", "shut"])
def test_a_shop_that_does_not_answer_stops_no_other(world: World, shop: WooShop, mood: str) -> None:
    shop.mood = mood
    with WooShop() as second:
        other = connected(second, name="Other")
        second.sells()
        looks()
        assert (points(other), feed(other).status) == (650, "ok")
    told = feed(world)
    assert told.status == "unreachable" and str(told.detail).startswith(shop.url)
    assert not [key for key in shop.keys.values() if key in str(told.detail)]
    assert not Job.everywhere().exists()


def test_two_workers_look_once(world: World, shop: WooShop) -> None:
    first, second = feeds.due(), feeds.due()
    assert [feeds.claim_look(one) for one in (*first, *second)] == [True, False]
    assert not feeds.due()
    assert world.shop.id == first[0].shop_id


def test_a_job_that_runs_again_after_a_crash_changes_nothing(world: World, shop: WooShop) -> None:
    shop.sells()
    jobs.every_minute()
    promised = [job.payload for job in Job.everywhere() if job.name == JobName.RECONCILE]
    jobs.run_all()
    for payload in promised * 2:
        job_queue.enqueue(JobName.RECONCILE, payload)
    jobs.run_all()
    assert (points(world), feed(world).status) == (650, "ok")


def test_no_call_is_made_inside_a_transaction(world: World, shop: WooShop, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, reply = [], calls.reply

    def watched(*words: Any, **options: Any) -> calls.Reply:
        inside.append(db.database.in_transaction())
        return reply(*words, **options)

    monkeypatch.setattr("widget_server.stores.woocommerce.api.reply", watched)
    shop.gives_back(shop.sells(), "10.00")
    looks()
    assert len(inside) > 4 and not any(inside)


def test_an_odd_order_is_parked_once_and_stops_nothing(world: World, shop: WooShop) -> None:
    odd = shop.sells(currency=None)
    shop.sells()
    looks()
    looks(5)
    assert points(world) == 650
    assert [row.reason for row in Parked.of(world.shop)] == ["currency is not there"]
    assert not world.given_by_order().get(str(odd))


# Webhooks that cannot be switched on


def test_keys_that_may_only_read_are_named_in_words(world: World, shop: WooShop) -> None:
    shop.rights = "read"
    shop.hooks[1].status = "disabled"
    shop.hooks[2].status = "paused"
    looks()
    told = feed(world)
    assert told.status == "switched_off"
    assert "Switched off in the shop: order.updated, order.deleted." in str(told.detail)
    assert "They cannot be switched on from here: the keys may only read." in str(told.detail)
    shop.rights = "read_write"
    looks(15)
    assert feed(world).status == "ok" and {hook.status for hook in shop.hooks} == {"active"}


def test_keys_that_may_not_see_webhooks_still_read_orders(world: World, shop: WooShop) -> None:
    shop.may_read_webhooks = False
    shop.sells()
    looks()
    assert (points(world), feed(world).status) == (650, "ok")
    assert "The webhooks cannot be read with these keys" in str(feed(world).detail)


def test_webhooks_of_others_are_left_alone(world: World, shop: WooShop) -> None:
    other = World.create(platform="woocommerce", name="Other")
    for base in ("https://mails.example/", f"{config.current().base_url}/stores/woocommerce/{other.shop.id}/"):
        shop.subscribes(base, "hush", "order.updated")
        shop.hooks[-1].status = "disabled"
    looks()
    assert [hook.status for hook in shop.hooks] == ["active"] * 3 + ["disabled"] * 2
    assert feed(world).status == "ok"


def test_one_that_goes_off_again_without_a_word_is_reported(world: World, shop: WooShop, client: FlaskClient) -> None:
    """Its secret is wrong: each delivery is refused."""
    for hook in shop.hooks:
        hook.secret = "another"
    for hour in range(2):
        with clock.at(NOON + timedelta(hours=hour)):
            order = shop.sells()
            for _ in range(7):
                shop.changes(order)
            shop.delivers(post(client))
            assert shop.hooks[1].status == "disabled"
            looks()
    assert (feed(world).status, points(world)) == ("switched_off", 1300)
    assert fresh(world).last_news_at is None


def test_a_silence_ends_with_a_webhook_alone(world: World, shop: WooShop, client: FlaskClient) -> None:
    order = shop.sells()
    shop.outbox.clear()
    looks(10)
    assert feed(world).status == "silent"
    looks(25)
    assert feed(world).status == "silent"
    with clock.at(NOON + timedelta(minutes=30)):
        shop.changes(order)
        shop.delivers(post(client))
    looks(41)
    assert (feed(world).status, points(world)) == ("ok", 650)


def test_a_webhook_that_is_still_on_its_way_is_no_silence(world: World, shop: WooShop) -> None:
    with clock.at(NOON + timedelta(minutes=8)):
        shop.sells()
    looks(10)
    assert (feed(world).status, points(world)) == ("ok", 650)


# The wrong shop


def test_none_of_many_orders_there_is_another_shop_and_nothing_is_cancelled(
    world: World, shop: WooShop, client: FlaskClient
) -> None:
    for _ in range(12):
        shop.sells()
    shop.delivers(post(client))
    kept, shop.orders = shop.orders, {}
    looks(60)
    told = feed(world)
    assert (points(world), told.status) == (12 * 650, "unreachable")
    assert "these keys lead to another shop" in str(told.detail)
    shop.orders = dict(list(kept.items())[:1])  # it is the shop: eleven were deleted
    looks(75)
    assert (points(world), feed(world).status) == (650, "ok")


def test_every_order_has_its_turn(
    world: World, shop: WooShop, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "SAMPLE_SIZE", 4)
    numbers = [shop.sells() for _ in range(10)]
    shop.delivers(post(client))
    for number in numbers[::3]:
        shop.deletes_for_good(number)
    for look in range(1, 6):
        looks(15 * look)
    assert points(world) == 6 * 650


def test_an_order_that_the_shop_hides_from_its_lists_is_confirmed_once_a_round(
    world: World, shop: WooShop, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plugin's own status that "any" leaves out."""
    monkeypatch.setattr(reconcile, "CONFIRMED_AT_ONCE", 2)
    for _ in range(5):
        shop.sells()
    shop.delivers(post(client))
    for order in shop.orders.values():
        order["_hidden"] = True
    looks(15)
    assert len([path for path, _ in shop.calls if path.startswith("GET orders/")]) == 5
    assert (points(world), feed(world).status) == (5 * 650, "ok")


# Connecting and leaving


def test_only_woocommerce_is_watched_and_only_while_connected(database: str, shop: WooShop) -> None:
    with Shopify() as checkout:
        other = World.create(platform="shopify")
        shops.connect(other.shop, checkout.url, checkout.keys)
        assert feeds.of(other.shop) is None
    world = connected(shop)
    shop.sells()
    shops.disconnect(world.shop)
    looks(15)
    assert (feeds.of(world.shop), shop.calls, points(world)) == (None, [], 0)


def test_disconnected_in_between_the_look_ends(world: World, shop: WooShop) -> None:
    jobs.every_minute()
    shops.disconnect(world.shop)
    assert jobs.run_all() == 1
    assert not Job.everywhere().exists() and feeds.facts(world.shop) is None


def test_new_keys_go_on_where_the_earlier_ones_were(world: World, shop: WooShop) -> None:
    shop.mood = "shut"
    with clock.at(NOON + timedelta(minutes=5)):
        shop.sells()
    looks(15)
    assert feed(world).status == "unreachable"
    shop.mood = "well"
    with clock.at(NOON + timedelta(hours=9)):
        shops.connect(world.shop, shop.url, shop.keys)
        assert feed(world).status == "ok"
        looks()
    assert points(world) == 650


# Last news


def test_the_last_news_stand_where_owners_and_operators_look(world: World, shop: WooShop, client: FlaskClient) -> None:
    key, secret = api_keys.create_key(world.shop.id, "server")
    owner = Integrator(client, secret, key.id)
    before = owner.get("/loyalty-settings/v1/shop")["shop"]
    assert "lastNewsAt" not in before and before["feed"] == {"status": "ok"}
    shop.sells()
    shop.delivers(post(client))
    looks(15)
    told = owner.get("/loyalty-settings/v1/shop")["shop"]
    assert told["lastNewsAt"] == "2026-03-10T12:00:00.000Z"
    assert (told["feed"]["status"], told["feed"]["checkedAt"]) == ("ok", "2026-03-10T12:15:00.000Z")
    job_queue.beat("here:1")
    assert client.get("/readyz").json == {"status": "ready"}


def test_a_silent_shop_is_named_and_leaves_the_server_ready(world: World, shop: WooShop, client: FlaskClient) -> None:
    shop.sells()
    looks(10)
    job_queue.beat("here:1")
    answer = client.get("/readyz")
    told = {"shopId": world.shop.id, "status": "silent", "checkedAt": "2026-03-10T12:10:00.000Z", "lastNewsAt": None}
    assert (answer.status_code, answer.json) == (200, {"status": "ready", "feeds": [told]})


def test_news_are_noted_once_a_minute_and_only_if_signed(world: World, client: FlaskClient) -> None:
    body = bodies.encoded(bodies.woo_order())
    signed = {"X-WC-Webhook-Signature": bodies.signature(body, world.shop.webhook_secret)}
    url = f"{config.current().base_url}/stores/woocommerce/{world.shop.id}/order.updated"
    assert post(client)(url, body, {"X-WC-Webhook-Signature": "wrong"}) == 401
    assert fresh(world).last_news_at is None
    heard = []
    for seconds in (0, 59, 60, 90):
        with clock.at(NOON + timedelta(seconds=seconds)):
            assert post(client)(url, body, signed) == 200
            heard.append((fresh(world).last_news_at - NOON).total_seconds())
    assert heard == [0, 0, 60, 60]
