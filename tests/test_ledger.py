"""Points move through one door, and an account's counters are the sums of its rows."""

from datetime import datetime, timedelta, timezone
from typing import Any

import peewee
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.make import Shopper, World, at_once, tries
from widget_server import clock, db, journal, ledger
from widget_server.errors import BalanceTooLarge, KeyReused, NotEnoughPoints
from widget_server.ledger import Account, Cause, Debt, Transaction


def post(ann: Shopper, kind: ledger.Kind, amount: int, key: str | None = None, **facts: Any) -> Transaction:
    """One row on her account, through the only door."""
    facts = {"source": "staff", "key": key or f"k{next(ann.world.numbers)}", "cause": Cause("story"), **facts}
    return ledger.post(ann.world.shop.id, ann.account.id, kind, amount, **facts)


def take_back(ann: Shopper, points: int, key: str | None = None, **facts: Any) -> Transaction | None:
    """Earned points go back, as when an order is refunded."""
    facts = {"source": "job", "key": key or f"k{next(ann.world.numbers)}", "reverses_id": None, **facts}
    return ledger.claw_back(ann.world.shop.id, ann.account.id, points, cause=Cause("story"), **facts)


def counters(ann: Shopper) -> dict[str, int]:
    """Balance and counters, without those at nought."""
    names = ("balance", "earned", "adjusted", "redeemed", "expired", "debt")
    account = ann.account
    return {name: getattr(account, name) for name in names if getattr(account, name)}


def test_a_first_order_gives_points_that_buy_a_coupon(world: World) -> None:
    world.order_rule(10)
    world.rule("join", points=100)
    reward = world.reward(cost=250)
    ann = world.member()
    assert ann.balance == 100
    ann.orders("20.00")
    assert ann.balance == 300
    coupon = ann.redeems(reward)
    assert ann.balance == 50
    assert len(coupon.code) == 14
    assert ann.history() == [("redeemed", -250), ("order", 200), ("join", 100)]


# Signs and counters (contracts §2)


def test_each_kind_moves_its_counter(world: World) -> None:
    ann = world.member()
    post(ann, "earn", 1000)
    bought = post(ann, "redeem", -300)
    post(ann, "adjust", -50)
    post(ann, "expire", -20)
    assert counters(ann) == {"balance": 630, "earned": 1000, "redeemed": 300, "adjusted": -50, "expired": 20}
    ledger.reverse(world.shop.id, bought, source="staff", key="back", cause=Cause("returned"))
    take_back(ann, 100)
    assert counters(ann) == {"balance": 830, "earned": 900, "adjusted": -50, "expired": 20}
    rows = ledger.history(world.shop.id, ann.account.id)
    assert [row.sequence for row in rows] == [6, 5, 4, 3, 2, 1]
    assert [row.balance_after for row in rows] == [830, 930, 630, 650, 700, 1000]


@pytest.mark.parametrize(("kind", "amount"), [("redeem", 5), ("expire", 5), ("refund", -5), ("gift", 5)])
def test_a_row_of_the_wrong_sign_is_refused_by_the_database(world: World, kind: Any, amount: int) -> None:
    ann = world.member()
    post(ann, "earn", 100)
    with pytest.raises((peewee.IntegrityError, KeyError)):
        post(ann, kind, amount)
    assert counters(ann) == {"balance": 100, "earned": 100}


def test_a_row_has_1_to_a_thousand_million_points(world: World) -> None:
    ann = world.member()
    post(ann, "earn", 10**9)
    for amount in (0, 10**9 + 1, -(10**9) - 1):
        with pytest.raises(BalanceTooLarge):
            post(ann, "adjust", amount)
    assert ann.balance == 10**9


def test_an_accounts_balance_has_an_end(world: World) -> None:
    ann = world.member()
    full = {Account.balance: 10**15 - 5, Account.earned: 10**15 - 5}
    Account.change(world.shop, full, Account.id == ann.account.id)
    with pytest.raises(BalanceTooLarge):
        post(ann, "earn", 6)
    Account.change(world.shop, {Account.balance: 0, Account.earned: 0}, Account.id == ann.account.id)


def test_spending_never_goes_below_zero(world: World) -> None:
    ann = world.member()
    post(ann, "earn", 100)
    for kind in ("redeem", "expire", "adjust"):
        with pytest.raises(NotEnoughPoints) as refusal:
            post(ann, kind, -101)
        assert refusal.value.facts == {"needs": 101, "has": 100}
    assert counters(ann) == {"balance": 100, "earned": 100}


def test_an_account_counts_its_changes_and_knows_the_last(world: World) -> None:  # wix-api §2, §3
    ann = world.member()
    assert (ann.account.revision, ann.account.updated_at) == (1, ann.account.created_at)
    later = clock.now() + timedelta(hours=1)
    with clock.at(later):
        post(ann, "earn", 100)
        post(ann, "redeem", -30)
    assert (ann.account.revision, ann.account.updated_at) == (3, later)
    ledger.note_activity(world.shop.id, ann.account.id, later + timedelta(hours=1))
    with pytest.raises(NotEnoughPoints):
        post(ann, "adjust", -500)
    assert (ann.account.revision, ann.account.updated_at) == (3, later)


def test_another_tier_is_a_change_of_the_account_and_the_same_one_is_none(world: World) -> None:
    silver = world.tier("Silver", 100)
    ann = world.member()
    post(ann, "earn", 150)
    before = ann.account
    assert before.tier_id == silver.id
    shop, later = world.shop.id, clock.now() + timedelta(hours=1)
    with clock.at(later):
        ledger.set_tier(shop, before.id, silver.id, 150, before.tier_until)
        assert (ann.account.revision, ann.account.updated_at) == (before.revision, before.updated_at)
        for number, (tier, points, until) in enumerate(
            ((silver.id, 150, None), (silver.id, 151, None), (None, 151, None)), 1
        ):
            ledger.set_tier(shop, before.id, tier, points, until)
            now = ann.account
            assert (now.revision, now.updated_at) == (before.revision + number, later)
            assert (now.tier_id, now.tier_points, now.tier_until) == (tier, points, until)


def test_accounts_of_many_are_opened_once(world: World) -> None:
    known, *new = [world.visitor(f"v{number}@example.com").id for number in range(4)]
    account = ledger.open_account(world.shop.id, known)
    results = at_once(*[lambda: ledger.open_accounts(world.shop.id, [known, *new])] * 3)
    assert results[0] == results[1] == results[2]
    assert results[0][known] == account.id
    assert {one: ledger.open_account(world.shop.id, one).id for one in new} == {one: results[0][one] for one in new}


# Keys


def test_the_same_key_answers_the_same_row(world: World) -> None:  # acceptance 62
    ann = world.member()
    first = post(ann, "earn", 70, key="once")
    assert post(ann, "earn", 70, key="once").id == first.id
    assert ann.balance == 70


def test_the_same_key_for_another_request_is_refused(world: World) -> None:  # acceptance 62
    ann, bob = world.member(), world.member("bob@example.com")
    post(ann, "earn", 70, key="once")
    for who, kind, amount in ((ann, "earn", 71), (ann, "adjust", 70), (bob, "earn", 70)):
        with pytest.raises(KeyReused):
            post(who, kind, amount, key="once")
    assert (ann.balance, bob.balance) == (70, 0)


def test_a_key_is_one_doors_and_one_lines_own(world: World) -> None:
    ann = world.member()
    for source, line in (("staff", 0), ("staff", 1), ("admin", 0)):
        post(ann, "earn", 10, key="k", source=source, line=line)
    assert ann.balance == 30
    other = World.create()
    post(other.member(), "earn", 10, key="k")
    assert ann.balance == 30


def test_taking_back_twice_with_one_key_takes_once(world: World) -> None:  # acceptance 57
    ann = world.member()
    post(ann, "earn", 100)
    post(ann, "redeem", -60)
    row = take_back(ann, 100, key="refund")
    assert row is not None
    assert counters(ann) == {"earned": 60, "redeemed": 60, "debt": 60}
    again = take_back(ann, 100, key="refund")
    assert again is not None
    assert again.id == row.id
    assert take_back(ann, 30, key="all debt") is None
    assert take_back(ann, 30, key="all debt") is None
    assert counters(ann)["debt"] == 90
    for key in ("refund", "all debt"):
        with pytest.raises(KeyReused):
            take_back(ann, 31, key=key)


# Debt (contracts §2, acceptance 57)


def test_what_is_spent_becomes_debt_that_later_earnings_repay(world: World) -> None:  # acceptance 57
    ann = world.member()
    given = post(ann, "earn", 100)
    post(ann, "redeem", -80)
    row = take_back(ann, 100, reverses_id=given.id)
    assert row is not None
    assert (row.amount, row.reverses_id) == (-20, given.id)
    assert counters(ann) == {"earned": 80, "redeemed": 80, "debt": 80}
    post(ann, "earn", 50)
    assert counters(ann) == {"earned": 80, "redeemed": 80, "debt": 30}
    post(ann, "earn", 50)
    assert counters(ann) == {"balance": 20, "earned": 100, "redeemed": 80}
    assert ann.history()[:4] == [("debt_repaid", -30), ("story", 50), ("debt_repaid", -50), ("story", 50)]
    assert ledger.history(world.shop.id, ann.account.id)[0].reverses_id == given.id


def test_only_earnings_repay_debt(world: World) -> None:
    ann = world.member()
    bought = post(ann, "earn", 100) and post(ann, "redeem", -100)
    take_back(ann, 100)
    ledger.reverse(world.shop.id, bought, source="staff", key="back", cause=Cause("returned"))
    post(ann, "adjust", 10)
    assert counters(ann) == {"balance": 110, "earned": 100, "adjusted": 10, "debt": 100}


def test_a_shop_may_choose_to_go_below_zero(world: World) -> None:  # acceptance 57
    ann = world.member()
    post(ann, "earn", 100)
    post(ann, "redeem", -80)
    row = take_back(ann, 100, shortfall="negative")
    assert row is not None
    assert row.balance_after == -80
    assert counters(ann) == {"balance": -80, "redeemed": 80}
    with pytest.raises(NotEnoughPoints):
        post(ann, "redeem", -1)
    post(ann, "earn", 100)
    assert ann.balance == 20


def test_debt_waits_while_the_balance_is_below_zero(world: World) -> None:
    """The shop changed its setting between two refunds."""
    ann = world.member()
    post(ann, "earn", 100)
    post(ann, "redeem", -100)
    take_back(ann, 40)
    take_back(ann, 50, shortfall="negative")
    assert (ann.balance, ann.debt) == (-50, 40)
    post(ann, "earn", 30)
    assert (ann.balance, ann.debt) == (-20, 40)
    post(ann, "earn", 50)
    assert (ann.balance, ann.debt) == (0, 10)


# Many at once


def test_redemptions_in_parallel_spend_what_is_there_and_no_more(world: World) -> None:  # acceptance 29
    ann = world.member()
    post(ann, "earn", 1000)
    shop_id, account_id = world.shop.id, ann.account.id

    def redeems(thread: int) -> int:
        bought = 0
        for number in range(30):
            try:
                ledger.post(
                    shop_id,
                    account_id,
                    "redeem",
                    -7,
                    source="widget",
                    key=f"{thread}-{number}",
                    cause=Cause("redeemed"),
                )
                bought += 1
            except NotEnoughPoints:
                pass
        return bought

    bought = at_once(*[lambda thread=thread: redeems(thread) for thread in range(8)])
    assert sum(bought) == 1000 // 7
    assert counters(ann) == {"balance": 1000 % 7, "earned": 1000, "redeemed": 1000 - 1000 % 7}


def test_one_key_in_parallel_books_once(world: World) -> None:  # acceptance 29
    ann = world.member()
    rows = at_once(*[lambda: post(ann, "earn", 5, key="click")] * 8)
    assert len({row.id for row in rows}) == 1
    assert ann.balance == 5


def test_an_account_is_opened_once(world: World) -> None:
    guest = world.visitor()
    opened = at_once(*[lambda: ledger.open_account(world.shop.id, guest.id)] * 8)
    assert len({account.id for account in opened}) == 1


def test_the_audit_is_not_misled_by_shoppers_who_go_on(world: World) -> None:
    people = [world.member(f"m{number}@example.com") for number in range(3)]

    def goes_on(ann: Shopper) -> None:
        for _ in range(25):
            post(ann, "earn", 3)
            take_back(ann, 4)

    def audits() -> list[str]:
        return [wrong for _ in range(40) for wrong in ledger.audit()]

    assert at_once(*[lambda ann=ann: goes_on(ann) for ann in people], audits)[-1] == []


# Audit (contracts §15)


@pytest.fixture
def tampered(database: str) -> Any:
    """An account with five rows that somebody edits behind our back; the audit must name the first wrong row."""
    ann = World.create().member()
    for amount in (10, 20, 30, 40, 20):
        post(ann, "earn", amount)
    assert list(ledger.audit()) == []

    def edit(statement: str) -> str:
        mark = "?" if db.on_sqlite() else "%s"
        with journal.rewriting():
            for one in statement.split(";"):
                db.database.execute_sql(one.replace("?", mark), (ann.account.id,))
        (wrong,) = ledger.audit()
        assert wrong.startswith(f"account {ann.account.id}: ")
        return wrong.split(": ", 1)[1]

    return edit


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("UPDATE transaction_ SET amount = 31 WHERE account_id = ? AND sequence = 3", "row 3 "),
        ("UPDATE transaction_ SET amount = 31, balance_after = 61 WHERE account_id = ? AND sequence = 3", "row 3 "),
        ("UPDATE transaction_ SET kind = 'adjust' WHERE account_id = ? AND sequence = 2", "row 2 "),
        ("UPDATE transaction_ SET event_at = created_at WHERE account_id = ? AND sequence = 4", "row 4 "),
        ("UPDATE transaction_ SET cause = 'bonus' WHERE account_id = ? AND sequence = 5", "row 5 "),
        ("UPDATE transaction_ SET snapshot = '{\"a\":1}' WHERE account_id = ? AND sequence = 1", "row 1 "),
        ("DELETE FROM transaction_ WHERE account_id = ? AND sequence = 2", "row 2 is missing"),
        ("DELETE FROM transaction_ WHERE account_id = ? AND sequence > 3", "rows after 3 are missing"),
        (
            "UPDATE transaction_ SET sequence = 99 WHERE account_id = ? AND sequence = 2;"
            "UPDATE transaction_ SET sequence = 2, balance_after = 30 WHERE account_id = ? AND sequence = 5;"
            "UPDATE transaction_ SET sequence = 5, balance_after = 120 WHERE account_id = ? AND sequence = 99",
            "row 2 ",
        ),
        ("UPDATE account SET balance = balance + 5, earned = earned + 5 WHERE id = ?", "the counters are not"),
        ("UPDATE account SET earned = earned - 5, adjusted = adjusted + 5 WHERE id = ?", "the counters are not"),
        ("UPDATE account SET debt = 7 WHERE id = ?", "the debt is 7, its entries add up to 0"),
        ("UPDATE account SET head = 'x' WHERE id = ?", "rows after 5 are missing"),
    ],
)
def test_the_audit_names_what_was_changed(tampered: Any, statement: str, complaint: str) -> None:
    assert tampered(statement.replace("transaction_", '"transaction"')).startswith(complaint)


def test_times_of_another_zone_fit_the_chain(world: World) -> None:
    ann = world.member()
    post(ann, "earn", 5, at=datetime(2026, 3, 1, 9, tzinfo=timezone(timedelta(hours=2))))
    assert list(ledger.audit()) == []


def test_last_activity_never_moves_backwards(world: World) -> None:
    ann = world.member()
    latest = ann.account.last_activity_at
    ledger.note_activity(world.shop.id, ann.account.id, latest - timedelta(days=1))
    assert ann.account.last_activity_at == latest
    ledger.note_activity(world.shop.id, ann.account.id, latest + timedelta(days=1))
    assert ann.account.last_activity_at == latest + timedelta(days=1)


# Whatever is done in whatever order, the books balance


class Books(RuleBasedStateMachine):
    """Two shoppers earn, spend, give back and lose points; `worth` is what each should have, debts off."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World.create()
        self.people = [self.world.member(), self.world.member("bob@example.com")]
        self.worth = [0, 0]
        self.bought: list[tuple[int, Transaction]] = []
        self.number = 0

    who = st.integers(0, 1)
    points = st.integers(1, 400)

    def key(self) -> str:
        self.number += 1
        return f"books-{self.number}"

    @rule(who=who, points=points, again=st.booleans())
    def earns(self, who: int, points: int, again: bool) -> None:
        key = self.key()
        for _ in range(1 + again):
            post(self.people[who], "earn", points, key=key)
        self.worth[who] += points

    @rule(who=who, points=points)
    def redeems(self, who: int, points: int) -> None:
        has = self.people[who].balance
        if points > has:
            with pytest.raises(NotEnoughPoints):
                post(self.people[who], "redeem", -points, key=self.key())
        else:
            self.bought.append((who, post(self.people[who], "redeem", -points, key=self.key())))
            self.worth[who] -= points

    @rule(who=who, points=points, negative=st.booleans(), again=st.booleans())
    def gives_back(self, who: int, points: int, negative: bool, again: bool) -> None:
        key = self.key()
        for _ in range(1 + again):
            take_back(self.people[who], points, key=key, shortfall="negative" if negative else "clamp")
        self.worth[who] -= points

    @precondition(lambda self: self.bought)
    @rule()
    def returns(self) -> None:
        who, row = self.bought.pop()
        ledger.reverse(self.world.shop.id, row, source="widget", key=self.key(), cause=Cause("returned"))
        self.worth[who] -= row.amount

    @rule(who=who, by=st.integers(-200, 200).filter(bool))
    def is_adjusted(self, who: int, by: int) -> None:
        if self.people[who].balance + by >= 0 or by > 0:
            post(self.people[who], "adjust", by, key=self.key())
            self.worth[who] += by

    @invariant()
    def nobody_won_or_lost_a_point(self) -> None:
        for ann, worth in zip(self.people, self.worth, strict=True):
            assert ann.balance - ann.debt == worth
        owed = sum(row.amount for row in Debt.of(self.world.shop))
        assert owed == sum(ann.debt for ann in self.people)

    def teardown(self) -> None:
        assert list(ledger.audit()) == []


def test_the_books_always_balance(database: str) -> None:
    run_state_machine_as_test(Books, settings=tries(6, stateful_step_count=25))
