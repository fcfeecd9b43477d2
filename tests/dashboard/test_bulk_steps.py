"""The guide "Bulk points update" in a browser: each test is a step of it, and named after it."""

from collections.abc import Callable

import pytest

from tests.dashboard.conftest import PHONE, Clerk
from tests.make import Shopper, World
from widget_server import jobs

DATABASES = ("sqlite",)

Office = Callable[..., Clerk]


@pytest.fixture
def people(world: World) -> list[Shopper]:
    """Ann with 100 points, Bo with 300, and a guest without an account."""
    ann, bo = world.member("ann@example.com", name="Ann"), world.member("bo@example.com", name="Bo")
    ann.is_given(100)
    bo.is_given(300)
    return [ann, bo, world.visitor("guest@example.com")]


def bulk_update(clerk: Clerk) -> Clerk:
    """More actions > Bulk update points."""
    clerk.page.locator("summary", has_text="More actions").first.click()
    return clerk.presses("Bulk update points")


def test_1_from_the_dashboard_go_to_customers(office: Office, people: list[Shopper]) -> None:
    clerk = office()
    clerk.goes("/menu")
    clerk.presses("Customers").sees("Select all 3 customers in your store")


def test_2_sort_the_customers_or_use_the_filters(office: Office, people: list[Shopper]) -> None:
    clerk = office().goes("/customers")
    clerk.page.get_by_label("Sort by").select_option("Highest balance")
    clerk.page.locator("tbody tr").first.get_by_role("link", name="Bo", exact=True).wait_for()
    clerk.page.get_by_label("Status").select_option("Visitor")
    clerk.sees("Select all 1 customers who match")


def test_2a_check_the_box_by_their_name(office: Office, people: list[Shopper]) -> None:
    clerk = office().goes("/customers").sees("0 selected")
    clerk.page.get_by_label("Select Ann").check()
    clerk.sees("1 selected")
    bulk_update(clerk).sees("1 customer is selected.")


def test_2b_check_the_box_under_the_search_bar_that_says_0_selected(office: Office, people: list[Shopper]) -> None:
    clerk = office().goes("/customers")
    clerk.page.get_by_label("0 selected").check()
    clerk.sees("3 selected")
    bulk_update(clerk).sees("3 customers are selected.")


def test_2c_check_this_box_and_click_select_all_customers_in_your_store(office: Office, people: list[Shopper]) -> None:
    clerk = office().goes("/customers")
    clerk.page.get_by_label("0 selected").check()
    clerk.page.get_by_text("Select all 3 customers in your store").click()
    bulk_update(clerk).sees("All 3 customers in your store are selected.")


@pytest.mark.parametrize("java_script_enabled", [True, False])
def test_3_to_6_more_actions_amount_comments_adjust_points_balance(
    office: Office, world: World, people: list[Shopper], java_script_enabled: bool
) -> None:
    clerk = office(viewport=PHONE, java_script_enabled=java_script_enabled).goes("/customers")
    clerk.page.get_by_text("Select all 3 customers in your store").click()
    bulk_update(clerk)
    clerk.types(Amount="25", Internal_comment="Spring", Comment_for_the_customer="Happy spring!")
    clerk.presses("Try it first").sees("Balances that change")
    clerk.presses("Adjust Points Balance").sees("0 of 3 customers")
    jobs.run_all()
    if not java_script_enabled:
        clerk.presses("Look again")
    clerk.sees("The balances are updated.")
    assert [one.balance for one in people] == [125, 325, 25]
    clerk.presses("Undo this update").sees("Being undone")
    jobs.run_all()
    if not java_script_enabled:
        clerk.presses("Look again")
    clerk.sees("The update was taken back.")
    assert [one.balance for one in people] == [100, 300, 0]


def test_each_page_can_be_used_by_everybody(office: Office, world: World, people: list[Shopper]) -> None:
    clerk = office().goes("/bulk")
    assert clerk.inspects() == []
    clerk.goes("/customers")
    clerk.page.get_by_text("Select all 3 customers in your store").click()
    bulk_update(clerk).types(Amount="-200").presses("Try it first").sees("Balances that change")
    assert clerk.inspects() == []
    clerk.presses("Adjust Points Balance").sees("0 of 2 customers")
    assert clerk.inspects() == []
    jobs.run_all()
    clerk.sees("Who was left out")
    assert clerk.inspects() == []
    assert clerk.goes("/bulk").inspects() == []
