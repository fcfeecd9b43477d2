"""What became of the friends who came by a referral link."""

from dataclasses import dataclass
from datetime import date

from peewee import fn

from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals.links import ReferralVisit
from widget_server.loyalty.referrals.referrals import Referral
from widget_server.loyalty.reports.figure_rows import REFERRALS, friends
from widget_server.loyalty.reports.spans import span_of


@dataclass(frozen=True)
class Funnel:
    """The visits of referral links in a span of days, and the referrals that began in it by their present status.

    `friends` is the number of these referrals in all, `joined` those of which nothing more is known yet.
    """

    visited: int
    friends: int
    joined: int
    pending: int
    completed: int
    blocked: int
    cancelled: int


def funnel(shop: Shop, first: date | None = None, last: date | None = None) -> Funnel:
    """Returns the funnel of the days from `first` to `last`, both included; None is unlimited.

    Raises BadRequest when `last` comes before `first`.
    """
    begun = friends(shop, span_of(shop, first, last))
    counts: dict[str, int] = dict(
        begun.select(Referral.status, fn.COUNT(Referral.id)).group_by(Referral.status).tuples()
    )
    visits = ReferralVisit.of(shop, fn.COALESCE(fn.SUM(ReferralVisit.visits), 0))
    visits = visits.where(ReferralVisit.day >= (first.isoformat() if first else ""))
    visits = visits.where(ReferralVisit.day <= last.isoformat()) if last else visits
    by_status = {status: int(counts.get(status, 0)) for status in REFERRALS}
    return Funnel(visited=int(visits.scalar()), friends=sum(by_status.values()), **by_status)
