"""The quick proof that an account is sound: the same text as the chain's own, and never a proof of what is not so."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.attacks.test_tampering import sql
from tests.make import NOON, World
from widget_server import clock, config, ledger, secret_rotation
from widget_server.db import canonical, fetched
from widget_server.ledger import Account, Cause, Transaction, auditing, proving

CHANGES = (
    "balance_after = balance_after + 1", "amount = amount + 1", "kind = 'earn'", "source = 'x'", "\"key\" = 'x'",
    "line = 1", "takes_back = 'x'", "cause = 'x'", "cause_id = 'x'", "order_id = 'x'", "snapshot = '{}'",
    "snapshot = '{\"a\": \"\u00e4\\\"\"}'", "snapshot = 'no JSON'", "digest = 'x'", "id = 'x'", "sequence = 7",
)  # fmt: skip
TIMES = ("event_at", "created_at")


@pytest.fixture
def account(world: World) -> Account:
    """Rows with texts that JSON escapes, with and without microseconds, by two keys."""
    secret_rotation.check_secret()  # from now on the keys are kept
    ann = world.member()
    facts = {"source": "staff", "cause": Cause("gift", "c\n1", 'ö"1', {"a": 'ä"', "n": None, "f": 1.5})}
    for number, moment in enumerate((NOON, NOON + timedelta(microseconds=5), NOON + timedelta(seconds=1))):
        with clock.at(moment):
            key = f"k\\{number}"
            ledger.post(world.shop.id, ann.account.id, "adjust", 10, key=key, at=moment, **facts)
            if number == 1:
                ledger.rechain()
    return ann.account


def is_proven(account: Account) -> bool:
    found = Account.need(account.shop_id, Account.id == account.id)
    return proving.sound([found], {}) == {account.id}


def test_its_text_is_the_chains(account: Account) -> None:
    head = ""
    rows = Transaction.of(account.shop_id).where(Transaction.account_id == account.id).order_by(Transaction.sequence)
    plain = fetched(f'SELECT {proving.COLUMNS} FROM "transaction" WHERE account_id = ? ORDER BY "sequence"', account.id)
    for row, found in zip(rows, plain, strict=True):
        text = canonical([
            head, row.account_id, row.sequence, row.id, row.kind, row.amount, row.balance_after,
            [row.source, row.key, row.line], row.reverses_id, [row.cause, row.cause_id, row.order_id], row.snapshot,
            row.event_at.astimezone(UTC).isoformat(), row.created_at.isoformat(),
        ])  # fmt: skip
        assert proving._text(head, found) == text
        head = row.digest
    assert len(config.keys_of("ledger-chain")) > 1
    assert is_proven(account)


def test_it_is_proven_in_pages_too(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "AT_ONCE", 2)
    assert is_proven(account)


@pytest.mark.parametrize("change", [*CHANGES, *TIMES, "gone", "counter", "debt"])
def test_what_others_changed_is_not_proven_and_the_audit_says_what_it_is(account: Account, change: str) -> None:
    with sql() as run:
        if change == "gone":
            run('DELETE FROM "transaction" WHERE account_id = ? AND sequence = 2', account.id)
        elif change == "counter":
            run("UPDATE account SET adjusted = adjusted + 1, earned = earned - 1")
        elif change == "debt":
            run("UPDATE account SET debt = 3")
        else:
            setting, values = change, [account.id]
            if change in TIMES:
                other = datetime(2026, 1, 1, tzinfo=UTC)
                setting, values = f"{change} = ?", [Transaction.event_at.db_value(other), account.id]
            run(f'UPDATE "transaction" SET {setting} WHERE account_id = ? AND sequence = 2', *values)
        assert not is_proven(account)
        (line,) = auditing.audit(account.shop_id)
        assert line.startswith(f"account {account.id}: ")
