"""A history becomes rows of its days, in whatever order the file has them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.loyalty.imports.importing import figures, imported, parsed, reasons, settled
from tests.make import Shopper, World, tries, undone
from widget_server import clock, jobs, ledger
from widget_server.ledger import Transaction
from widget_server.loyalty.imports import imports
from widget_server.loyalty.people import privacy
from widget_server.loyalty.points import adjustments, batches
from widget_server.loyalty.points.adjustments import Adjustment
from widget_server.loyalty.points.batch_tables import BatchItem

HEADER = "email,date,points,reason\n"
STORY = "ann@example.com,2026-02-01,-80,5.00 off\nann@example.com,2025-12-24,100,Order 1001\n"


@pytest.fixture
def ann(world: World) -> Shopper:
    return world.member()


def rows_of(shopper: Shopper) -> list[Transaction]:
    """Her rows as the panel lists them, newest first."""
    return list(ledger.newest(shopper.world.shop.id, shopper.account.id, 20))


def test_a_history_is_booked_on_its_days(world: World, ann: Shopper) -> None:
    done = imported(world, HEADER + STORY, mode="history")
    assert figures(done) == ("imported", 2, 2, 0, 0)
    assert ann.balance == 20
    assert (ann.account.earned, ann.account.adjusted) == (100, -80)
    found = rows_of(ann)
    assert [(row.kind, row.amount) for row in found] == [("adjust", -80), ("earn", 100)]
    assert [clock.local_date(row.event_at, "Europe/Berlin").isoformat() for row in found] == [
        "2026-02-01",
        "2025-12-24",
    ]
    notes = {note.transaction_id: note.comment for note in Adjustment.of(world.shop)}
    assert [notes[row.id] for row in found] == ["5.00 off", "Order 1001"]
    assert [item.note for item in BatchItem.of(world.shop)] == [None, None]
    assert list(adjustments.audit_notes(world.shop.id)) == []


def test_what_was_earned_counts_towards_a_tier(world: World, ann: Shopper) -> None:
    gold = world.tier("Gold", 100)
    day = (clock.now() - timedelta(days=30)).date()
    done = imported(world, f"{HEADER}ann@example.com,{day},100,\n", mode="history")
    assert ann.account.tier_id == gold.id
    batches.undo(world.shop, done.batch_id)
    settled(done)
    assert (ann.account.tier_id, ann.balance) == (None, 0)


def test_a_history_cannot_spend_more_than_it_gave(world: World, ann: Shopper) -> None:
    text = HEADER + "ann@example.com,2025-01-01,50,\nann@example.com,2025-01-02,-30,\nann@example.com,2025-01-03,-30,\n"
    done = imported(world, text, mode="history")
    assert reasons(done, world) == {4: "not_enough_points"}
    assert ann.balance == 20


def test_days_that_are_none_fail_alone(world: World, ann: Shopper) -> None:
    tomorrow = (clock.now() + timedelta(days=2)).date()
    rows = [
        "ann@example.com,,5,",
        "ann@example.com,03/04/2025,5,",
        f"ann@example.com,{tomorrow},5,",
        "ann@example.com,2025-01-01,0,",
        f"ann@example.com,2025-01-01,5,{'x' * 501}",
        "ann@example.com,2025-01-01,7,kept",
    ]
    done = imported(world, HEADER + "\n".join(rows) + "\n", mode="history")
    assert reasons(done, world) == {
        2: "date_invalid",
        3: "date_ambiguous",
        4: "date_in_future",
        5: "points_invalid",
        6: "reason_too_long",
    }
    assert ann.balance == 7
    told = imported(world, HEADER + "ann@example.com,03/04/2025,5,\n", mode="history", day_first=True)
    assert figures(told) == ("imported", 1, 1, 0, 0)
    assert [row.event_at.month for row in rows_of(ann)] == [4, 1]


def test_undoing_gives_back_what_was_spent_before_it_takes_what_was_given(world: World, ann: Shopper) -> None:
    done = imported(world, HEADER + STORY, mode="history")
    batches.undo(world.shop, done.batch_id)
    settled(done)
    assert ann.balance == 0
    assert (ann.account.earned, ann.account.adjusted) == (0, 0)


def test_an_earning_of_the_past_pays_a_debt_first(world: World, ann: Shopper) -> None:
    ann.is_given(10)
    earned = rows_of(ann)[0]
    world.reward(cost=10)
    adjustments.adjust(world.shop, ann.account.id, source="staff", key="spent", by=-10)
    ledger.claw_back(
        world.shop.id,
        ann.account.id,
        10,
        source="staff",
        key="back",
        cause=ledger.Cause("refunded"),
        reverses_id=earned.id,
    )
    assert ann.debt == 10
    imported(world, HEADER + "ann@example.com,2025-01-01,30,\nann@example.com,2025-01-02,5,\n", mode="history")
    assert (ann.debt, ann.balance) == (0, 25)


def test_reasons_that_wait_are_erased_too(world: World, ann: Shopper) -> None:
    bob = world.member("bob@example.com")
    text = HEADER + "ann@example.com,2025-01-01,5,hers\nbob@example.com,2025-01-01,5,for ann@example.com\n"
    made = parsed(world, text)
    imports.execute(world.shop, made.id, source="staff", mode="history")
    jobs.run_next()
    assert sorted(str(item.note) for item in BatchItem.of(world.shop)) == ["for ann@example.com", "hers"]
    privacy.erase(world.shop, ann.customer)
    assert [item.note for item in BatchItem.of(world.shop)] == [None, None]
    settled(made)
    assert bob.balance == 5


@given(some.lists(some.integers(-60, 60).filter(bool), min_size=1, max_size=8))
@tries(15)
def test_the_balance_is_the_sum_and_the_preview_knows_it(world: World, amounts: list[int]) -> None:
    with undone():
        ann = world.member("sum@example.com")
        lines = "".join(f"sum@example.com,2025-01-{at + 1:02},{points},\n" for at, points in enumerate(amounts))
        made = parsed(world, HEADER + lines)
        wanted = imports.begin_preview(world.shop, made.id, mode="history")
        seen = settled(wanted).preview
        imports.execute(world.shop, made.id, source="staff", mode="history")
        done = settled(made)
        booked = sum(row.amount for row in rows_of(ann))
        assert ann.balance == booked == seen["balance_after"] >= 0
        assert {one["line"] for one in seen["listed"]} == set(reasons(done, world))
        given_in_all = sum(points for points in amounts if points > 0)
        assert ann.balance == given_in_all or booked <= given_in_all
