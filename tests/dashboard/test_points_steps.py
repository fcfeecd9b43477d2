"""The seeds' steps in a real browser, each test named after its step: giving points, editing a balance, the contact."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.dashboard.conftest import PHONE, WIDE, Clerk
from tests.make import Shopper, World, line
from widget_server.loyalty.earning.rules import Terms
from widget_server.loyalty.people import customer_edits
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points.adjustments import Adjustment

DATABASES = ("sqlite",)
Office = Callable[..., Clerk]


@pytest.fixture
def ann(world: World) -> Shopper:
    shopper = world.member(name="Ann Lee")
    shopper.is_given(1240)
    return shopper


@pytest.fixture(params=["with scripts", "without scripts"])
def clerk(request: pytest.FixtureRequest, office: Office, ann: Shopper) -> Iterator[Clerk]:
    """The owner at a desk; every story is told with scripts and without."""
    yield office("owner", java_script_enabled=request.param == "with scripts")


def searches(clerk: Clerk, text: str) -> None:
    """Type into the search and press Enter."""
    field = clerk.page.get_by_role("searchbox", name="Search by name or e-mail")
    field.fill(text)
    field.press("Enter")


# wix-managing-points: Giving loyalty points to a customer


def test_give_1_to_7_from_the_top_to_the_confirmation(clerk: Clerk, ann: Shopper) -> None:
    clerk.goes("/give")  # 1, 2: the dashboard, + Give points
    searches(clerk, "Lee")  # 3: type the name
    clerk.page.get_by_role("radio", name="Ann Lee").check()  # 4: select
    clerk.presses("Next")  # 5
    clerk.types(Points="50")  # 6
    clerk.presses("Give")  # 7
    clerk.sees("50 points given to Ann Lee. The new balance is 1,290.")
    assert ann.balance == 1290


def test_give_4_add_new_creates_a_contact(clerk: Clerk, world: World) -> None:
    clerk.goes("/give").presses("Add new")
    clerk.types(Name="New Person").page.get_by_label("E-mail").fill("new@example.com")
    clerk.presses("Next").types(Points="40").presses("Give")
    clerk.sees("40 points given to New Person. The new balance is 40.")
    assert Customer.of(world.shop).where(Customer.email == "new@example.com").count() == 1


def test_give_tip_from_the_more_actions_of_a_row(clerk: Clerk, ann: Shopper) -> None:
    clerk.goes("/give?q=Lee")
    clerk.page.get_by_text("More actions for Ann Lee").locator("..").click()
    clerk.presses("Give points").types(Points="5").presses("Give")
    clerk.sees("The new balance is 1,245.")


# wix-managing-points: Editing a loyalty customer's point balance


def test_edit_1_to_5_set_a_new_balance(clerk: Clerk, ann: Shopper) -> None:
    clerk.goes("/give?q=Lee")  # 1
    clerk.page.get_by_text("More actions for Ann Lee").locator("..").click()  # 2
    clerk.presses("Edit points balance")  # 3
    clerk.page.get_by_label("Set a new balance").check()
    clerk.page.get_by_label("Points", exact=True).fill("1000")  # 4
    clerk.presses("Adjust points balance")  # 5
    clerk.sees("The balance of Ann Lee was updated: \N{MINUS SIGN}240 points, now 1,000.")
    assert ann.balance == 1000


# wix-managing-points: Viewing a loyalty customer's contact details


def test_view_1_to_3_the_contact_card_opens(clerk: Clerk, world: World, ann: Shopper) -> None:
    customer_edits.edit(world.shop.id, ann.id, labels=["VIP"], notes="Likes ferns", phone="+47 55 12 34")
    clerk.goes("/give?q=Lee")  # 1
    clerk.page.get_by_text("More actions for Ann Lee").locator("..").click()  # 2
    clerk.presses("View contact")  # 3
    for text in ("Member info", "Site member", "ann@example.com", "VIP", "Likes ferns", "+47 55 12 34"):
        clerk.sees(text)
    figures = clerk.page.get_by_role("region", name="Loyalty points")
    for name in ("Balance", "1,240", "Redeemed", "Last activity"):
        expect(figures).to_contain_text(name)


# adjusting-balances: Individual adjustment


def test_adjust_1_to_10_add_with_an_internal_reason_and_a_custom_comment(
    clerk: Clerk, world: World, ann: Shopper
) -> None:
    clerk.goes(f"/customers/{ann.id}")  # 1, 2: the account
    clerk.presses("Edit balance")  # 3
    clerk.page.get_by_label("Points", exact=True).fill("60")  # 4
    clerk.page.get_by_label("Reason").fill("a parcel was late")  # 6
    clerk.page.get_by_label("Custom comment", exact=True).check()  # 7
    clerk.page.get_by_label("Custom comment text").fill("Sorry for the delay")
    clerk.presses("Adjust points balance")  # 8
    clerk.sees("The balance of Ann Lee was updated: +60 points, now 1,300.")  # 9
    clerk.sees("Reason: a parcel was late")
    assert ann.balance == 1300  # 10
    note = Adjustment.of(world.shop).where(Adjustment.comment == "Sorry for the delay").get()
    assert note.reason == "a parcel was late"


def test_adjust_5_a_negative_number_deducts_and_7_the_default_comment_is_in_the_customers_language(
    clerk: Clerk, world: World, ann: Shopper
) -> None:
    customer_edits.edit(world.shop.id, ann.id, locale="de")
    clerk.goes(f"/customers/{ann.id}").presses("Edit balance").sees("Vom Shop")
    clerk.page.get_by_label("Points", exact=True).fill("-40")
    clerk.presses("Adjust points balance")
    clerk.sees("\N{MINUS SIGN}40 points, now 1,200.")
    assert ann.balance == 1200


# what a browser alone can show


def test_a_double_click_gives_once(office: Office, ann: Shopper) -> None:
    clerk = office("owner").goes(f"/customers/{ann.id}/give").types(Points="50")
    clerk.page.get_by_role("button", name="Give", exact=True).dblclick()
    clerk.sees("The new balance is 1,290.")
    assert ann.balance == 1290


def test_the_search_shows_results_as_one_types(office: Office, ann: Shopper) -> None:
    clerk = office("owner").goes("/give")
    clerk.page.get_by_role("searchbox", name="Search by name or e-mail").press_sequentially("Lee")
    clerk.sees("Ann Lee")
    expect(clerk.page).to_have_url(f"{clerk.address}/dashboard/give")


def test_the_why_of_a_row_opens(office: Office, world: World, ann: Shopper) -> None:
    world.order_rule(10, title="Shopping")
    ann.orders(id="o1", lines=(line("4.99", name="Mug"),))
    clerk = office("owner", viewport=PHONE).goes(f"/customers/{ann.id}")
    clerk.page.get_by_text("Why Order #o1").click()
    clerk.sees("49 points: 10 points per €1.00 on €4.99 of goods, rounded down (rule Shopping, version 1).").sees("Mug")


def test_every_page_is_accessible_on_phone_and_desk(office: Office, world: World, ann: Shopper) -> None:
    full(world, ann)
    clerk = office("owner", viewport=WIDE)
    faults = {}
    for path in pages_of(world, ann):
        clerk.goes(path)
        if found := clerk.inspects():
            faults[path] = found
    assert faults == {}


def full(world: World, ann: Shopper) -> None:
    """A card on which everything stands."""
    world.tier("Gold", 500)
    world.refer()
    world.order_rule(10, title="Shopping", terms=Terms(minimum_subtotal=10))  # type: ignore[arg-type]
    ann.orders(id="1001", lines=(line("49.90", name="A mug with a fern, hand-made"),))
    ann.orders("5.00", id="1002")
    ann.orders("20.00", id="1003", currency="USD")
    ann.redeems(world.reward(cost=500, title="5.00 off"))
    world.member("bo@example.com", code=ann.customer.referral_code, name="Bo Berg")
    customer_edits.edit(world.shop.id, ann.id, labels=["VIP", "Oslo"], notes="Likes ferns\n\nCalls on Mondays")


def pages_of(world: World, ann: Shopper) -> list[str]:
    """The pages about one customer, empty and full."""
    bo = Customer.need(world.shop, Customer.email == "bo@example.com")
    own = ["", "/history", "/give", "/edit-balance", "/contact", "/exclude", "/erase", "/tier", "/merge", "/merge?q=bo"]
    paths = [f"/customers/{ann.id}{path}" for path in (*own, f"/merge?into={bo.id}")]
    return [*paths, f"/customers/{bo.id}", "/give", "/give?q=Lee", "/give?q=nobody", "/give/new"]
