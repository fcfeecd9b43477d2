"""The test clock: the owner sees what the program will do to a sample customer before it does it."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.dashboard.conftest import PHONE, Clerk, Desk
from tests.make import World, everything_kept
from widget_server import clock
from widget_server.loyalty.preview import copies
from widget_server.loyalty.preview.copies import PreviewCopy, PreviewEvent

DATABASES = ("sqlite",)


def in_months(world: World) -> None:
    """Points expire after six months without activity; warnings go 30 and 7 days before."""
    world.settings(expiry="inactivity", expiry_months=6, expiry_reminder_days=(30, 7))


def only_sample(world: World) -> str:
    """The id of the only customer of the copy."""
    (customer,) = copies.need(world.shop).state["customers"]
    return str(customer["id"])


@pytest.mark.parametrize("options", [{}, {"viewport": PHONE, "java_script_enabled": False}], ids=["wide", "phone"])
def test_the_owner_sees_the_points_expire_before_they_do(
    world: World, office: Callable[..., Clerk], options: dict[str, object]
) -> None:
    in_months(world)
    world.reward(cost=100, title="Five off")
    copies.begin(world.shop)  # the first of a process waits until the code is loaded
    copies.discard(world.shop)
    olga = office("owner", **options).goes("/test-clock")
    if not options:
        assert olga.inspects() == []
    olga.presses("Make a preview copy").sees("The preview copy is ready.")
    olga.presses("Add a sample customer").types(Name="Anna", Points="1200").presses("Add").sees("Anna was added.")
    for _ in range(20):  # a busy machine stops on its way
        olga.presses("To the next thing that happens").page.wait_for_load_state()
        if olga.page.get_by_text("Points expire soon").count():
            break
    if not options:
        assert olga.inspects() == []
    olga.page.get_by_role("link", name=re.compile("Read the mail")).click()
    olga.sees("It would have been sent.")
    letter = olga.page.frame_locator("iframe.letter")
    letter.get_by_text(re.compile("1,200")).first.wait_for()
    if not options:
        assert olga.inspects() == []
    olga.presses("Test clock")
    for _ in range(20):
        olga.presses("One month").page.wait_for_load_state()
        if olga.page.get_by_text("There was no activity for 6 months.").count():
            break
    olga.sees("−1,200").sees("Balance 0").sees("There was no activity for 6 months.")
    assert len([one for _, one in copies.happened(copies.need(world.shop)) if one.kind == "mail"]) == 2


def test_a_copy_is_made_filled_moved_and_thrown_away(world: World, desk: Desk) -> None:
    world.order_rule(10)
    reward = world.reward(cost=100, title="Five off")
    assert "Make a preview copy" in desk.get("/test-clock").text
    assert desk.post("/test-clock/begin").status_code == 303
    assert desk.post("/test-clock/customers/new", name="Anna", points="50", birthday="2001-02-29").status_code == 422
    assert desk.post("/test-clock/customers/new", name="Anna", points="50").status_code == 303
    anna = only_sample(world)
    assert desk.post(f"/test-clock/customers/{anna}/order", amount="20.00", status="paid").status_code == 303
    (choice,) = copies.need(world.shop).state["rewards"]
    assert choice["id"] != reward.id
    assert desk.post(f"/test-clock/customers/{anna}/redeem", reward=choice["id"]).status_code == 303
    page = desk.get("/test-clock").text
    assert "Order #1" in page and "+200" in page and "Redeemed: Five off" in page and "A coupon was issued" in page
    poor = desk.post(f"/test-clock/customers/{anna}/redeem", reward=reward.id)
    assert poor.status_code == 422
    assert desk.post("/test-clock/move", span="week").status_code == 303
    for day in ("2020-01-01", "soon", ""):
        refused = desk.post("/test-clock/move", day=day)
        assert refused.status_code == 422 and 'id="day-error"' in refused.text and "Anna" in refused.text
    first = copies.need(world.shop).id
    assert desk.post("/test-clock/anew").status_code == 303
    assert copies.need(world.shop).id != first and copies.need(world.shop).state["customers"] == []
    assert desk.post("/test-clock/discard").status_code == 303
    assert (PreviewCopy.select().count(), PreviewEvent.select().count()) == (0, 0)
    assert desk.get("/test-clock/customers/new").status_code == desk.post("/test-clock/move").status_code == 404


def test_a_real_customer_is_copied_without_what_names_them(world: World, desk: Desk) -> None:
    world.tier("Gold", 500)
    ann = world.member("ann@example.com")
    ann.is_given(700)
    copies.begin(world.shop)
    assert "No customer is found" in desk.post("/test-clock/customers/copy", search="bo@example.com", name="B").text
    assert desk.post("/test-clock/customers/copy", search="ann@example.com", name="A copy").status_code == 303
    (customer,) = copies.need(world.shop).state["customers"]
    assert (customer["name"], customer["balance"], customer["tier"]) == ("A copy", 700, "Gold")
    kept = everything_kept()
    copies.discard(world.shop)
    assert kept.count("ann@example.com") == everything_kept().count("ann@example.com")


def test_a_birthday_and_who_may_see_it(world: World, desk_of: Callable[..., Desk]) -> None:
    world.rule("birthday", points=5, title="A gift for you")
    copies.begin(world.shop)
    birthday = clock.local_date(clock.now() + timedelta(days=3), world.shop.timezone).isoformat()
    mara = desk_of("marketer")
    mara.post("/test-clock/customers/new", name="Anna", birthday=birthday)
    mara.post("/test-clock/move", span="week")
    page = mara.get("/test-clock").text
    assert "The rule gives 5 points (rule A gift for you, version 1)." in page and "+5" in page
    assert desk_of("support").get("/test-clock").status_code == 403
    assert desk_of("reader").post("/test-clock/move", span="day").status_code == 403
