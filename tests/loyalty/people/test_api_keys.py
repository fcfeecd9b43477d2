"""Keys of the shop's servers: what they may do, from where, until when, and that they grant no more (contracts §16)."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import NOON, World, proof, refused
from widget_server import clock
from widget_server.errors import AddressNotAllowed, BadRequest, MoreThanOwnRights, NotFound, SignedOut
from widget_server.loyalty.people import api_keys
from widget_server.loyalty.people.api_keys import SCOPES, SERVICES, Rights


def test_keys_are_revoked_and_stay_so(world: World) -> None:  # acceptance 62
    key, secret = api_keys.create_key(world.shop.id, "till", "read")
    assert secret.startswith("sk_")
    assert (key.scope, key.revoked_at) == ("read", None)
    other = World.create()
    with pytest.raises(NotFound):
        api_keys.revoke_key(other.shop.id, key.id)
    with clock.at(NOON):
        api_keys.revoke_key(world.shop.id, key.id)
    api_keys.revoke_key(world.shop.id, key.id)
    assert api_keys.ApiKey.need(world.shop, api_keys.ApiKey.id == key.id).revoked_at == NOON


def test_a_key_ends_when_it_ends(world: World) -> None:
    with clock.at(NOON):
        _, secret = api_keys.create_key(world.shop.id, "season", rights=Rights(expires_at=NOON + timedelta(days=1)))
        assert api_keys.key_by_secret(secret)
    with clock.at(NOON + timedelta(days=1)), pytest.raises(SignedOut):
        api_keys.key_by_secret(secret)


@pytest.mark.parametrize(
    ("listed", "address", "is_allowed"),
    [
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("192.0.2.0/24", "192.0.2.255", True),
        ("192.0.2.0/24", "192.0.3.1", False),
        ("192.0.2.0/24", "::ffff:192.0.2.9", True),
        ("2001:db8::/32", "2001:db8:1::5", True),
        ("2001:db8::/32", "2001:db9::5", False),
        ("2001:db8::/32", "192.0.2.7", False),
        ("0.0.0.0/0", "unknown", False),
        ("0.0.0.0/0", None, False),
    ],
)
def test_a_key_is_good_from_its_addresses_alone(
    world: World, listed: str, address: str | None, is_allowed: bool
) -> None:
    _, secret = api_keys.create_key(world.shop.id, "till", rights=Rights(addresses=(listed,)))
    if is_allowed:
        assert api_keys.key_by_secret(secret, address=address).last_used_from is None  # noted beside the row
    else:
        with pytest.raises(AddressNotAllowed):
            api_keys.key_by_secret(secret, address=address)


@pytest.mark.parametrize(
    ("rights", "field"),
    [
        (Rights("owner"), "scope"),
        (Rights(services={"everything": "read"}), "services"),
        (Rights(services={}), "services"),
        (Rights("read", {"accounts": "manage"}), "services"),
        (Rights(services={"accounts": "write"}), "services"),
        (Rights(addresses=("fern.example",)), "addresses"),
        (Rights(addresses=("192.0.2.1/24",)), "addresses"),
        (Rights(addresses=()), "addresses"),
        (Rights(expires_at=NOON), "expires_at"),
    ],
)
def test_rights_that_cannot_be_are_refused_by_name(world: World, rights: Rights, field: str) -> None:
    with clock.at(NOON):
        no = refused(lambda: api_keys.create_key(world.shop.id, "till", rights=rights), BadRequest)
    assert no.field == field
    assert api_keys.keys(world.shop.id) == []


TODAY, TOMORROW = NOON + timedelta(hours=1), NOON + timedelta(days=1)
OWN = Rights("manage", {"accounts": "manage", "api_keys": "manage"}, ("192.0.2.0/24",), TODAY)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Rights("manage", None, ("192.0.2.1",), TODAY), "services"),
        (Rights("manage", {"rewards": "read"}, ("192.0.2.1",), TODAY), "services"),
        (Rights("manage", {"accounts": "read"}, None, TODAY), "addresses"),
        (Rights("manage", {"accounts": "read"}, ("192.0.0.0/16",), TODAY), "addresses"),
        (Rights("manage", {"accounts": "read"}, ("192.0.2.1",), None), "expires_at"),
        (Rights("manage", {"accounts": "read"}, ("192.0.2.1",), TOMORROW), "expires_at"),
        (Rights("manage", {"accounts": "manage"}, ("192.0.2.1",), TODAY), None),
    ],
)
def test_a_key_grants_no_more_than_it_has(world: World, wanted: Rights, field: str | None) -> None:
    with clock.at(NOON):
        grantor, _ = api_keys.create_key(world.shop.id, "own", rights=OWN)
        if field is None:
            assert api_keys.create_key(world.shop.id, "less", rights=wanted, grantor=grantor)
            return
        no = refused(
            lambda: api_keys.create_key(world.shop.id, "more", rights=wanted, grantor=grantor), MoreThanOwnRights
        )
        assert no.field == field
        mightier, _ = api_keys.create_key(world.shop.id, "mightier", rights=wanted)
        refused(lambda: api_keys.rotate_key(world.shop.id, mightier.id, grantor=grantor), MoreThanOwnRights)


ADDRESSES = ("192.0.2.1/32", "192.0.2.0/24", "192.0.0.0/16", "2001:db8::/32", "0.0.0.0/0")
SOME_SERVICES = st.dictionaries(st.sampled_from(SERVICES[:3]), st.sampled_from(SCOPES), min_size=1)
RIGHTS = st.builds(
    Rights,
    st.sampled_from(SCOPES),
    st.none() | SOME_SERVICES,
    st.none() | st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=2).map(tuple),
    st.none() | st.sampled_from([NOON, TODAY, TOMORROW]),
).filter(lambda one: one.scope == "manage" or "manage" not in (one.services or {}).values())
REQUESTS = st.tuples(
    st.sampled_from(SCOPES), st.sampled_from(SERVICES[:4]), st.sampled_from(["192.0.2.1", "192.0.2.9", "2001:db8::1"])
)


def may(rights: Rights, request: tuple[str, str, str], moment: Any) -> bool:
    needed, service, address = request
    lives = rights.expires_at is None or moment < rights.expires_at
    return lives and rights.may(needed, service) and rights.allow_from(address)


@given(RIGHTS, RIGHTS, REQUESTS, st.sampled_from([NOON, TODAY]))
@proof(300)
def test_whatever_a_granted_key_may_its_grantor_may(own: Rights, wanted: Rights, request: Any, moment: Any) -> None:
    if own.exceeded_by(wanted) is None:
        assert may(own, request, moment) or not may(wanted, request, moment)


@given(RIGHTS)
@proof(100)
def test_a_key_may_grant_what_it_has(own: Rights) -> None:
    assert own.exceeded_by(own) is None
