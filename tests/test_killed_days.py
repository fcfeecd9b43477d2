"""A worker that is killed (-9) in the middle of a day's work: whatever the day brings, each member gets it once."""

from collections import Counter
from datetime import datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.make import World
from tests.workers import killed_in_the_middle, wait_until, worker
from widget_server import clock, db, ledger
from widget_server.idempotency import Request
from widget_server.job_queue import Job
from widget_server.ledger import Account, Cause, Gain, Transaction
from widget_server.loyalty import books
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import expiry
from widget_server.loyalty.program.shops import Shop

EACH = 60  # members of each kind
POINTS, SILVER, GIFT = 200, 100, 30
LETTERS = ("birthday_gift", "points_earned", "tier_lost", "tier_at_risk", "points_expire")
pytestmark = pytest.mark.timeout(300)


def test_each_member_gets_what_the_day_brings_once(database: str, tmp_path: Path) -> None:
    world = World.create(timezone=f"Etc/GMT{clock.now().hour - 12:+d}")  # it is noon, so the day does not end meanwhile
    people = _people(world)
    shop_id, today = world.shop.id, clock.local_date(clock.now(), world.shop.timezone).isoformat()

    def is_done() -> bool:
        return bool(Shop.everywhere().where(Shop.id == shop_id).get().daily_done == today)

    def booked(cause: str) -> int:
        return Transaction.of(shop_id).where(Transaction.cause == cause).count()

    def reminded(letter: str) -> int:
        return Request.of(shop_id).where(Request.key.startswith(letter)).count()

    for count in (
        lambda: booked("birthday"),
        lambda: booked("expired"),
        lambda: reminded("points_expire"),
        lambda: reminded("tier_at_risk"),
    ):
        killed_in_the_middle(database, lambda count=count: count() > 0)
        assert count() > 0 and not is_done()
    with worker(database):
        wait_until(is_done)
        Job.update(run_at=Job.created_at).execute()  # letters wait for a minute
        wait_until(lambda: not Job.select().where(Job.run_at <= clock.now()).exists())
        Job.update(run_at=Job.created_at).execute()
        wait_until(lambda: not Job.select().exists())

    for kind, cause in (("birthday", "birthday"), ("inactive", "expired")):
        rows = Transaction.of(shop_id, Transaction.account_id).where(Transaction.cause == cause).tuples()
        assert Counter(id for (id,) in rows) == Counter(people[kind])
    in_tier = {id for (id,) in Account.of(shop_id, Account.id).where(Account.tier_id.is_null(False)).tuples()}
    assert in_tier == {*people["at risk"], *people["warned"]}
    assert _letters(tmp_path / "mail") == {"birthday": 2 * EACH, "inactive": EACH, "at risk": EACH, "warned": 2 * EACH}
    assert list(books.audit()) == []


def _people(world: World) -> dict[str, list[str]]:
    """Makes EACH members of each kind; returns their accounts."""
    now, shop = clock.now(), world.shop
    warned = next(
        day
        for day in (now - timedelta(days=back) for back in range(350, 370))
        if (clock.local_date(expiry.expires_at(shop, day, 12), shop.timezone) - clock.local_date(now, shop.timezone))
        == timedelta(days=7)
    )
    kinds = {
        "birthday": now - timedelta(days=380),
        "inactive": now - timedelta(days=400),
        "at risk": now - timedelta(days=340),
        "warned": warned,
    }
    with clock.at(now - timedelta(days=500)):
        world.tier("Silver", SILVER)
        world.settings(expiry="inactivity", expiry_months=12, expiry_percent=50, letters=())
    people = {kind: _members(world, kind, moment) for kind, moment in kinds.items()}
    world.rule("birthday", points=GIFT)
    world.settings(expiry="inactivity", expiry_months=12, expiry_percent=50, letters=LETTERS)
    return people


def _members(world: World, kind: str, moment: datetime) -> list[str]:
    """Makes members who earned POINTS at that moment."""
    shop_id, today = world.shop.id, clock.local_date(clock.now(), world.shop.timezone)
    with clock.at(moment):
        facts = {"shop_id": shop_id, "status": "member", "email_verified": True, "created_at": moment}
        if kind == "birthday":
            facts |= {"birthday": f"1980-{today:%m-%d}", "birthday_set_at": moment}
        emails = [f"{kind.replace(' ', '-')}.{number}@example.com" for number in range(EACH)]
        rows = [
            db.Row(id=db.new_id(), email=one, email_key=one, mailbox=one, updated_at=moment, **facts) for one in emails
        ]
        with db.atomic():
            db.insert_many(Customer, rows)
            ids = list(ledger.open_accounts(shop_id, [row.id for row in rows]).values())
            locked = ledger.locked_many(shop_id, ids)
            gains = [Gain(one, POINTS, f"gift:{one.id}", Cause("gift")) for one in locked.values()]
            ledger.earn_many(shop_id, gains, source="staff", at=moment)
    return ids


def _letters(folder: Path) -> Counter[str]:
    """Returns how many letters there are to each kind of member; one that is sent again has the same Message-ID."""
    heads = [message_from_bytes(path.read_bytes()) for path in folder.glob("*.eml")]
    return Counter(
        to.partition(".")[0].replace("-", " ") for to, _ in {(str(one["To"]), one["Message-ID"]) for one in heads}
    )
