"""What reads leave behind is kept in memory and written together."""

import operator
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.make import NOON, World, at_once
from tests.panels import Panel
from tests.test_serve import until
from widget_server import clock, db, tallies
from widget_server.loyalty.people import api_keys
from widget_server.loyalty.people.api_keys import ApiKey
from widget_server.loyalty.referrals.links import ReferralVisit
from widget_server.tallies import Tally
from widget_server.web import rate_limits
from widget_server.web.rate_limits import Hit


@pytest.fixture
def counts(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """What a tally of numbers has written so far."""
    written: dict[str, int] = {}
    monkeypatch.setattr(tallies, "_tallies", [])
    Tally(lambda key, count: written.update({key: written.get(key, 0) + count}), merge=operator.add)
    return written


def note(key: str, count: int = 1) -> None:
    tallies._tallies[0].note(key, count)


def test_facts_are_written_once_and_merged(counts: dict[str, int]) -> None:
    at_once(*[lambda: [note("a") for _ in range(100)]] * 6)
    note("b")
    assert counts == {}
    tallies.flush()
    tallies.flush()
    assert counts == {"a": 600, "b": 1}


def test_what_could_not_be_written_waits(counts: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    note("a")

    def fails(*_: Any) -> None:
        note("a", 5)  # meanwhile
        raise OSError("away")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="away"):
        patch.setattr(tallies._tallies[0], "_write", fails)
        tallies.flush()
    tallies.flush()
    assert counts == {"a": 6}


def test_so_many_keys_and_no_more_wait(counts: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "KEYS_MAX", 2)
    for key in ("a", "b", "c", "a"):
        note(key)
    tallies.flush()
    assert counts == {"a": 2, "b": 1}


def test_a_process_flushes_by_the_way_and_at_its_end(
    counts: dict[str, int], monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    monkeypatch.setattr(tallies, "FLUSH_SECONDS", 0.01)
    stop = threading.Event()
    thread = threading.Thread(target=tallies.keep_flushing, args=(stop,))
    thread.start()
    note("a")
    until(lambda: counts == {"a": 1}, "it is flushed by the way")
    monkeypatch.setattr(tallies, "FLUSH_SECONDS", 60)
    note("b")
    stop.set()
    thread.join(30)
    assert counts == {"a": 1, "b": 1}


# What is kept so


def statements(act: Any) -> list[str]:
    """What is written to the database meanwhile."""
    heard: list[str] = []

    def hear(event: Any) -> None:
        if db.WRITES.match(event.sql):
            heard.append(event.sql)

    db.database.obj.query_hooks.append(hear)
    try:
        act()
    finally:
        db.database.obj.query_hooks.remove(hear)
    return heard


def test_reads_write_nothing(world: World, client: FlaskClient) -> None:
    ann = world.member()
    world.order_rule(10)
    world.refer()
    panel, guest = Panel(client, world, ann), Panel(client, world)
    _, secret = api_keys.create_key(world.shop.id, "reports")
    shop, key = world.shop.embed_key, {"Authorization": secret}
    reads: dict[str, Any] = {
        "panel": lambda: client.get(f"/panel?shop={shop}"),
        "launcher": lambda: client.get(f"/widget.js?shop={shop}"),
        "balance": lambda: panel.get("/widget/my-balance"),
        "history": lambda: panel.get("/widget/my-balance/history?cursor=1000000"),
        "earn": lambda: panel.get("/widget/earn"),
        "redeem": lambda: panel.get("/widget/redeem"),
        "referral": lambda: panel.get("/widget/referral"),
        "badges": lambda: guest.post("/widget/badges", {"items": [{"price": "5"}]}),
        "friend's code": lambda: guest.post("/widget/friend-code", {"kept": None, "found": ["NOBODY"]}),
        "short link": lambda: client.get(f"/r/{ann.customer.referral_code}"),
        "admin": lambda: client.get("/loyalty-programs/v1/program", headers=key),
    }
    for name, read in reads.items():
        answer: list[Any] = []
        assert statements(lambda read=read, answer=answer: answer.append(read())) == [], name  # type: ignore[misc]
        assert answer[0].status_code in (200, 302), name


def test_a_key_was_last_used_when_it_was_and_from_where(world: World) -> None:
    made, secret = api_keys.create_key(world.shop.id, "reports")
    with clock.at(NOON):
        api_keys.key_by_secret(secret, address="192.0.2.1")
    with clock.at(NOON + timedelta(minutes=3)):
        api_keys.key_by_secret(secret, address="192.0.2.2")
    assert ApiKey.need(world.shop, ApiKey.id == made.id).last_used_at is None
    tallies.flush()
    kept = ApiKey.need(world.shop, ApiKey.id == made.id)
    assert (kept.last_used_at, kept.last_used_from) == (NOON + timedelta(minutes=3), "192.0.2.2")


def test_a_visitor_of_a_link_counts_once_a_day(world: World, client: FlaskClient) -> None:
    code = world.member().customer.referral_code

    def opens(address: str) -> None:
        assert client.get(f"/r/{code}", environ_overrides={"REMOTE_ADDR": address}).status_code == 302

    with clock.at(NOON):
        for address in ("192.0.2.1", "192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"):
            opens(address)
        for last in range(5):  # one household
            opens(f"2001:db8:0:1::{last}")
        opens("2001:db8:0:2::1")
    with clock.at(NOON + timedelta(days=1)):
        opens("192.0.2.1")
    tallies.flush()
    days = ReferralVisit.of(world.shop).order_by(ReferralVisit.day)
    assert [(one.day, one.visits) for one in days] == [("2026-03-10", 4), ("2026-03-11", 1)]


def test_floods_are_counted_in_the_process_alone(world: World) -> None:
    def allowed(tries: int) -> int:
        count = 0
        for _ in range(tries):
            try:
                rate_limits.limit_flood("10 per minute", "badges", "192.0.2.1")
                count += 1
            except rate_limits.RateLimited as no:
                assert no.facts["retry_after_seconds"] == 60
        return count

    with clock.at(NOON):
        assert sum(at_once(*[lambda: allowed(5)] * 6)) == 10
        assert allowed(1) == 0
    with clock.at(NOON + timedelta(minutes=1)):
        assert allowed(20) == 10
    assert Hit.select().count() == 0


def test_the_memory_of_floods_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits.ProcessStorage, "WINDOWS_MAX", 3)
    storage = rate_limits.ProcessStorage()
    for number in range(10):
        storage.incr(str(number), 60)
    assert [storage.get(str(number)) for number in range(10)] == [0] * 7 + [1] * 3
