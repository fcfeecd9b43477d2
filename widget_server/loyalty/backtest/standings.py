"""One customer's tier through time: from the points of replayed orders, and what else the customer earned meanwhile."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from peewee import JOIN

from widget_server import clock
from widget_server.ledger import Account, Transaction
from widget_server.loyalty.backtest.drafts import Draft
from widget_server.loyalty.points.tiers import Standing
from widget_server.loyalty.program.shops import Shop

Earned = tuple[datetime, int]  # when the points count for a tier, and how many
Taken = Transaction.alias()  # the row that a clawback takes back


class Ladder:
    """The standing of one customer under a draft; the times of its calls never go back."""

    def __init__(self, shop: Shop, draft: Draft, others: Iterable[Earned]) -> None:
        self._shop, self._draft = shop, draft
        self._booked: list[Earned] = []
        self._coming = [(at, at, points) for at, points in others]

    def add(self, available_at: datetime, counts_at: datetime, points: int) -> None:
        """Add points of an order: spendable from the first time on, for a tier as of the second."""
        if points:
            self._coming.append((available_at, counts_at, points))

    def at(self, moment: datetime) -> Standing | None:
        """Returns the standing at this time; None while the draft has no tiers."""
        program = self._draft.tier_program
        if program is None:
            return None
        self._booked += [(counts_at, points) for due, counts_at, points in self._coming if due <= moment]
        self._coming = [one for one in self._coming if one[0] > moment]
        first = program.first_day(clock.local_date(moment, self._shop.timezone))
        start = clock.start_of(first, self._shop.timezone)
        self._booked = [one for one in self._booked if one[0] >= start]
        points = max(sum(points for _, points in self._booked), 0)
        reached = [tier for tier in self._draft.tiers if tier.required_points <= points]
        above = next((tier for tier in self._draft.tiers if tier.required_points > points), None)
        return Standing(reached[-1] if reached else None, program, points, above, None)


def earned_otherwise(
    shop: Shop, customer_ids: list[str], rule_ids: list[str], start: datetime, drafts: Iterable[Draft]
) -> dict[str, list[Earned]]:
    """Returns what these customers earned, by customer id, apart from orders since `start` under these order rules.

    It goes back as far as the longest tier window before `start`; empty while no draft has tiers.
    """
    windows = [draft.tier_program.first_day(start.date()) for draft in drafts if draft.tier_program is not None]
    if not windows:
        return {}
    oldest = clock.start_of(min(windows), shop.timezone) - timedelta(days=1)
    columns = (Transaction.event_at, Taken.event_at, Transaction.cause_id, Transaction.amount, Account.customer_id)
    rows = (
        Transaction.of(shop, *columns)
        .join(Account, on=(Account.id == Transaction.account_id))
        .switch(Transaction)
        .join(Taken, JOIN.LEFT_OUTER, on=(Taken.id == Transaction.reverses_id))
        .where(Account.customer_id.in_(customer_ids), Transaction.kind == "earn", Transaction.event_at >= oldest)
    )
    replayed, found = set(rule_ids), dict[str, list[Earned]]()
    for own, taken, cause_id, points, customer_id in rows.tuples():
        counts_at = taken or own
        if counts_at >= oldest and not (cause_id in replayed and counts_at >= start):
            found.setdefault(customer_id, []).append((counts_at, points))
    return found
