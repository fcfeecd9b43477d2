"""Receivers that a shop registers: what may be said of one, and by what it knows us."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.make import NOON, World, at_once, everything_kept
from widget_server import clock, config
from widget_server.delivery import endpoints, payloads, signatures
from widget_server.delivery.endpoints import ENDPOINTS_MAX, Endpoint
from widget_server.delivery.signatures import ShopKey
from widget_server.errors import BadRequest, NotFound, StaleRevision

URL = "https://shop.example/hooks"


def test_a_receiver_hears_everything_unless_told_otherwise(world: World) -> None:
    endpoint = endpoints.create(world.shop.id, url=URL, description="the till")
    assert (endpoint.format, endpoint.event_types, endpoint.status, endpoint.revision) == (
        "standard",
        ["*"],
        "active",
        1,
    )
    assert endpoint.wants("points.moved")
    choosy = endpoints.create(world.shop.id, url=URL, event_types=["order.changed", "order.changed"])
    assert choosy.event_types == ["order.changed"]
    assert choosy.wants("order.changed")
    assert not choosy.wants("points.moved")
    assert [one.id for one in endpoints.listed(world.shop.id)] == [endpoint.id, choosy.id]
    assert endpoints.listed(World.create(name="Another").shop.id) == []


def test_its_secret_is_sealed_and_its_own(world: World) -> None:
    ann, bob = (endpoints.create(world.shop.id, url=URL) for _ in range(2))
    assert ann.secret and bob.secret and ann.secret != bob.secret
    assert ann.secret not in everything_kept()
    assert Endpoint.need(world.shop, Endpoint.id == ann.id).secret == ann.secret


def test_the_wix_format_has_the_shops_key_instead(world: World) -> None:
    assert ShopKey.one(world.shop) is None
    endpoint = endpoints.create(world.shop.id, url=URL, format="wix")
    assert (endpoint.secret, endpoint.secrets) == (None, [])
    assert signatures.public_key(ShopKey.need(world.shop))
    with pytest.raises(BadRequest):
        endpoints.rotate_secret(world.shop.id, endpoint.id)


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"url": "http://shop.example/hooks"}, "url"),
        ({"url": "https://127.0.0.1/hooks"}, "url"),
        ({"format": "soap"}, "format"),
        ({"event_types": ["points.moved", "points.lost"]}, "event_types"),
        ({"format": "wix", "event_types": ["points.moved"]}, "event_types"),
        ({"description": "x" * 501}, "description"),
    ],
)
def test_what_is_wrong_is_named(world: World, facts: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        endpoints.create(world.shop.id, **{"url": URL, **facts})
    assert refused.value.field == field
    assert endpoints.listed(world.shop.id) == []


def test_a_shop_has_so_many_receivers(world: World) -> None:
    for _ in range(ENDPOINTS_MAX):
        endpoints.create(world.shop.id, url=URL)
    with pytest.raises(BadRequest):
        endpoints.create(world.shop.id, url=URL)
    endpoints.create(World.create(name="Another").shop.id, url=URL)


def test_a_change_says_what_and_counts(world: World) -> None:
    with clock.at(NOON):
        endpoint = endpoints.create(world.shop.id, url=URL)
    changed = endpoints.change(
        world.shop.id, endpoint.id, revision=1, url=f"{URL}/2", event_types=["points.moved"], description="two"
    )
    assert (changed.url, changed.event_types, changed.description) == (f"{URL}/2", ["points.moved"], "two")
    assert (changed.revision, changed.status, changed.secret) == (2, "active", endpoint.secret)
    assert changed.updated_at > changed.created_at == NOON
    assert endpoints.change(world.shop.id, endpoint.id, status="disabled").revision == 3
    with pytest.raises(StaleRevision):
        endpoints.change(world.shop.id, endpoint.id, revision=2, status="active")
    for wrong in ({"status": "asleep"}, {"url": "ftp://x"}, {"event_types": []}, {"description": "x" * 501}):
        with pytest.raises(BadRequest) as refused:
            endpoints.change(world.shop.id, endpoint.id, **wrong)
        assert refused.value.field in wrong
    assert endpoints.listed(world.shop.id)[0].revision == 3


def test_of_two_who_change_the_same_revision_one_is_told(world: World) -> None:
    endpoint = endpoints.create(world.shop.id, url=URL)

    def change(text: str) -> Endpoint:
        return endpoints.change(world.shop.id, endpoint.id, revision=1, description=text)

    results = at_once(*[lambda text=text: change(text) for text in ("a", "b", "c")])  # type: ignore[misc]
    assert sorted(type(one).__name__ for one in results) == ["Endpoint", "StaleRevision", "StaleRevision"]
    (made,) = [one for one in results if isinstance(one, Endpoint)]
    assert Endpoint.need(world.shop).description == made.description


def test_after_a_rotation_the_old_secret_fits_for_a_day(world: World) -> None:
    endpoint = endpoints.create(world.shop.id, url=URL)
    old = endpoint.secret
    assert old
    rotated = endpoints.rotate_secret(world.shop.id, endpoint.id)
    assert rotated.secret and rotated.secret != old
    assert rotated.revision == 2
    assert rotated.secrets == [rotated.secret, old]
    with clock.at(clock.now() + timedelta(hours=endpoints.OLD_SECRET_HOURS, seconds=1)):
        assert rotated.secrets == [rotated.secret]
    headers = signatures.standard_headers(rotated.secrets, "m1", clock.now(), "{}")
    assert Webhook(old).verify("{}", headers) == {}
    again = endpoints.rotate_secret(world.shop.id, endpoint.id)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify("{}", signatures.standard_headers(again.secrets, "m1", clock.now(), "{}"))


def test_nobody_touches_another_shops_receiver(world: World) -> None:
    endpoint, other = endpoints.create(world.shop.id, url=URL), World.create(name="Another").shop
    for act in (
        lambda: endpoints.change(other.id, endpoint.id, status="disabled"),
        lambda: endpoints.rotate_secret(other.id, endpoint.id),
    ):
        with pytest.raises(NotFound):
            act()
    assert Endpoint.need(world.shop).status == "active"


def test_an_operator_may_allow_private_addresses(world: World) -> None:
    config.use(replace(config.current(), allow_private_webhooks=True))
    assert endpoints.create(world.shop.id, url="http://127.0.0.1:8001/hooks").url == "http://127.0.0.1:8001/hooks"


def test_every_type_is_known_by_one_name() -> None:
    for format, renderers in payloads.RENDERERS.items():
        named = [one.type for known in renderers.values() for one in known]
        assert sorted(set(named)) == payloads.types(format)
