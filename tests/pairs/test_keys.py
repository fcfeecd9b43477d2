"""Proof of what is good when: in any sequence of rotations, renewals and theft, a token is good while its secret is.

Each guard has a twin: with it taken out, the very same property fails.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run

from tests.make import NOON, World, proof
from widget_server import clock
from widget_server.errors import SignedOut
from widget_server.loyalty.people import access_tokens, api_keys
from widget_server.loyalty.people.access_tokens import ACCESS_TOKEN_SECONDS, OVERLAP, Holder, Tokens
from widget_server.loyalty.people.api_keys import ApiKey

TWIN = {"derandomize": True, "database": None, "phases": [Phase.generate]}  # to be found, not to be explained
NEVER = datetime.max.replace(tzinfo=NOON.tzinfo)


@dataclass
class Secret:
    """A secret of the key, and when it ends."""

    text: str
    ends: datetime = NEVER


@dataclass
class Family:
    """Tokens that were renewed from one another."""

    by: Secret
    is_ended: bool = False


@dataclass
class Refresh:
    """A refresh token, and when its successor was first used."""

    token: str
    family: Family
    parent: "Refresh | None" = None
    replaced_at: datetime = NEVER


@dataclass
class Access:
    """An access token, and when it runs out."""

    token: str
    family: Family
    ends: datetime


@dataclass
class Known:
    """The naive model."""

    now: datetime = NOON
    secrets: list[Secret] = field(default_factory=list)
    refreshes: list[Refresh] = field(default_factory=list)
    accesses: list[Access] = field(default_factory=list)


class KeysAndTokens(RuleBasedStateMachine):
    """One key: its owner rotates and revokes it, somebody grants and renews, in any sequence."""

    @initialize()
    def make_a_key(self) -> None:
        self.world, self.known = World.create(), Known()
        with clock.at(NOON):
            key, secret = api_keys.create_key(self.world.shop.id, "till")
        self.key_id = key.id
        self.known.secrets.append(Secret(secret))

    @rule(seconds=st.sampled_from([1, 59, 60, 1800, ACCESS_TOKEN_SECONDS]))
    def time_passes(self, seconds: int) -> None:
        self.known.now += timedelta(seconds=seconds)

    @precondition(lambda self: self.known.secrets[-1].ends == NEVER)
    @rule(keep=st.sampled_from([0, 1, 3]))
    def rotate(self, keep: int) -> None:
        now = self.known.now
        with clock.at(now):
            _, fresh = api_keys.rotate_key(self.world.shop.id, self.key_id, keep=timedelta(hours=keep))
        for one in self.known.secrets[:-1]:
            one.ends = min(one.ends, now)
        self.known.secrets[-1].ends = now + timedelta(hours=keep)
        self.known.secrets.append(Secret(fresh))

    @rule(sure=st.integers(0, 9))
    def revoke(self, sure: int) -> None:
        if sure == 0:
            with clock.at(self.known.now):
                api_keys.revoke_key(self.world.shop.id, self.key_id)
            for one in self.known.secrets:
                one.ends = min(one.ends, self.known.now)

    @rule(data=st.data())
    def grant(self, data: st.DataObject) -> None:
        self._grant(data.draw(st.sampled_from(self.known.secrets)))

    def _grant(self, secret: Secret) -> None:
        with clock.at(self.known.now):
            try:
                used = api_keys.in_use(secret.text)
            except SignedOut:
                assert self.known.now >= secret.ends
                return
            tokens = access_tokens.grant(Holder(self.world.shop.id, "member", used, customer_id="ann"))
        assert self.known.now < secret.ends
        self._keep(tokens, Family(secret), None)

    @precondition(lambda self: self.known.refreshes)
    @rule(data=st.data(), turns=st.integers(1, 3))
    def renew(self, data: st.DataObject, turns: int) -> None:
        """With any refresh token, a thief's perhaps, and then with the fresh one of each answer."""
        shown: Refresh | None = data.draw(st.sampled_from(self.known.refreshes))
        for _ in range(turns):
            shown = self._renew(shown) if shown else None

    @precondition(lambda self: any(one.replaced_at != NEVER for one in self.known.refreshes))
    @rule(data=st.data())
    def a_thief_comes_late(self, data: st.DataObject) -> None:
        replaced = [one for one in self.known.refreshes if one.replaced_at != NEVER]
        self.known.now += OVERLAP
        self._renew(data.draw(st.sampled_from(replaced)))

    @precondition(lambda self: any(self.known.now < one.ends for one in self.known.secrets[:-1]))
    @rule()
    def grant_in_grace(self) -> None:
        self._grant(self.known.secrets[-2])

    def _renew(self, shown: Refresh) -> Refresh | None:
        now = self.known.now
        is_reuse = shown.replaced_at != NEVER and shown.replaced_at + OVERLAP <= now
        is_good = not shown.family.is_ended and not is_reuse and now < shown.family.by.ends
        shown.family.is_ended = shown.family.is_ended or is_reuse
        with clock.at(now):
            try:
                tokens = access_tokens.regrant(shown.token)
            except SignedOut:
                assert not is_good
                return None
        assert is_good
        if shown.parent is not None:
            shown.parent.replaced_at = min(shown.parent.replaced_at, now)
        return self._keep(tokens, shown.family, shown)

    def _keep(self, tokens: Tokens, family: Family, parent: Refresh | None) -> Refresh:
        self.known.refreshes.append(Refresh(tokens.refresh, family, parent))
        ends = self.known.now + timedelta(seconds=ACCESS_TOKEN_SECONDS)
        self.known.accesses.append(Access(tokens.access, family, ends))
        return self.known.refreshes[-1]

    @invariant()
    def each_token_is_good_while_its_secret_is(self) -> None:
        now = self.known.now
        for one in self.known.accesses:
            expected = not one.family.is_ended and now < min(one.ends, one.family.by.ends)
            with clock.at(now):
                try:
                    access_tokens.holder_of(one.token)
                except SignedOut:
                    assert not expected
                else:
                    assert expected


def keys_and_tokens_in_any_sequence(short: int, **facts: Any) -> None:
    run(KeysAndTokens, settings=proof(short, **facts))


def test_a_token_is_good_while_its_secret_is(world: World) -> None:
    keys_and_tokens_in_any_sequence(40)


def test_twin_if_only_revocation_counted_tokens_would_outlive_a_rotation(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ApiKey, "vouches_for", lambda key, *_: key.revoked_at is None)
    with pytest.raises(AssertionError):
        keys_and_tokens_in_any_sequence(60, **TWIN)


def test_twin_if_nothing_were_replaced_a_stolen_refresh_token_would_stay_good(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_tokens, "is_replaced", lambda *_: False)
    with pytest.raises(AssertionError):
        keys_and_tokens_in_any_sequence(100, **TWIN)


def test_twin_if_a_grant_were_bound_to_the_newest_secret_an_earlier_one_would_outlive_its_grace(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def newest(secret: str, *, address: str | None = None) -> api_keys.KeyInUse:
        key = in_use(secret, address=address).key
        return api_keys.KeyInUse(key, key.secret_hash)

    in_use = api_keys.in_use
    monkeypatch.setattr(api_keys, "in_use", newest)
    with pytest.raises(AssertionError):
        keys_and_tokens_in_any_sequence(100, **TWIN)
