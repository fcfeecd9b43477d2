"""Sessions of shoppers: what is kept at rest cannot be used to come in."""

from datetime import timedelta

import pytest

from tests.make import NOON, World, at_once, everything_kept
from widget_server import clock, tallies
from widget_server.errors import SignedOut
from widget_server.loyalty.people import api_keys, sessions, sign_in_codes

ANN = "ann@example.com"


def test_a_session_opens_its_own_shop_until_it_ends(world: World) -> None:  # acceptance 9
    with clock.at(NOON):
        opened = sessions.open_session(world.shop.id, "somebody")
        assert sessions.session_of(world.shop.id, opened.token).customer_id == "somebody"
        other = World.create()
        for shop_id, token in ((other.shop.id, opened.token), (world.shop.id, "x" + opened.token), (world.shop.id, "")):
            with pytest.raises(SignedOut):
                sessions.session_of(shop_id, token)
    with clock.at(NOON + timedelta(days=sessions.SESSION_DAYS, seconds=-1)):
        assert sessions.session_of(world.shop.id, opened.token)
    with clock.at(NOON + timedelta(days=sessions.SESSION_DAYS)), pytest.raises(SignedOut):
        sessions.session_of(world.shop.id, opened.token)


def test_signing_out_on_one_panel_leaves_the_others(world: World) -> None:
    first, second = (sessions.open_session(world.shop.id, "ann").token for _ in range(2))
    other = sessions.open_session(world.shop.id, "bob").token
    sessions.close_session(world.shop.id, first)
    with pytest.raises(SignedOut):
        sessions.session_of(world.shop.id, first)
    assert sessions.session_of(world.shop.id, second)
    sessions.close_all(world.shop.id, "ann")
    with pytest.raises(SignedOut):
        sessions.session_of(world.shop.id, second)
    assert sessions.session_of(world.shop.id, other).customer_id == "bob"


def test_nothing_at_rest_lets_anybody_in(world: World) -> None:
    token = sessions.open_session(world.shop.id, "ann").token
    asked = sign_in_codes.ask_code(world.shop.id, ANN, {})
    _, key = api_keys.create_key(world.shop.id, "till")
    kept = everything_kept()
    assert asked.row.id in kept
    for secret in (token, asked.challenge, asked.link, key):
        assert secret not in kept
    assert asked.code not in kept.splitlines()


def test_a_token_is_used_up_once_for_each_shop(world: World) -> None:
    other = World.create()
    ends = clock.now() + timedelta(minutes=5)
    results = at_once(*[lambda: sessions.use_up(world.shop.id, "j1", ends)] * 4)
    assert sorted(results) == [False, False, False, True]
    assert sessions.use_up(other.shop.id, "j1", ends)


def test_what_ran_out_is_forgotten_a_week_later(world: World) -> None:
    with clock.at(NOON):
        sign_in_codes.ask_code(world.shop.id, ANN, {})
        sessions.use_up(world.shop.id, "j1", NOON + timedelta(minutes=5))
    with clock.at(NOON + timedelta(days=6)):
        sessions.open_session(world.shop.id, "ann")
        sessions.forget_old()
        sign_in_codes.forget_old()
        assert sign_in_codes.SignInCode.of(world.shop).count() == sessions.UsedToken.of(world.shop).count() == 1
    with clock.at(NOON + timedelta(days=8)):
        sessions.forget_old()
        sign_in_codes.forget_old()
    assert sign_in_codes.SignInCode.of(world.shop).count() == sessions.UsedToken.of(world.shop).count() == 0
    assert sessions.Session.of(world.shop).count() == 1


def test_a_session_says_when_it_was_last_used_to_the_hour(world: World) -> None:
    with clock.at(NOON):
        token = sessions.open_session(world.shop.id, "ann", browser="Firefox, Windows").token
        sessions.session_of(world.shop.id, token)
        tallies.flush()
    with clock.at(NOON + timedelta(minutes=59)):
        sessions.session_of(world.shop.id, token)
        tallies.flush()
        (row,) = sessions.open_sessions(world.shop.id, "ann")
        assert (row.browser, row.last_used_at) == ("Firefox, Windows", NOON)
    with clock.at(NOON + timedelta(minutes=60)):
        sessions.session_of(world.shop.id, token)
        tallies.flush()
        assert sessions.open_sessions(world.shop.id, "ann")[0].last_used_at == clock.now()
    with clock.at(NOON + timedelta(days=sessions.SESSION_DAYS)):
        assert sessions.open_sessions(world.shop.id, "ann") == []
