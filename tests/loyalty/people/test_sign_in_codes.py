"""One-time codes and links."""

from datetime import timedelta

import pytest

from tests.make import NOON, World, at_once
from widget_server import clock
from widget_server.errors import CodeExpired, TooManyTries, UseTheLink, WrongCode
from widget_server.loyalty.people import sign_in_codes

ANN = "ann@example.com"
PURPOSES: tuple[sign_in_codes.Purpose, ...] = ("sign_up", "sign_in", "reset", "verify")


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08d}"


def test_a_code_is_eight_digits_good_once_where_it_was_asked_for(world: World) -> None:
    asked = sign_in_codes.ask_code(world.shop.id, ANN, {"name": "Ann"})
    assert len(asked.code) == 8
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
        sign_in_codes.follow_link(asked.link)


def test_a_code_is_good_for_its_address_alone(world: World) -> None:
    ann, bob = (sign_in_codes.ask_code(world.shop.id, one, {}) for one in (ANN, "bob@example.com"))
    with pytest.raises(WrongCode):
        sign_in_codes.confirm_code(world.shop.id, ann.challenge, bob.code)


def test_a_code_is_good_for_its_purpose_alone(world: World) -> None:
    for purpose in PURPOSES:
        asked = sign_in_codes.ask_code(world.shop.id, ANN, {}, purpose=purpose)
        others = tuple(other for other in PURPOSES if other != purpose)
        with pytest.raises(CodeExpired):
            sign_in_codes.confirm_code(world.shop.id, asked.challenge, asked.code, others)
        assert sign_in_codes.confirm_code(world.shop.id, asked.challenge, asked.code, (purpose,)).purpose == purpose


def test_whoever_asks_again_has_the_code_that_was_mailed(world: World) -> None:
    """Mallory asks first; the mail that comes of it is as good for Ann, who asks after her."""
    with clock.at(NOON):
        mallorys = sign_in_codes.ask_code(world.shop.id, ANN, {"name": "Mallory"})
    with clock.at(NOON + timedelta(minutes=9)):
        anns = sign_in_codes.ask_code(world.shop.id, ANN, {"name": "Ann"})
        assert anns.code == mallorys.code and anns.row.expires_at == mallorys.row.expires_at
        assert sign_in_codes.confirm_code(world.shop.id, anns.challenge, anns.code).wishes == {"name": "Ann"}
        with pytest.raises(CodeExpired):
            sign_in_codes.confirm_code(world.shop.id, mallorys.challenge, mallorys.code)


def test_a_code_with_little_time_left_is_replaced_and_mailed(world: World) -> None:
    with clock.at(NOON):
        asked = [sign_in_codes.ask_code(world.shop.id, ANN, {}) for _ in range(7)]
        assert [one.row.mailed_at is not None for one in asked] == [True] * 5 + [False] * 2
    with clock.at(NOON + sign_in_codes.SHARED_FOR):
        fresh = sign_in_codes.ask_code(world.shop.id, ANN, {})
    assert fresh.row.mailed_at is not None and fresh.row.made_at == fresh.row.created_at


def test_other_addresses_of_a_mailbox_use_up_none_of_its_mails(world: World) -> None:
    with clock.at(NOON):
        others = [sign_in_codes.ask_code(world.shop.id, f"ann+{n}@example.com", {}, is_owned=False) for n in range(9)]
        assert sum(one.row.mailed_at is not None for one in others) == sign_in_codes.RESENT_MAX
        assert sign_in_codes.ask_code(world.shop.id, ANN, {}).row.mailed_at == NOON


def use_up_the_day(world: World) -> None:
    """Mallory guesses."""
    for _ in range(2):
        asked = sign_in_codes.ask_code(world.shop.id, ANN, {})
        for _ in range(5):
            with pytest.raises((WrongCode, TooManyTries)):
                sign_in_codes.confirm_code(world.shop.id, asked.challenge, wrong(asked.code))


def test_after_ten_wrong_codes_a_mailbox_has_links_for_a_day(world: World) -> None:
    with clock.at(NOON):
        anns = sign_in_codes.ask_code(world.shop.id, ANN, {})
        use_up_the_day(world)
        with pytest.raises(UseTheLink):
            sign_in_codes.confirm_code(world.shop.id, anns.challenge, anns.code)
        row, long = sign_in_codes.follow_link(anns.link)
        assert long is not None and len(long) == 16 and row.used_at is None
        assert sign_in_codes.follow_link(anns.link)[1] == long  # the page was lost and is opened again
        with pytest.raises(UseTheLink):
            sign_in_codes.confirm_code(world.shop.id, anns.challenge, anns.code)
        with pytest.raises(WrongCode):
            sign_in_codes.confirm_code(world.shop.id, anns.challenge, long[::-1])
        typed = " ".join((long[:4], long[4:8], long[8:12], long[12:]))
        assert sign_in_codes.confirm_code(world.shop.id, anns.challenge, typed).email == ANN
        with pytest.raises(CodeExpired):
            sign_in_codes.follow_link(anns.link)
    with clock.at(NOON + timedelta(hours=23)):
        later = sign_in_codes.ask_code(world.shop.id, ANN, {})
        assert later.row.by_link and later.row.mailed_at
    with clock.at(NOON + timedelta(hours=24, minutes=15)):
        assert not sign_in_codes.ask_code(world.shop.id, ANN, {}).row.by_link


def test_the_long_code_is_good_for_whoever_asked_for_this_address_and_purpose(world: World) -> None:
    mallorys = sign_in_codes.ask_code(world.shop.id, ANN, {})  # its mail is the only one that Ann has
    use_up_the_day(world)
    anns = sign_in_codes.ask_code(world.shop.id, ANN, {})
    _, long = sign_in_codes.follow_link(mallorys.link)
    assert long is not None
    assert sign_in_codes.confirm_code(world.shop.id, anns.challenge, long).used_at


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
    guesses = [f"{(int(asked.code) + at) % 10**8:08d}" for at in range(1, 13)]
    shop_id = world.shop.id
    results = at_once(*[lambda one=one: sign_in_codes.confirm_code(shop_id, asked.challenge, one) for one in guesses])
    kinds = sorted(type(answer).__name__ for answer in results)
    assert kinds == ["TooManyTries"] * 8 + ["WrongCode"] * 4
    with pytest.raises(TooManyTries):
        sign_in_codes.confirm_code(world.shop.id, asked.challenge, asked.code)


def test_the_right_code_typed_in_two_tabs_at_once_is_used_once(world: World) -> None:
    asked = sign_in_codes.ask_code(world.shop.id, ANN, {})
    shop_id = world.shop.id
    results = at_once(*[lambda: sign_in_codes.confirm_code(shop_id, asked.challenge, asked.code)] * 4)
    assert sorted(type(answer).__name__ for answer in results) == ["CodeExpired"] * 3 + ["SignInCode"]


def test_code_and_link_end_after_fifteen_minutes(world: World) -> None:
    with clock.at(NOON):
        asked = sign_in_codes.ask_code(world.shop.id, ANN, {})
    with clock.at(NOON + timedelta(minutes=15, seconds=-1)):
        assert sign_in_codes.peek_link(asked.link)
    with clock.at(NOON + timedelta(minutes=15)):
        assert sign_in_codes.peek_link(asked.link) is None
        for use in (
            lambda: sign_in_codes.confirm_code(world.shop.id, asked.challenge, asked.code),
            lambda: sign_in_codes.follow_link(asked.link),
        ):
            with pytest.raises(CodeExpired):
                use()


def test_looking_at_a_link_uses_nothing_up(world: World) -> None:
    asked = sign_in_codes.ask_code(world.shop.id, ANN, {})  # mail scanners open links
    assert sign_in_codes.peek_link(asked.link).email == ANN
    assert sign_in_codes.peek_link("another") is None
    assert sign_in_codes.follow_link(asked.link)[0].email == ANN
    assert sign_in_codes.peek_link(asked.link) is None
