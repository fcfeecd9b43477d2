"""Jobs run after the commit, at least once, and never twice at the same time."""

import time
from datetime import timedelta

import pytest

from tests.make import NOON, at_once
from widget_server import clock, db, job_queue


@pytest.fixture(autouse=True)
def _empty(database: str) -> None:
    """A database without jobs."""


def test_a_job_is_claimed_once_and_gone_when_done() -> None:
    job_queue.enqueue("send_mail", {"to": "ann"})
    job = job_queue.claim()
    assert job is not None
    assert (job.name, job.payload, job.tries) == ("send_mail", {"to": "ann"}, 1)
    assert job_queue.claim() is None
    job_queue.finish(job)
    with clock.at(clock.now() + timedelta(days=1)):
        assert job_queue.claim() is None


def test_the_same_is_promised_once_until_somebody_begins_with_it() -> None:
    for shop in ("a", "b", "a", "a"):
        job_queue.enqueue_once("recheck", {"shop": shop})
    begun = [job_queue.claim(), job_queue.claim()]
    assert [job.payload["shop"] for job in begun if job] == ["a", "b"]
    assert job_queue.claim() is None
    job_queue.enqueue_once("recheck", {"shop": "a"})
    again = job_queue.claim()
    assert again is not None
    assert (again.payload, again.tries) == ({"shop": "a"}, 1)


def test_a_promise_falls_with_its_transaction() -> None:
    with pytest.raises(ZeroDivisionError), db.atomic():
        job_queue.enqueue("send_mail", {})
        raise ZeroDivisionError
    assert job_queue.claim() is None


def test_jobs_run_in_the_order_of_their_time() -> None:
    with clock.at(NOON):
        job_queue.enqueue("late", {}, delay_seconds=2)
        job_queue.enqueue("early", {}, delay_seconds=1)
        assert job_queue.claim() is None
    with clock.at(NOON + timedelta(seconds=2)):
        assert [job.name for job in (job_queue.claim(), job_queue.claim()) if job] == ["early", "late"]


def test_a_failed_job_comes_again_after_growing_pauses_and_dies_in_the_end() -> None:
    with clock.at(NOON):
        job_id = job_queue.enqueue("send_mail", {})
    moment, pauses = NOON, []
    while True:
        with clock.at(moment):
            job = job_queue.claim()
            assert job is not None
            job_queue.fail(job, "the server is down " * 100)
        row = job_queue.Job.get_by_id(job_id)
        assert len(row.last_error) == 500
        if row.status == "dead":
            break
        pauses.append((row.run_at - moment).total_seconds())
        with clock.at(row.run_at - timedelta(milliseconds=1)):
            assert job_queue.claim() is None
        moment = row.run_at
    assert pauses == [min(2**tries, 3600) for tries in range(1, job_queue.TRIES_MAX)]
    with clock.at(moment + timedelta(days=30)):
        assert job_queue.claim() is None


def test_a_killed_workers_lease_ends() -> None:
    with clock.at(NOON):
        job_queue.enqueue("send_mail", {})
        killed = job_queue.claim()
    assert killed is not None
    with clock.at(NOON + timedelta(seconds=job_queue.LEASE_SECONDS - 1)):
        assert job_queue.claim() is None
    with clock.at(NOON + timedelta(seconds=job_queue.LEASE_SECONDS)):
        heir = job_queue.claim()
        assert heir is not None
        assert (heir.id, heir.tries) == (killed.id, 2)
        # it was only slow: what it says now no longer counts
        job_queue.fail(killed, "too late")
        job_queue.finish(killed)
        row = job_queue.Job.get_by_id(heir.id)
        assert (row.lease, row.last_error) == (heir.lease, None)


def test_a_job_that_kills_its_workers_dies_too() -> None:
    job_queue.enqueue("bomb", {})
    moment = clock.now()
    for _ in range(job_queue.TRIES_MAX):
        with clock.at(moment):
            assert job_queue.claim() is not None
        moment += timedelta(seconds=job_queue.LEASE_SECONDS)
    with clock.at(moment):
        assert job_queue.claim() is None
    bomb = job_queue.Job.get()
    assert (bomb.status, bomb.tries) == ("dead", job_queue.TRIES_MAX)
    assert bomb.last_error


def test_workers_never_run_one_job_at_the_same_time() -> None:
    for number in range(60):
        job_queue.enqueue("job", {"number": number})

    def works() -> list[tuple[int, float, float]]:
        ran = []
        while (job := job_queue.claim()) is not None:
            began = time.monotonic()
            time.sleep(0.002)
            ran.append((job.payload["number"], began, time.monotonic()))
            job_queue.finish(job)
        return ran

    ran = [run for runs in at_once(works, works, works) for run in runs]
    assert sorted(number for number, _, _ in ran) == list(range(60))


def test_a_worker_is_seen_for_a_minute() -> None:  # contracts §3
    assert not job_queue.worker_seen()
    with clock.at(NOON):
        job_queue.beat("w1")
        job_queue.beat("w1")
    with clock.at(NOON + timedelta(seconds=60)):
        assert job_queue.worker_seen()
        assert not job_queue.worker_seen(within_seconds=59)
        job_queue.beat("w2")
    with clock.at(NOON + timedelta(seconds=120)):
        assert job_queue.worker_seen()


def test_workers_of_other_days_are_forgotten() -> None:
    with clock.at(NOON):
        job_queue.beat("old")
        job_queue.beat("steady")
    with clock.at(NOON + timedelta(days=1)):
        job_queue.beat("steady")
        assert {beat.worker for beat in job_queue.Beat.select()} == {"old", "steady"}
    with clock.at(NOON + timedelta(days=1, seconds=1)):
        job_queue.beat("new")
        assert {beat.worker for beat in job_queue.Beat.select()} == {"new", "steady"}
