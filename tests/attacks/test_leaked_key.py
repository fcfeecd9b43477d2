"""A key leaked. Its owner rotates or revokes it: whoever has the old secret, or a token that it granted, is out."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.integrator import Integrator
from tests.make import NOON, World
from widget_server import clock
from widget_server.loyalty.people import access_tokens, api_keys
from widget_server.loyalty.people.access_tokens import AccessToken
from widget_server.loyalty.people.api_keys import ApiKey, Rights

KEYS = "/loyalty-access/v1/api-keys"
PROGRAM = "/loyalty-programs/v1/program"
MINE = "/loyalty-accounts/v1/accounts/my-account"


class Thief:
    """Somebody who found the secret, and made everything of it that can be made while it is good."""

    def __init__(self, owner: Integrator, world: World) -> None:
        self.client, self.shop_id = owner.client, world.shop.id
        self.id, self.secret = str(owner.key_id), str(owner.secret)
        self.app = self.asks({"grant_type": "client_credentials"})
        member = {"grant_type": "authorized_client", "member_id": world.member().id}
        self.member = Integrator(self.client, self.secret).post("/oauth2/token", member)

    def asks(self, body: dict[str, Any], status: int = 200) -> Any:
        sent = {"client_id": self.id, "client_secret": self.secret, **body}
        return Integrator(self.client, None).post("/oauth2/token", sent, status=status)

    def status(self, secret: str, path: str = PROGRAM) -> int:
        return self.client.get(path, headers={"Authorization": secret}).status_code

    def must_be_out(self) -> None:
        """Nothing that was had by the old secret opens anything."""
        assert self.status(self.secret) == 401
        assert self.status(self.app["access_token"]) == 401
        assert self.status(self.member["access_token"], MINE) == 401
        mint = Integrator(self.client, self.app["access_token"])
        mint.post(KEYS, {"apiKey": {"name": "back door", "scope": "MANAGE"}}, status=401)
        self.asks({"grant_type": "client_credentials"}, status=401)
        self.asks({"grant_type": "refresh_token", "refresh_token": self.app["refresh_token"]}, status=401)
        renewal = {"grant_type": "refresh_token", "refresh_token": self.member["refresh_token"]}
        Integrator(self.client, None).post("/oauth2/token", renewal, status=401)


def rotate(world: World, key_id: str) -> None:
    api_keys.rotate_key(world.shop.id, key_id)


def revoke(world: World, key_id: str) -> None:
    api_keys.revoke_key(world.shop.id, key_id)


@pytest.fixture
def owner(world: World, client: FlaskClient) -> Integrator:
    key, secret = api_keys.create_key(world.shop.id, "server")
    return Integrator(client, secret, key.id)


@pytest.mark.parametrize("end", [rotate, revoke])
def test_after_rotation_or_revocation_a_thief_is_out(
    owner: Integrator, world: World, end: Callable[[World, str], None]
) -> None:
    thief = Thief(owner, world)
    end(world, thief.id)
    thief.must_be_out()


def test_after_the_grace_of_a_rotation_a_thief_is_out(owner: Integrator, world: World) -> None:
    with clock.at(NOON):
        thief = Thief(owner, world)
        owner.post(f"{KEYS}/{thief.id}/rotate", {"keepHours": 1})
        assert thief.status(thief.app["access_token"]) == 200
    with clock.at(NOON + timedelta(hours=1)):
        thief.must_be_out()


def before(key: ApiKey, secret_hash: str | None, moment: datetime) -> bool:
    """What an earlier version asked of a token: is its key revoked?"""
    return key.revoked_at is None


def test_twin_tokens_that_ask_only_whether_the_key_is_revoked(
    owner: Integrator, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    thief = Thief(owner, world)
    rotate(world, thief.id)
    thief.must_be_out()
    monkeypatch.setattr(ApiKey, "vouches_for", before)
    with pytest.raises(AssertionError):
        thief.must_be_out()


def climb(owner: Integrator, world: World) -> None:
    """A key for accounts alone asks for keys that may do more, and takes over mightier ones."""
    little = Rights("manage", {"accounts": "manage", "api_keys": "manage"})
    _, secret = api_keys.create_key(world.shop.id, "accounts", rights=little)
    thief = Integrator(owner.client, secret)
    thief.post(f"{PROGRAM}/pause", status=403)
    for wanted in (
        {"scope": "MANAGE"},
        {"scope": "READ"},
        {"scope": "MANAGE", "services": [{"service": "program", "scope": "READ"}]},
    ):
        thief.post(KEYS, {"apiKey": {"name": "more", **wanted}}, status=403)
    thief.post(f"{KEYS}/{owner.key_id}/rotate", {}, status=403)


def test_a_key_does_not_climb(owner: Integrator, world: World) -> None:
    climb(owner, world)


def test_twin_a_key_that_grants_whatever_it_is_asked_for(
    owner: Integrator, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_keys, "need_own", lambda *_: None)
    with pytest.raises(AssertionError):
        climb(owner, world)


def from_elsewhere(owner: Integrator, world: World) -> None:
    """A key for the shop's own network, and a token that it granted there, are shown from another one."""
    shops_own = {"REMOTE_ADDR": "192.0.2.7"}
    key, secret = api_keys.create_key(world.shop.id, "till", rights=Rights(addresses=("192.0.2.0/24",)))
    asked = {"grant_type": "client_credentials", "client_id": str(key.id), "client_secret": secret}
    token = owner.client.post("/oauth2/token", json=asked, environ_base=shops_own).json["access_token"]
    for shown in (secret, token):
        called = {"headers": {"Authorization": shown}}
        assert owner.client.get(PROGRAM, environ_base=shops_own, **called).status_code == 200
        assert owner.client.get(PROGRAM, environ_base={"REMOTE_ADDR": "198.51.100.7"}, **called).status_code == 403


def test_a_key_is_no_good_elsewhere(owner: Integrator, world: World) -> None:
    from_elsewhere(owner, world)


def test_twin_a_key_that_is_good_anywhere(owner: Integrator, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_keys, "need_address", lambda *_: None)
    with pytest.raises(AssertionError):
        from_elsewhere(owner, world)


def steal_a_refresh_token(owner: Integrator, world: World) -> None:
    """Ann's page takes each new refresh token; a thief has the first one, and uses it after her."""

    def renew(token: str, status: int = 200) -> str:
        body = {"grant_type": "refresh_token", "refresh_token": token}
        return str(Integrator(owner.client, None).post("/oauth2/token", body, status=status).get("refresh_token"))

    with clock.at(NOON):
        signed_in = owner.post("/oauth2/token", {"grant_type": "authorized_client", "member_id": world.member().id})
        stolen = signed_in["refresh_token"]
    with clock.at(NOON + timedelta(hours=4)):
        newest = renew(renew(stolen))
    with clock.at(NOON + timedelta(hours=5)):
        renew(stolen, status=401)
        renew(newest, status=401)
        assert not AccessToken.of(world.shop).exists()


def test_a_stolen_refresh_token_ends_its_family(owner: Integrator, world: World) -> None:
    steal_a_refresh_token(owner, world)


def test_twin_refresh_tokens_that_are_never_replaced(
    owner: Integrator, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_tokens, "is_replaced", lambda *_: False)
    with pytest.raises(AssertionError):
        steal_a_refresh_token(owner, world)
