"""Whether the server is alive and ready, and why not (contracts §3)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.make import World
from widget_server import clock, db, job_queue, migrate
from widget_server.job_queue import Beat
from widget_server.loyalty import books


def ready(client: FlaskClient) -> tuple[int, str | None]:
    """The status of /readyz, and the reason it gives."""
    answer = client.get("/readyz")
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.json.get("reason")


def test_it_is_ready_while_a_worker_was_seen_within_a_minute(client: FlaskClient) -> None:
    unseen = (503, "no worker was seen within a minute")
    assert ready(client) == unseen
    job_queue.beat("here:1")
    assert ready(client) == (200, None)
    Beat.update(seen_at=clock.now() - timedelta(seconds=61)).execute()
    assert ready(client) == unseen
    job_queue.beat("there:1")
    assert ready(client) == (200, None)


def test_books_that_do_not_balance_are_named_and_leave_it_ready(client: FlaskClient, world: World) -> None:
    """Which shop and how many findings, since this needs no key."""
    job_queue.beat("here:1")
    ann = world.member()
    db.database.execute_sql("UPDATE account SET tier_points = 77")
    list(books.audit())
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["status"]) == (200, "ready")
    (found,) = answer.json["books"]
    assert (found["shopId"], found["findings"], sorted(found)) == (
        world.shop.id,
        1,
        ["checkedAt", "findings", "shopId"],
    )
    assert ann.account.id not in answer.text
    db.database.execute_sql("UPDATE account SET tier_points = 0")
    list(books.audit())
    assert client.get("/readyz").json == {"status": "ready"}


def test_it_is_not_ready_while_migrations_are_pending(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    job_queue.beat("here:1")
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps" / "9999_shelf.py").write_text("def up(migrator, db):\n    pass\n")
    monkeypatch.setattr(migrate, "MIGRATIONS", tmp_path / "steps")
    assert ready(client) == (503, "migrations are pending: 9999_shelf")


@pytest.fixture
def broken(client: FlaskClient, database: str, tmp_path: Path, backend: str) -> Iterator[FlaskClient]:
    """The database went away, as a process finds it that has no connection yet."""
    db.disconnect()
    away = f"sqlite:///{tmp_path}" if backend == "sqlite" else "postgresql://fern:hush@127.0.0.1:1/loyalty"
    db.open_database(away)
    yield client
    db.open_database(database)
    db.connect()


def test_without_a_database_it_is_alive_but_not_ready_and_says_so(broken: FlaskClient) -> None:
    assert broken.get("/healthz").json == {"status": "alive"}
    assert ready(broken) == (503, "the database does not answer")
    refused = broken.get("/widget/earn")
    assert (refused.status_code, refused.json["error"]["code"]) == (503, "database_away")
    assert refused.headers["Retry-After"] == "5"
    assert "hush" not in refused.text and "127.0.0.1" not in refused.text
