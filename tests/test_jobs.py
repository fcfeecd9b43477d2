"""What the worker does: jobs that were promised, and what follows from the passing of time."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.make import NOON, Shopper, World, at_once
from tests.test_serve import until
from widget_server import clock, config, db, job_queue, jobs, journal
from widget_server.delivery import mail, mail_templates
from widget_server.job_queue import Job
from widget_server.loyalty import books
from widget_server.loyalty.earning import birthdays
from widget_server.loyalty.people import customers, sessions, sign_in_codes
from widget_server.loyalty.points import awards, expiry
from widget_server.loyalty.program import programs, shops
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import coupons
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.web.rate_limits import Hit, limit

BERLIN = ZoneInfo("Europe/Berlin")
JOINED = NOON  # 10 March 2026; what she has then is gone on 11 March 2027, at the start of that day in Berlin
GONE = datetime(2027, 3, 11, tzinfo=BERLIN)


def dawn(day: date) -> datetime:
    """The first minute of the shop's day."""
    return datetime.combine(day, datetime.min.time(), BERLIN) + timedelta(seconds=30)


def before(days: int) -> datetime:
    """The first minute of the day so many days before her points are gone."""
    return dawn((GONE - timedelta(days=days)).date())


def sent(template: str) -> list[dict[str, Any]]:
    """The letters of this kind that wait to be sent."""
    opened = [mail.opened(job.payload) for job in Job.everywhere().where(Job.name == "send_mail")]
    return [letter for letter in opened if letter["template"] == template]


def passes(moment: datetime) -> None:
    """The worker's minute comes round at `moment`."""
    with clock.at(moment):
        jobs.every_minute()


# What time alone brings


def test_points_mature_when_their_time_has_come(world: World) -> None:  # acceptance 22
    world.order_rule(10)
    world.settings(wait_days=2)
    with clock.at(NOON):
        ann, bob = world.member("ann@example.com"), World.create(name="Another").member("bob@example.com")
        bob.world.order_rule(1)
        bob.world.settings(wait_days=2)
        for shopper in (ann, bob):
            shopper.orders("20.00")
    due = awards.Award.need(world.shop).due_at
    assert NOON + timedelta(days=1) < due <= NOON + timedelta(days=2)
    passes(due - timedelta(seconds=1))
    assert (ann.balance, ann.pending, bob.balance) == (0, 200, 0)
    for _ in range(2):
        passes(due)
        assert (ann.balance, ann.pending, bob.balance) == (200, 0, 20)


def test_birthdays_are_paid_in_the_first_minute_of_the_shops_day(world: World) -> None:  # acceptance 25
    world.rule("birthday", points=200)
    with clock.at(NOON):
        ann = world.member()
        birthdays.tell(ann.customer, date(1990, 6, 1))
    midnight = datetime(2026, 6, 1, tzinfo=BERLIN)
    passes(midnight - timedelta(seconds=1))
    assert ann.balance == 0
    for _ in range(2):
        passes(midnight + timedelta(seconds=30))
        assert ann.balance == 200
    passes(midnight + timedelta(days=1))
    assert ann.balance == 200


def test_birthdays_of_a_large_shop_are_paid_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(birthdays, "PAGE", 2)
    world.rule("birthday", points=200)
    with clock.at(NOON):
        people = [world.member(f"c{number}@example.com") for number in range(5)]
        for one in people:
            birthdays.tell(one.customer, date(1990, 6, 1))
    with clock.at(dawn(date(2026, 6, 1))):
        slices = birthdays.pay_slices(world.shop)
        first = next(slices)
        slices.close()  # the worker was killed
        assert first and first + birthdays.pay(world.shop) == 5
    assert [one.balance for one in people] == [200] * 5


def test_a_long_day_of_one_shop_does_not_hold_up_anothers(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    other, steps = World.create(name="Another"), dict[str, int]()

    def slices(shop: Shop) -> Iterator[int]:
        for _ in range(50 if shop.id == world.shop.id else 1):
            steps[shop.id] = steps.get(shop.id, 0) + 1
            yield 1

    monkeypatch.setattr(jobs, "day_slices", slices)
    with clock.at(NOON):
        days = jobs.Days()
        days.begin()
        for _ in range(3):
            assert days.round()
        assert steps == {world.shop.id: 3, other.shop.id: 1}
        assert shops.by_id(other.shop.id).daily_done == "2026-03-10"
        assert shops.by_id(world.shop.id).daily_done is None  # only begun
        days.begin()
        assert steps[world.shop.id] == 3  # not from the beginning
        while days.round():
            pass
    assert (steps[world.shop.id], shops.by_id(world.shop.id).daily_done) == (50, "2026-03-10")


def test_news_to_a_person_has_a_lane_of_its_own(world: World) -> None:
    for name in job_queue.JobName:
        lanes = [
            Job.name.in_([name]) & one
            for one in (Job.name.in_(jobs.NEWS), Job.name.in_(jobs.BULK), Job.name.not_in((*jobs.NEWS, *jobs.BULK)))
        ]
        job_queue.enqueue(name, {})
        assert sum(Job.everywhere().where(lane).exists() for lane in lanes) == 1
    assert job_queue.JobName.SEND_MAIL in jobs.NEWS
    assert job_queue.JobName.WRITE_LETTER not in jobs.NEWS  # of which a night may have thousands


def test_coupons_run_out(world: World) -> None:  # acceptance 37
    with clock.at(NOON):
        ann = world.member()
        ann.is_given(500)
        coupon = ann.redeems(world.reward(expires_after_days=3))
    for moment, status in ((coupon.expires_at - timedelta(seconds=1), "active"), (coupon.expires_at, "expired")):
        passes(moment)
        assert Coupon.need(world.shop, Coupon.id == coupon.id).status == status


def test_points_expire(world: World) -> None:  # acceptance 50
    world.settings(expiry="inactivity", expiry_months=12, expiry_percent=40)
    with clock.at(JOINED):
        ann = world.member()
        ann.is_given(100)
    passes(GONE - timedelta(seconds=1))
    assert ann.balance == 100
    for _ in range(2):
        passes(GONE)
        assert ann.history()[0] == ("expired", -40)


def test_what_ran_out_is_forgotten(world: World) -> None:
    with clock.at(NOON):
        ann = world.member()
        limit("5 per minute", "ann")
    passes(NOON + timedelta(days=sessions.SESSION_DAYS + 8))
    assert sessions.Session.of(world.shop).where(sessions.Session.customer_id == ann.id).count() == 0
    assert sign_in_codes.SignInCode.of(world.shop).count() == 0
    assert not Hit.select().exists()


def test_a_days_work_is_done_once_and_in_each_shops_own_day(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fiji = World.create(name="Fiji", timezone="Pacific/Fiji")
    done: list[str] = []
    monkeypatch.setattr(expiry, "expire_slices", lambda shop: iter([done.append(shop.name) or 1]))
    for hour in range(48):
        passes(datetime(2026, 6, 1, tzinfo=UTC) + timedelta(hours=hour))
    assert sorted(done) == ["Fiji"] * 3 + ["Fjord & Fern"] * 3
    assert shops.by_id(fiji.shop.id).daily_done == "2026-06-03"


def test_the_books_are_audited_every_day_and_anchored_every_minute(world: World) -> None:
    passes(NOON)
    mark = books.mark_of(world.shop)
    assert mark is not None
    assert (mark.checked_at, mark.whole_at, mark.findings) == (NOON, NOON, 0)
    with clock.at(NOON + timedelta(hours=1)):
        world.member().is_given(5)
    passes(NOON + timedelta(hours=1))
    assert books._anchored()[world.shop.id] == list(journal.last_of(world.shop.id))
    passes(NOON + timedelta(days=1))
    later = books.mark_of(world.shop)
    assert later is not None
    assert (later.checked_at, later.whole_at) == (NOON + timedelta(days=1), NOON)


def test_what_fails_holds_up_nothing_else_and_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    other = World.create(name="Another")
    people = []
    for one in (world, other):
        one.rule("birthday", points=200)
        with clock.at(NOON):
            people.append(one.member())
            birthdays.tell(people[-1].customer, date(1990, 6, 1))
    pay, broken = birthdays.pay_slices, [world.shop.id]

    def pay_or_fail(shop: Shop) -> Iterator[int]:
        if shop.id in broken:
            raise RuntimeError("ann@example.com")
        return pay(shop)

    def fail() -> int:
        raise RuntimeError

    monkeypatch.setattr(birthdays, "pay_slices", pay_or_fail)
    with monkeypatch.context() as patch:
        patch.setattr(awards, "mature_due", fail)
        patch.setattr(coupons, "expire_due", fail)
        passes(dawn(date(2026, 6, 1)))
    assert [one.balance for one in people] == [0, 200]
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 3
    broken.clear()
    passes(dawn(date(2026, 6, 1)) + timedelta(minutes=1))
    assert [one.balance for one in people] == [200, 200]


# Reminders (acceptance 50)


@pytest.fixture
def ann(world: World) -> Shopper:
    """A member whose 100 points are gone on GONE if she does nothing."""
    world.settings(expiry="inactivity", expiry_months=12, expiry_percent=100)
    with clock.at(JOINED):
        shopper = world.member()
        shopper.is_given(100)
        Job.delete().execute()
    return shopper


def test_reminders_come_at_the_set_days_and_once(world: World, ann: Shopper) -> None:
    came = []
    for days in range(40, -2, -1):
        for moment in (before(days), before(days) + timedelta(hours=22)):
            passes(moment)
            if sent("points_expire"):
                came.append(days)
                (letter,) = sent("points_expire")
                assert letter["values"] == {"points": 100, "expires_at": clock.iso(GONE)}
                assert (letter["to"], letter["locale"], letter["shop_id"]) == ("ann@example.com", "en", world.shop.id)
                Job.delete().execute()
    assert came == [30, 7]
    assert ann.history()[0] == ("expired", -100)


def test_what_the_reminder_says_is_what_happens(world: World, ann: Shopper) -> None:
    world.settings(expiry_percent=33, expiry_reminder_days=(1,))
    passes(before(1))
    (letter,) = sent("points_expire")
    values = {**letter["values"], "unsubscribe": "https://w.example/unsubscribe/1"}
    written = mail_templates.write("points_expire", "en", world.shop, world.program, values)
    assert "Points: 33" in written.text and "10 March 2027" in written.text
    passes(datetime(2027, 3, 10, 23, 59, tzinfo=BERLIN))
    assert ann.balance == 100
    passes(GONE)
    assert ann.balance == 67


def test_asked_again_it_mails_nobody_twice(world: World, ann: Shopper) -> None:
    with clock.at(before(7)):
        expiry.remind(world.shop)
        at_once(*[lambda: expiry.remind(world.shop)] * 3)
        Shop.update(daily_done=None).execute()
        jobs.every_minute()
    assert len(sent("points_expire")) == 1


def test_by_age_the_oldest_points_are_named(world: World, ann: Shopper) -> None:
    world.settings(expiry="age", expiry_reminder_days=(7,))
    with clock.at(JOINED + timedelta(days=1)):
        ann.is_given(50)
    passes(before(7))
    passes(GONE - timedelta(days=6))  # the younger ones have as long, but are not the next
    assert [letter["values"] for letter in sent("points_expire")] == [{"points": 100, "expires_at": clock.iso(GONE)}]


def test_whoever_was_active_since_is_reminded_later(world: World, ann: Shopper) -> None:
    with clock.at(JOINED + timedelta(days=10)):
        ann.orders("1.00")
    passes(before(7))
    assert sent("points_expire") == []
    passes(before(-3))
    assert [letter["values"]["expires_at"] for letter in sent("points_expire")] == [
        clock.iso(GONE + timedelta(days=10))
    ]


@pytest.mark.parametrize("mode", ["age", "inactivity"])
def test_all_pages_of_a_large_shop_are_reminded_once(world: World, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "PAGE", 2)
    world.settings(expiry=mode, expiry_months=12)
    with clock.at(JOINED):
        for number in range(5):
            world.member(f"c{number}@example.com").is_given(100)
    for _ in range(2):
        with clock.at(before(7)):
            expiry.remind(world.shop)
    assert sorted(letter["to"] for letter in sent("points_expire")) == [f"c{number}@example.com" for number in range(5)]


def test_only_members_with_a_verified_address_are_reminded(world: World) -> None:
    world.settings(expiry="inactivity", expiry_months=12)
    with clock.at(JOINED):
        people = [world.vouched("c-1", "unverified@example.com"), world.vouched("c-2"), world.visitor()]
        people += [world.member("left@example.com"), world.member("spent@example.com")]
        people.append(world.vouched("c-3", "verified@example.com", verified=True))
        for one in people:
            one.is_given(100)
        customers.leave(people[3].customer)
        people[4].redeems(world.reward(cost=100))
    passes(before(7))
    assert [letter["to"] for letter in sent("points_expire")] == ["verified@example.com"]


def test_nobody_is_reminded_of_what_does_not_happen(world: World, ann: Shopper) -> None:
    for settings in ({"expiry": "off"}, {"expiry": "inactivity", "expiry_reminder_days": ()}):
        world.settings(**settings)
        passes(before(7))
        Shop.update(daily_done=None).execute()
    world.settings(expiry_reminder_days=(7,))
    with clock.at(before(20)):
        programs.pause(world.shop.id)
    passes(before(7))
    assert sent("points_expire") == []


def test_after_a_pause_the_reminder_counts_from_the_day_of_grace(world: World, ann: Shopper) -> None:
    world.settings(expiry_reminder_days=(7,))
    with clock.at(before(20)):
        programs.pause(world.shop.id)
    with clock.at(before(-60)):
        programs.activate(world.shop.id)
    gone = GONE + timedelta(days=60 + programs.PAUSE_GRACE_DAYS + 1)
    for days in (9, 8, 7, 6, 1):
        passes(dawn((gone - timedelta(days=days)).date()))
    assert [letter["values"] for letter in sent("points_expire")] == [{"points": 100, "expires_at": clock.iso(gone)}]
    passes(gone - timedelta(seconds=1))
    assert ann.balance == 100
    passes(gone)
    assert ann.balance == 0


def test_her_own_language_comes_before_the_shops(database: str) -> None:
    world = World.create(locale="fr")
    world.settings(expiry="inactivity", expiry_months=12)
    with clock.at(JOINED):
        ann, bob = world.member("ann@example.com"), world.member("bob@example.com")
        customers.update(ann.customer, locale="de")
        for one in (ann, bob):
            one.is_given(10)
    passes(before(7))
    assert {letter["to"]: letter["locale"] for letter in sent("points_expire")} == {
        "ann@example.com": "de",
        "bob@example.com": "fr",
    }


# The worker


def test_a_mail_is_sent_and_its_job_is_gone(world: World) -> None:
    world.member()
    assert jobs.run_all() == 1
    assert not Job.everywhere().exists()
    (file,) = (config.current().instance / "mail").glob("*.eml")
    assert b"To: ann@example.com" in file.read_bytes()


def test_every_name_of_a_job_has_its_handler(world: World) -> None:
    assert set(jobs.JOBS) == set(job_queue.JobName)
    assert set(jobs.BULK) <= set(job_queue.JobName)
    for name in job_queue.JobName:
        job_queue.enqueue(name, {})
    for name in job_queue.JobName:
        assert Job.everywhere().where(Job.name == name, Job.name.in_([name]), Job.name == name.value).count() == 1


def test_a_job_that_fails_or_that_nobody_knows_is_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(payload: dict[str, Any]) -> None:
        raise mail.MailNotSent("the server is away")

    monkeypatch.setitem(jobs.JOBS, "fail", fail)
    job_queue.enqueue("fail", {})
    job_queue.enqueue("from a newer version", {})
    assert jobs.run_all() == 2
    kept = {job.name: (job.status, job.tries, job.last_error) for job in Job.everywhere()}
    assert kept == {
        "fail": ("waiting", 1, "MailNotSent: the server is away"),
        "from a newer version": ("waiting", 1, "KeyError: 'from a newer version'"),
    }
    monkeypatch.setitem(jobs.JOBS, "fail", lambda payload: None)
    with clock.at(clock.now() + timedelta(minutes=1)):
        assert jobs.run_all() == 2
    assert [job.name for job in Job.everywhere()] == ["from a newer version"]


def test_the_worker_works_is_seen_and_stops_between_two_jobs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, done = threading.Event(), []

    def note(payload: dict[str, Any]) -> None:
        done.append(payload["number"])
        if len(done) == 2:
            until(lambda: ann.balance == 50, "points mature beside the jobs")
            stop.set()

    monkeypatch.setitem(jobs.JOBS, "note", note)
    world.settings(wait_days=2)
    world.order_rule(10)
    with clock.at(NOON):
        ann = world.member()
        Job.delete().execute()
        ann.orders("5.00")
    for number in range(4):
        job_queue.enqueue("note", {"number": number})
    worker = threading.Thread(target=jobs.work, args=(stop,))
    worker.start()
    worker.join(60)
    stop.set()  # whatever became of it, no worker outlives its story
    worker.join(60)
    assert done == [0, 1]
    assert Job.everywhere().count() == 2
    assert job_queue.worker_seen()
    assert ann.balance == 50


def test_the_worker_goes_on_when_the_database_was_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, failures = threading.Event(), [RuntimeError("away")]
    monkeypatch.setattr(jobs, "IDLE_SECONDS", 0.01)
    claim = job_queue.claim

    def claim_or_fail(*conditions: Any) -> Job | None:
        if failures:
            raise failures.pop()
        return claim(*conditions)

    monkeypatch.setattr(job_queue, "claim", claim_or_fail)
    monkeypatch.setitem(jobs.JOBS, "note", lambda payload: stop.set())
    job_queue.enqueue("note", {})
    jobs.work(stop)
    db.connect()
    assert not Job.everywhere().exists()


def test_a_rhythm_is_due_at_once_and_then_every_so_many_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(jobs.time, "monotonic", lambda: now[0])
    rhythm = jobs.Interval(60)
    heard = []
    for second in (0, 1, 59.9, 60, 61, 200, 201, 260):
        now[0] = 100 + second
        if rhythm.is_due():
            heard.append(second)
    assert heard == [0, 60, 200, 260]
