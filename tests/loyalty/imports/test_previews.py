"""A preview says what an import would do, and does nothing."""

import tracemalloc
from datetime import timedelta

import pytest

from tests.loyalty.imports.importing import figures, parsed, reasons, settled
from tests.make import Shopper, World, everything_kept
from widget_server import clock, ledger
from widget_server.errors import ImportColumnsUnknown, ImportNotParsed
from widget_server.loyalty.imports import imports, previews, stored_files
from widget_server.loyalty.imports.imports import Import
from widget_server.loyalty.people import privacy
from widget_server.loyalty.people.customers import Customer

FILE = "email,points\nann@example.com,50\nbob@example.com,-10\nnew@example.com,7\nann@example,1\nann@example.com,3\n"


@pytest.fixture
def ann(world: World) -> Shopper:
    """A member with 100 points."""
    ann = world.member()
    ann.is_given(100)
    return ann


def seen(world: World, made: Import, **facts: object) -> previews.Preview:
    """What the worker finds."""
    begun = imports.begin_preview(world.shop, made.id, **facts)  # type: ignore[arg-type]
    assert begun.preview_status == "running"
    done = settled(made)
    assert (done.preview_status, done.previewed) == ("done", done.row_count)
    return done.preview  # type: ignore[no-any-return]


def test_a_preview_tells_rows_problems_and_totals(world: World, ann: Shopper) -> None:
    world.member("bob@example.com")
    found = seen(world, parsed(world, FILE), creates_customers=True)
    assert found["rows"][0] == {"line": 2, "cells": {"email": "ann@example.com", "points": "50"}, "code": None}
    assert found["problems"] == {"not_enough_points": 1, "email_invalid": 1, "email_twice": 1}
    assert found["listed"] == [
        {"line": 3, "field": "points", "code": "not_enough_points"},
        {"line": 5, "field": "email", "code": "email_invalid"},
        {"line": 6, "field": "email", "code": "email_twice"},
    ]
    assert (found["good"], found["bad"], found["found"], found["created"]) == (2, 3, 1, 1)
    assert (found["points_added"], found["points_removed"]) == (57, 0)
    assert found["balance_after"] - found["balance_before"] == 57


@pytest.mark.parametrize("mode", ["add", "history"])
def test_a_long_file_takes_no_more_memory_than_a_short_one(
    world: World, mode: imports.ImportMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_files, "PIECE_BYTES", 4096)  # both files are in several pieces
    columns = {"email": 0, "points": 1} | ({"date": 2} if mode == "history" else {})
    peaks = []
    for rows in (1_000, 6_000):
        lines = (f"p{number}@example.com,{-1 if number % 2 else 1},2026-01-0{number % 9 + 1}" for number in range(rows))
        made = parsed(world, "\n".join(["email,points,date", *lines]))
        tracemalloc.start()
        found = seen(world, made, mode=mode, mapping=columns, creates_customers=True)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert (found["good"], found["problems"]) == (rows // 2, {"not_enough_points": rows // 2})
    assert peaks[1] < peaks[0] + 150_000  # 5,000 addresses in a set alone take 600 kB


def test_a_preview_writes_nothing_but_itself(world: World, ann: Shopper) -> None:
    made = parsed(world, FILE)
    people, rows = Customer.of(world.shop).count(), len(ledger.history(world.shop.id, ann.account.id))
    seen(world, made, creates_customers=True)
    assert Customer.of(world.shop).count() == people
    assert len(ledger.history(world.shop.id, ann.account.id)) == rows
    assert settled(made).status == "parsed"


@pytest.mark.parametrize("mode", ["add", "set", "members"])
def test_the_import_does_what_its_preview_said(world: World, ann: Shopper, mode: imports.ImportMode) -> None:
    made = parsed(world, "email,points\nann@example.com,30\nbob@example.com,-1\nnew@example.com,5\n")
    found = seen(world, made, mode=mode, creates_customers=True)
    imports.execute(world.shop, made.id, source="staff", mode=mode, creates_customers=True)
    done = settled(made)
    assert {one["line"]: one["code"] for one in found["listed"]} == reasons(done, world)
    _, total, booked, skipped, failed = figures(done)
    assert (found["good"], found["bad"]) == (booked + skipped, failed)
    assert total == 3
    assert ann.balance == {"add": 130}.get(mode, 30)


def test_a_preview_counts_joins_codes_and_coupons(world: World, ann: Shopper) -> None:
    text = "email,code,amount,referral_code\nann@example.com,OLD-5,5.00,ANN42\nann@example.com,OLD-6,x,\n"
    made = parsed(world, text)
    found = seen(world, made, mode="codes")
    assert (found["coupons"], found["problems"], found["points_added"]) == (1, {"amount_invalid": 1}, 0)
    again = seen(world, made, mode="members")
    assert (again["referral_codes"], again["joined"], again["problems"]) == (1, 0, {"email_twice": 1})


def test_a_later_preview_replaces_the_earlier_one(world: World, ann: Shopper) -> None:
    made = parsed(world, "email,a,b\nann@example.com,1,2\n")
    imports.begin_preview(world.shop, made.id, mapping={"email": 0, "points": 1})
    found = seen(world, made, mapping={"email": 0, "points": 2})
    assert found["points_added"] == 2
    imports.execute(world.shop, made.id, source="staff")  # by the mapping of the preview
    settled(made)
    assert ann.balance == 102


def test_only_a_parsed_import_has_a_preview(world: World, ann: Shopper) -> None:
    made = parsed(world, imports.TEMPLATE)
    with pytest.raises(ImportColumnsUnknown):
        imports.begin_preview(world.shop, made.id, mode="history")
    imports.execute(world.shop, made.id, source="staff")
    with pytest.raises(ImportNotParsed):
        imports.begin_preview(world.shop, made.id)


def test_the_first_rows_of_a_preview_are_forgotten(world: World, ann: Shopper) -> None:
    made = parsed(world, FILE)
    seen(world, made)
    assert "ann@example.com" in everything_kept()
    privacy.erase(world.shop, ann.customer)
    left = settled(made).preview
    assert (left["rows"], left["good"]) == ([], 1)


def test_a_preview_goes_with_its_file(world: World, ann: Shopper) -> None:
    made = parsed(world, FILE)
    seen(world, made)
    with clock.at(clock.now() + timedelta(days=31)):
        imports.forget_old()
        assert settled(made).preview["rows"] == []
        imports.begin_preview(world.shop, made.id)
        failed = settled(made)
    assert (failed.preview_status, failed.preview["failed"]) == ("failed", "The file is gone.")
