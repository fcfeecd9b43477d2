"""Sessions, one-time codes, passwords, API keys: what is kept at rest cannot be used to come in."""

from datetime import timedelta

import pytest

from tests.make import NOON, World, at_once, everything_kept
from widget_server import clock
from widget_server.errors import CodeExpired, NotFound, PasswordWeak, SignedOut, TooManyTries, WrongCode
from widget_server.loyalty import access

ANN = "ann@example.com"
GOOD_PASSWORD = "ferns like the shade"


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_a_session_opens_its_own_shop_until_it_ends(world: World) -> None:  # acceptance 9
    with clock.at(NOON):
        opened = access.open_session(world.shop.id, "somebody")
        assert access.session_of(world.shop.id, opened.token).customer_id == "somebody"
        other = World.create()
        for shop_id, token in ((other.shop.id, opened.token), (world.shop.id, "x" + opened.token), (world.shop.id, "")):
            with pytest.raises(SignedOut):
                access.session_of(shop_id, token)
    with clock.at(NOON + timedelta(days=access.SESSION_DAYS, seconds=-1)):
        assert access.session_of(world.shop.id, opened.token)
    with clock.at(NOON + timedelta(days=access.SESSION_DAYS)), pytest.raises(SignedOut):
        access.session_of(world.shop.id, opened.token)


def test_signing_out_on_one_panel_leaves_the_others(world: World) -> None:
    first, second = (access.open_session(world.shop.id, "ann").token for _ in range(2))
    other = access.open_session(world.shop.id, "bob").token
    access.close_session(world.shop.id, first)
    with pytest.raises(SignedOut):
        access.session_of(world.shop.id, first)
    assert access.session_of(world.shop.id, second)
    access.close_all(world.shop.id, "ann")
    with pytest.raises(SignedOut):
        access.session_of(world.shop.id, second)
    assert access.session_of(world.shop.id, other).customer_id == "bob"


def test_nothing_at_rest_lets_anybody_in(world: World) -> None:
    token = access.open_session(world.shop.id, "ann").token
    asked = access.ask_code(world.shop.id, ANN, {})
    _, key = access.create_key(world.shop.id, "till")
    kept = everything_kept()
    assert asked.row.id in kept
    for secret in (token, asked.challenge, asked.link, key):
        assert secret not in kept
    assert asked.code not in kept.splitlines()


def test_a_code_is_six_digits_good_once_where_it_was_asked_for(world: World) -> None:
    asked = access.ask_code(world.shop.id, ANN, {"name": "Ann"})
    assert len(asked.code) == 6
    assert asked.code.isdigit()
    other = World.create()
    with pytest.raises(CodeExpired):
        access.confirm_code(other.shop.id, asked.challenge, asked.code)
    with pytest.raises(CodeExpired):
        access.confirm_code(world.shop.id, "another-challenge", asked.code)
    confirmed = access.confirm_code(world.shop.id, asked.challenge, f" {asked.code} ")
    assert (confirmed.email, confirmed.wishes) == (ANN, {"name": "Ann"})
    with pytest.raises(CodeExpired):
        access.confirm_code(world.shop.id, asked.challenge, asked.code)
    with pytest.raises(CodeExpired):
        access.confirm_link(asked.link)


def test_a_code_of_another_challenge_does_not_fit(world: World) -> None:
    first, second = (access.ask_code(world.shop.id, ANN, {}) for _ in range(2))
    if first.code == second.code:
        second = access.ask_code(world.shop.id, ANN, {})
    with pytest.raises(WrongCode):
        access.confirm_code(world.shop.id, first.challenge, second.code)


def test_after_five_wrong_tries_the_right_code_is_dead_too(world: World) -> None:
    asked = access.ask_code(world.shop.id, ANN, {})
    for _ in range(access.CODE_TRIES_MAX - 1):
        with pytest.raises(WrongCode):
            access.confirm_code(world.shop.id, asked.challenge, wrong(asked.code))
    for code in (wrong(asked.code), asked.code, asked.code):
        with pytest.raises(TooManyTries):
            access.confirm_code(world.shop.id, asked.challenge, code)


def test_the_fifth_try_may_still_be_right(world: World) -> None:
    asked = access.ask_code(world.shop.id, ANN, {})
    for _ in range(access.CODE_TRIES_MAX - 1):
        with pytest.raises(WrongCode):
            access.confirm_code(world.shop.id, asked.challenge, wrong(asked.code))
    assert access.confirm_code(world.shop.id, asked.challenge, asked.code).used_at


def test_parallel_guesses_count_each(world: World) -> None:
    asked = access.ask_code(world.shop.id, ANN, {})
    guesses = [f"{(int(asked.code) + at) % 10**6:06d}" for at in range(1, 13)]
    shop_id = world.shop.id
    answers = at_once(*[lambda one=one: access.confirm_code(shop_id, asked.challenge, one) for one in guesses])
    kinds = sorted(type(answer).__name__ for answer in answers)
    assert kinds == ["TooManyTries"] * 8 + ["WrongCode"] * 4
    with pytest.raises(TooManyTries):
        access.confirm_code(world.shop.id, asked.challenge, asked.code)


def test_the_right_code_typed_in_two_tabs_at_once_is_used_once(world: World) -> None:
    asked = access.ask_code(world.shop.id, ANN, {})
    shop_id = world.shop.id
    answers = at_once(*[lambda: access.confirm_code(shop_id, asked.challenge, asked.code)] * 4)
    assert sorted(type(answer).__name__ for answer in answers) == ["CodeExpired"] * 3 + ["SignInCode"]


def test_code_and_link_end_after_fifteen_minutes(world: World) -> None:
    with clock.at(NOON):
        asked = access.ask_code(world.shop.id, ANN, {})
    with clock.at(NOON + timedelta(minutes=15, seconds=-1)):
        assert access.peek_link(asked.link)
    with clock.at(NOON + timedelta(minutes=15)):
        assert access.peek_link(asked.link) is None
        for use in (
            lambda: access.confirm_code(world.shop.id, asked.challenge, asked.code),
            lambda: access.confirm_link(asked.link),
        ):
            with pytest.raises(CodeExpired):
                use()


def test_looking_at_a_link_uses_nothing_up(world: World) -> None:
    asked = access.ask_code(world.shop.id, ANN, {})  # mail scanners open links
    assert access.peek_link(asked.link).email == ANN
    assert access.peek_link("another") is None
    assert access.confirm_link(asked.link).email == ANN
    assert access.peek_link(asked.link) is None


@pytest.mark.parametrize(
    "weak",
    ["", "short", "123456789", "1234567890", "password123", "Passwort!!", "aaaaaaaaaaaaa", "qwerty1234!", "x" * 201],
)
def test_weak_passwords_are_refused(weak: str) -> None:
    with pytest.raises(PasswordWeak) as refused:
        access.hash_password(weak)
    assert refused.value.field == "password"


def test_a_password_fits_only_itself() -> None:
    kept = access.hash_password(GOOD_PASSWORD)
    assert kept.startswith("$argon2id$")
    assert access.password_fits(kept, GOOD_PASSWORD)
    assert not access.password_fits(kept, GOOD_PASSWORD + " ")
    assert not access.password_fits(None, GOOD_PASSWORD)
    assert not access.password_fits("no hash", GOOD_PASSWORD)
    longest = "fern" * 50
    assert not access.password_fits(access.hash_password(longest), longest + "x")


def test_a_token_is_used_up_once_for_each_shop(world: World) -> None:
    other = World.create()
    ends = clock.now() + timedelta(minutes=5)
    answers = at_once(*[lambda: access.use_up(world.shop.id, "j1", ends)] * 4)
    assert sorted(answers) == [False, False, False, True]
    assert access.use_up(other.shop.id, "j1", ends)


def test_api_keys_are_revoked_and_stay_so(world: World) -> None:  # acceptance 62
    key, secret = access.create_key(world.shop.id, "till", "read")
    assert secret.startswith("sk_")
    assert (key.scope, key.revoked_at) == ("read", None)
    other = World.create()
    with pytest.raises(NotFound):
        access.revoke_key(other.shop.id, key.id)
    with clock.at(NOON):
        access.revoke_key(world.shop.id, key.id)
    access.revoke_key(world.shop.id, key.id)
    assert access.ApiKey.need(world.shop, access.ApiKey.id == key.id).revoked_at == NOON


def test_what_ran_out_is_forgotten_a_week_later(world: World) -> None:
    with clock.at(NOON):
        access.ask_code(world.shop.id, ANN, {})
        access.use_up(world.shop.id, "j1", NOON + timedelta(minutes=5))
    with clock.at(NOON + timedelta(days=6)):
        access.open_session(world.shop.id, "ann")
        access.forget_old()
        assert access.SignInCode.of(world.shop).count() == access.UsedToken.of(world.shop).count() == 1
    with clock.at(NOON + timedelta(days=8)):
        access.forget_old()
    assert access.SignInCode.of(world.shop).count() == access.UsedToken.of(world.shop).count() == 0
    assert access.Session.of(world.shop).count() == 1
