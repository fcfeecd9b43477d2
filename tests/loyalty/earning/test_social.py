"""A shopper follows the shop's channels, and is paid once for each (acceptance 26, wix-api §1b)."""

from functools import partial

import pytest

from tests.make import NOON, Shopper, World, at_once
from widget_server import clock, events, ledger, reactions
from widget_server.errors import ChannelNotEnabled, ProgramNotActive, RuleNotClickable
from widget_server.loyalty.earning import rules, social
from widget_server.loyalty.earning.rules import EarningRule, Terms
from widget_server.loyalty.earning.social import FollowedChannel
from widget_server.loyalty.people import customer_edits, merging, privacy
from widget_server.loyalty.program import programs


@pytest.fixture
def instagram(world: World) -> EarningRule:
    """20 points for following on Instagram."""
    return world.rule("social", points=20, terms=Terms(channel="Instagram", url="https://instagram.com/fern"))


def follows(shopper: Shopper, channel: str = "instagram") -> FollowedChannel:
    return social.follow(shopper.world.shop, shopper.customer, channel, source="admin")


def channels(shopper: Shopper) -> list[str]:
    return [row.channel for row in social.followed(shopper.world.shop, shopper.customer)]


def test_following_pays_once_by_whichever_door(world: World, instagram: EarningRule) -> None:
    world.rule("social", points=7, terms=Terms(channel="facebook"))
    ann = world.member()
    first = follows(ann, "INSTAGRAM")
    assert (first.channel, ann.balance) == ("instagram", 20)
    assert follows(ann).id == first.id
    social.click(world.shop, ann.customer, instagram.id)  # and in the panel
    assert (ann.balance, channels(ann)) == (20, ["instagram"])
    bob = world.member("bob@example.com")
    social.click(world.shop, bob.customer, instagram.id)
    assert channels(bob) == ["instagram"]
    follows(bob)
    assert (bob.balance, channels(bob)) == (20, ["instagram"])


def test_a_click_on_what_is_off_or_has_no_channel_follows_nothing(world: World) -> None:
    ann = world.member()
    for rule in (
        world.rule("social", points=5),
        world.rule("social", points=5, active=False, terms=Terms(channel="x")),
    ):
        social.click(world.shop, ann.customer, rule.id)
    assert (ann.balance, channels(ann)) == (5, [])
    with pytest.raises(RuleNotClickable):
        social.click(world.shop, ann.customer, world.rule("review", points=5).id)


def test_parallel_words_are_one(world: World, instagram: EarningRule) -> None:
    ann = world.member()
    rows = at_once(*[partial(follows, ann)] * 4)
    assert len({row.id for row in rows}) == 1
    assert ann.balance == 20


def test_only_channels_that_the_shop_pays_for(world: World, instagram: EarningRule) -> None:
    world.rule("social", points=5, terms=Terms(channel="tiktok"), active=False)
    world.rule("social", points=5, terms=Terms(channel="x", ends_at=clock.now()))
    world.rule("social", points=5)  # an older rule without a name
    World.create().rule("social", points=5, terms=Terms(channel="linkedin"))
    ann = world.member()
    assert social.enabled(world.shop) == ["instagram"]
    for other in ("tiktok", "x", "linkedin", ""):
        with pytest.raises(ChannelNotEnabled) as refusal:
            follows(ann, other)
        assert refusal.value.facts == {"enabled": ["instagram"]}
    rules.save_rule(world.shop, instagram.handle, active=False)
    with pytest.raises(ChannelNotEnabled):
        follows(ann)
    assert (ann.balance, channels(ann)) == (0, [])


def test_a_resting_program_pays_nothing_and_keeps_the_payment_for_later(world: World, instagram: EarningRule) -> None:
    ann = world.member()
    programs.pause(world.shop.id)
    with pytest.raises(ProgramNotActive):
        follows(ann)
    programs.activate(world.shop.id)
    follows(ann)
    assert ann.balance == 20


def test_the_excluded_follow_without_points(world: World, instagram: EarningRule) -> None:  # acceptance 58
    ann = world.member()
    customer_edits.edit(world.shop.id, ann.id, excluded=True)
    follows(ann)
    assert (ann.balance, channels(ann)) == (0, ["instagram"])


def test_the_world_hears_of_each_channel_once(
    world: World, instagram: EarningRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    known = reactions.REACTIONS[events.ChannelFollowed]
    hear = lambda event: heard.append(event.channel_id)  # noqa: E731
    monkeypatch.setitem(reactions.REACTIONS, events.ChannelFollowed, (*known, hear))
    ann = world.member()
    row = follows(ann)
    follows(ann)
    assert heard == [row.id]


def test_they_are_listed_oldest_first_and_go_with_the_person(world: World, instagram: EarningRule) -> None:
    world.rule("social", points=5, terms=Terms(channel="facebook"))
    ann, old = world.member(), world.member("old@example.com")
    assert channels(world.visitor()) == []
    for minutes, (shopper, channel) in enumerate([(old, "instagram"), (ann, "instagram"), (old, "facebook")]):
        with clock.at(NOON.replace(minute=minutes)):
            follows(shopper, channel)
    merging.merge(world.shop, old.id, ann.id)
    assert channels(ann) == ["instagram", "facebook"]
    told = privacy.export(world.shop, ann.customer)["followed_channels"]
    assert [row["channel"] for row in told] == ["instagram", "facebook"]
    privacy.erase(world.shop, ann.customer)
    assert FollowedChannel.of(world.shop).count() == 0
    assert ledger.account_of(world.shop.id, ann.id).balance == 25  # Instagram paid both rows, and one person once
