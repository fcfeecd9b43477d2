"""A snapshot: what was committed when a block began to read, whatever others write meanwhile."""

import threading

from tests.make import NOON, World
from widget_server import clock, db
from widget_server.ledger import Account
from widget_server.loyalty import books


def elsewhere(world: World, email: str) -> None:
    """Somebody joins and gets points on another connection."""

    def join() -> None:
        db.connect()
        world.member(email).is_given(5)
        db.disconnect()

    thread = threading.Thread(target=join)
    thread.start()
    thread.join()


def test_a_snapshot_sees_nothing_new_and_hinders_nobody(world: World) -> None:
    world.member()
    with db.snapshot():
        before = Account.of(world.shop).count()
        elsewhere(world, "bob@example.com")
        assert Account.of(world.shop).count() == before
    assert Account.of(world.shop).count() == before + 1


def test_an_audit_reads_the_books_of_one_moment(world: World) -> None:
    """Somebody writes between any two of its findings; nothing that was written meanwhile is a finding."""
    ann = world.member()
    ann.is_given(500)
    true = ann.account.tier_points
    Account.update(tier_points=Account.tier_points).execute()
    db.database.execute_sql("UPDATE account SET tier_points = 77")
    lines, audit = [], books.audit_shop(world.shop)
    for line in audit:
        lines.append(line)
        elsewhere(world, f"c{len(lines)}@example.com")
    assert lines == [f"account {ann.account.id}: was changed"]
    db.database.execute_sql(f"UPDATE account SET tier_points = {true} WHERE id = '{ann.account.id}'")
    assert list(books.audit_shop(world.shop)) == []


def test_the_books_are_due_once_in_each_day_of_the_shop(world: World) -> None:
    with clock.at(NOON):
        assert books.is_due(world.shop)
        books.audit_daily(world.shop)
        assert not books.is_due(world.shop)
        db.database.execute_sql("UPDATE books_mark SET checked_at = '2099-01-01T00:00:00.000000Z'")
        assert books.is_due(world.shop)  # it is not ours
