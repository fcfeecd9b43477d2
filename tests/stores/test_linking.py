"""A shop's plugin connects itself by a code that an owner pastes, and disconnects itself (contracts §29)."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.make import NOON, World
from tests.stores import bodies
from tests.stores.woo_shop import Hook, WooShop
from widget_server import clock, config, jobs
from widget_server.errors import BadRequest
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.program import connection_codes, shops
from widget_server.stores import woocommerce
from widget_server.web import rate_limits


@pytest.fixture(autouse=True)
def at_noon(database: str) -> Iterator[None]:
    """The stories begin at noon, and the shops are on this machine."""
    config.use(replace(config.current(), allow_private_webhooks=True))
    with clock.at(NOON):
        yield


@pytest.fixture
def store() -> Iterator[WooShop]:
    with WooShop() as running:
        yield running


@pytest.fixture
def world(database: str) -> World:
    return World.create(platform="woocommerce")


def unpacked(code: str) -> dict[str, str]:
    """The content of a connection code."""
    assert code.startswith("wc1.") and "=" not in code
    text = code.removeprefix("wc1.")
    read: dict[str, str] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return read


def link(client: FlaskClient, store: WooShop, world: World, token: str, **changes: Any) -> TestResponse:
    """What the plugin sends when its owner has pasted a code."""
    keys = {"consumer_key": "ck_test", "consumer_secret": "cs_test"}
    body = {"token": token, "store_url": store.url + "/", **keys, "plugin_version": "1.0", **changes}
    return client.post(f"/stores/woocommerce/{world.shop.id}/link", json=body)


def unlink(client: FlaskClient, world: World, secret: str, url: str) -> TestResponse:
    """What the plugin sends when it is removed."""
    body = json.dumps({"store_url": url}).encode()
    headers = {"X-WC-Webhook-Signature": bodies.signature(body, secret), "Content-Type": "application/json"}
    return client.post(f"/stores/woocommerce/{world.shop.id}/unlink", data=body, headers=headers)


def fresh(world: World) -> shops.Shop:
    return shops.by_id(world.shop.id)


def acts(world: World) -> list[tuple[str, str]]:
    rows = AuditEntry.of(world.shop).order_by(AuditEntry.created_at, AuditEntry.id)
    return [(row.verb, row.noun) for row in rows]


def test_a_code_pasted_into_the_plugin_connects_the_shop(client: FlaskClient, store: WooShop, world: World) -> None:
    code = unpacked(connection_codes.make(world.shop))
    assert (code["u"], code["s"], set(code)) == (config.current().base_url, world.shop.id, {"u", "s", "t"})
    done = link(client, store, world, code["t"])
    shop, base = fresh(world), config.current().base_url
    assert (done.status_code, done.headers["Cache-Control"]) == (200, "no-store")
    assert done.get_json() == {
        "script_tag": f'<script async src="{base}/widget.js?shop={shop.embed_key}"></script>',
        "script_src": f"{base}/widget.js?shop={shop.embed_key}",
        "embed_key": shop.embed_key,
        "identity_secret": shop.identity_secret,
        "webhook_secret": shop.webhook_secret,
        "origin": store.url,
        "widget_url": base,
        "shop_name": shop.name,
        "referral_param": "ref",
    }
    assert (shop.api_url, shop.api_keys) == (store.url, store.keys)
    assert store.url in shop.origins
    jobs.run_all()
    assert sorted(hook.topic for hook in store.hooks) == sorted(woocommerce.TOPICS)
    assert {(hook.secret, hook.status) for hook in store.hooks} == {(shop.webhook_secret, "active")}
    assert all(hook.delivery_url == f"{base}/stores/woocommerce/{shop.id}/{hook.topic}" for hook in store.hooks)
    assert "Loyalty: order created" in [hook.name for hook in store.hooks]
    told = acts(world)
    assert ("create", "connection_code") in told and ("use", "connection_code") in told and ("update", "shop") in told
    kept = str([vars(row) for row in AuditEntry.select()])
    assert "cs_test" not in kept and code["t"] not in kept


def test_a_code_works_once_for_an_hour_and_the_newest_alone(client: FlaskClient, store: WooShop, world: World) -> None:
    other = World.create(platform="woocommerce", name="Other")
    of_other = unpacked(connection_codes.make(other.shop))["t"]
    former = unpacked(connection_codes.make(world.shop))["t"]
    token = unpacked(connection_codes.make(world.shop))["t"]
    refusals = [link(client, store, world, wrong) for wrong in (former, of_other, "guess", "")]
    with clock.at(NOON + timedelta(minutes=61)):
        refusals.append(link(client, store, world, token))
    assert not fresh(world).is_connected and not store.calls
    assert link(client, store, world, token).status_code == 200
    refusals.append(link(client, store, world, token))
    unknown = client.post(
        "/stores/woocommerce/nobody/link",
        json={"token": token, "store_url": store.url, "consumer_key": "k", "consumer_secret": "s"},
    )
    said = {(one.status_code, one.text) for one in (*refusals, unknown)}
    assert len(said) == 1 and said.pop()[0] == 401
    assert token not in str(list(connection_codes.ConnectionCode.select().dicts()))


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"consumer_key": "ck_other"}, "consumer_key", "copy the consumer key and the consumer secret again"),
        ({"consumer_secret": "cs other"}, "consumer_secret", "a character that a key cannot have"),
        ({"store_url": "http://shop.example"}, "store_url", "https://shop.example"),
        ({"store_url": "https://no-such-host.invalid"}, "store_url", "cannot be found"),
        ({"store_url": "http://127.0.0.1:1"}, "store_url", "cannot be reached"),
        ({"store_url": 5}, "store_url", ""),
        ({"consumer_key": None}, "consumer_key", ""),
    ],
)
def test_what_is_wrong_is_named_and_the_code_can_be_sent_again(
    client: FlaskClient, store: WooShop, world: World, changes: dict[str, Any], field: str, words: str
) -> None:
    token = unpacked(connection_codes.make(world.shop))["t"]
    refused = link(client, store, world, token, **changes)
    assert refused.status_code == 400, refused.text
    assert f'"{field}"' in refused.text and words in refused.text and "cs_test" not in refused.text
    assert not fresh(world).is_connected and store.url not in fresh(world).origins
    assert link(client, store, world, token).status_code == 200


def test_keys_that_may_only_read_are_refused_in_words(client: FlaskClient, store: WooShop, world: World) -> None:
    token = unpacked(connection_codes.make(world.shop))["t"]
    store.rights = "read"
    refused = link(client, store, world, token)
    assert refused.status_code == 400 and "choose Read/Write" in refused.text
    assert not fresh(world).is_connected
    store.rights = "read_write"
    assert link(client, store, world, token).status_code == 200


def test_the_server_calls_no_private_address_for_a_plugin(client: FlaskClient, store: WooShop, world: World) -> None:
    config.use(replace(config.current(), allow_private_webhooks=False))
    token = unpacked(connection_codes.make(world.shop))["t"]
    for address in (store.url, "https://10.0.0.7", "https://localhost"):
        refused = link(client, store, world, token, store_url=address)
        assert refused.status_code == 400 and "private" in refused.text and '"store_url"' in refused.text
    assert not store.calls


def test_guessing_is_limited(client: FlaskClient, store: WooShop, world: World) -> None:
    rate_limits.forget_all()
    tried = [link(client, store, world, "guess").status_code for _ in range(21)]
    assert tried == [401] * 20 + [429]


def test_only_a_woocommerce_shop_has_codes(database: str) -> None:
    with pytest.raises(BadRequest) as no:
        connection_codes.make(World.create().shop)
    assert no.value.field == "platform"


def test_a_plugin_that_is_removed_disconnects_its_shop(client: FlaskClient, store: WooShop, world: World) -> None:
    link(client, store, world, unpacked(connection_codes.make(world.shop))["t"])
    jobs.run_all()
    foreign = Hook(7, "order.updated", "https://mails.example/", "hush")
    store.hooks.append(foreign)
    secret = world.shop.webhook_secret
    assert unlink(client, world, "wrong", store.url).status_code == 401
    copy = unlink(client, world, secret, "https://staging.example")
    assert (copy.status_code, copy.get_json()) == (200, {"status": "ignored"})
    assert fresh(world).is_connected and len(store.hooks) == 8
    assert unlink(client, world, secret, store.url + "/").get_json() == {"status": "disconnected"}
    assert not fresh(world).is_connected and store.hooks == [foreign]
    again = unlink(client, world, secret, store.url)
    assert (again.status_code, again.get_json()) == (200, {"status": "ignored"})
    assert unlink(client, world, secret, "nowhere").status_code == 400


def test_a_shop_that_is_gone_is_disconnected_all_the_same(client: FlaskClient, store: WooShop, world: World) -> None:
    link(client, store, world, unpacked(connection_codes.make(world.shop))["t"])
    store.mood = "breaks"
    assert unlink(client, world, world.shop.webhook_secret, store.url).status_code == 200
    assert not fresh(world).is_connected


def test_webhooks_are_made_later_when_the_shop_is_busy(client: FlaskClient, store: WooShop, world: World) -> None:
    assert link(client, store, world, unpacked(connection_codes.make(world.shop))["t"]).status_code == 200
    store.busy = 1
    jobs.run_all()
    assert store.hooks == []
    with clock.at(NOON + timedelta(minutes=1)):
        jobs.run_all()
    assert len(store.hooks) == 7
