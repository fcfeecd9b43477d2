"""Referrals over the wire: statuses and reasons, approve and cancel (acceptance 45)."""

from datetime import timedelta

from tests.integrator import Integrator
from tests.make import World
from widget_server import clock
from widget_server.loyalty.referrals import replies

REFERRALS = "/loyalty-referrals/v1/referrals"


def test_a_blocked_one_is_seen_with_its_reason_approved_and_taken_back(owner: Integrator, world: World) -> None:
    world.refer(trigger="registration")
    ann = world.member("ann@example.com")
    code = ann.customer.referral_code
    with clock.at(clock.now() - timedelta(days=1)):
        world.guest_orders("bo@example.com")
    bo = world.member("bo@example.com", code=code)
    (seen,) = owner.post(f"{REFERRALS}/query", {"query": {"filter": {"status": "BLOCKED"}}})["referrals"]
    assert (seen["advocateId"], seen["friendId"], seen["reason"]) == (ann.id, bo.id, "existing_customer")
    approved = owner.post(f"{REFERRALS}/{seen['id']}/approve")["referral"]
    assert (approved["status"], "reason" in approved) == ("COMPLETED", False)
    assert ann.balance == 200
    taken = owner.post(f"{REFERRALS}/{seen['id']}/cancel")["referral"]
    assert (taken["status"], taken["reason"], ann.balance) == ("CANCELLED", "by_shop", 0)
    assert owner.get(f"{REFERRALS}/{seen['id']}")["referral"] == taken


def test_staff_attach_block_and_read_what_a_friend_says(owner: Integrator, reader: Integrator, world: World) -> None:
    world.refer()
    ann, bob = world.member("ann@example.com"), world.member("bob@example.com")
    with clock.at(clock.now() - timedelta(days=1)):
        bob.orders()
    pair = {"advocateId": ann.id, "friendId": bob.id}
    reader.post(REFERRALS, pair, status=403)
    refused = owner.post(REFERRALS, pair, status=409)["details"]["applicationError"]
    assert (refused["code"], refused["data"]["reason"]) == ("REFERRAL_OBJECTION", "existing_customer")
    made = owner.post(REFERRALS, {**pair, "override": True})["referral"]
    assert (made["status"], ann.balance) == ("COMPLETED", 200)
    blocked = owner.post(f"{REFERRALS}/{made['id']}/block")["referral"]
    assert (blocked["status"], blocked["reason"], blocked["replies"]) == ("BLOCKED", "by_shop", [])
    replies.reply(world.shop, bob.customer, made["id"], "It was my first order here")
    (told,) = owner.get(f"{REFERRALS}/{made['id']}")["referral"]["replies"]
    assert (told["side"], told["text"], "settledDate" in told) == ("FRIEND", "It was my first order here", False)
    (row,) = owner.post(f"{REFERRALS}/query", {"query": {"filter": {"reason": "by_shop"}}})["referrals"]
    assert row["replies"] == [told]
    owner.post(REFERRALS, {**pair, "friendId": world.visitor("guest@example.com").id, "override": True})
    owner.post(REFERRALS, {**pair, "override": True}, status=409)
