"""The books as a whole: what an audit remembers, the daily one, the anchor beside the database, another server key."""

import logging
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.test_tampering import a_lively_shop, sql
from tests.make import NOON, Shopper, World, refused
from widget_server import clock, config, db, jobs, journal, ledger, secret_rotation
from widget_server.errors import BooksDoNotBalance
from widget_server.ledger import auditing
from widget_server.loyalty import books
from widget_server.loyalty.audit_places import AuditPlace


@pytest.fixture
def ann(world: World) -> Shopper:
    member = world.member()
    member.is_given(500)
    return member


def set_tier_points(number: int) -> None:
    db.database.execute_sql(f"UPDATE account SET tier_points = {number}")


def findings(**options: Any) -> list[str]:
    return list(books.audit(**options))


def test_an_audit_goes_on_from_its_last_good_point(world: World, ann: Shopper, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bob's account is the only one that was written since, so it is the only one that is added up again."""
    bob = world.member("bob@example.com")
    newest = journal.last_of(world.shop.id)
    assert findings() == []
    mark = books.mark_of(world.shop)
    assert mark is not None
    assert (mark.number, mark.digest) == newest
    bob.is_given(5)
    newest = journal.last_of(world.shop.id)
    added_up = []
    real = auditing._audit_page
    monkeypatch.setattr(
        auditing, "_audit_page", lambda page: added_up.extend(account.id for account in page) or real(page)
    )
    assert findings(since=True) == []
    assert added_up == [bob.account.id]
    again = books.mark_of(world.shop)
    assert again is not None
    assert (again.number, again.digest, again.whole_at) == (*newest, mark.whole_at)


def test_a_finding_leaves_the_last_good_point_where_it_is(world: World, ann: Shopper) -> None:
    assert findings() == []
    good = books.mark_of(world.shop)
    ann.is_given(5)
    true = ann.account.tier_points
    set_tier_points(77)
    wrong = f"account {ann.account.id}: was changed"
    assert findings(since=True) == [wrong]
    mark = books.mark_of(world.shop)
    assert good is not None and mark is not None
    assert (mark.number, mark.findings, mark.finding) == (good.number, 1, wrong)
    assert [one.shop_id for one in books.unwell()] == [world.shop.id]
    set_tier_points(true)
    assert findings(since=True) == []
    assert books.unwell() == []


def test_what_was_last_good_may_not_be_rewritten_either(world: World, ann: Shopper) -> None:
    assert findings() == []
    number, _ = journal.last_of(world.shop.id)
    ann.is_given(5)
    with sql() as run:
        run('UPDATE journal SET digest = ? WHERE "number" = ?', "x", number)
        assert f"journal {world.shop.id} {number}: is gone or was changed since it was last found good" in findings(
            since=True
        )


def test_each_row_is_named_once(world: World, ann: Shopper) -> None:
    db_points, account = ann.balance, ann.account.id
    db.database.execute_sql("UPDATE account SET balance = balance + 5, adjusted = adjusted + 5, pending = 9")
    assert findings() == [f"account {account}: was changed"]
    db.database.execute_sql("UPDATE account SET balance = balance - 5, adjusted = adjusted - 5, pending = 0")
    assert (findings(), ann.balance) == ([], db_points)


def test_the_daily_audit_is_whole_once_a_week_and_says_in_the_log_what_is_wrong(
    world: World, ann: Shopper, caplog: pytest.LogCaptureFixture
) -> None:
    true = ann.account.tier_points
    with clock.at(NOON):
        books.audit_daily(world.shop)
    set_tier_points(77)
    with clock.at(NOON + timedelta(days=1)):
        books.audit_daily(world.shop)
    assert not caplog.records  # nobody wrote that account since
    with clock.at(NOON + timedelta(days=7)), caplog.at_level(logging.ERROR):
        books.audit_daily(world.shop)
    assert f"account {ann.account.id}: was changed" in caplog.text
    set_tier_points(true)


def test_nobody_puts_off_the_next_whole_audit(world: World, ann: Shopper, caplog: pytest.LogCaptureFixture) -> None:
    true = ann.account.tier_points
    with clock.at(NOON):
        books.audit_daily(world.shop)
    set_tier_points(77)
    db.database.execute_sql("UPDATE books_mark SET whole_at = '2099-01-01T00:00:00.000000Z'")
    with clock.at(NOON + timedelta(days=1)):
        books.audit_daily(world.shop)
    assert f"books_mark {world.shop.id}: was changed" in caplog.text
    assert "2 findings" in caplog.text
    set_tier_points(true)
    assert findings() == []


def test_an_earlier_database_is_noticed(world: World, ann: Shopper) -> None:
    """The whole database is put back to what it was a minute ago; the file beside it is not."""
    then, digest = journal.last_of(world.shop.id)
    ann.is_given(5)
    books.write_anchor()
    now, _ = journal.last_of(world.shop.id)
    path = books._anchor()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with sql() as run:
        run('DELETE FROM journal WHERE "number" > ?', then)
        assert journal.last_of(world.shop.id) == (then, digest)
        assert findings()[0].startswith(f"journal {world.shop.id} {now}: is gone or was changed, although ")
    assert findings() == []


def test_the_anchor_is_no_reason_to_fail(world: World, ann: Shopper) -> None:
    path: Path = books._anchor()
    path.unlink(missing_ok=True)
    assert findings() == []


def test_new_keys_chain_the_books_anew(world: World) -> None:
    a_lively_shop(world)
    secret_rotation.check_secret()  # as every command does first: from now on the keys are kept
    before = [config.derived_key(purpose) for purpose in ("journal", "ledger-chain")]
    books.rechain()
    assert not {*before} & {config.derived_key(purpose) for purpose in ("journal", "ledger-chain")}
    assert findings() == []
    assert findings(since=True) == []
    world.member("cid@example.com").is_given(5)
    assert findings() == []


def test_books_that_do_not_balance_keep_their_key(world: World, ann: Shopper) -> None:
    secret_rotation.check_secret()
    true, before = ann.account.tier_points, config.derived_key("journal")
    set_tier_points(77)
    refusal = refused(books.rechain, BooksDoNotBalance)
    assert ann.account.id in refusal.facts["finding"]
    assert config.derived_key("journal") == before
    set_tier_points(true)


# An audit that was interrupted


class Interrupted:
    """Audits in slices of one page, pages of one account; `added_up` has the accounts that were read, in order."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world, self.added_up = world, list[str]()
        real = auditing._audit_page
        monkeypatch.setattr(auditing, "AUDIT_PAGE", 1)
        monkeypatch.setattr(books, "SLICE_SECONDS", 0.0)
        monkeypatch.setattr(
            auditing, "_audit_page", lambda page: self.added_up.extend(one.id for one in page) or real(page)
        )

    def begins(self, accounts: int) -> None:
        """Audits until so many accounts were added up, and is interrupted there."""
        slices = books.audit_slices(self.world.shop)
        while len(self.added_up) < accounts:
            assert next(slices) == []
        slices.close()

    def ends(self) -> list[str]:
        """Audits to the end; returns the accounts that it added up."""
        self.added_up.clear()
        assert list(books.audit_shop(self.world.shop)) == []
        return list(self.added_up)


@pytest.fixture
def interrupted(world: World, monkeypatch: pytest.MonkeyPatch) -> Interrupted:
    with clock.at(NOON):
        for number in range(5):
            world.member(f"c{number}@example.com").is_given(5)
    return Interrupted(world, monkeypatch)


def places() -> list[dict[str, Any]]:
    return list(AuditPlace.everywhere().dicts())


def test_an_interrupted_audit_goes_on_where_it_was(world: World, interrupted: Interrupted) -> None:
    with clock.at(NOON):
        ids = sorted(account.id for account in ledger.Account.of(world.shop))
        newest = journal.last_of(world.shop.id)
        interrupted.begins(2)
        assert interrupted.added_up == ids[:2]
        world.member("late@example.com").is_given(5)  # the next audit reads what was written since this one began
        assert [one for one in interrupted.ends() if one in ids] == ids[2:]
        mark = books.mark_of(world.shop)
        assert mark is not None and mark.whole_at == NOON
        assert (mark.number, mark.digest) == newest
        assert places() == [] and list(books.audit_shop(world.shop, since=True)) == []
        assert len(interrupted.ends()) == 6


@pytest.mark.parametrize("how", ["late", "changed", "put back", "accepted", "another key", "of another kind"])
def test_an_audit_begins_again_when_its_place_is_no_longer_valid(
    world: World, interrupted: Interrupted, how: str
) -> None:
    secret_rotation.check_secret()
    later = NOON
    with clock.at(NOON):
        if how == "of another kind":
            assert len(interrupted.ends()) == 5
            interrupted.added_up.clear()
        interrupted.begins(3)
        if how == "late":
            later = NOON + timedelta(days=1, seconds=1)
        elif how == "changed":
            db.database.execute_sql("UPDATE audit_place SET part = 'days'")
        elif how == "put back":
            (kept,) = places()
            assert len(interrupted.ends()) == 2
            AuditPlace.insert(kept).execute()
        elif how == "accepted":
            books.accept(world.shop)
        elif how == "another key":
            books.rechain()
        else:
            assert books.under_way(world.shop, since=False) is not None
            assert books.under_way(world.shop, since=True) is None
            assert list(books.audit_shop(world.shop, since=True)) == []
    with clock.at(later):
        assert books.under_way(world.shop, since=False) is None
        assert len(interrupted.ends()) == 5


def test_an_audit_that_found_something_keeps_no_place(world: World, interrupted: Interrupted) -> None:
    with clock.at(NOON):
        wrong = min(account.id for account in ledger.Account.of(world.shop))
        true = ledger.Account.need(world.shop, ledger.Account.id == wrong).tier_points
        db.database.execute_sql(f"UPDATE account SET tier_points = 77 WHERE id = '{wrong}'")
        slices = books.audit_slices(world.shop)
        while next(slices) != [f"account {wrong}: was changed"]:
            pass
        assert next(slices) == [] and places() == []
        slices.close()
        db.database.execute_sql(f"UPDATE account SET tier_points = {true} WHERE id = '{wrong}'")
        assert len(interrupted.ends()) == 5


def test_two_audits_at_once_do_not_move_each_other(world: World, interrupted: Interrupted) -> None:
    with clock.at(NOON):
        first = books.audit_slices(world.shop)
        assert next(first) == []
        second = books.audit_slices(world.shop)
        for _ in range(30):
            assert next(second, []) == [] and next(first, []) == []
        assert [*first, *second] == [] or set(map(tuple, [*first, *second])) <= {()}
    mark = books.mark_of(world.shop)
    assert mark is not None and mark.findings == 0 and places() == []


def test_the_worker_audits_in_slices_and_stops_between_two(world: World, interrupted: Interrupted) -> None:
    with clock.at(NOON):
        work = jobs.AuditWork()
        while len(interrupted.added_up) < 2:
            assert work.round()
        assert books.mark_of(world.shop) is None
        other = jobs.AuditWork()  # of the next worker
        while other.round():
            pass
        assert len(interrupted.added_up) == 5 and books.mark_of(world.shop) is not None
        assert not books.is_due(world.shop)
