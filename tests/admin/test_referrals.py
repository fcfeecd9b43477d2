"""Referrals over the wire: statuses and reasons, approve and cancel (acceptance 45)."""

from datetime import timedelta

from tests.integrator import Integrator
from tests.make import World
from widget_server import clock

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
