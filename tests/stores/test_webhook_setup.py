"""The webhooks of a WooCommerce shop are created, named and repaired; those of others are left alone."""

from collections.abc import Iterator

import pytest

from tests.make import World
from tests.stores.woo_shop import Hook, WooShop
from widget_server import config
from widget_server.loyalty.program import shops
from widget_server.stores import connecting, woocommerce
from widget_server.stores.calls import Api
from widget_server.stores.woocommerce import webhook_setup

DATABASES = ("sqlite",)


@pytest.fixture
def store() -> Iterator[WooShop]:
    with WooShop() as running:
        yield running


@pytest.fixture
def world(database: str) -> World:
    return World.create(platform="woocommerce")


def api(store: WooShop) -> Api:
    return Api(store.url, store.keys)


def writes(store: WooShop) -> list[str]:
    return [path for path, _ in store.calls if not path.startswith("GET")]


def facts(store: WooShop) -> list[tuple[str, str, str, str, str]]:
    return sorted((one.topic, one.delivery_url, one.secret, one.status, one.name) for one in store.hooks)


def test_run_twice_there_is_one_for_each_topic(store: WooShop, world: World) -> None:
    first = webhook_setup.ensure(world.shop, api(store))
    before = facts(store)
    second = webhook_setup.ensure(world.shop, api(store))
    assert (first.made, first.repaired, first.kept) == (list(woocommerce.TOPICS), [], [])
    assert (second.made, second.repaired, second.kept) == ([], [], list(woocommerce.TOPICS))
    assert facts(store) == before and len(before) == len(woocommerce.TOPICS)
    assert store.pings == [one.delivery_url for one in store.hooks]


@pytest.mark.parametrize("page", [0, 100])
def test_each_thing_that_is_wrong_is_repaired(store: WooShop, world: World, page: int) -> None:
    for number in range(page):  # so many of others come first in the list
        store.hooks.append(Hook(number + 1, "order.updated", f"https://mails.example/{number}", "hush", "paused"))
    webhook_setup.ensure(world.shop, api(store))
    ours = store.hooks[page:]
    before, others = facts(store), [vars(one).copy() for one in store.hooks[:page]]
    ours[0].status, ours[1].status = "disabled", "paused"
    ours[2].secret = "a former one"
    ours[3].delivery_url = ours[3].delivery_url.replace(config.current().base_url, "https://former.example")
    ours[4].topic = "product.updated"
    ours[5].name = "Typed by hand"
    again = webhook_setup.ensure(world.shop, api(store))
    assert facts(store) == before
    assert again.repaired == [woocommerce.TOPICS[number] for number in (0, 1, 3, 4, 5)]
    assert [vars(one) for one in store.hooks[:page]] == others


def test_a_second_one_and_one_of_no_topic_are_deleted(store: WooShop, world: World) -> None:
    address = webhook_setup.address_of(world.shop, "order.created")
    store.hooks.append(Hook(1, "order.created", address, "old", "disabled"))
    store.hooks.append(Hook(2, "order.created", address, "old"))
    store.hooks.append(Hook(3, "coupon.created", address.replace("order.created", "coupon.created"), "old"))
    other = World.create(platform="woocommerce", name="Other")
    store.hooks.append(Hook(4, "order.created", webhook_setup.address_of(other.shop, "order.created"), "theirs"))
    done = webhook_setup.ensure(world.shop, api(store))
    assert done.deleted == 2
    assert [one.id for one in store.hooks[:2]] == [2, 4]
    assert store.hooks[1].secret == "theirs" and len(store.hooks) == 8


def test_a_refusal_is_in_words_and_ends_it(store: WooShop, world: World) -> None:
    store.rights = "read"
    done = webhook_setup.ensure(world.shop, api(store))
    assert "choose Read/Write" in str(done.refused) and store.hooks == []
    store.rights, store.may_read_webhooks = "read_write", False
    done = webhook_setup.ensure(world.shop, api(store))
    assert "a shop manager or an administrator" in str(done.refused)


def test_connecting_makes_them_and_disconnecting_deletes_them(store: WooShop, world: World) -> None:
    store.hooks.append(Hook(1, "order.updated", "https://mails.example/", "hush"))
    connected = connecting.connect(world.shop, store.url, store.keys)
    assert connected.webhooks is not None and len(connected.webhooks.made) == 7
    shop = shops.by_id(world.shop.id)
    assert connecting.disconnect(shop).webhooks == 7
    assert [one.id for one in store.hooks] == [1] and not shops.by_id(shop.id).is_connected
    assert connecting.disconnect(shops.by_id(shop.id)).webhooks == 0
