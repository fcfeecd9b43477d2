"""States merge, they do not blindly replace."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.make import NOON, line, refund, state, tries
from widget_server.db import canonical
from widget_server.loyalty.order_states import OrderState, Refund, add_refund, merge

# Merging (contracts §4, acceptance 23)


def told(minute: int = 0, **facts: Any) -> OrderState:
    """What the shop tells of one order so many minutes after noon."""
    return state(placed_at=NOON, modified_at=NOON + timedelta(minutes=minute), **facts)


def merged(*states: OrderState) -> OrderState:
    """The state after these were told one after the other."""
    known = None
    for one in states:
        known = merge(known, one)
    assert known is not None
    return known


def test_a_newer_state_replaces_and_an_older_one_does_not() -> None:
    early, late = told(0, lines=(line("20.00"),)), told(5, lines=(line("30.00"),), status="fulfilled")
    for both in (merged(early, late), merged(late, early)):
        assert (both.status, both.lines[0].subtotal) == ("fulfilled", Decimal("30.00"))


def test_the_revision_decides_whatever_the_time_says() -> None:
    first, second = told(9, revision=1), told(0, revision=2, status="cancelled")
    assert merged(first, second).status == merged(second, first).status == "cancelled"


def test_in_a_tie_more_refunds_win_and_then_cancelled() -> None:
    """A real shop sent completed, refunded and cancelled with the same second."""
    completed = told(0, status="fulfilled")
    refunded = told(0, status="fulfilled", refunds=(refund("20.00"),), number="refunded")
    cancelled = told(0, status="cancelled")
    assert merged(completed, cancelled).status == merged(cancelled, completed).status == "cancelled"
    for order in ((completed, refunded, cancelled), (cancelled, refunded, completed), (refunded, cancelled, completed)):
        assert (merged(*order).status, merged(*order).number) == ("fulfilled", "refunded")


def test_refunds_are_a_set_by_id() -> None:
    both = merged(
        told(0, refunds=(refund("5.00", id="r1"),)),
        told(3, refunds=(refund("4.00", id="r2"),)),
        told(2, refunds=(refund("6.00", id="r1"),)),
        told(1, refunds=(refund("9.00", id="r2"),)),
    )
    assert [(one.id, one.amount) for one in both.refunds] == [("r1", Decimal("6.00")), ("r2", Decimal("4.00"))]


def test_each_status_is_reached_when_it_was_first_told() -> None:  # acceptance 22
    both = merged(told(9, status="fulfilled"), told(2, status="paid"), told(4, status="paid"), told(0, status="placed"))
    minutes = {name: (moment - NOON).total_seconds() / 60 for name, moment in both.reached.items()}
    assert minutes == {"placed": 0, "paid": 2, "settled": 2, "fulfilled": 9}


def test_a_refund_told_by_itself_joins_the_set_once() -> None:
    lone = replace(refund("5.00"), created_at=NOON)
    known = add_refund(merged(told(0)), lone)
    assert [one.amount for one in known.refunds] == [Decimal("5.00")]
    assert add_refund(known, lone) == known
    corrected = merge(known, told(1, refunds=(refund("6.00"),)))
    assert [one.amount for one in add_refund(corrected, lone).refunds] == [Decimal("6.00")]


amounts = st.sampled_from(["1.00", "5.00", "9.99"])
minutes = st.integers(0, 2)
moments = minutes.map(lambda minute: NOON + timedelta(minutes=minute))
refunds = st.builds(
    lambda id, amount, at: replace(refund(amount, id=id), provisional=id.endswith("-rest"), created_at=at),
    st.sampled_from(["r1", "r2", "r3", "r1-rest"]),
    amounts,
    moments,
)
states = st.builds(
    told,
    minutes,
    status=st.sampled_from(["placed", "paid", "fulfilled", "cancelled"]),
    revision=st.sampled_from([None, 1, 2]),
    lines=amounts.map(lambda amount: (line(amount),)),
    refunds=st.lists(refunds, max_size=3, unique_by=lambda one: one.id).map(tuple),
)


@tries(60)
@given(st.lists(states, min_size=1, max_size=5), st.data())
def test_order_and_repetition_of_news_never_matter(
    news: list[OrderState], data: st.DataObject
) -> None:  # acceptance 23
    again = data.draw(st.lists(st.sampled_from(news), max_size=4))
    shuffled = data.draw(st.permutations(news + again))
    assert canonical(merged(*shuffled).as_json()) == canonical(merged(*news).as_json())


@tries(40)
@given(st.lists(states, min_size=1, max_size=3), st.lists(refunds, min_size=1, max_size=3), st.data())
def test_refunds_told_by_themselves_may_come_at_any_time(
    news: list[OrderState], lone: list[Refund], data: st.DataObject
) -> None:  # acceptance 23
    lone = [one for one in lone if not one.provisional]

    def after(events: list[Any]) -> OrderState:
        known = merged(news[0])
        for event in events:
            known = merge(known, event) if isinstance(event, OrderState) else add_refund(known, event)
        return known

    everything = [*news, *lone]
    shuffled = data.draw(st.permutations(everything + lone))
    assert canonical(after(shuffled).as_json()) == canonical(after(everything).as_json())


@tries(30)
@given(st.lists(states, min_size=1, max_size=3))
def test_a_state_survives_being_stored(news: list[OrderState]) -> None:
    known = merged(*news)
    assert OrderState.from_json(known.as_json()) == known
