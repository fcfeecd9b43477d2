"""Every reason that the ledger, a rule or an order can have has its words in the dashboard."""

from typing import get_args

from widget_server.dashboard import card, merge, reasons
from widget_server.loyalty.earning.kinds import KINDS
from widget_server.loyalty.earning.order_states import MILESTONES
from widget_server.loyalty.history import explanations
from widget_server.loyalty.history.missed_orders import MissedReason
from widget_server.loyalty.people import merging
from widget_server.loyalty.people.customers import Status
from widget_server.loyalty.program.programs import Rounding
from widget_server.widget.shapes.my_balance import REASONS

DATABASES = ("sqlite",)


def test_each_cause_rounding_cap_and_reason_has_words() -> None:
    assert set(REASONS) == set(reasons.TITLES)
    assert set(get_args(MissedReason)) == set(reasons.MISSED)
    assert set(KINDS) == set(reasons.KINDS)
    assert set(get_args(Rounding)) == set(reasons.ROUNDINGS)
    assert set(explanations.CAPS) == set(reasons.CAPS)
    assert set(MILESTONES) == set(reasons.MILESTONES)


def test_each_status_and_each_fact_of_a_merge_has_a_name() -> None:
    assert set(get_args(Status)) == set(card.STATUSES)
    assert set(merging.SHOWN) == set(merge.NAMES)
