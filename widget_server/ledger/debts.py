"""Debts: points that a clawback could not take back, and their repayment from later earnings."""

import uuid
from datetime import datetime

from widget_server import clock
from widget_server.db import Row, insert_many, new_id
from widget_server.ledger.balances import book
from widget_server.ledger.tables import Account, Debt, Transaction


def repay(account: Account, most: int, *, source: str, cause_id: str, at: datetime) -> None:
    """Repay up to `most` points of debt, oldest first, each part by a row that references the row of the debt.

    Only the balance pays; below zero (the shop's setting changed) the debt waits for later earnings. `cause_id` is the
    row that was earned, or the account that was merged into this one.
    """
    points = min(most, account.debt, account.balance)
    if points <= 0:
        return
    owing = unpaid(account)
    owe(account.shop_id, account.id, -points, cause_id)
    for line, (owed_for, owed) in enumerate(owing):
        part = min(owed, points)
        if not part:
            break
        points -= part
        book(
            account,
            Transaction(
                shop_id=account.shop_id,
                account_id=account.id,
                kind="earn",
                amount=-part,
                source=source,
                key=f"debt:{cause_id}",
                line=line,
                reverses_id=owed_for,
                cause="debt_repaid",
                cause_id=cause_id,
                order_id=None,
                snapshot={},
                event_at=at,
            ),
            may_go_below_zero=False,
        )


def unpaid(account: Account) -> list[tuple[str | None, int]]:
    """The unpaid debts as (transaction id, points), oldest first: repayments pay the oldest."""
    entries = Debt.of(account.shop_id, Debt.transaction_id, Debt.amount).where(Debt.account_id == account.id)
    ordered = list(entries.order_by(Debt.created_at, Debt.id).tuples())
    repaid = -sum(amount for _, amount in ordered if amount < 0)
    rest = []
    for owed_for, amount in ordered:
        if amount > 0:
            paid = min(amount, repaid)
            repaid -= paid
            if amount > paid:
                rest.append((owed_for, amount - paid))
    return rest


def move_debts(old: Account, new: Account, copies: dict[str, str]) -> None:
    """Book the debts and repayments of `old` again on `new`, for the copied rows, and undo them on `old`."""
    written = list[Row]()
    for debt in Debt.of(old.shop_id).where(Debt.account_id == old.id).objects(Row):
        owed_for = copies.get(debt.transaction_id, debt.transaction_id)
        written.append(Row(**{**vars(debt), "id": new_id(), "account_id": new.id, "transaction_id": owed_for}))
        written.append(Row(**{**vars(debt), "id": new_id(), "amount": -debt.amount}))
    insert_many(Debt, written)
    Account.change(old.shop_id, {Account.debt: 0}, Account.id == old.id)
    Account.change(old.shop_id, {Account.debt: Account.debt + old.debt}, Account.id == new.id)
    old.debt, new.debt = 0, new.debt + old.debt


def debt_id(owner_id: str, source: str, key: str) -> str:
    """The id of a debt, derived from the request key, so that a request never adds a debt twice, even after a merge.

    `owner_id` is the shop's id; earlier versions used the account's.
    """
    return str(uuid.uuid5(uuid.UUID(owner_id), f"{source}\n{key}"))


def owe(shop_id: str, account_id: str, points: int, transaction_id: str | None, *, id: str | None = None) -> None:
    """Add `points` to the account's debt for a row; negative points are a repayment. `id` is a new one by default."""
    Debt(
        id=id or new_id(),
        shop_id=shop_id,
        account_id=account_id,
        amount=points,
        transaction_id=transaction_id,
        created_at=clock.now(),
    ).save(force_insert=True)
    Account.change(shop_id, {Account.debt: Account.debt + points}, Account.id == account_id)
