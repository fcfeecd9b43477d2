"""Staff read referrals, decide them, attach a friend, and read what a blocked friend says (acceptance 44, 45)."""

from collections.abc import Callable

import pytest

from tests.dashboard.conftest import PHONE, Clerk, Desk
from tests.loyalty.referrals.friends import code_of, friend_of, referral_of, standing
from tests.make import Shopper, World
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.referrals import replies

DATABASES = ("sqlite",)


@pytest.fixture
def ann(world: World) -> Shopper:
    world.refer()
    return world.member("ann@example.com")


def test_the_list_has_status_reason_and_both_sides_by_filter(desk: Desk, world: World, ann: Shopper) -> None:
    friend_of(ann, "ann+twin@example.com")
    friend_of(ann, "bob@example.com")
    everything = desk.get("/referrals").text
    assert all(
        word in everything for word in ("bob@example.com", "ann+twin@example.com", "The mailbox of the advocate")
    )
    blocked = desk.get("/referrals?status=blocked").text
    assert "ann+twin@example.com" in blocked and "bob@example.com" not in blocked
    assert "bob@example.com" not in desk.get("/referrals?reason=own_email_variant").text
    assert "No referral is like this" in desk.get("/referrals?reason=same_phone").text
    assert desk.get("/referrals?after=nonsense").status_code == 400


def test_a_friend_is_attached_by_hand_against_the_rules_only_on_purpose(desk: Desk, world: World, ann: Shopper) -> None:
    bob = world.member("bob@example.com")
    bob.orders(placed_at=ann.customer.created_at.replace(year=2020))
    pair = {"advocate": code_of(ann), "friend": "bob@example.com"}
    refused = desk.post("/referrals/attach", **pair)
    assert refused.status_code == 422
    assert "Had bought before" in refused.text and 'name="override"' in refused.text
    assert desk.post("/referrals/attach", **pair, override="y").status_code == 303
    assert (standing(bob), ann.balance) == (("completed", None), 200)
    entry = AuditEntry.need(world.shop, AuditEntry.verb == "attach")
    assert (entry.actor, entry.actor_id is not None) == ("staff", True)
    nobody = desk.post("/referrals/attach", advocate="nobody@example.com", friend="bob@example.com")
    assert "No customer is found by this" in nobody.text
    again = desk.post("/referrals/attach", **pair)
    assert "Somebody has referred this customer already" in again.text


def test_a_reader_sees_and_decides_nothing(desk_of: Callable[..., Desk], world: World, ann: Shopper) -> None:
    referral_id = referral_of(friend_of(ann)).id
    reader = desk_of("reader")
    page = reader.get(f"/referrals/{referral_id}").text
    assert "bob@example.com" in page and "Block" not in page
    for verb in ("approve", "block", "cancel"):
        assert reader.post(f"/referrals/{referral_id}/{verb}").status_code == 403
    assert reader.get("/referrals/attach").status_code == 403
    other = World.create()
    other.refer()
    theirs = friend_of(other.member("eve@example.com"), "fay@example.com")
    assert reader.get(f"/referrals/{referral_of(theirs).id}").status_code == 404


def test_what_a_blocked_friend_says_is_read_and_decided(
    office: Callable[..., Clerk], world: World, ann: Shopper
) -> None:
    twin = friend_of(ann, "ann+twin@example.com")
    replies.reply(world.shop, twin.customer, referral_of(twin).id, "I am <b>Twyla</b>, the sister of Ann")
    clerk = office("support", viewport=PHONE, java_script_enabled=False)
    clerk.goes("/referrals").sees("1 customer says that a referral should count.").presses("Read it")
    clerk.sees("I am <b>Twyla</b>, the sister of Ann").presses("Open ann+twin@example.com")
    clerk.sees("The mailbox of the advocate").presses("Approve").sees("The referral is approved")
    assert (standing(twin), replies.waiting(world.shop)) == (("joined", None), 0)
    clerk.presses("Block").sees("Decided by the shop")
    assert standing(twin) == ("blocked", "by_shop")


def test_the_pages_are_fit_for_everybody(office: Callable[..., Clerk], world: World, ann: Shopper) -> None:
    clerk = office()
    assert clerk.goes("/referrals").inspects() == []
    twin = friend_of(ann, "ann+twin@example.com")
    friend_of(ann, "bob@example.com").orders()
    replies.reply(world.shop, twin.customer, referral_of(twin).id, "We are two people")
    assert clerk.goes("/referrals").inspects() == []
    clerk.goes(f"/referrals/{referral_of(twin).id}")
    assert clerk.inspects() == []
    clerk.goes("/referrals/attach").types(Who_referred="ann@example.com", Who_was_referred="ann+twin@example.com")
    clerk.presses("Attach").sees("Somebody has referred this customer already")
    assert clerk.inspects() == []
