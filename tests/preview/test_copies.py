"""A preview copy is apart: whatever is done in it, nothing real happens, and nothing that is real finds it."""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.delivery.receivers import receiving, until
from tests.delivery.test_senders import all_sent, sending
from tests.integrator import Integrator
from tests.make import World, refused
from widget_server import clock, config, db, jobs, migrate, preview
from widget_server.delivery import endpoints
from widget_server.errors import BadRequest, NotFound, StaleRevision
from widget_server.loyalty.people import api_keys
from widget_server.loyalty.preview import copies, spans
from widget_server.loyalty.preview.copies import PreviewCopy, PreviewEvent
from widget_server.loyalty.preview.steps import AddSample, Move, Outcome, PlaceOrder, Redeem, Step
from widget_server.loyalty.program.shops import Shop

OF_COPIES = ("preview_copy", "preview_event", "audit_entry")


@pytest.fixture(autouse=True)
def wired(world: World) -> Iterator[None]:
    """What create_app wires."""
    copies.wire(preview.run)
    yield


def rows_of_everything() -> dict[str, list[Any]]:
    """All rows of all tables but those of copies; `audit_entry` has an entry for each copy."""
    found = {}
    for name in {table._meta.table_name for table in migrate.TABLES} - {*OF_COPIES}:
        found[name] = sorted(map(str, db.database.execute_sql(f'SELECT * FROM "{name}"').fetchall()))
    return found


def live(world: World) -> str:
    """A copy in which much happens for half a year; returns the id of its customer."""
    copies.begin(world.shop)
    customer = copies.take(world.shop, AddSample("Anna", 500)).state["customers"]
    anna, reward = customer[0]["id"], copies.need(world.shop).state["rewards"][0]["id"]  # type: ignore[index, call-overload]
    copies.take(world.shop, PlaceOrder(str(anna), Decimal("49.90")))
    copies.take(world.shop, Redeem(str(anna), reward))
    outcome = copies.take(world.shop, Move(copies.need(world.shop).moment + timedelta(days=200), seconds=60))
    assert {one["kind"] for one in outcome.events} == {"points", "mail", "coupon"}
    return str(anna)


def full(world: World) -> None:
    """A program with all that may reach somebody: mails, coupons of a shop, webhooks."""
    world.order_rule(10)
    world.rule("join", points=10)
    world.reward(cost=100, title="Five off", expires_after_days=30)
    world.settings(expiry="inactivity", expiry_months=6, expiry_reminder_days=(30, 7))


def test_nothing_real_happens(world: World, tmp_path: Path) -> None:
    config.use(replace(config.current(), allow_private_webhooks=True))
    full(world)
    with receiving() as hooks:
        endpoints.create(world.shop.id, url=hooks.url)
        world.member().is_given(20)
        jobs.run_all()
        with sending():
            until(lambda: all_sent(world))
        heard, mails = len(hooks.heard), sorted((tmp_path / "mail").iterdir())
        assert heard and mails
        before = rows_of_everything()
        live(world)
        assert rows_of_everything() == before
        assert jobs.run_all() == 0
        with sending():
            until(lambda: all_sent(world))
        assert len(hooks.heard) == heard and sorted((tmp_path / "mail").iterdir()) == mails
    copies.discard(world.shop)
    assert rows_of_everything() == before


def test_nothing_that_is_real_finds_it(world: World, client: FlaskClient, tmp_path: Path) -> None:
    full(world)
    key, secret = api_keys.create_key(world.shop.id, "server")
    anna, owner = live(world), Integrator(client, secret, key.id)
    file = tmp_path / "copy.db"
    file.write_bytes(zlib.decompress(copies.need(world.shop).contents))
    with closing(sqlite3.connect(file)) as inside:
        ((shop_id, embed_key),) = inside.execute("SELECT id, embed_key FROM shop").fetchall()
    assert Shop.select().count() == 1 and Shop.get_or_none(Shop.id == shop_id) is None
    for name in (embed_key, shop_id):
        assert client.get(f"/widget.js?shop={name}").status_code == 404
    owner.get(f"/loyalty-accounts/v1/accounts/{anna}", status=404)
    assert client.post(f"/stores/generic/{shop_id}/order", data=b"{}").status_code in (401, 404)


def test_a_copy_has_the_program_and_is_active_whatever_the_shop_is(world: World) -> None:
    draft = World.create(name="Draft", active=False)
    draft.order_rule(10)
    copies.begin(draft.shop)
    anna = copies.take(draft.shop, AddSample("Anna")).state["customers"]
    outcome = copies.take(draft.shop, PlaceOrder(str(anna[0]["id"]), Decimal(20)))  # type: ignore[index, call-overload]
    assert outcome.state["customers"][0]["balance"] == 200  # type: ignore[index, call-overload]
    assert draft.program.status == "draft" and copies.of(world.shop) is None


def test_only_one_of_two_steps_at_once_counts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    copies.begin(world.shop)

    def meanwhile(contents: bytes | None, moment: Any, step: Step) -> Outcome:
        copies.wire(preview.run)
        copies.take(world.shop, AddSample("Bo"))
        return preview.run(contents, moment, step)

    copies.wire(meanwhile)
    refused(lambda: copies.take(world.shop, AddSample("Anna")), StaleRevision)
    assert [one["name"] for one in copies.need(world.shop).state["customers"]] == ["Bo"]
    assert [one.customer for _, one in copies.happened(copies.need(world.shop))] == ["Bo"]


def test_what_a_copy_cannot_do_is_refused(world: World) -> None:
    refused(lambda: copies.take(world.shop, AddSample("Anna")), NotFound)
    copies.begin(world.shop)
    copy = copies.need(world.shop)
    today = clock.local_date(copy.moment, world.shop.timezone)
    for step, named in (
        (Move(copy.moment), "day"),
        (Move(copy.moment + timedelta(days=366 * 12)), "day"),
        (AddSample(" "), "name"),
        (AddSample("Anna", -1), "points"),
        (AddSample("Anna", 1, today + timedelta(days=1)), "earned_on"),
    ):
        assert refused(lambda step=step: copies.take(world.shop, step), BadRequest).field == named  # type: ignore[misc]
    far = today + timedelta(days=spans.DAYS_MAX + 2)
    assert refused(lambda: spans.beginning_of(world.shop, copy.moment, far), BadRequest).field == "day"
    assert copies.need(world.shop).revision == 1


def test_copies_that_nobody_uses_are_thrown_away(world: World) -> None:
    copies.begin(world.shop)
    copies.take(world.shop, AddSample("Anna"))
    for days, left in ((copies.KEEP_DAYS - 1, 1), (copies.KEEP_DAYS + 1, 0)):
        with clock.at(copies.clock.now() + timedelta(days=days)):
            copies.forget_old()
        assert (PreviewCopy.select().count(), bool(PreviewEvent.select().count())) == (left, bool(left))


def test_a_span_ends_at_the_same_time_of_the_day(world: World) -> None:
    before = clock.parse("2026-03-28T11:30:00Z")  # the day before the clocks are put forward in Berlin
    assert spans.after(world.shop, before, "day") == clock.parse("2026-03-29T10:30:00Z")
    assert spans.after(world.shop, clock.parse("2026-01-31T11:30:00Z"), "month") == clock.parse("2026-02-28T11:30:00Z")
