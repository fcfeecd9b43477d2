"""Who is told that a referral was not counted may say one thing about it, and staff read it."""

from datetime import timedelta

import pytest

from tests.loyalty.referrals.friends import friend_of, referral_of
from tests.make import NOON, Shopper, World
from widget_server import clock
from widget_server.errors import AlreadyReplied, BadRequest, NotFound
from widget_server.loyalty.people import merging, privacy
from widget_server.loyalty.referrals import decisions, referral_list, replies
from widget_server.loyalty.referrals.referral_list import Wanted
from widget_server.loyalty.referrals.replies import ReferralReply, Uncounted


def test_both_sides_are_told_and_each_says_one_thing(world: World, ann: Shopper) -> None:
    twin = friend_of(ann, "ann+twin@example.com")
    referral = referral_of(twin)
    for who in (ann, twin):
        assert replies.seen_by(world.shop, who.customer).uncounted == Uncounted(referral.id, False)
        replies.reply(world.shop, who.customer, referral.id, f"  This is\n{who.customer.email}  ")
        assert replies.seen_by(world.shop, who.customer).uncounted == Uncounted(referral.id, True)
        with pytest.raises(AlreadyReplied):
            replies.reply(world.shop, who.customer, referral.id, "And another thing")
    (listed,) = referral_list.page(world.shop, Wanted(with_reply=True)).rows
    assert [(one.side, one.text) for one in listed.replies] == [
        ("advocate", "This is ann@example.com"),
        ("friend", "This is ann+twin@example.com"),
    ]


def test_only_a_blocked_referral_of_their_own(world: World, ann: Shopper) -> None:
    bob, eve = friend_of(ann), world.member("eve@example.com")
    referral = referral_of(bob)
    assert replies.seen_by(world.shop, bob.customer).uncounted is None
    with pytest.raises(NotFound):
        replies.reply(world.shop, bob.customer, referral.id, "Count it")
    decisions.block(world.shop, referral.id, source="staff")
    for text in ("", " \n ", "x" * 301):
        with pytest.raises(BadRequest):
            replies.reply(world.shop, bob.customer, referral.id, text)
    with pytest.raises(NotFound):
        replies.reply(world.shop, eve.customer, referral.id, "I am not part of it")
    assert replies.reply(world.shop, bob.customer, referral.id, "x" * 300).side == "friend"


def test_it_waits_until_staff_decide(world: World, ann: Shopper) -> None:
    bob = friend_of(ann)
    referral_id = referral_of(bob).id
    decisions.block(world.shop, referral_id, source="staff")
    replies.reply(world.shop, bob.customer, referral_id, "We are two")
    assert replies.waiting(world.shop) == 1
    decisions.block(world.shop, referral_id, source="staff")  # they keep it blocked
    assert (replies.waiting(world.shop), referral_list.page(world.shop, Wanted(with_reply=True)).rows) == (0, [])
    assert [one.text for one in referral_list.one(world.shop, referral_id).replies] == ["We are two"]
    decisions.approve(world.shop, referral_id, source="staff")
    assert replies.seen_by(world.shop, bob.customer).uncounted is None


def test_what_was_not_replied_to_comes_first_and_old_ones_rest(world: World) -> None:
    with clock.at(NOON):
        world.refer()
        ann = world.member()
        first = friend_of(ann, "ann+1@example.com")
    with clock.at(NOON + timedelta(days=1)):
        second = friend_of(ann, "ann+2@example.com")
        replies.reply(world.shop, ann.customer, referral_of(second).id, "Mine")
        assert replies.seen_by(world.shop, ann.customer).uncounted == Uncounted(referral_of(first).id, False)
    with clock.at(NOON + timedelta(days=90, minutes=1)):
        assert replies.seen_by(world.shop, ann.customer).uncounted == Uncounted(referral_of(second).id, True)
    with clock.at(NOON + timedelta(days=92)):
        assert replies.seen_by(world.shop, ann.customer).uncounted is None


def test_a_text_follows_its_writer_and_goes_with_them(world: World, ann: Shopper) -> None:
    bob = friend_of(ann)
    referral_id = referral_of(bob).id
    decisions.block(world.shop, referral_id, source="staff")
    replies.reply(world.shop, bob.customer, referral_id, "It is me")
    replies.reply(world.shop, ann.customer, referral_id, "He is my brother, bob@example.com")
    kept = world.member("bob@work.example")
    merging.merge(world.shop, bob.id, kept.id)
    assert [row["text"] for row in privacy.export(world.shop, kept.customer)["referral_replies"]] == ["It is me"]
    privacy.erase(world.shop, kept.customer, email="bob@example.com")
    assert ReferralReply.of(world.shop).count() == 0  # the other text names him
