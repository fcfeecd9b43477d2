"""The list of customers in a browser: found while one types, without a script, and by everybody."""

from collections.abc import Callable

import pytest

from tests.dashboard.conftest import PHONE, Clerk
from tests.make import Shopper, World
from widget_server.loyalty.people import customer_edits, saved_views

DATABASES = ("sqlite",)

Office = Callable[..., Clerk]


@pytest.fixture
def people(world: World) -> list[Shopper]:
    """Ann with 100 points, Bo with 300, and a guest."""
    ann, bo = world.member("ann@example.com", name="Ann Lee"), world.member("bo@example.com", name="Bo")
    ann.is_given(100)
    bo.is_given(300)
    return [ann, bo, world.visitor("guest@example.com")]


def test_typing_finds_a_customer_and_the_menu_of_the_row_leads_on(office: Office, people: list[Shopper]) -> None:
    clerk = office()
    clerk.goes("/customers").sees("Select all 3 customers")
    clerk.page.get_by_label("Search").fill("lee")
    clerk.sees("Select all 1 customers who match")
    assert clerk.page.get_by_role("row").count() == 2
    clerk.page.get_by_label("More actions for Ann Lee").click()
    card = f"/dashboard/customers/{people[0].id}"
    for name, address in (
        ("Give Points", f"{card}/give"),
        ("Edit Points Balance", f"{card}/edit-balance"),
        ("View Contact", card),
    ):
        assert clerk.page.get_by_role("link", name=name, exact=True).get_attribute("href") == address
    assert clerk.page.get_by_role("link", name="+ Give Points").get_attribute("href") == "/dashboard/give"
    assert clerk.inspects() == []


def test_the_search_works_without_a_script(office: Office, people: list[Shopper]) -> None:
    clerk = office(java_script_enabled=False, viewport=PHONE)
    clerk.goes("/customers")
    clerk.page.get_by_label("Search").fill("guest")
    clerk.presses("Search").sees("guest@example.com")
    assert clerk.page.get_by_role("link", name="Bo", exact=True).count() == 0
    clerk.page.get_by_text("More filters").click()
    clerk.page.get_by_label("Balance from").fill("200")
    clerk.page.get_by_label("Search").fill("")
    clerk.presses("Apply").sees("Bo")


def test_the_list_can_be_used_by_everybody(office: Office, world: World, people: list[Shopper]) -> None:
    """The page with rows, and with saved views but nobody who matches."""
    customer_edits.edit(world.shop.id, people[0].id, labels=["VIP", "A label that is rather long"], excluded=True)
    clerk = office()
    assert clerk.goes("/customers?text=ann").inspects() == []  # one row: none is half behind the bar of phones
    saved_views.save(world.shop, "Rich", {"balance_min": "200"})
    assert clerk.goes("/customers?text=nobody").inspects() == []
