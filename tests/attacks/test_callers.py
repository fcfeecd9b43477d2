"""Callers who come too often, all at once, or leave before their response: others are served (contracts §17)."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.attacks.test_queries import ENDLESS
from tests.make import World
from widget_server import config, db, gateway, lanes, work
from widget_server.errors import Busy, WrongCredentials
from widget_server.gateway import Gateway
from widget_server.loyalty.people import access_tokens, api_keys, sign_in
from widget_server.web import key_rates, limits

PROGRAM = "/loyalty-programs/v1/program"


class Protocol:
    """A connection whose caller leaves when told to."""

    def __init__(self) -> None:
        self.left = asyncio.Event()
        self.status: int | None = None

    async def client_disconnect(self) -> None:
        await self.left.wait()

    def response_bytes(self, status: int, headers: Any, body: bytes) -> None:
        self.status = status


def scope(path: str = "/", authorization: str = "", client: str = "192.0.2.1:5") -> Any:
    headers = {"authorization": authorization} if authorization else {}
    return SimpleNamespace(
        path=path, method="GET", headers=headers, client=client, server="127.0.0.1:80", scheme="http",
        http_version="1.1", query_string="", authority=None,
    )  # fmt: skip


def on_a_loop(story: Callable[[], Any]) -> Any:
    """Run an asynchronous story on an event loop of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(story())).result()


class Application:
    """Holds each request until it is let go, and notes how many of which caller are inside at once."""

    def __init__(self) -> None:
        self.go_on, self.lock = threading.Event(), threading.Lock()
        self.inside, self.ran = 0, list[str]()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        with self.lock:
            self.inside += 1
            self.ran.append(environ["PATH_INFO"])
        self.go_on.wait(30)
        start_response("200 OK", [])
        return [b""]


# All at once


def one_more_is_served(door: Gateway, application: Application) -> None:
    """Twenty requests of one key are under way; a shopper's comes and is served by a thread."""

    async def story() -> None:
        asked = [asyncio.create_task(door.__rsgi__(scope("/key", "sk_one"), Protocol())) for _ in range(20)]
        await asyncio.sleep(0.2)
        shopper = asyncio.create_task(door.__rsgi__(scope("/shopper"), Protocol()))
        await asyncio.sleep(0.2)
        ran = list(application.ran)
        application.go_on.set()
        await asyncio.gather(*asked, shopper)
        assert "/shopper" in ran and ran.count("/key") == gateway.KEY_AT_ONCE, ran

    on_a_loop(story)


def test_one_key_never_has_all_threads() -> None:
    application = Application()
    one_more_is_served(Gateway(application, 6), application)


def test_without_turns_it_has_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "key_of", lambda scope: None)
    application = Application()
    with pytest.raises(AssertionError):
        one_more_is_served(Gateway(application, 6), application)


# Too often


@pytest.fixture
def secret(world: World, client: FlaskClient) -> Iterator[str]:
    """A key that may send three requests a minute."""
    settings = config.current()
    config.use(config.Settings(**{**settings.__dict__, "key_rate": 3}))
    yield api_keys.create_key(world.shop.id, "eager")[1]
    key_rates.forget()


def statuses(client: FlaskClient, secret: str, count: int) -> list[int]:
    results = [client.get(PROGRAM, headers={"Authorization": secret}) for _ in range(count)]
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in results if answer.status_code == 429)
    return [answer.status_code for answer in results]


def test_a_key_has_a_rate_and_another_has_its_own(world: World, client: FlaskClient, secret: str) -> None:
    assert statuses(client, secret, 5) == [200, 200, 200, 429, 429]
    assert statuses(client, api_keys.create_key(world.shop.id, "calm")[1], 3) == [200, 200, 200]


def test_without_counting_it_has_none(client: FlaskClient, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_rates, "count", lambda key_id: None)
    assert statuses(client, secret, 5) == [200] * 5


# Those who leave


def ran_for_a_leaver() -> list[str]:
    """One request has the only thread, the caller of the second leaves: which of the two ran."""
    application = Application()
    door = Gateway(application, 1)

    async def story() -> None:
        first = asyncio.create_task(door.__rsgi__(scope("/first"), Protocol()))
        await asyncio.sleep(0.1)
        leaver = Protocol()
        second = asyncio.create_task(door.__rsgi__(scope("/second"), leaver))
        await asyncio.sleep(0.1)
        leaver.left.set()
        await asyncio.sleep(0.1)
        application.go_on.set()
        await asyncio.gather(first, second)
        assert (leaver.status == gateway.CALLER_LEFT) is ("/second" not in application.ran)

    on_a_loop(story)
    return application.ran


def test_who_left_before_a_thread_was_free_is_not_served() -> None:
    assert ran_for_a_leaver() == ["/first"]


def test_without_a_look_whether_they_left_they_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work.Work, "abandon", lambda work: None)
    assert ran_for_a_leaver() == ["/first", "/second"]


def read_while_leaving(url: str) -> bool:
    """Somebody leaves in the middle of a long read; True when that ends it."""
    under_way, done = work.Work(), list[bool]()

    def read() -> None:
        db.connect()
        try:
            with under_way.here():
                list(db.database.execute_sql(ENDLESS))
        except Exception as failure:
            done.append(work.was_ended(failure))
        finally:
            db.disconnect()

    reader = threading.Thread(target=read)
    reader.start()
    reader.join(0.5)
    assert reader.is_alive()
    under_way.abandon()
    reader.join(20)
    return done == [True]


def test_a_read_ends_when_its_caller_leaves(world: World, database: str) -> None:
    for number in range(30):
        world.visitor(f"ann{number}@example.com")
    assert read_while_leaving(database)


def test_what_changes_something_goes_on(world: World) -> None:
    """A webhook whose sender was impatient is booked."""
    under_way = work.Work()
    under_way.abandon()
    with under_way.here(), db.atomic():
        assert not work.is_abandoned(db.database)
        world.visitor("ann@example.com")
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)"
        assert list(db.database.execute_sql(f"{numbers} SELECT COUNT(*) FROM n")) == [(50_000,)]


# Passwords, and what anybody may write


def tries(world: World, count: int) -> list[str]:
    """So many wrong passwords at once, each for another address: what each attempt ends with."""

    def attempt(number: int) -> str:
        db.connect()
        try:
            sign_in.with_password(world.shop, f"x{number}@example.com", "not the right one")
        except (WrongCredentials, Busy) as no:
            return no.code
        finally:
            db.disconnect()
        return "in"

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(attempt, range(count)))


def test_passwords_take_one_place_and_the_rest_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = tries(world, 24)
    assert "busy" in ended and set(ended) <= {"busy", "wrong_credentials"}


def test_without_the_lane_all_of_them_are_hashed_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "HASHING", lanes.Lane(at_once=100, waiting=100))
    with pytest.raises(AssertionError):
        test_passwords_take_one_place_and_the_rest_are_refused(world, monkeypatch)


def test_a_strangers_tokens_are_counted_by_network(world: World, client: FlaskClient) -> None:
    body = {"grant_type": "anonymous", "client_id": world.shop.id}
    results = [client.post("/oauth2/token", json=body).status_code for _ in range(130)]
    assert results[0] == 200 and results[-1] == 429
    assert access_tokens.AccessToken.of(world.shop).count() <= 2 * results.count(200)


def test_without_the_count_they_have_as_many_as_they_like(
    world: World, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.COUNTERS, ("address", "process"), lambda *words: None)
    with pytest.raises(AssertionError):
        test_a_strangers_tokens_are_counted_by_network(world, client)
