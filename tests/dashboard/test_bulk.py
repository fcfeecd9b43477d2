"""Bulk updates in the dashboard: chosen in the list, tried, started, watched and undone."""

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from tests.dashboard.conftest import Desk
from tests.make import Shopper, World
from widget_server import jobs
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.points.adjustments import Adjustment
from widget_server.loyalty.points.batch_tables import Batch
from widget_server.loyalty.staff.members import StaffMember


@pytest.fixture
def people(world: World) -> list[Shopper]:
    """Ann with 100 points, Bo with 300, and a guest without an account."""
    ann, bo = world.member("ann@example.com", name="Ann"), world.member("bo@example.com", name="Bo")
    ann.is_given(100)
    bo.is_given(300)
    return [ann, bo, world.visitor("guest@example.com")]


def fields(page: str) -> dict[str, str]:
    """The hidden fields of the form of the change."""
    form = page[page.index('action="/dashboard/bulk/new"') :]
    found = dict(re.findall(r'name="(selection|request_key)"[^>]*value="([^"]*)"', form))
    return {name: unescape(value) for name, value in found.items()}


def change(desk: Desk, selected: dict[str, Any], **facts: str) -> Any:
    """Select in the list, and send the form of the change."""
    kept = fields(desk.post("/bulk/new", **selected).text)
    return desk.post("/bulk/new", **{"mode": "add", "do": "start", **kept, **facts})


def only(world: World) -> Batch:
    (batch,) = Batch.of(world.shop)
    return batch


# The requests


def test_the_selected_rows_get_the_points_with_both_comments(desk: Desk, world: World, people: list[Shopper]) -> None:
    ann, bo, _ = people
    started = change(desk, {"id": [ann.id]}, amount="50", reason="spring", comment="Happy spring!")
    assert started.status_code == 303
    jobs.run_all()
    assert (ann.balance, bo.balance) == (150, 300)
    note = Adjustment.of(world.shop).where(Adjustment.reason == "spring").get()
    member = StaffMember.of(world.shop).get()
    assert (note.comment, note.staff, only(world).source) == ("Happy spring!", member.id, "dashboard")
    entry = AuditEntry.of(world.shop).where(AuditEntry.noun == "batch").get()
    assert (entry.actor, entry.actor_id) == ("staff", member.id)
    assert "The balances are updated." in desk.get(started.headers["Location"].removeprefix("/dashboard")).text


def test_all_who_match_get_the_points_not_only_the_page(desk: Desk, world: World, people: list[Shopper]) -> None:
    change(desk, {"all": "yes", "balance_min": "200", "id": [people[0].id]}, amount="10")
    jobs.run_all()
    assert [one.balance for one in people] == [100, 310, 0]


def test_the_box_of_the_page_works_without_a_script(desk: Desk, world: World, people: list[Shopper]) -> None:
    change(desk, {"page": "yes", "on_page": [people[0].id, people[2].id]}, amount="10")
    jobs.run_all()
    assert [one.balance for one in people] == [110, 300, 10]


def test_a_trial_changes_nothing_and_the_form_stays_as_it_was(desk: Desk, world: World, people: list[Shopper]) -> None:
    page = change(desk, {"all": "yes"}, amount="-200", reason="spring", do="try")
    assert page.status_code == 200
    figures = re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page.text)
    assert figures == [("Customers selected", "3"), ("Balances that change", "1"), ("Points in sum", "−200")]
    assert "1 customer would fall below zero" in page.text
    assert "1 customer has no points account, so that there is nothing to change." in page.text
    assert f'href="/dashboard/customers/{people[0].id}">Ann<' in page.text
    assert 'value="-200"' in page.text and 'value="spring"' in page.text
    assert Batch.of(world.shop).count() == 0
    change(desk, {"all": "yes"}, amount="-200")
    jobs.run_all()
    assert [one.balance for one in people] == [100, 100, 0]


def test_the_same_form_sent_twice_is_one_update(desk: Desk, world: World, people: list[Shopper]) -> None:
    kept = fields(desk.post("/bulk/new", all="yes").text)
    for _ in range(2):
        assert desk.post("/bulk/new", **kept, mode="add", amount="5", do="start").status_code == 303
    jobs.run_all()
    assert [one.balance for one in people] == [105, 305, 5]
    other = desk.post("/bulk/new", **kept, mode="add", amount="6", do="start")
    assert (other.status_code, "sent already" in other.text) == (422, True)


def test_balances_are_set(desk: Desk, world: World, people: list[Shopper]) -> None:
    change(desk, {"all": "yes"}, mode="set", amount="120")
    jobs.run_all()
    assert [one.balance for one in people] == [120, 120, 120]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"amount": ""}, "This is needed."),
        ({"amount": "1,5"}, "A whole number"),
        ({"amount": "0"}, "not a possible change"),
        ({"amount": "-1", "mode": "set"}, "not a possible change"),
        ({"amount": "5", "reason": "x" * 501}, "at most 500"),
        ({"amount": "5", "mode": "luck"}, "Not a valid choice"),
    ],
)
def test_what_is_no_change_is_said_beside_its_field(
    desk: Desk, world: World, people: list[Shopper], facts: dict[str, str], said: str
) -> None:
    response = change(desk, {"all": "yes"}, **facts)
    assert (response.status_code, Batch.of(world.shop).count()) == (422, 0)
    assert re.search(rf'class="error"[^>]*>[^<]*{said}', response.text)


def test_nobody_selected_leads_back_to_the_list_and_says_so(desk: Desk, people: list[Shopper]) -> None:
    response = desk.post("/bulk/new", text="bo")
    assert (response.status_code, "Select 1 to" in response.text) == (422, True)
    assert desk.get("/bulk/new").status_code == 303


@pytest.mark.parametrize(
    "selection", ["", "no", "[]", '{"filter": 5}', '{"ids": []}', '{"filter": {"status": "boss"}}']
)
def test_a_selection_that_was_altered_is_refused(desk: Desk, world: World, selection: str) -> None:
    sent = {"selection": selection, "request_key": "k" * 8, "mode": "add", "amount": "5", "do": "start"}
    assert 400 <= desk.post("/bulk/new", **sent).status_code < 500
    assert Batch.of(world.shop).count() == 0


def test_the_ids_of_another_shop_change_nobody(desk: Desk, world: World, people: list[Shopper]) -> None:
    stranger = World.create(name="Other").member("zoe@example.com")
    sent = {"selection": json.dumps({"ids": [stranger.id]}), "request_key": "k" * 8, "mode": "add", "amount": "5"}
    desk.post("/bulk/new", **sent, do="start")
    jobs.run_all()
    assert (only(world).total, stranger.balance) == (0, 0)


def test_who_was_left_out_is_named_with_the_reason(desk: Desk, world: World, people: list[Shopper]) -> None:
    change(desk, {"all": "yes"}, amount="-200")
    jobs.run_all()
    page = desk.get(f"/bulk/{only(world).id}").text
    assert re.search(r">Ann</a></span> <span class=\"m\">The balance would fall below zero.<", page)


def test_an_update_is_undone_with_one_press(desk: Desk, world: World, people: list[Shopper]) -> None:
    change(desk, {"all": "yes"}, amount="50")
    jobs.run_all()
    page = desk.get(f"/bulk/{only(world).id}").text
    assert "Undo this update" in page
    assert desk.post(f"/bulk/{only(world).id}/undo").status_code == 303
    assert "Being undone" in desk.get(f"/bulk/{only(world).id}").text
    jobs.run_all()
    assert [one.balance for one in people] == [100, 300, 0]
    page = desk.get(f"/bulk/{only(world).id}").text
    assert "The update was taken back." in page and "Undo this update" not in page
    assert "+50 points" in desk.get("/bulk").text


def test_while_it_runs_the_page_gets_the_part_that_changes(desk: Desk, world: World, people: list[Shopper]) -> None:
    change(desk, {"all": "yes"}, amount="50")
    part = desk.client.get(f"/dashboard/bulk/{only(world).id}", headers={"HX-Request": "true"}).text
    assert "0 of 3 customers" in part and "<html" not in part and "data-hx-get" in part
    jobs.run_all()
    assert "data-hx-get" not in desk.get(f"/bulk/{only(world).id}").text


def test_only_who_may_changes_many(desk_of: Callable[..., Desk], world: World, people: list[Shopper]) -> None:
    for role in ("support", "reader"):
        desk = desk_of(role)
        assert desk.post("/bulk/new", all="yes").status_code == 403
        assert desk.get("/bulk").status_code == 403
    assert desk_of("marketer").get("/bulk").status_code == 200
