"""Referral links: how often each advocate's link was opened, and which of several codes counts (acceptance 41)."""

import operator
import threading
from collections.abc import Sequence

from widget_server import clock, config
from widget_server.db import Int, ShopTable, Text, insert_once, new_id
from widget_server.loyalty.people import customers
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.people.forgetting import Forgotten
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals.referral_programs import program_of
from widget_server.tallies import Tally


class ReferralVisit(ShopTable):
    """How often an advocate's link was opened on a day, without any data about the visitors."""

    id = Text(primary_key=True)
    advocate_id = Text()
    day = Text()
    visits = Int(default=0)

    class Meta:
        indexes = ((("shop_id", "advocate_id", "day"), True), (("shop_id", "day"), False))


def count_visit(shop: Shop, code: str, network: str | None = None) -> Customer | None:
    """Count a visit of a member's link. Returns the member, or None when no member has the code (acceptance 45).

    Counted in memory until the next flush (tallies.py), once a day for each `network`, which identifies a visitor: it
    is stored hashed, only in memory, and forgotten with the day. Without a network each visit counts.
    """
    advocate = customers.by_referral_code(shop.id, code)
    if advocate is None:
        return None
    day = clock.local_date(clock.now(), shop.timezone).isoformat()
    if network is None or _visitors.is_new(day, config.digest("\n".join((advocate.id, network)))):
        _visits.note((shop.id, advocate.id, day), 1)
    return advocate


class Visitors:
    """Which visitors opened which link today, in this process only; beyond SEEN_MAX the oldest entry is dropped."""

    SEEN_MAX = 100_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], None] = {}

    def is_new(self, day: str, visitor: str) -> bool:
        """True for the first visit of this visitor on `day`, an ISO date of the shop's zone; stores the visit."""
        with self._lock:
            if (day, visitor) in self._seen:
                return False
            if len(self._seen) >= self.SEEN_MAX:
                del self._seen[next(iter(self._seen))]
            self._seen[day, visitor] = None
            return True


def _keep_visits(key: tuple[str, str, str], count: int) -> None:
    shop_id, advocate_id, day = key
    if Customer.one(shop_id, Customer.id == advocate_id, Customer.erased_at.is_null()) is None:
        return  # erased since the visit
    row = {"id": new_id(), "shop_id": shop_id, "advocate_id": advocate_id, "day": day, "visits": 0}
    insert_once(ReferralVisit, row)
    same = (ReferralVisit.advocate_id == advocate_id, ReferralVisit.day == day)
    ReferralVisit.change(shop_id, {ReferralVisit.visits: ReferralVisit.visits + count}, *same)


_visitors = Visitors()


_visits = Tally(_keep_visits, merge=operator.add)


def code_that_counts(shop: Shop, kept: str | None, found: Sequence[str]) -> str | None:
    """The code of the link that counts: of the one stored before and those of this visit (acceptance 41).

    Anybody may write `?ref=` into a URL, so only a member's code counts: an unknown value replaces no code.
    None without a referral program or a known code.
    """
    program = program_of(shop)
    if program is None:
        return None
    before = [kept] if kept else []
    given = [*found, *before] if program.attribution == "last" else [*before, *found]
    return next((code.strip().upper() for code in given if customers.by_referral_code(shop.id, code)), None)


def forget(person: Forgotten) -> None:
    """Delete the counts of visits of this person's link."""
    ReferralVisit.remove(person.shop_id, ReferralVisit.advocate_id.in_(person.ids))
