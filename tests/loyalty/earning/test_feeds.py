"""How far a shop's changes are known, and what is kept of each look (contracts §13)."""

from datetime import datetime, timedelta

import pytest

from tests.make import NOON, World, refused
from tests.stores.checkouts import WooCommerce
from widget_server import clock, db, migrate
from widget_server.errors import BadRequest
from widget_server.loyalty.earning import feeds
from widget_server.loyalty.earning.feeds import Feed, Place
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop

LATER = NOON + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("place", "newest", "following"),
    [
        (Place(NOON), LATER, Place(LATER)),
        (Place(NOON, 3), LATER, Place(LATER)),
        (Place(NOON), NOON, Place(NOON, 2)),
        (Place(NOON, 2), NOON, Place(NOON, 3)),
        (Place(NOON), None, Place(NOON, 2)),
    ],
    ids=["a page", "the end of a crowd", "a crowded second", "still crowded", "a page of nothing readable"],
)
def test_the_place_follows_the_time_of_change(place: Place, newest: datetime | None, following: Place) -> None:
    assert place.after(newest) == following


@pytest.fixture
def world(database: str) -> World:
    """A WooCommerce shop that was connected at noon."""
    with clock.at(NOON):
        made = World.create(platform="woocommerce")
        shops.connect(made.shop, "http://127.0.0.1:1", WooCommerce.keys)
    return made


def feed(world: World) -> Feed:
    return Feed.need(world.shop)


def test_a_list_is_never_read_from_before_the_connection(world: World) -> None:
    assert feed(world).place("any") == Place(NOON)
    for minutes, since in ((0, 0), (9, 0), (30, 20)):
        feeds.caught_up(feed(world), "any", NOON + timedelta(minutes=minutes))
        assert feed(world).place("any") == Place(NOON + timedelta(minutes=since))
    assert feed(world).place("trash") == Place(NOON)


def test_two_lists_are_read_each_at_its_own_pace(world: World) -> None:
    feeds.reach(feed(world), "any", Place(LATER, 2))
    feeds.reach(feed(world), "trash", Place(LATER))
    assert (feed(world).place("any"), feed(world).place("trash")) == (Place(LATER, 2), Place(LATER))


def test_a_look_that_goes_on_keeps_others_away(world: World) -> None:
    with clock.at(NOON):
        assert feeds.claim_look(feed(world))
    with clock.at(NOON + timedelta(minutes=14)):
        feeds.go_on(world.shop)
    with clock.at(NOON + timedelta(minutes=16)):
        assert feeds.due() == []
    with clock.at(NOON + timedelta(minutes=29)):
        assert [one.shop_id for one in feeds.due()] == [world.shop.id]


def test_what_is_not_ok_is_named(world: World) -> None:
    assert feeds.unwell() == []
    feeds.conclude(world.shop, "silent", "Orders that changed without a webhook: 1.")
    assert [one.shop_id for one in feeds.unwell()] == [world.shop.id]


def test_keys_that_cannot_be_ones_leave_the_feed_as_it_was(world: World) -> None:
    feeds.conclude(world.shop, "silent", None)
    refused(lambda: shops.connect(world.shop, "http://127.0.0.1:1", {"key": "", "secret": ""}), BadRequest)
    assert feed(world).status == "silent"


def test_a_shop_connected_before_is_watched_from_the_upgrade_on(world: World) -> None:
    """The database of an earlier version: neither times of news nor feeds."""
    with clock.at(NOON):
        world.guest_orders("bob@example.com")
        plain = World.create(name="Plain", platform="woocommerce")
        shopify = World.create(name="Other", platform="shopify")
        shops.connect(shopify.shop, "http://127.0.0.1:1", {"token": "shpat"})
    for statement in (
        'DROP TABLE "feed"',
        'ALTER TABLE "shop" DROP COLUMN "last_news_at"',
        "DELETE FROM schema_migration WHERE name IN ('0007_feed', '0033_shopify_tokens')",
    ):
        db.database.execute_sql(statement)
    assert migrate.upgrade() == ["0007_feed", "0033_shopify_tokens"]
    assert [one.shop_id for one in Feed.everywhere()] == [world.shop.id]
    known = feed(world)
    assert abs(known.began_at - datetime.now(known.began_at.tzinfo)) < timedelta(minutes=1)
    assert known.place("any") == Place(known.began_at) and [one.shop_id for one in feeds.due()] == [world.shop.id]
    heard = {shop.id: shop.last_news_at for shop in Shop.everywhere()}
    assert heard == {world.shop.id: NOON, plain.shop.id: None, shopify.shop.id: None}
