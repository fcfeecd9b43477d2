"""What the check of a shop finds without its API: the program, the script tag, sign-ins, and the last webhook."""

from datetime import timedelta

from tests.make import World
from widget_server import clock, tallies
from widget_server.loyalty.program import programs, shops
from widget_server.loyalty.program.shops import Shop
from widget_server.stores import checking

DATABASES = ("sqlite",)


def states(world: World) -> dict[str, str]:
    """The findings of now: their codes and states."""
    return {one.code: one.state for one in checking.check(shops.by_id(world.shop.id))}


def test_a_sign_in_by_token_is_noted(database: str) -> None:
    world = World.create()
    assert states(world)["token_missing"] == "note"
    world.vouched("c-1", "ann@example.com")
    tallies.flush()
    assert states(world)["token_accepted"] == "ok"


def test_what_was_not_seen_for_long_is_told(database: str) -> None:
    world = World.create()
    assert states(world) == {"program_on": "ok", "tag_missing": "wrong", "token_missing": "note", "news_never": "wrong"}
    long_ago = clock.now() - timedelta(days=8)
    Shop.update(widget_seen_at=long_ago, widget_seen_on="https://shop.example", last_news_at=long_ago).execute()
    programs.pause(world.shop.id)
    told = states(world)
    assert (told["tag_old"], told["news_old"], told["program_off"]) == ("wrong", "ok", "wrong")
