"""Tokens of visitors: anybody may ask for them, so nothing is kept of them."""

from datetime import timedelta

import pytest

from tests.make import NOON, World
from widget_server import clock, config, data_keys
from widget_server.errors import SignedOut
from widget_server.loyalty.people import access_tokens
from widget_server.loyalty.people.access_tokens import (
    ACCESS_TOKEN_SECONDS,
    REFRESH_TOKEN_DAYS,
    AccessToken,
    Holder,
    Tokens,
)


def tokens_of(world: World) -> Tokens:
    return access_tokens.grant(Holder(world.shop.id, "visitor", visitor_id="v-1"))


def test_a_thousand_grants_leave_nothing_behind(world: World) -> None:
    tokens = [tokens_of(world) for _ in range(1000)]
    assert AccessToken.of(world.shop).count() == 0
    holder = access_tokens.holder_of(tokens[-1].access)
    assert (holder.shop_id, holder.identity, holder.by, holder.visitor_id) == (world.shop.id, "visitor", None, "v-1")


def test_each_token_is_good_for_its_time_and_its_use(world: World) -> None:
    with clock.at(NOON):
        tokens = tokens_of(world)
        for token, use in ((tokens.access, "refresh"), (tokens.refresh, "access")):
            with pytest.raises(SignedOut):
                access_tokens.holder_of(token, use=use)  # type: ignore[arg-type]
    with clock.at(NOON + timedelta(seconds=ACCESS_TOKEN_SECONDS)):
        with pytest.raises(SignedOut):
            access_tokens.holder_of(tokens.access)
        renewed = access_tokens.regrant(tokens.refresh)
        assert access_tokens.holder_of(renewed.access).visitor_id == "v-1"
    with clock.at(NOON + timedelta(days=REFRESH_TOKEN_DAYS)):
        for refresh in (tokens.refresh, renewed.refresh):  # a renewal does not make it live longer
            with pytest.raises(SignedOut):
                access_tokens.regrant(refresh)


def test_nobody_else_can_sign_one(world: World) -> None:
    access = tokens_of(world).access
    for forged in (
        access[:-2],
        access + "x",
        "vt_",
        "vt_x.y",
        access.replace("vt_", "vt_x"),
        access.removeprefix("vt_"),
    ):
        with pytest.raises(SignedOut):
            access_tokens.holder_of(forged)


def test_they_end_with_the_secret_of_the_server(world: World) -> None:
    access, settings = tokens_of(world).access, config.current()
    config.use(config.Settings(**{**settings.__dict__, "secret_key": "another secret that is long enough for it"}))
    try:
        with pytest.raises(SignedOut):
            access_tokens.holder_of(access)
    finally:
        config.use(settings, data_keys.stored)
    assert access_tokens.holder_of(access).identity == "visitor"
