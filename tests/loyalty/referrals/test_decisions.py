"""What staff decide about referrals, and what the audit log says of it (acceptance 44, 45, 59)."""

import pytest

from tests.loyalty.referrals.friends import BOTH_POINTS, friend_of, gifts, referral_of, standing
from tests.make import Shopper, World
from widget_server.errors import (
    AlreadyReferred,
    NotAMember,
    NotFound,
    OwnReferralCode,
    ProgramNotActive,
    ReferralObjection,
)
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.people import merging, privacy
from widget_server.loyalty.referrals import decisions


def noted(world: World) -> list[tuple[str, str, str]]:
    """What the audit log says of referrals, oldest first: verb, status before, status after."""
    entries = AuditEntry.of(world.shop).where(AuditEntry.noun == "referral").order_by(AuditEntry.created_at)
    return [(one.verb, (one.before or {}).get("status", ""), (one.after or {})["status"]) for one in entries]


def test_staff_block_a_referral_and_only_they_open_it_again(world: World) -> None:  # acceptance 45
    world.refer(**BOTH_POINTS)
    ann = world.member()
    bob = friend_of(ann, "bob@example.com")
    bob.orders(id="o1")
    referral_id = referral_of(bob).id
    decisions.block(world.shop, referral_id, source="staff")
    assert (standing(bob), ann.balance, bob.balance) == (("blocked", "by_shop"), 0, 0)
    bob.orders(id="o2")
    assert (standing(bob), ann.balance) == (("blocked", "by_shop"), 0)
    decisions.approve(world.shop, referral_id, source="staff")
    assert (standing(bob), ann.balance, bob.balance) == (("completed", None), 200, 50)
    decisions.block(world.shop, referral_id, source="staff")
    decisions.block(world.shop, referral_id, source="staff")  # nothing changes, nothing is noted
    assert (standing(bob)[0], ann.balance) == ("blocked", 0)
    assert noted(world) == [
        ("block", "completed", "blocked"),
        ("approve", "blocked", "completed"),
        ("block", "completed", "blocked"),
    ]


def test_a_block_keeps_the_reason_that_was_found(world: World, ann: Shopper) -> None:
    twin = friend_of(ann, "ann+two@example.com")
    decisions.block(world.shop, referral_of(twin).id, source="staff")
    assert standing(twin) == ("blocked", "own_email_variant")
    with pytest.raises(NotFound):
        decisions.block(World.create().shop, referral_of(twin).id, source="staff")


def test_a_friend_who_forgot_the_link_is_attached(world: World, ann: Shopper) -> None:
    bob = world.member("bob@example.com")
    attached = decisions.attach(world.shop, ann.id, bob.id, source="staff")
    assert (attached.status, len(gifts(bob))) == ("joined", 1)
    bob.orders()
    assert (standing(bob), ann.balance) == (("completed", None), 200)
    assert noted(world) == [("attach", "", "joined")]


def test_the_rules_hold_for_staff_too_until_they_override_them(world: World, ann: Shopper) -> None:  # acceptance 44
    bob = world.member("bob@example.com")
    bob.orders(placed_at=ann.customer.created_at.replace(year=2020))
    with pytest.raises(ReferralObjection) as refused:
        decisions.attach(world.shop, ann.id, bob.id, source="staff")
    assert (refused.value.facts, noted(world)) == ({"reason": "existing_customer"}, [])
    decisions.attach(world.shop, ann.id, bob.id, source="staff", override=True)
    assert (standing(bob), ann.balance) == (("completed", None), 200)  # the order that was paid before counts
    entry = AuditEntry.need(world.shop, AuditEntry.verb == "attach")
    assert (entry.after["advocate_id"], entry.after["overridden"]) == (ann.id, True)


def test_what_nobody_can_attach(world: World, ann: Shopper) -> None:
    bob, guest = friend_of(ann), world.visitor()
    for advocate, friend, refusal in (
        (ann.id, ann.id, OwnReferralCode),
        (bob.id, bob.id, OwnReferralCode),
        (guest.id, world.visitor("other@example.com").id, NotAMember),
        (world.member("cid@example.com").id, bob.id, AlreadyReferred),
        ("nobody", bob.id, NotFound),
        (World.create().member().id, bob.id, NotFound),
    ):
        with pytest.raises(refusal):
            decisions.attach(world.shop, advocate, friend, source="staff", override=True)
    world.refer(active=False)
    with pytest.raises(ProgramNotActive):
        decisions.attach(world.shop, ann.id, guest.id, source="staff", override=True)


def test_a_merged_advocate_is_who_they_were_merged_into(world: World, ann: Shopper) -> None:
    other, bob = world.member("ann@work.example"), world.member("bob@example.com")
    merging.merge(world.shop, other.id, ann.id)
    assert decisions.attach(world.shop, other.id, bob.id, source="staff").advocate_id == ann.id
    privacy.erase(world.shop, bob.customer)
    assert referral_of(bob).advocate_id == ann.id
