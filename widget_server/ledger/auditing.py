"""The audit: sums up every account again from its rows."""

import hmac
from collections.abc import Iterator

from peewee import Field, fn

from widget_server import config
from widget_server.db import among, snapshot
from widget_server.ledger.chain import digest
from widget_server.ledger.proving import sound
from widget_server.ledger.tables import COUNTER_OF, Account, Debt, Transaction

AUDIT_PAGE = 500


def audit(shop_id: str | None = None) -> Iterator[str]:
    """Check every account of the shop, or of all shops; yields one sentence for each account with an error.

    The sentence names the first wrong row: changed, missing, out of order or with a wrong balance. The server may
    run meanwhile: a page of accounts and their rows are read at one moment.
    """
    last: str | None = ""
    while last is not None:
        with snapshot():
            step = next(account_steps(shop_id, last), None)
        yield from step[1] if step else ()
        last = step[0] if step else None


def account_steps(shop_id: str | None, after: str) -> Iterator[tuple[str, list[str]]]:
    """Does `audit` for the accounts after this id; yields for each page its last id, and its sentences.

    The server may run meanwhile when each page is read in a snapshot.
    """
    accounts = Account.across(shop_id, *_audited()).order_by(Account.id).limit(AUDIT_PAGE)
    while page := list(accounts.where(Account.id > after)):
        after = page[-1].id
        yield after, list(_audit_page(page))


def audit_some(shop_id: str, account_ids: list[str]) -> Iterator[str]:
    """Like `audit`, for these accounts of the shop."""
    with snapshot():
        found = list(_audit_page(list(Account.of(shop_id, *_audited()).where(among(Account.id, account_ids)))))
    yield from found


def _audit_page(accounts: list[Account]) -> Iterator[str]:
    owed = _owed(accounts)
    proven = sound(accounts, owed)
    for account in accounts:
        wrong = None if account.id in proven else _first_wrong(account, owed.get(account.id, 0))
        if wrong:
            yield f"account {account.id}: {wrong}"


def _audited() -> list[Field]:
    """The columns of an account that are audited; invalid values in other columns must not stop the audit."""
    names = ("id", "shop_id", "balance", "earned", "adjusted", "redeemed", "expired", "debt", "sequence", "head")
    return [getattr(Account, name) for name in names]


def _owed(accounts: list[Account]) -> dict[str, int]:
    sums = Debt.everywhere(Debt.account_id, fn.SUM(Debt.amount)).group_by(Debt.account_id)
    rows = sums.where(Debt.account_id.in_([account.id for account in accounts])).tuples()
    return {account_id: int(points) for account_id, points in rows}


def _first_wrong(account: Account, debt: int) -> str | None:
    head, balance, sequence = "", 0, 0
    keys = config.keys_of("ledger-chain")[::-1]
    sums = dict.fromkeys(("earned", "redeemed", "adjusted", "expired"), 0)
    for row in _rows_of(account):
        if isinstance(row, str):
            return row
        sequence, balance = sequence + 1, balance + row.amount
        if row.kind not in COUNTER_OF:
            return f"row {sequence} ({row.id}) was changed"
        if row.shop_id != account.shop_id:
            return f"row {sequence} ({row.id}) is another shop's"
        counter, direction = COUNTER_OF[row.kind]
        sums[counter] += direction * row.amount
        if row.sequence != sequence:
            return f"row {sequence} is missing"
        if row.balance_after != balance:
            return f"row {sequence} ({row.id}) says {row.balance_after} points, its sum is {balance}"
        while len(keys) > 1 and not hmac.compare_digest(row.digest.encode(), digest(head, row, keys[0]).encode()):
            keys = keys[1:]  # an earlier key is never used again
        if not hmac.compare_digest(row.digest.encode(), digest(head, row, keys[0]).encode()):
            return f"row {sequence} ({row.id}) was changed"
        head = row.digest
    if (account.sequence, account.head) != (sequence, head):
        return f"rows after {sequence} are missing"
    if account.balance != balance or any(getattr(account, name) != value for name, value in sums.items()):
        return f"the counters are not the sums of its {sequence} rows"
    if account.debt != debt:
        return f"the debt is {account.debt}, its entries add up to {debt}"
    return None


def _rows_of(account: Account) -> Iterator[Transaction | str]:
    """Yields the account's rows in order; at an unreadable row a message instead, and then stops."""
    rows = Transaction.everywhere().where(Transaction.account_id == account.id).order_by(Transaction.sequence)
    after: int | None = None
    while True:
        behind = rows if after is None else rows.where(Transaction.sequence > after)
        try:
            page = list(behind.limit(AUDIT_PAGE))
        except Exception as failure:  # invalid values from others; each driver has its own errors
            yield f"a row after {after or 0} cannot be read ({type(failure).__name__})"
            return
        yield from page
        if len(page) < AUDIT_PAGE:
            return
        after = page[-1].sequence
