"""After the nightly rewriting no byte of erased text is left in the files of the embedded database (acceptance 58).

SQLite zeroes what is deleted, but not what a row leaves behind when it moves inside its page: that is the failing case.
"""

import random
from datetime import timedelta

import cysqlite
import pytest
from peewee import OperationalError

from tests.loyalty.imports.importing import imported
from tests.make import BERLIN_MIDNIGHT, NOON, World
from widget_server import clock, config, db, jobs, remains
from widget_server.job_queue import Job, JobName
from widget_server.loyalty.imports import imports
from widget_server.loyalty.people import privacy, recognition
from widget_server.loyalty.people.customers import Customer, Person

DATABASES = ("sqlite",)
CROWD, SEED = 120, 7  # with these a trace is left, on every run


def waiting() -> list[Job]:
    """The jobs that will rewrite the file."""
    return list(Job.select().where(Job.name == JobName.REWRITE_FILE, Job.status == "waiting"))


def crowd(world: World) -> dict[str, Customer]:
    """Customers by the marks in their names, which are long and in any order: so pages of the index are divided."""
    chance, people = random.Random(SEED), dict[str, Customer]()
    with db.atomic():
        for number in range(CROWD):
            mark = f"{chance.getrandbits(40):010x}-quill"
            name = mark + " x" * chance.randrange(10, 80)
            people[mark] = recognition.recognise(world.shop.id, Person(email=f"{number}@example.com", name=name))
    return people


def erase(world: World, people: dict[str, Customer]) -> set[str]:
    """Erase every fourth one; returns the marks of whoever is erased."""
    gone = dict(list(people.items())[::4])
    with db.atomic():
        for customer in gone.values():
            privacy.erase(world.shop, customer)
    jobs.run_all()
    return set(gone)


def in_files(marks: set[str]) -> set[str]:
    """The marks whose bytes are in a file of the instance folder: the database, its log, and everything beside it."""
    contents = [path.read_bytes() for path in config.current().instance.rglob("*") if path.is_file()]
    return {mark for mark in marks if any(mark.encode() in content for content in contents)}


def test_what_rows_left_behind_is_gone_after_the_night(world: World) -> None:
    with clock.at(NOON):
        people = crowd(world)
        gone = erase(world, people)
        assert in_files(gone), "else the rest proves nothing"
        assert in_files(set(people) - gone) == set(people) - gone
        assert jobs.run_all() == 0  # not by day
    with clock.at(BERLIN_MIDNIGHT + timedelta(hours=remains.QUIET_HOUR)):
        assert jobs.run_all() == 1
    assert in_files(gone) == set()
    assert in_files(set(people) - gone) == set(people) - gone
    assert waiting() == []
    world.books_must_balance()


def test_many_erasures_are_one_rewriting_in_the_quiet_hour_of_the_shop(world: World) -> None:
    with clock.at(NOON):
        ann, bob = world.member("ann@example.com"), world.member("bob@example.com")
        assert waiting() == []
        for one in (ann, bob):
            privacy.erase(world.shop, one.customer)
        (job,) = waiting()
        assert job.run_at == BERLIN_MIDNIGHT + timedelta(hours=3)
    with clock.at(BERLIN_MIDNIGHT + timedelta(hours=3)):
        jobs.run_all()
        privacy.erase_unknown(world.shop, external_id=None, email="cem@example.com")
        (job,) = waiting()
        assert job.run_at == BERLIN_MIDNIGHT + timedelta(days=1, hours=3)


def test_what_is_erased_while_the_file_is_rewritten_waits_for_the_next_night(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job that runs has not seen it: its row is not taken for a promise."""
    ann, bob = world.member("ann@example.com"), world.member("bob@example.com")
    rewrite = remains.rewrite

    def slowly() -> bool:
        is_log_empty = rewrite()
        privacy.erase(world.shop, bob.customer)
        return is_log_empty

    with clock.at(NOON):
        privacy.erase(world.shop, ann.customer)
    monkeypatch.setattr(remains, "rewrite", slowly)
    with clock.at(NOON + timedelta(days=1)):
        jobs.run_all()
        assert len(waiting()) == 1


def test_old_files_of_imports_are_remains_too(world: World) -> None:
    imported(world, "email,points\nann@example.com,5\n")
    with clock.at(clock.now() + timedelta(days=imports.KEPT_DAYS + 1)):
        imports.forget_old()
        assert len(waiting()) == 1


def test_without_room_on_the_disk_it_says_so_and_tries_again(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with clock.at(NOON):
        privacy.erase(world.shop, world.member().customer)
    usage = remains.shutil.disk_usage("/")
    monkeypatch.setattr(remains.shutil, "disk_usage", lambda folder: usage._replace(free=1000))
    monkeypatch.setattr(remains, "rewrite", lambda: pytest.fail("it began without room"))
    with clock.at(NOON + timedelta(days=1)):
        jobs.run_all()
        (job,) = waiting()
        assert job.run_at == NOON + timedelta(days=2)
    assert "MB free in" in caplog.text and "in a day it is tried again" in caplog.text


def test_a_very_large_file_is_left_to_its_operator(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with clock.at(NOON):
        privacy.erase(world.shop, world.member().customer)
    monkeypatch.setattr(remains, "AUTOMATIC_BYTES_MAX", 1000)
    monkeypatch.setattr(remains, "rewrite", lambda: pytest.fail("it would hold writers up"))
    with clock.at(NOON + timedelta(days=1)):
        jobs.run_all()
    assert "Run `widget-server rewrite` at a quiet time" in caplog.text


def test_while_somebody_reads_the_log_is_emptied_later(world: World) -> None:
    with clock.at(NOON):
        privacy.erase(world.shop, world.member().customer)
        jobs.run_all()
    reader = cysqlite.connect(str(db.file_of_database()))
    reader.execute("BEGIN")
    reader.execute("SELECT COUNT(*) FROM customer").fetchone()
    with clock.at(NOON + timedelta(days=1)):
        jobs.run_all()
        assert Job.select().where(Job.name == JobName.SETTLE_ERASURE).count() == 1
    reader.execute("ROLLBACK")
    reader.close()
    with clock.at(NOON + timedelta(days=1, minutes=2)):
        jobs.run_all()
    assert not Job.select().where(Job.name == JobName.SETTLE_ERASURE).exists()


def test_while_another_program_writes_the_job_tries_again(world: World) -> None:
    with clock.at(NOON):
        privacy.erase(world.shop, world.member().customer)
        jobs.run_all()
    other = cysqlite.connect(str(db.file_of_database()))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="locked"):
        remains.rewrite_now()
    other.execute("ROLLBACK")
    other.close()
    assert remains.rewrite_now().is_log_empty


def test_postgresql_has_nothing_of_the_kind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remains, "on_sqlite", lambda: False)
    remains.note(world.shop.timezone)
    remains.clear({})
    assert waiting() == [] and db.on_sqlite()
