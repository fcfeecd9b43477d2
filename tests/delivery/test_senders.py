"""Senders: what waits reaches real receivers, and one that hangs holds up only itself."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from tests.delivery.receivers import Receiver, receiving, until
from tests.delivery.test_outbox import moved
from tests.make import World
from tests.test_cli import env
from widget_server import config, db, jobs
from widget_server.delivery import endpoints, outbox, senders
from widget_server.delivery.outbox import Lane, Message


@pytest.fixture(autouse=True)
def hasty(world: World) -> None:
    """Private addresses are allowed, a receiver has one second, and pauses are short."""
    config.use(
        replace(config.current(), allow_private_webhooks=True, webhook_timeout_ms=1000, webhook_pause_divisor=1000)
    )


@contextmanager
def sending() -> Iterator[threading.Event]:
    """The senders of a worker, for as long as the block runs."""
    stop = threading.Event()
    thread = threading.Thread(target=senders.work, args=(stop,))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def all_sent(world: World) -> bool:
    return not Message.of(world.shop).where(Message.status != "sent").exists()


def test_what_waits_arrives_signed_and_in_order(world: World) -> None:
    with receiving() as shop:
        endpoint = endpoints.create(world.shop.id, url=shop.url)
        for amount in range(30):
            for customer in ("ann", "bob", "cem"):
                moved(world.shop.id, customer, amount)
        with sending():
            until(lambda: all_sent(world))
            moved(world.shop.id, "ann", 30)
            until(lambda: all_sent(world))
    assert endpoint.secret
    found = defaultdict(list)
    for heard in shop.heard:
        data = Webhook(endpoint.secret).verify(heard.body, heard.headers)["data"]
        found[data["customer_id"]].append(data["amount"])
    assert found == {"ann": list(range(31)), "bob": list(range(30)), "cem": list(range(30))}
    assert len({heard.headers["webhook-id"] for heard in shop.heard}) == 91
    assert not Lane.of(world.shop).exists()


def test_a_long_lane_is_carried_without_a_rest(world: World) -> None:
    with receiving() as shop:
        endpoints.create(world.shop.id, url=shop.url)
        for amount in range(outbox.LOAD_MAX * 10):
            moved(world.shop.id, "ann", amount)
        outbox.sort_new()
        began = time.monotonic()
        with sending():
            shop.awaits(outbox.LOAD_MAX * 10)
        assert time.monotonic() - began < 10 * senders.IDLE_SECONDS


def test_a_message_is_tried_until_it_is_taken_and_nothing_overtakes_it(world: World) -> None:
    with receiving(Receiver(replies=lambda n: (500, b"later") if n < 3 else (200, b""))) as shop:
        endpoints.create(world.shop.id, url=shop.url)
        for amount in (1, 2):
            moved(world.shop.id, "ann", amount)
        with sending():
            until(lambda: all_sent(world))
    assert [json.loads(heard.body)["data"]["amount"] for heard in shop.heard] == [1, 1, 1, 1, 2]
    assert len({heard.headers["webhook-id"] for heard in shop.heard[:4]}) == 1
    assert Message.of(world.shop).order_by(Message.number).first().tries == 4


def test_a_receiver_that_says_when_to_come_again_is_left_alone_until_then(world: World) -> None:
    moments = []

    def replies(number: int) -> tuple[int, bytes]:
        moments.append(time.monotonic())
        return (429, b"slowly") if number == 0 else (200, b"")

    with receiving(Receiver(replies=replies, headers={"Retry-After": "2"})) as shop:
        endpoints.create(world.shop.id, url=shop.url)
        for amount in (1, 2):
            moved(world.shop.id, "ann", amount)
        with sending():
            until(lambda: all_sent(world))
    assert [json.loads(heard.body)["data"]["amount"] for heard in shop.heard] == [1, 1, 2]
    assert moments[1] - moments[0] >= 2


def test_a_receiver_that_hangs_holds_up_only_itself(world: World) -> None:
    with receiving(Receiver(hangs=5)) as hanging, receiving() as well:
        for shop in (hanging, well):
            endpoints.create(world.shop.id, url=shop.url)
        for number in range(60):
            moved(world.shop.id, f"customer-{number}", 1)
        began = time.monotonic()
        with sending():
            well.awaits(60)
            assert time.monotonic() - began < 5
            time.sleep(2.5)
            busy = len(hanging.heard)
            # the first ones found out; since then it is asked by one sender at a time
            assert busy <= senders.QUICK_EACH + 4
            moved(world.shop.id, "late", 1)
            began = time.monotonic()
            well.awaits(61)
            assert time.monotonic() - began < 2


def test_many_receivers_that_hang_leave_room_for_others(world: World) -> None:
    with receiving(Receiver(hangs=3)) as hanging, receiving() as well:
        for number in range(senders.SLOW * 2):
            endpoints.create(world.shop.id, url=f"{hanging.url}&n={number}")
        moved(world.shop.id, "ann", 1)
        moved(world.shop.id, "bob", 1)
        with sending():
            until(lambda: len(hanging.heard) >= senders.SLOW * 2)
            time.sleep(1.5)
            endpoints.create(world.shop.id, url=well.url)
            began = time.monotonic()
            for number in range(20):
                moved(world.shop.id, f"customer-{number}", 1)
            well.awaits(20)
            assert time.monotonic() - began < 4


def test_a_receiver_that_is_well_again_gets_all_that_waited(world: World) -> None:
    shop = Receiver(replies=lambda n: (200, b""))
    with receiving(shop):
        endpoints.create(world.shop.id, url=shop.url)
        for number in range(20):
            moved(world.shop.id, f"customer-{number}", 1)
        shop.hangs = 1.5
        with sending():
            shop.awaits(3)
            shop.hangs = 0
            until(lambda: all_sent(world))


def test_what_is_under_way_is_brought_home_before_the_end(world: World) -> None:
    with receiving(Receiver(hangs=0.4)) as shop:
        endpoints.create(world.shop.id, url=shop.url)
        for amount in (1, 2):
            moved(world.shop.id, "ann", amount)
        with sending() as stop:
            shop.awaits(1)
            stop.set()
        assert len(shop.heard) == 1
    assert [row.status for row in Message.of(world.shop).order_by(Message.number)] == ["sent", "waiting"]
    lane = Lane.need(world.shop)
    assert lane.lease is None


def test_the_worker_sends_too(world: World) -> None:
    with receiving() as shop:
        endpoints.create(world.shop.id, url=shop.url)
        stop = threading.Event()
        worker = threading.Thread(target=jobs.work, args=(stop,))
        worker.start()
        try:
            world.member().is_given(5)
            until(lambda: any(b"points.moved" in heard.body for heard in shop.heard))
        finally:
            stop.set()
            worker.join(20)
    assert not worker.is_alive()


def test_a_message_that_cannot_be_signed_is_noted_and_dies(world: World) -> None:
    """The secret was sealed by another server's key."""
    with receiving() as shop:
        endpoint = endpoints.create(world.shop.id, url=shop.url)
        endpoints.Endpoint.update(secret_sealed="broken").execute()
        config.use(replace(config.current(), webhook_pause_divisor=10**9))
        moved(world.shop.id, "ann", 1)
        with sending():
            until(lambda: outbox.dead_letters(world.shop.id, endpoint.id))
    (letter,) = outbox.dead_letters(world.shop.id, endpoint.id)
    assert (letter.tries, letter.answer_status) == (outbox.TRIES_MAX, None)
    assert "InvalidToken" in letter.answer
    assert shop.heard == []


def test_a_database_that_stumbles_is_asked_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, calls = outbox.settle, []

    def stumbles(outcomes: list[outbox.Outcome]) -> None:
        calls.append(outcomes)
        if len(calls) == 1:
            raise OSError("the disk is full")
        kept(outcomes)

    monkeypatch.setattr(outbox, "settle", stumbles)
    with receiving() as shop:
        endpoints.create(world.shop.id, url=shop.url)
        moved(world.shop.id, "ann", 1)
        with sending():
            until(lambda: all_sent(world))
    assert len(shop.heard) == 1
    assert calls[0] == calls[1]


def test_a_worker_that_is_told_to_stop_stops_soon(world: World, database: str, tmp_path: Path) -> None:
    """A process of its own, while a receiver hangs."""
    known = {**os.environ, **env(database, WIDGET_ALLOW_PRIVATE_WEBHOOKS="1", WIDGET_WEBHOOK_TIMEOUT_MS="2000")}
    with receiving(Receiver(hangs=30)) as shop, (tmp_path / "worker.log").open("wb") as log:
        endpoints.create(world.shop.id, url=shop.url)
        for number in range(20):
            moved(world.shop.id, f"customer-{number}", 1)
        db.disconnect()
        worker = subprocess.Popen([sys.executable, "-m", "widget_server.cli", "worker"], env=known, stderr=log)
        try:
            shop.awaits(2)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(20) == 0
        finally:
            worker.kill()
            worker.wait()
    db.connect()
    assert not Lane.of(world.shop).where(Lane.lease.is_null(False)).exists()
    assert "Traceback" not in (tmp_path / "worker.log").read_text()
