"""One-time codes and links."""

from datetime import timedelta

import pytest

from tests.make import NOON, World, at_once
from widget_server import clock
from widget_server.errors import CodeExpired, TooManyTries, WrongCode
from widget_server.loyalty import sign_in_codes

ANN = "ann@example.com"


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_a_code_is_six_digits_good_once_where_it_was_asked_for(world: World) -> None:
    asked = sign_in_codes.ask_code(world.shop.id, ANN, {"name": "Ann"})
    assert len(asked.code) == 6
    assert asked.code.isdigit()
    other = World.create()
    with pytest.raises(CodeExpired):
        sign_in_codes.confirm_code(other.shop.id, asked.challenge, asked.code)
    with pytest.raises(CodeExpired):
        sign_in_codes.confirm_code(world.shop.id, "another-challenge", asked.code)
    confirmed = sign_in_codes.confirm_code(world.shop.id, asked.challenge, f" {asked.code} ")
    assert (confirmed.email, confirmed.wishes) == (ANN, {"name": "Ann"})
    with pytest.raises(CodeExpired):
        sign_in_codes.confirm_code(world.shop.id, asked.challenge, asked.code)
    with pytest.raises(CodeExpired):
        sign_in_codes.confirm_link(asked.link)


def test_a_code_of_another_challenge_does_not_fit(world: World) -> None:
    first, second = (sign_in_codes.ask_code(world.shop.id, ANN, {}) for _ in range(2))
    if first.code == second.code:
        second = sign_in_codes.ask_code(world.shop.id, ANN, {})
    with pytest.raises(WrongCode):
        sign_in_codes.confirm_code(world.shop.id, first.challenge, second.code)


def test_after_five_wrong_tries_the_right_code_is_dead_too(world: World) -> None:
    asked = sign_in_codes.ask_code(world.shop.id, ANN, {})
    for _ in range(sign_in_codes.CODE_TRIES_MAX - 1):
        with pytest.raises(WrongCode):
            sign_in_codes.confirm_code(world.shop.id, asked.challenge, wrong(asked.code))
    for code in (wrong(asked.code), asked.code, asked.code):
        with pytest.raises(TooManyTries):
            sign_in_codes.confirm_code(world.shop.id, asked.challenge, code)


def test_the_fifth_try_may_still_be_right(world: World) -> None:
    asked = sign_in_codes.ask_code(world.shop.id, ANN, {})
    for _ in range(sign_in_codes.CODE_TRIES_MAX - 1):
        with pytest.raises(WrongCode):
            sign_in_codes.confirm_code(world.shop.id, asked.challenge, wrong(asked.code))
    assert sign_in_codes.confirm_code(world.shop.id, asked.challenge, asked.code).used_at


def test_parallel_guesses_count_each(world: World) -> None:
    asked = sign_in_codes.ask_code(world.shop.id, ANN, {})
    guesses = [f"{(int(asked.code) + at) % 10**6:06d}" for at in range(1, 13)]
    shop_id = world.shop.id
    answers = at_once(*[lambda one=one: sign_in_codes.confirm_code(shop_id, asked.challenge, one) for one in guesses])
    kinds = sorted(type(answer).__name__ for answer in answers)
    assert kinds == ["TooManyTries"] * 8 + ["WrongCode"] * 4
    with pytest.raises(TooManyTries):
        sign_in_codes.confirm_code(world.shop.id, asked.challenge, asked.code)


def test_the_right_code_typed_in_two_tabs_at_once_is_used_once(world: World) -> None:
    asked = sign_in_codes.ask_code(world.shop.id, ANN, {})
    shop_id = world.shop.id
    answers = at_once(*[lambda: sign_in_codes.confirm_code(shop_id, asked.challenge, asked.code)] * 4)
    assert sorted(type(answer).__name__ for answer in answers) == ["CodeExpired"] * 3 + ["SignInCode"]


def test_code_and_link_end_after_fifteen_minutes(world: World) -> None:
    with clock.at(NOON):
        asked = sign_in_codes.ask_code(world.shop.id, ANN, {})
    with clock.at(NOON + timedelta(minutes=15, seconds=-1)):
        assert sign_in_codes.peek_link(asked.link)
    with clock.at(NOON + timedelta(minutes=15)):
        assert sign_in_codes.peek_link(asked.link) is None
        for use in (
            lambda: sign_in_codes.confirm_code(world.shop.id, asked.challenge, asked.code),
            lambda: sign_in_codes.confirm_link(asked.link),
        ):
            with pytest.raises(CodeExpired):
                use()


def test_looking_at_a_link_uses_nothing_up(world: World) -> None:
    asked = sign_in_codes.ask_code(world.shop.id, ANN, {})  # mail scanners open links
    assert sign_in_codes.peek_link(asked.link).email == ANN
    assert sign_in_codes.peek_link("another") is None
    assert sign_in_codes.confirm_link(asked.link).email == ANN
    assert sign_in_codes.peek_link(asked.link) is None
