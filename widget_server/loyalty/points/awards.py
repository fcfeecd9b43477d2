"""Points before they are booked: awards that wait, gifts, adjustments.

Each ends in a `ledger.post`; what must be erasable (the texts of an adjustment) is stored outside the ledger,
and linked to it by a salted digest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import JOIN, SQL, Check, fn

from widget_server import clock, ledger
from widget_server.db import Int, Json, Text, UtcDateTime, atomic, lock_rows, new_id
from widget_server.journal import Journaled
from widget_server.ledger import Account, Cause, Shortfall, Transaction
from widget_server.loyalty.points import tiers
from widget_server.loyalty.program import shops

AWARD_OF = ("order_id", "rule_id", "part")  # what an account has one award for


class Award(Journaled):
    """Earned points that may not be spendable yet: waiting -> matured | cancelled (contracts §2).

    `points` is the present value; the ledger has booked the same once the award has matured. An order has one
    `main` award for each rule, and a `later` one while it is worth more than when it reached its status:
    that part waits, and is added to the main one when the status is reached again (contracts §8).
    """

    id = Text(primary_key=True)
    account_id = Text()
    cause = Text()
    rule_id = Text()
    order_id = Text(null=True)
    status = Text(default="waiting")
    points = Int(default=0)
    due_at = UtcDateTime(null=True)
    snapshot = Json()
    event_at = UtcDateTime()
    booked_id = Text(null=True)
    corrections = Int(default=0)
    created_at = UtcDateTime()
    updated_at = UtcDateTime()
    part = Text(default="main")

    class Meta:
        indexes = (
            (("shop_id", "order_id", "rule_id", "account_id", "part"), True),
            (("shop_id", "account_id", "status"), False),
            (("shop_id", "created_at"), False),
            (("status", "due_at"), False),
            (("account_id", "rule_id", "event_at"), False),
        )
        constraints = [
            Check("status IN ('waiting', 'matured', 'cancelled')"),
            Check("points >= 0"),
            Check("part IN ('main', 'later')"),
        ]


Award.add_index(
    Award.index(Award.shop_id, Award.created_at, Award.points, where=SQL("status = 'waiting'"), name="award_waiting")
)


@dataclass(frozen=True)
class Target:
    """The points an award should have now, when they may be spent (None: not known yet), and why it changed."""

    points: int
    due_at: datetime | None
    reason: str
    snapshot: dict[str, Any]


def settle(award: Award, target: Target, *, shortfall: Shortfall, source: str) -> None:
    """Bring an award to its target: change what waits, book what is due, take back what was given too much."""
    with atomic():
        if award.status == "matured":
            _correct(award, target, shortfall, source)
            return
        waiting = award.points if award.status == "waiting" else 0
        award.points, award.due_at, award.snapshot = target.points, target.due_at, target.snapshot
        award.status = "waiting" if target.points else "cancelled"
        award.updated_at = clock.now()
        award.save()
        ledger.move_pending(award.shop_id, award.account_id, award.points - waiting)
        if award.status == "waiting" and award.due_at is not None and award.due_at <= clock.now():
            mature(award, source=source)


def mature(award: Award, *, source: str = "job") -> None:
    """Make a waiting award spendable: book an earn with request key `award:<id>`."""
    with atomic():
        award.status, award.updated_at = "matured", clock.now()
        ledger.move_pending(award.shop_id, award.account_id, -award.points)
        award.booked_id = _earn(award, award.points, f"award:{award.id}", source).id
        award.save(only=[Award.status, Award.updated_at, Award.booked_id])


def mature_due(limit: int = 500) -> int:
    """Mature up to `limit` due awards of any shop; returns how many."""
    due = Award.everywhere(Award.shop_id, Award.account_id, Award.id).where(
        Award.status == "waiting", Award.due_at <= clock.now()
    )
    count = 0
    for shop_id, account_id, award_id in list(due.order_by(Award.due_at).limit(limit).tuples()):
        with atomic():
            ledger.locked(shop_id, account_id)  # lock order: the account before its awards
            award = lock_rows(Award.of(shop_id).where(Award.id == award_id)).get()
            if award.status == "waiting" and award.due_at is not None and award.due_at <= clock.now():
                mature(award)
                count += 1
    return count


def later_part(award: Award) -> Award | None:
    """Returns the `later` award of a main one, which waits for the order's status again; None when there is none."""
    beside = (Award.order_id == award.order_id, Award.rule_id == award.rule_id, Award.account_id == award.account_id)
    return Award.one(award.shop_id, *beside, Award.part == "later")


def new_award(
    shop_id: str, account_id: str, *, cause: str, rule_id: str, order_id: str, at: datetime, part: str = "main"
) -> Award:
    """Returns the award of this order under this rule for this account: the existing one, or a new empty one."""
    same = (Award.order_id == order_id, Award.rule_id == rule_id, Award.account_id == account_id)
    award = Award.one(shop_id, *same, Award.part == part)
    if award is None:
        moment = clock.now()
        award = Award(
            id=new_id(),
            shop_id=shop_id,
            account_id=account_id,
            cause=cause,
            rule_id=rule_id,
            order_id=order_id,
            status="cancelled",
            snapshot={},
            event_at=at,
            created_at=moment,
            updated_at=moment,
            part=part,
        )
        award.save(force_insert=True)
    return award


def move_awards(shop_id: str, from_account_id: str, to_account_id: str) -> None:
    """Move the awards of an account, with their pending points, to the account it is merged into.

    When both have one for the same order and rule, the order moved between them before: the empty one is deleted.
    """
    pending = ledger.locked(shop_id, from_account_id).pending
    for award in list(Award.of(shop_id).where(Award.account_id == from_account_id)):
        same = [getattr(Award, name) == getattr(award, name) for name in AWARD_OF]
        twin = Award.one(shop_id, Award.account_id == to_account_id, *same)
        if twin is not None:
            Award.remove(shop_id, Award.id == (twin.id if award.points else award.id))
        Award.change(shop_id, {Award.account_id: to_account_id}, Award.id == award.id)
    ledger.move_pending(shop_id, from_account_id, -pending)
    ledger.move_pending(shop_id, to_account_id, pending)


def _correct(award: Award, target: Target, shortfall: Shortfall, source: str) -> None:
    difference = target.points - award.points
    if not difference:
        return
    award.corrections += 1
    award.points, award.snapshot, award.updated_at = target.points, target.snapshot, clock.now()
    award.save()
    key = f"award:{award.id}:{award.corrections}"
    if difference > 0:
        _earn(award, difference, key, source)
        return
    ledger.claw_back(
        award.shop_id,
        award.account_id,
        -difference,
        source=source,
        key=key,
        cause=Cause(target.reason, award.rule_id, award.order_id, target.snapshot),
        reverses_id=award.booked_id,
        shortfall=shortfall,
    )
    tiers.recheck(shops.by_id(award.shop_id), award.account_id)  # a debt alone books no row


def _earn(award: Award, points: int, key: str, source: str) -> Transaction:
    """Book points of the award; points that are given again or added later have the age of its first ones."""
    return ledger.post(
        award.shop_id,
        award.account_id,
        "earn",
        points,
        source=source,
        key=key,
        cause=Cause(award.cause, award.rule_id, award.order_id, award.snapshot),
        at=award.event_at if award.booked_id is None else None,
        reverses_id=award.booked_id,
    )


def audit_pending(shop_id: str | None = None) -> Iterator[str]:
    """Yields one sentence for each account whose `pending` is not the sum of its waiting awards."""
    waiting = fn.COALESCE(fn.SUM(Award.points), 0)
    on = (Award.account_id == Account.id) & (Award.status == "waiting")
    sums = Account.across(shop_id, Account.id).join(Award, JOIN.LEFT_OUTER, on=on).group_by(Account.id, Account.pending)
    for (account_id,) in sums.having(waiting != Account.pending).tuples().iterator():
        yield f"account {account_id}: pending is not the sum of its waiting awards"
