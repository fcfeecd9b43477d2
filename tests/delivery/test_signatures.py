"""By what a receiver knows us: verified with the libraries that receivers use."""

import base64
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from standardwebhooks import Webhook, WebhookVerificationError

from tests.make import World, at_once, everything_kept
from widget_server import clock
from widget_server.delivery import signatures
from widget_server.delivery.signatures import ShopKey

EVENT = {"id": "e1", "slug": "created", "createdEvent": {"entity": {"id": "t1", "name": "Ünïcode \u2028 \"'"}}}
IDENTITY = {"identityType": "APP", "appId": "a1"}


def test_the_public_library_verifies_what_we_sign() -> None:
    secret, body = signatures.new_secret(), '{"type":"points.moved","data":{"name":"Zoë"}}'
    headers = signatures.standard_headers([secret], "m1", clock.now(), body)
    assert Webhook(secret).verify(body, headers) == json.loads(body)
    assert headers["webhook-id"] == "m1"
    for changed in (
        {**headers, "webhook-id": "m2"},
        {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)},
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, changed)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body.replace("Zoë", "Bob"), headers)


def test_while_two_secrets_are_in_force_either_fits() -> None:
    new, old = signatures.new_secret(), signatures.new_secret()
    assert new != old
    headers = signatures.standard_headers([new, old], "m1", clock.now(), "{}")
    assert Webhook(new).verify("{}", headers) == Webhook(old).verify("{}", headers) == {}
    with pytest.raises(WebhookVerificationError):
        Webhook(signatures.new_secret()).verify("{}", headers)


def opened(token: str, public: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Envelope, domain event and identity, as the SDK takes them apart: each is a text in the one before."""
    claims = jwt.decode(token, public, ["RS256"])
    assert set(claims) == {"data", "iat", "exp"}
    envelope = json.loads(claims["data"])
    assert all(isinstance(envelope[name], str) for name in ("data", "identity", "eventType", "instanceId"))
    return envelope, json.loads(envelope["data"]), json.loads(envelope["identity"])


def test_a_wix_body_is_a_bare_jwt_of_texts_in_texts(world: World) -> None:
    key = signatures.key_of(world.shop.id)
    token = signatures.wix_jwt(key, "wix.loyalty.v1.tier_created", EVENT, IDENTITY)
    assert not set(token) & set(' \n"')
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "JWT"}
    envelope, event, identity = opened(token, signatures.public_key(key))
    assert (envelope["eventType"], envelope["instanceId"]) == ("wix.loyalty.v1.tier_created", world.shop.id)
    assert (event, identity) == (EVENT, IDENTITY)


def test_a_jwt_is_good_for_minutes(world: World) -> None:
    key = signatures.key_of(world.shop.id)
    with clock.at(clock.now() - timedelta(minutes=signatures.JWT_MINUTES, seconds=1)):
        token = signatures.wix_jwt(key, "t", EVENT, IDENTITY)
    with pytest.raises(jwt.ExpiredSignatureError):
        opened(token, signatures.public_key(key))


def test_a_shop_has_one_key_of_its_own(world: World) -> None:
    """Several who ask for it first at once get the same one."""
    made = at_once(*[lambda: signatures.public_key(signatures.key_of(world.shop.id))] * 3)
    assert len(set(made)) == 1
    pem = made[0]
    assert pem.startswith("-----BEGIN PUBLIC KEY-----\n")
    key: Any = serialization.load_pem_public_key(pem.encode())
    assert key.key_size == 2048
    other = World.create(name="Another").shop
    assert signatures.public_key(signatures.key_of(other.id)) != pem


def test_the_private_half_is_sealed(world: World) -> None:
    signatures.key_of(world.shop.id)
    kept = everything_kept()
    assert "PRIVATE KEY" not in kept
    assert base64.b64encode(b"PRIVATE KEY").decode()[:12] not in kept


def test_a_new_key_makes_the_old_one_useless(world: World) -> None:
    other = World.create(name="Another").shop
    before, others = signatures.key_of(world.shop.id), signatures.key_of(other.id)
    after = signatures.rotate_key(world.shop.id)
    assert ShopKey.need(other).private_sealed == others.private_sealed
    token = signatures.wix_jwt(signatures.key_of(world.shop.id), "t", EVENT, IDENTITY)
    assert opened(token, signatures.public_key(after))[1] == EVENT
    with pytest.raises(jwt.InvalidSignatureError):
        opened(token, signatures.public_key(before))


def test_a_shop_without_a_key_may_rotate_too(world: World) -> None:
    key = signatures.rotate_key(world.shop.id)
    assert signatures.key_of(world.shop.id).private_sealed == key.private_sealed
