"""Parked messages are listed, and all that wait are tried again at once (contracts §4)."""

from datetime import timedelta

from tests.make import NOON, World
from widget_server import clock, job_queue, jobs
from widget_server.loyalty.earning import orders, parked_messages
from widget_server.loyalty.earning.orders import Parked

BODY = (
    '{"id": "x%d", "type": "review", "customer": {"id": "c-1", "email": "ann@example.com"},'
    ' "occurred_at": "2026-03-10T12:00:00Z"}'
)


def park(world: World, body: str) -> None:
    orders.park(world.shop, "generic", "action", body.encode(), reason="a reader that could not read yet")


def test_all_that_wait_are_tried_again_and_others_stay(world: World) -> None:
    world.rule("review", points=20)
    for number in range(3):
        park(world, BODY % number)
    park(world, '{"id": "odd"}')
    dismissed = Parked.need(world.shop, Parked.body == BODY % 2)
    orders.dismiss(world.shop, dismissed.id)
    assert (parked_messages.waiting(world.shop), parked_messages.retry_all(world.shop)) == (3, 3)
    parked_messages.retry_all(world.shop)  # a second click queues nothing more
    assert job_queue.Job.select().where(job_queue.Job.name == "retry_all_parked").count() == 1
    jobs.run_all()
    statuses = {row.body: row.status for row in Parked.of(world.shop)}
    assert statuses == {BODY % 0: "booked", BODY % 1: "booked", BODY % 2: "dismissed", '{"id": "odd"}': "waiting"}
    assert Parked.need(world.shop, Parked.status == "waiting").reason != "a reader that could not read yet"
    assert parked_messages.retry_all(World.create().shop) == 0


def test_a_page_by_status_newest_first(world: World) -> None:
    for number in range(4):
        with clock.at(NOON + timedelta(minutes=number)):
            park(world, BODY % number)
    first = parked_messages.page(world.shop, status="waiting", limit=3)
    second = parked_messages.page(world.shop, status="waiting", after=first.next, limit=3)
    assert [row.body for row in (*first.rows, *second.rows)] == [BODY % number for number in (3, 2, 1, 0)]
    assert parked_messages.page(world.shop, status="booked").rows == []
