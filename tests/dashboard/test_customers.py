"""The list of customers in the dashboard: what staff find, filter, sort, select and take with them."""

import csv
import io
import re
from collections.abc import Callable
from html import unescape

import pytest

from tests.dashboard.conftest import Desk
from tests.make import Shopper, World
from widget_server.loyalty.people import customer_edits, directory, saved_views
from widget_server.loyalty.people.customers import Person


@pytest.fixture
def people(world: World) -> list[Shopper]:
    """Ann with 100 points, Bo with 300, and a guest."""
    ann, bo = world.member("ann@example.com", name="Ann Lee"), world.member("bo@example.com", name="Bo")
    ann.is_given(100)
    bo.is_given(300)
    return [ann, bo, world.visitor("guest@example.com")]


def names(page: str) -> list[str]:
    """The names of the rows, as they are listed."""
    return [unescape(name) for name in re.findall(r'<td><span><a href="/dashboard/customers/[^"]+">([^<]+)</a>', page)]


# The list


def test_the_list_shows_status_activity_and_balance_newest_first(desk: Desk, people: list[Shopper]) -> None:
    page = desk.get("/customers").text
    assert names(page) == ["guest@example.com", "Bo", "Ann Lee"]
    assert re.search(r'data-name="Balance">300<', page)
    assert "Member" in page and "Visitor" in page
    assert "Select all 3 customers in your store" in page


def test_an_empty_shop_is_told_what_will_stand_here(desk: Desk) -> None:
    assert "No customers yet" in desk.get("/customers").text
    assert "Nobody matches" in desk.get("/customers?text=zoe").text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("text=lee", ["Ann Lee"]),
        ("text=ANN%40example", ["Ann Lee"]),
        ("status=visitor", ["guest@example.com"]),
        ("balance_min=200", ["Bo"]),
        ("order=balance.up", ["Ann Lee", "Bo", "guest@example.com"]),
        ("sort=name&way=down", ["guest@example.com", "Bo", "Ann Lee"]),
        ("status=&text=&order=name.up&label=", ["Ann Lee", "Bo", "guest@example.com"]),
    ],
)
def test_an_address_filters_and_sorts(desk: Desk, people: list[Shopper], query: str, found: list[str]) -> None:
    assert names(desk.get(f"/customers?{query}").text) == found


@pytest.mark.parametrize("query", ["balance_min=many", "joined_from=soon", "order=luck", "after=x", "status=boss"])
def test_what_is_no_filter_is_said_and_everybody_is_shown(desk: Desk, people: list[Shopper], query: str) -> None:
    response = desk.get(f"/customers?{query}")
    assert response.status_code == 422
    assert 'role="alert"' in response.text
    assert len(names(response.text)) == 3


def test_pages_are_linked_with_their_filter(
    desk: Desk, world: World, people: list[Shopper], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "page", lambda *args, **facts: whole_page(*args, **{**facts, "size": 1}))
    first = desk.get("/customers?status=member&order=name.up").text
    onward = unescape(re.findall(r'rel="next" href="/dashboard([^"]+)"', first)[0])
    second = desk.get(onward).text
    back = unescape(re.findall(r'rel="prev" href="/dashboard([^"]+)"', second)[0])
    assert [names(page) for page in (first, second, desk.get(back).text)] == [["Ann Lee"], ["Bo"], ["Ann Lee"]]
    assert 'rel="next"' not in second and 'rel="prev"' not in first


whole_page = directory.page


def test_the_search_field_gets_the_part_that_changes(desk: Desk, people: list[Shopper]) -> None:
    part = desk.client.get("/dashboard/customers?text=bo", headers={"HX-Request": "true"})
    assert names(part.text) == ["Bo"]
    assert "<html" not in part.text and "<script" not in part.text


def test_a_text_of_a_customer_is_text(desk: Desk, world: World) -> None:
    row = customer_edits.create(world.shop.id, Person(name="<img src=x onerror=alert(1)>", email="x@example.com"))
    customer_edits.edit(world.shop.id, row.id, labels=["<script>alert(2)</script>"])
    page = desk.get("/customers").text
    assert "<img" not in page and "<script>alert" not in page
    assert names(page) == ["<img src=x onerror=alert(1)>"]


def test_another_shops_customers_are_not_shown(desk: Desk) -> None:
    World.create(name="Other").member("zoe@example.com", name="Zoe")
    assert names(desk.get("/customers").text) == names(desk.get("/customers?text=zoe").text) == []


def test_who_may_not_change_points_is_not_offered_it(desk_of: Callable[..., Desk], people: list[Shopper]) -> None:
    reader, support = desk_of("reader").get("/customers").text, desk_of("support").get("/customers").text
    for offer in ("Give Points", "Edit Points Balance", "Bulk update points", "Export as CSV", "Save this view"):
        assert offer not in reader
    assert "Give Points" in support and "Save this view" in support
    assert "Bulk update points" not in support
    assert "View Contact" in reader


# Views


def test_a_view_is_saved_opened_and_deleted(desk: Desk, world: World, people: list[Shopper]) -> None:
    saved = desk.post("/customers/views", name="Rich", balance_min="200", sort="balance", way="down")
    assert saved.status_code == 303
    page = desk.get(saved.headers["Location"].removeprefix("/dashboard")).text
    assert names(page) == ["Bo"]
    assert re.search(r'aria-current="page">Rich<', page)
    (view,) = saved_views.all_of(world.shop)
    desk.post(f"/customers/views/{view.id}/delete")
    assert saved_views.all_of(world.shop) == []


def test_a_view_without_a_name_is_refused_beside_its_field(desk: Desk, world: World) -> None:
    response = desk.post("/customers/views", name="", sort="name", way="up")
    assert (response.status_code, "This is needed." in response.text) == (422, True)
    assert desk.post("/customers/views", name="x" * 61).status_code == 422
    assert saved_views.all_of(world.shop) == []


# The file


def test_the_selection_is_sent_as_a_file(desk: Desk, people: list[Shopper]) -> None:
    def rows(**sent: object) -> list[str]:
        response = desk.post("/customers/export", **sent)
        assert (response.status_code, response.mimetype) == (200, "text/csv")
        assert response.headers["Content-Disposition"] == 'attachment; filename="customers.csv"'
        return [row["email"] for row in csv.DictReader(io.StringIO(response.text, newline=""))]

    ann, bo, guest = (one.customer for one in people)
    everybody = ["ann@example.com", "bo@example.com", "guest@example.com"]
    assert rows(sort="name", way="up") == rows(all="yes", sort="name", way="up") == everybody
    assert rows(id=[ann.id, guest.id]) == ["ann@example.com", "guest@example.com"]
    assert rows(page="yes", on_page=[bo.id]) == ["bo@example.com"]
    assert rows(all="yes", text="bo", id=ann.id) == ["bo@example.com"]


def test_only_who_may_export_gets_the_file(desk_of: Callable[..., Desk], people: list[Shopper]) -> None:
    assert desk_of("support").post("/customers/export").status_code == 403
    assert desk_of("marketer").post("/customers/export").status_code == 200
