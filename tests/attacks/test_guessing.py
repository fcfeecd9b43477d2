"""A guesser has many addresses and much time; a mailbox has ten wrong codes a day (contracts §19)."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from tests.make import NOON, World, proof, undone
from widget_server import clock
from widget_server.errors import CodeExpired, Refusal
from widget_server.loyalty.people import sign_in, sign_in_codes
from widget_server.loyalty.people.sign_in_codes import WRONG_CODES_MAX, Purpose

SPELLINGS = ("ann@example.com", "ANN@example.com", "ann+1@example.com", "ann+shop@example.com")
PURPOSES: tuple[Purpose, ...] = ("sign_up", "sign_in", "reset")
DAY = timedelta(days=1)

ACTS = st.one_of(
    st.tuples(st.just("ask"), st.sampled_from(SPELLINGS), st.sampled_from(PURPOSES)),
    st.tuples(st.just("guess"), st.integers(0, 3), st.integers(4, 6)),
    st.tuples(st.just("guess"), st.integers(0, 3), st.integers(4, 6)),
    st.tuples(st.just("wait"), st.sampled_from([1, 5, 14]), st.sampled_from([1, 1, 60])),
    st.tuples(st.just("owner"), st.just(""), st.just("")),
)
SEQUENCES = st.lists(ACTS, min_size=15, max_size=40)


class Guesser:
    """Asks for codes under every spelling of a mailbox and guesses; `told` is when a guess was compared."""

    def __init__(self, world: World) -> None:
        self.world, self.moment = world, NOON
        self.challenges: list[tuple[str, Purpose]] = []
        self.told: list[datetime] = []

    def does(self, act: str, first: Any, second: Any) -> None:
        if act == "wait":
            self.moment += timedelta(minutes=first * second)
            return
        with clock.at(self.moment):
            if act == "ask":
                asked = sign_in.ask(self.world.shop, first, purpose=second, locale="en")
                self.challenges.append((asked.challenge, second))
            elif act == "owner":
                asked = sign_in.ask(self.world.shop, SPELLINGS[0], purpose="sign_in", locale="en")
                if not asked.row.by_link:
                    sign_in.confirm(self.world.shop, asked.challenge, asked.code)
            else:
                for challenge, purpose in self.challenges[-1 - first :][:1] * second:
                    self._guess(challenge, purpose)

    def _guess(self, challenge: str, purpose: Purpose) -> None:
        before = self._tries(challenge)
        with suppress(Refusal):
            sign_in_codes.confirm_code(self.world.shop.id, challenge, "no digits", (purpose,))
        if self._tries(challenge) > before:
            self.told.append(self.moment)

    def _tries(self, challenge: str) -> int:
        row = sign_in_codes.find_by_challenge(self.world.shop.id, challenge)
        return row.tries if row is not None else 0

    def most_in_a_day(self) -> int:
        return max((sum(one <= other < one + DAY for other in self.told) for one in self.told), default=0)


def no_day_has_more(world: World, acts: list[tuple[str, Any, Any]]) -> None:
    with undone():
        guesser = Guesser(world)
        for act in acts:
            guesser.does(*act)
        assert guesser.most_in_a_day() <= WRONG_CODES_MAX


def test_a_mailbox_has_ten_wrong_codes_in_any_day_whatever_is_done(world: World) -> None:
    @proof(25, 2000)
    @given(SEQUENCES)
    def story(acts: list[tuple[str, Any, Any]]) -> None:
        no_day_has_more(world, acts)

    story()


def test_twin_codes_that_are_counted_by_challenge_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in_codes, "is_used_up", lambda *_: False)

    @proof(100, 100, derandomize=True, database=None, phases=[Phase.generate])
    @given(SEQUENCES)
    def story(acts: list[tuple[str, Any, Any]]) -> None:
        no_day_has_more(world, acts)

    with pytest.raises(AssertionError):
        story()


def guess_for(world: World, days: int) -> int:
    """How many guesses were compared, when somebody asks each quarter of an hour and guesses as often as may be."""
    guesser = Guesser(world)
    for quarter in range(days * 24 * 4):
        guesser.does("ask", SPELLINGS[quarter % len(SPELLINGS)], "sign_in")
        guesser.does("guess", 0, 6)
        guesser.does("wait", 15, 1)
    return len(guesser.told)


def test_two_days_of_guessing_are_twenty_guesses(world: World) -> None:
    assert WRONG_CODES_MAX <= guess_for(world, 2) <= 2 * WRONG_CODES_MAX


# A code of one purpose opens nothing of another


def use_elsewhere(world: World) -> None:
    """Mallory talks Ann into reading out the code of a sign-in, and would set a password with it."""
    asked = sign_in.ask(world.shop, SPELLINGS[0], purpose="sign_in", locale="en")
    with pytest.raises(CodeExpired):
        sign_in.confirm(world.shop, asked.challenge, asked.code, password="mallory's own horse")


def test_a_code_opens_what_it_was_asked_for(world: World) -> None:
    use_elsewhere(world)


def test_twin_codes_that_are_good_for_anything(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    strict: Callable[..., Any] = sign_in_codes.confirm_code
    anything = (*PURPOSES, "verify")

    def lax(shop_id: str, challenge: str, code: str, _: object) -> Any:
        return strict(shop_id, challenge, code, anything)

    monkeypatch.setattr(sign_in_codes, "confirm_code", lax)
    with pytest.raises(pytest.fail.Exception):
        use_elsewhere(world)
