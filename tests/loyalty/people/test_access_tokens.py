"""Tokens of the admin API: each ends with the secret that granted it, and a stolen refresh token ends its family."""

from datetime import timedelta
from typing import Literal

import pytest

from tests.make import NOON, World, at_once
from widget_server import clock
from widget_server.errors import SignedOut
from widget_server.loyalty.people import access_tokens, api_keys
from widget_server.loyalty.people.access_tokens import OVERLAP, AccessToken, Holder, Tokens
from widget_server.loyalty.people.api_keys import KeyInUse, Rights

HOURS = timedelta(hours=5)  # an access token has run out by then


@pytest.fixture
def till(world: World) -> KeyInUse:
    """The key of the shop's server, with its secret shown."""
    with clock.at(NOON):
        return api_keys.in_use(api_keys.create_key(world.shop.id, "till")[1])


def tokens_of(world: World, used: KeyInUse | None, identity: Literal["app", "visitor", "member"] = "member") -> Tokens:
    return access_tokens.grant(Holder(world.shop.id, identity, used, customer_id="ann"))


def is_good(token: str, use: Literal["access", "refresh"] = "access") -> bool:
    try:
        access_tokens.holder_of(token, use=use)
    except SignedOut:
        return False
    return True


@pytest.mark.parametrize("identity", ["app", "member"])
def test_a_token_ends_with_the_secret_that_granted_it(
    world: World, till: KeyInUse, identity: Literal["app", "member"]
) -> None:
    with clock.at(NOON):
        tokens = tokens_of(world, till, identity)
        _, fresh = api_keys.rotate_key(world.shop.id, till.key.id, keep=timedelta(hours=1))
        later = tokens_of(world, api_keys.in_use(fresh), identity)
    with clock.at(NOON + timedelta(minutes=59)):
        assert is_good(tokens.access) and is_good(tokens.refresh, "refresh")
    with clock.at(NOON + timedelta(hours=1)):
        assert not is_good(tokens.access) and not is_good(tokens.refresh, "refresh")
        assert is_good(later.access) and is_good(later.refresh, "refresh")
        api_keys.revoke_key(world.shop.id, till.key.id)
        assert not is_good(later.access) and not is_good(later.refresh, "refresh")


def test_in_its_grace_an_earlier_secret_grants_nothing_that_outlives_it(world: World, till: KeyInUse) -> None:
    secret = api_keys.create_key(world.shop.id, "old")[1]
    key = api_keys.key_by_secret(secret)
    with clock.at(NOON):
        api_keys.rotate_key(world.shop.id, key.id, keep=timedelta(hours=1))
        tokens = tokens_of(world, api_keys.in_use(secret))
        assert is_good(tokens.access)
    with clock.at(NOON + timedelta(hours=1)):
        assert not is_good(tokens.access)


def test_tokens_end_with_a_key_that_ends(world: World) -> None:
    with clock.at(NOON):
        rights = Rights(expires_at=NOON + timedelta(hours=2))
        tokens = tokens_of(world, api_keys.in_use(api_keys.create_key(world.shop.id, "season", rights=rights)[1]))
    with clock.at(NOON + timedelta(hours=2, seconds=-1)):
        assert is_good(tokens.access)
    with clock.at(NOON + timedelta(hours=2)):
        assert not is_good(tokens.access) and not is_good(tokens.refresh, "refresh")


def test_a_refresh_token_rotates_and_its_reuse_ends_the_family(world: World, till: KeyInUse) -> None:
    with clock.at(NOON):
        first = tokens_of(world, till)
    with clock.at(NOON + HOURS):
        second = access_tokens.regrant(first.refresh)
    with clock.at(NOON + 2 * HOURS):
        third = access_tokens.regrant(second.refresh)
        other = tokens_of(world, till)
    assert len({first.refresh, second.refresh, third.refresh}) == 3
    with clock.at(NOON + 2 * HOURS + OVERLAP):
        with pytest.raises(SignedOut):
            access_tokens.regrant(first.refresh)  # somebody stole it, or is robbed
        for one in (third.access, second.access):
            assert not is_good(one)
        with pytest.raises(SignedOut):
            access_tokens.regrant(third.refresh)
        assert is_good(other.access)


def test_the_official_sdk_keeps_its_first_refresh_token(world: World, till: KeyInUse) -> None:
    """OAuthStrategy passes over the fresh refresh token of the answer, and renews with the first for 90 days."""
    with clock.at(NOON):
        tokens = tokens_of(world, till)
    for renewal in range(1, 10):
        with clock.at(NOON + renewal * HOURS):
            assert is_good(access_tokens.regrant(tokens.refresh).access)


def test_the_refresh_token_of_an_app_stays_as_it_is_good_only_beside_the_secret(world: World, till: KeyInUse) -> None:
    """AppStrategy begins with the stored one in each process; the secret is shown with it each time."""
    with clock.at(NOON):
        tokens = tokens_of(world, till, "app")
    for renewal in range(1, 4):
        with clock.at(NOON + renewal * HOURS):
            assert access_tokens.regrant(tokens.refresh).refresh == tokens.refresh


def test_renewals_at_once_all_succeed(world: World, till: KeyInUse) -> None:
    """Two tabs wake at once; one of them is a moment late with the token that was just replaced."""
    tokens = tokens_of(world, till)
    renewed = at_once(*[lambda: access_tokens.regrant(tokens.refresh)] * 4)
    assert all(isinstance(one, Tokens) for one in renewed), renewed
    access_tokens.regrant(renewed[0].refresh)  # the first successor is used: the parent is replaced
    assert is_good(access_tokens.regrant(tokens.refresh).access)
    families = {row.family_id for row in AccessToken.of(world.shop)}
    assert len(families) == 1


def test_a_family_ends_when_its_first_refresh_token_would_have(world: World, till: KeyInUse) -> None:
    life = timedelta(days=access_tokens.REFRESH_TOKEN_DAYS)
    with clock.at(NOON):
        tokens = tokens_of(world, till)
    with clock.at(NOON + life - timedelta(seconds=1)):
        last = access_tokens.regrant(tokens.refresh)
    with clock.at(NOON + life), pytest.raises(SignedOut):
        access_tokens.regrant(last.refresh)


def test_tokens_that_ran_out_are_forgotten_a_week_later(world: World, till: KeyInUse) -> None:
    with clock.at(NOON):
        tokens_of(world, till)
    with clock.at(NOON + timedelta(days=8)):
        access_tokens.forget_old()
        assert [row.use for row in AccessToken.of(world.shop)] == ["refresh"]
