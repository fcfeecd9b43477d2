"""States merge, they do not blindly replace."""

import itertools
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.make import NOON, line, refund, state, tries
from widget_server.db import canonical
from widget_server.loyalty.earning.order_goods import goods
from widget_server.loyalty.earning.order_states import OrderState, Refund, add_refund, delete, merge

TWO = (line("30.00"), line("10.00", id="2"))

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


def test_in_a_tie_of_times_the_status_that_went_further_wins() -> None:
    statuses = ("draft", "placed", "paid", "fulfilled", "cancelled")
    for less, more in itertools.combinations(statuses, 2):
        both = told(0, status=less), told(0, status=more)
        assert merged(*both).status == merged(*reversed(both)).status == more


def test_a_complete_list_takes_out_what_it_does_not_name() -> None:  # contracts §8
    first = told(0, refunds=(refund("5.00", id="r1"), refund("4.00", id="r2")), refunds_complete=True)
    second = told(1, refunds=(refund("4.00", id="r2"),), refunds_complete=True)
    adding = told(2, refunds=(refund("1.00", id="r3"),))
    for news in itertools.permutations((first, second, adding)):
        assert [one.id for one in merged(*news).refunds] == ["r2", "r3"]


def test_two_complete_lists_of_one_second_are_one() -> None:
    both = (
        told(0, refunds=(refund("5.00", id="r1"),), refunds_complete=True),
        told(0, refunds=(), refunds_complete=True),
    )
    assert [one.id for one in merged(*both).refunds] == [one.id for one in merged(*reversed(both)).refunds] == ["r1"]


def test_known_parts_of_a_refund_beat_a_guess_whatever_comes_later() -> None:  # contracts §8
    """The order's body knows only the amount: 15.00, taken as goods. The shop says: 10.00 of a mug, and shipping."""
    guessed = told(0, lines=TWO, shipping="5.00", refunds=(refund("15.00"),), refunds_complete=True)
    parts = replace(refund("15.00", shipping="5.00", lines={"1": "10.00"}), created_at=NOON, parts_known=True)
    again = told(3, lines=TWO, shipping="5.00", refunds=(refund("15.00"),), refunds_complete=True)
    for known in (merge(add_refund(merged(guessed), parts), again), add_refund(merged(guessed, again), parts)):
        assert [one.kept for one in goods(known)] == [20, 10]
    gone = told(4, lines=TWO, shipping="5.00", refunds=(), refunds_complete=True)
    assert [one.kept for one in goods(merge(add_refund(merged(guessed), parts), gone))] == [30, 10]


def test_parts_alone_do_not_make_a_refund() -> None:
    parts = replace(refund("15.00", lines={"1": "15.00"}), parts_known=True)
    assert add_refund(merged(told(0, lines=TWO)), parts).given_back == ()


def test_a_deleted_order_is_cancelled_as_of_its_newest_state() -> None:
    known = delete(merged(told(0, refunds=(refund("5.00"),)), told(1, status="fulfilled")))
    assert (known.status, [one.id for one in known.refunds]) == ("cancelled", ["r1"])
    assert merge(known, told(1, status="fulfilled")).status == "cancelled"
    assert merge(known, told(2, status="paid")).status == "paid"


def test_the_facts_of_each_status_are_held_while_it_is_lost() -> None:  # contracts §8
    paid, more = told(1, lines=(line("65.00"),)), told(2, status="placed", lines=(line("165.00"),))
    for news in ((paid, more), (more, paid), (more, paid, told(0, lines=(line("1.00"),)))):
        known = merged(*news)
        had = known.having("paid")
        assert had is not None and known.having("fulfilled") is None
        assert (had.lines[0].subtotal, known.lines[0].subtotal) == (65, 165)
    assert merged(paid, more, told(3, lines=(line("165.00"),))).held == ()


def test_a_payment_that_is_due_is_paid_but_not_settled() -> None:
    assert told(0, payment_due=True).milestones == ("placed", "paid")
    assert told(0, payment_due=True, status="fulfilled").milestones == ("placed", "paid", "settled", "fulfilled")


def test_a_state_of_an_earlier_version_is_read_with_what_it_had_reached() -> None:
    """Kept before facts were held: paid once, then placed again. What it is worth today it was worth then."""
    value = merged(told(1, status="paid"), told(2, status="placed")).as_json()
    new = {"held", "seen_lines", "complete_as_of", "refund_parts", "children", "parent_id", "loose_discount"}
    new |= {"tax_included", "payment_due", "refunds_complete"}
    old = {name: fact for name, fact in value.items() if name not in new}
    old["reached"] = {name: moment for name, moment in value["reached"].items() if name != "settled"}
    known = OrderState.from_json(old)
    assert known.reached["settled"] == known.reached["paid"]
    had = known.having("paid")
    assert had is not None and had.lines == known.lines and known.seen_lines == ("1",)
    assert OrderState.from_json(known.as_json()) == known


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
