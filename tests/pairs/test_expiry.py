"""Points that expire by age, against a model in which each point is one thing with a date (acceptance 47, 50)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.make import Shopper, World, proof, undone
from widget_server import clock, ledger
from widget_server.ledger import Account, Cause, Transaction
from widget_server.loyalty.points import expiry, lots
from widget_server.loyalty.program import programs

MONTHS = 2
ZONE = "Europe/Berlin"  # begins and ends daylight saving inside the stories
FIRST_DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))


def gone_at(earned_at: datetime) -> datetime:
    """The first moment of the day after the same day two months on, or after that month's last day."""
    earned_on = earned_at.astimezone(clock.zone(ZONE)).date()
    year, month = earned_on.year + (earned_on.month + MONTHS - 1) // 12, (earned_on.month + MONTHS - 1) % 12 + 1
    last_of_month = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    last_day = date(year, month, min(earned_on.day, last_of_month))
    return clock.start_of(last_day + timedelta(days=1), ZONE)


@dataclass
class Purse:
    """Single points, each with the credit it came from; what is spent is spent one by one."""

    credits: list[tuple[datetime, str, int]] = field(default_factory=list)
    taken: dict[str, int] = field(default_factory=dict)
    spent: int = 0

    def points(self) -> list[datetime]:
        """When each point that is left was earned, the oldest first."""
        left: list[datetime] = []
        unpaid = self.spent
        for earned_at, name, amount in sorted(self.credits):
            kept = amount - self.taken.get(name, 0)
            unpaid += max(-kept, 0)
            left += [earned_at] * max(kept, 0)
        return left[unpaid:]


@dataclass(frozen=True)
class Step:
    """Days pass, then something happens; `at` picks one of what was earned or bought before."""

    days: int
    what: str
    points: int
    at: int


STEPS = st.lists(
    st.builds(
        Step,
        st.integers(0, 25),
        st.sampled_from(["earns", "earns", "heard late", "redeems", "returns", "taken back", "night", "adjusts"]),
        st.integers(1, 60),
        st.integers(0, 9),
    ),
    min_size=2,
    max_size=9,
)


class Life:
    """One customer's points, booked, and the same in a purse."""

    def __init__(self, world: World, begins: datetime) -> None:
        self.world, self.now, self.purse = world, begins, Purse()
        with clock.at(begins):
            self.ann: Shopper = world.member(f"m{next(world.numbers)}@example.com")
        self.earned: list[Transaction] = []
        self.bought: list[tuple[Transaction, int]] = []

    def live(self, steps: list[Step]) -> None:
        for step in steps:
            self.now += timedelta(days=step.days, minutes=7)
            with clock.at(self.now):
                self._do(step)
                assert self.ann.balance == len(self.purse.points())

    def _do(self, step: Step) -> None:
        balance = self.ann.balance
        if step.what in ("earns", "heard late"):
            earned_at = self.now - timedelta(days=3 * step.at) if step.what == "heard late" else self.now
            row = self._post("earn", step.points, at=earned_at)
            self.purse.credits.append((earned_at, f"{row.sequence:05}", step.points))
            self.earned.append(row)
        elif step.what == "redeems" and balance:
            points = min(step.points, balance)
            self.bought.append((self._post("redeem", -points), points))
            self.purse.spent += points
        elif step.what == "returns" and self.bought:
            row, points = self.bought.pop(step.at % len(self.bought))
            self._post("refund", points, reverses_id=row.id)
            self.purse.spent -= points
        elif step.what == "taken back" and self.earned and balance:
            row = self.earned[step.at % len(self.earned)]
            points = min(step.points, balance)
            self._post("earn", -points, reverses_id=row.id)
            name = f"{row.sequence:05}"
            self.purse.taken[name] = self.purse.taken.get(name, 0) + points
        elif step.what == "adjusts" and balance:
            points = min(step.points, balance)
            self._post("adjust", -points)
            self.purse.spent += points
        elif step.what == "night":
            self._night()

    def _night(self) -> None:
        due = [earned_at for earned_at in self.purse.points() if gone_at(earned_at) <= self.now]
        before = self.ann.balance
        expiry.expire_due(self.world.shop)
        assert before - self.ann.balance == len(due)
        self.purse.spent += len(due)

    def _post(self, kind: ledger.Kind, amount: int, **facts: object) -> Transaction:
        return ledger.post(
            self.world.shop.id,
            self.ann.account.id,
            kind,
            amount,
            source="story",
            key=f"step-{next(self.world.numbers)}",
            cause=Cause("story"),
            **facts,  # type: ignore[arg-type]
        )

    def what_is_shown_goes_then(self) -> None:
        """If nothing else happens, exactly the points shown go at exactly the moment shown, until none are left."""
        shop = self.world.shop
        with clock.at(self.now):
            self._night()
        while True:
            with clock.at(self.now):
                coming = expiry.next_expiry(shop, self.world.program, self.ann.account)
                held = self.purse.points()
            if coming is None:
                assert held == []
                return
            assert (coming.at, coming.points) == (
                gone_at(held[0]),
                sum(gone_at(one) == gone_at(held[0]) for one in held),
            )
            with clock.at(coming.at - timedelta(seconds=1)):
                assert expiry.expire_due(shop) == 0
            with clock.at(coming.at):
                before = self.ann.balance
                assert expiry.expire_due(shop) == 1
                assert before - self.ann.balance == coming.points
            self.purse.spent += coming.points
            self.now = coming.at


def each_point_goes_on_its_day(tried: settings) -> None:
    """The property, tried as often as `tried` says."""

    @tried
    @given(FIRST_DAYS, STEPS)
    @undone()
    def holds(first: date, steps: list[Step]) -> None:
        life = Life(opened(), clock.start_of(first, ZONE) + timedelta(hours=9))
        life.live(steps)
        life.what_is_shown_goes_then()
        life.world.books_must_balance()

    holds()


WITHOUT_GUARD = proof(100, full=100, derandomize=True, phases=(Phase.generate,))


def opened() -> World:
    """A shop of its own for each life; points live for two months."""
    with clock.at(datetime.fromisoformat("2025-01-01T12:00Z")):
        world = World.create(timezone=ZONE)
        world.settings(expiry="age", expiry_months=MONTHS)
    return world


@pytest.fixture
def monthly(database: str) -> World:
    return opened()


def test_each_point_goes_on_the_day_that_was_shown(database: str) -> None:
    each_point_goes_on_its_day(proof(60))


def test_it_fails_when_accounts_are_looked_at_by_their_own_age(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "holds_points_since", lambda: Account.created_at)
    with pytest.raises(AssertionError):
        each_point_goes_on_its_day(WITHOUT_GUARD)


def test_it_fails_when_what_is_taken_back_eats_the_oldest(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lots, "changes_of_lots", lambda account: {})
    with pytest.raises(AssertionError):
        each_point_goes_on_its_day(WITHOUT_GUARD)


# Pauses


def test_a_pause_moves_what_is_shown_and_what_goes_alike(database: str) -> None:
    """Earned, paused and resumed on any day: nothing goes while paused, nor within the grace."""

    @proof(15)
    @given(FIRST_DAYS, st.integers(0, 70), st.integers(0, 40))
    @undone()
    def holds(first: date, paused_after: int, paused_for: int) -> None:
        monthly = opened()
        shop, begins = monthly.shop, clock.start_of(first, ZONE) + timedelta(hours=20)
        with clock.at(begins):
            ann = monthly.member(f"m{next(monthly.numbers)}@example.com")
            ann.is_given(30)
        with clock.at(begins + timedelta(days=paused_after)):
            expiry.expire_due(shop)
            programs.pause(shop.id)
            held = ann.balance
            assert expiry.next_expiry(shop, monthly.program, ann.account) is None
        resumed = begins + timedelta(days=paused_after + paused_for)
        with clock.at(resumed - timedelta(seconds=1)):
            assert expiry.expire_due(shop) == 0
        with clock.at(resumed):
            programs.activate(shop.id)
            coming = expiry.next_expiry(shop, monthly.program, ann.account)
        if coming is None:
            assert held == 0
            return
        with clock.at(coming.at - timedelta(seconds=1)):
            assert expiry.expire_due(shop) == 0
        with clock.at(coming.at):
            assert expiry.expire_due(shop) == 1
        assert (coming.points, ann.balance) == (30, 0)
        assert coming.at == max(
            gone_at(begins),
            clock.start_of(clock.local_date(resumed, ZONE) + timedelta(days=programs.PAUSE_GRACE_DAYS + 1), ZONE),
        )

    holds()


# Speed: the daily job looks at those who may lose points, and at nobody else


def test_the_daily_job_looks_at_nobody_whose_points_are_young(monthly: World, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []
    worked_out = lots.of_many

    def counted(accounts: Sequence[Account]) -> Iterator[tuple[str, list[lots.Lot]]]:
        looked_at.extend(account.customer_id for account in accounts)
        return worked_out(accounts)

    monkeypatch.setattr(lots, "of_many", counted)
    begins = datetime.fromisoformat("2026-01-10T12:00Z")
    with clock.at(begins):
        young, old, spent, returned = (monthly.member(f"{name}@example.com") for name in ("young", "old", "sp", "re"))
        for ann in (old, spent, returned):
            ann.is_given(100)
        reward = monthly.reward(cost=100)
        spent.redeems(reward)
        coupon = returned.redeems(reward)
    with clock.at(begins + timedelta(days=10)):
        young.is_given(100)
        returned.returns(coupon)
    with clock.at(begins + timedelta(days=65)):
        assert expiry.expire_due(monthly.shop) == 2
        assert sorted(looked_at) == sorted([old.id, returned.id])
        assert expiry.expire_due(monthly.shop) == 0
    assert len(looked_at) == 2
