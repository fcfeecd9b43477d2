"""Saved views: a filter and an order under a name."""

import pytest

from tests.make import World, refused
from widget_server.errors import BadRequest, NotFound
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.people import saved_views
from widget_server.loyalty.people.directory_filters import Filter, Order


def names(world: World) -> list[str]:
    return [view.name for view in saved_views.all_of(world.shop)]


def test_a_view_keeps_its_filter_and_its_order(world: World) -> None:
    view = saved_views.save(world.shop, " Big spenders ", {"balance_min": "1000", "sort": "balance", "page": "7"})
    assert saved_views.content(view) == (Filter(balance_min=1000), Order("balance", "down"))
    saved_views.save(world.shop, "Asleep", {"active_to": "2026-01-01"})
    assert names(world) == ["Asleep", "Big spenders"]


def test_the_same_name_in_any_case_is_one_view(world: World) -> None:
    first = saved_views.save(world.shop, "VIPs", {"label": "vip"})
    again = saved_views.save(world.shop, "vips", {"label": "gold"})
    assert (again.id, names(world)) == (first.id, ["vips"])
    assert saved_views.content(again)[0] == Filter(label="gold")


def test_a_view_is_deleted_and_both_are_in_the_log(world: World) -> None:
    view = saved_views.save(world.shop, "VIPs", {})
    saved_views.delete(world.shop, view.id)
    assert names(world) == []
    entries = AuditEntry.of(world.shop).where(AuditEntry.subject_id == view.id).order_by(AuditEntry.created_at)
    assert [entry.verb for entry in entries] == ["save", "delete"]


def test_views_are_those_of_one_shop(world: World) -> None:
    other = World.create(name="Other")
    view = saved_views.save(other.shop, "VIPs", {})
    assert names(world) == []
    refused(lambda: saved_views.delete(world.shop, view.id), NotFound)
    assert names(other) == ["VIPs"]


@pytest.mark.parametrize(
    ("name", "query", "field"),
    [("", {}, "name"), ("x" * 61, {}, "name"), ("a\nb", {}, "name"), ("A", {"status": "boss"}, "status")],
)
def test_what_is_no_view_is_refused_by_its_field(world: World, name: str, query: dict[str, str], field: str) -> None:
    assert refused(lambda: saved_views.save(world.shop, name, query), BadRequest).field == field
    assert names(world) == []


def test_one_view_too_many_is_refused_but_a_known_one_can_change(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_views, "VIEWS_MAX", 2)
    for name in ("A", "B", "a"):
        saved_views.save(world.shop, name, {})
    assert refused(lambda: saved_views.save(world.shop, "C", {}), BadRequest).field == "name"
    assert names(world) == ["a", "B"]
