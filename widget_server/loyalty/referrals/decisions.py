"""What staff decide about referrals: approve, block, cancel, attach by hand; each is noted in the audit log."""

from collections.abc import Callable

from widget_server.db import atomic
from widget_server.json_types import JsonObject
from widget_server.loyalty import audit_log
from widget_server.loyalty.people import customers
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals import binding, progress, replies
from widget_server.loyalty.referrals.referrals import Referral


def approve(shop: Shop, referral_id: str, *, source: str) -> Referral:
    """Reopen a blocked or cancelled referral (`progress.approve`); returns it as it is now. Raises NotFound."""
    return _decided(shop, referral_id, "approve", lambda: progress.approve(shop, referral_id, source=source))


def block(shop: Shop, referral_id: str, *, source: str) -> Referral:
    """Block a referral, or keep it blocked, and take back both gifts; returns it as it is now. Raises NotFound."""
    return _decided(shop, referral_id, "block", lambda: progress.block(shop, referral_id, source=source))


def cancel(shop: Shop, referral_id: str, *, source: str) -> Referral:
    """Cancel a referral and take back both gifts; returns it as it is now. Raises NotFound."""
    return _decided(shop, referral_id, "cancel", lambda: progress.cancel(shop, referral_id, source=source))


def attach(shop: Shop, advocate_id: str, friend_id: str, *, source: str, override: bool = False) -> Referral:
    """Bind a friend to an advocate by hand (`binding.attach`); returns the referral.

    Merged customers count as those they were merged into. Raises NotFound, and the refusals of `binding.attach`:
    ProgramNotActive, NotAMember, OwnReferralCode, AlreadyReferred, ReferralObjection.
    """
    with atomic():
        advocate, friend = (customers.live(customers.by_id(shop.id, id)) for id in (advocate_id, friend_id))
        referral = binding.attach(shop, advocate, friend, source=source, override=override)
        after = {"advocate_id": advocate.id, "friend_id": friend.id, "overridden": override, **_facts(referral)}
        audit_log.note(shop.id, "attach", "referral", referral.id, after=after)
        return referral


def _decided(shop: Shop, referral_id: str, verb: str, act: Callable[[], Referral]) -> Referral:
    with atomic():
        before = _facts(Referral.need(shop, Referral.id == referral_id))
        referral = act()
        after = _facts(referral)
        if replies.settle(shop, referral.id) or after != before:
            audit_log.note(shop.id, verb, "referral", referral.id, before=before, after=after)
        return referral


def _facts(referral: Referral) -> JsonObject:
    return {"status": referral.status, "reason": referral.reason}
