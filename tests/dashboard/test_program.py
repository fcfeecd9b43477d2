"""The program in the dashboard: settings, pausing, expiry, and what changed (acceptance 16, 19, 20, 22, 50, 59, 60)."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.dashboard import filled
from tests.dashboard.conftest import PHONE, Clerk, Desk
from tests.make import NOON, World
from tests.pictures import png
from widget_server import clock, config
from widget_server.job_queue import Job, JobName
from widget_server.loyalty import versions
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.earning import campaigns
from widget_server.loyalty.program import point_pictures, programs
from widget_server.loyalty.program.programs import ProgramSettings
from widget_server.program_file import apply, current

DATABASES = ("sqlite",)


def facts(page: str) -> dict[str, str]:
    """What a page says in its lists of facts."""
    return dict(re.findall(r"<dt>(.*?)</dt>\s*<dd>\s*(.*?)\s*</dd>", page, re.DOTALL))


def test_the_page_shows_every_setting_with_what_an_order_gives(desk: Desk, world: World) -> None:
    world.order_rule(10)
    world.settings(point_value=Decimal("0.02"), wait_days=14)
    page = desk.get("/program").text
    shown = facts(page)
    assert (shown["Rounding"], shown["Days to wait after that"], shown["Count shipping"]) == (
        "Down to whole points",
        "14",
        "Off",
    )
    assert "An order of €49.90 gives" in page and "499 points" in page  # acceptance 19, 20
    assert "€9.98" in page and "20.0 % of the order" in page
    world.settings(rounding="unit")
    assert "490 points" in desk.get("/program").text
    campaigns.create(
        world.shop, "Now", multiplier=Decimal(2), starts_at=clock.now(), ends_at=clock.now() + timedelta(1)
    )
    page = desk.get("/program").text
    assert "990 points" in page and "A campaign multiplies them by 2 now" in page


CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "base": (
        {"base_after_discounts": None, "base_shipping": "y", "base_tax": "y", "base_gift_cards": "y"},
        {"base_after_discounts": False, "base_shipping": True, "base_tax": True, "base_gift_cards": True},
    ),
    "tax": (
        {"prices_include_tax": "y", "tax_percent": "8,1"},
        {"prices_include_tax": True, "tax_percent": Decimal("8.1")},
    ),
    "rounding": ({"rounding": "nearest", "combine": "add"}, {"rounding": "nearest", "combine": "add"}),
    "when": (
        {"earn_at": "fulfilled", "wait_days": "14", "cash_on_delivery": "waits", "after_fallback": "wait"},
        {"earn_at": "fulfilled", "wait_days": 14, "cash_on_delivery": "waits", "after_fallback": "wait"},
    ),
    "given back": (
        {"shortfall": "negative", "coupon_after_cancel": "points", "return_days": ""},
        {"shortfall": "negative", "coupon_after_cancel": "points", "return_days": None},
    ),
    "who": (
        {"guests_earn": None, "orders_from": "2026-02-01"},
        {"guests_earn": False, "orders_from": date(2026, 2, 1)},
    ),
    "worth": ({"point_value": "0.015"}, {"point_value": Decimal("0.015")}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_setting_is_saved_and_no_other_one(desk: Desk, world: World, name: str) -> None:
    typed, wanted = CHANGES[name]
    world.settings(expiry="age", expiry_months=7)
    before = vars(world.program.rules)
    assert filled.send(desk, "/program/edit", **typed).status_code == 303
    assert vars(world.program.rules) == {**before, **wanted}
    assert apply.plan(world.shop, current.of(world.shop)) == []  # the program file takes it too
    assert filled.send(desk, "/program/edit").status_code == 303  # as it is shown: nothing changes
    assert vars(world.program.rules) == {**before, **wanted}


def test_names_are_saved_and_removed(desk: Desk, world: World) -> None:
    filled.send(desk, "/program/edit", name="Wood Club", points_name="Leaves")
    assert (world.program.name, world.program.points_name) == ("Wood Club", "Leaves")
    revision = world.program.revision
    filled.send(desk, "/program/edit")
    assert world.program.revision == revision
    filled.send(desk, "/program/edit", points_name="")
    assert world.program.points_name is None


def test_the_picture_of_a_point_stands_beside_the_balance(office: Callable[..., Clerk], world: World) -> None:
    clerk = office().goes("/program/picture")
    file = clerk.page.get_by_label("Picture of a point")
    file.set_input_files({"name": "point.png", "mimeType": "image/png", "buffer": b"<svg/>"})
    clerk.presses("Upload").sees("This is not a PNG file.")
    file.set_input_files({"name": "point.png", "mimeType": "image/png", "buffer": png()})
    clerk.presses("Upload").sees("Saved. The widget shows the picture beside the balance.")
    assert (
        clerk.page.get_by_alt_text("The present picture").evaluate("one => one.decode().then(() => one.naturalWidth)")
        == 32
    )
    clerk.goes("/widget").page.locator("[name=preview_who][value=member]").check()
    balance = clerk.page.frame_locator("iframe[name=preview]").frame_locator("loyalty-widget iframe").locator(".sum")
    balance.locator("b").wait_for()
    path = point_pictures.path(world.program)
    look = "one => (({ backgroundImage, width, height }) => [backgroundImage, width, height])"
    image, *size = balance.evaluate(f"{look}(getComputedStyle(one, ':before'))")
    assert path and image.endswith(f'{path}")') and size == ["24px", "24px"]
    assert clerk.context.request.get(clerk.address + path).headers["content-type"] == "image/png"
    clerk.goes("/program/picture").presses("Remove the picture").sees("The points have no picture now.")
    assert world.program.icon is None


def test_a_picture_on_another_server_is_not_loaded_by_the_widget(world: World) -> None:
    """The API takes the address of any picture; the widget makes no request to others."""
    for address in ("https://shop.example/leaf.png", f"{config.current().base_url}/icons/x/../../leaf.png", "/icons/x"):
        programs.update(world.shop.id, icon={"id": "", "url": address})
        assert point_pictures.path(world.program) is None


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"name": " "}, "This is needed"),
        ({"point_value": "a lot"}, "A number such as"),
        ({"tax_percent": "101"}, "A number from 0 to 100"),
        ({"wait_days": "3661"}, "A number from 0 to 3660"),
        ({"rounding": "up"}, "Not a valid choice"),
    ],
)
def test_what_makes_no_sense_is_said_beside_its_field(
    desk: Desk, world: World, typed: dict[str, str], error: str
) -> None:
    before = current.of(world.shop)
    refused = filled.send(desk, "/program/edit", **typed)
    assert refused.status_code == 422 and error in refused.text
    assert current.of(world.shop) == before


def test_two_people_do_not_overwrite_each_other(desk: Desk, world: World) -> None:
    shown = filled.values(desk, "/program/edit")
    world.settings(wait_days=30)
    refused = filled.send(desk, "/program/edit", shown, rounding="unit")
    assert refused.status_code == 422 and "It was changed meanwhile" in refused.text
    assert (world.program.rules.wait_days, world.program.rules.rounding) == (30, "floor")


def test_another_start_says_that_orders_are_scored_again(desk: Desk, world: World) -> None:
    assert filled.send(desk, "/program/edit", orders_from="2026-01-01").status_code == 303
    assert "A job is scoring the orders again" in desk.get("/program").text
    assert Job.select().where(Job.name == JobName.RECONSIDER_ORDERS).count() == 1


def test_the_example_follows_what_is_typed_before_it_is_saved(desk: Desk, world: World) -> None:
    world.order_rule(10)
    shown = {**filled.values(desk, "/program/edit"), "rounding": "unit"}
    shown.pop("csrf_token")
    fragment = desk.post("/program/example", **shown)
    assert "490 points" in fragment.text and "<html" not in fragment.text
    assert world.program.rules.rounding == "floor"
    assert desk.post("/program/example", **{**shown, "wait_days": "soon"}).status_code == 204


def test_pausing_asks_and_says_what_stops_and_what_goes_on(desk: Desk, world: World) -> None:  # acceptance 16, 60
    page = desk.get("/program/pause").text
    for sentence in ("Nobody earns points", "Nobody redeems", "do not expire", "Coupons that were issued can be used"):
        assert sentence in page
    assert world.program.is_active
    assert desk.post("/program/pause").status_code == 303
    assert world.program.status == "paused"
    assert "The program is paused" in desk.get("/program").text
    entry = AuditEntry.of(world.shop).where(AuditEntry.noun == "program").order_by(AuditEntry.created_at.desc()).first()
    assert (entry.actor_name, entry.before, entry.after) == ("Olga Owner", {"status": "active"}, {"status": "paused"})
    assert "Nothing expires in the next 14 days" in desk.get("/program/activate").text
    desk.post("/program/activate")
    assert world.program.is_active


def test_a_draft_is_activated_and_not_paused(desk: Desk, world: World) -> None:
    programs.Program.change(world.shop, {programs.Program.status: "draft"})
    assert "is a draft" in desk.get("/program").text
    assert desk.post("/program/pause").status_code == 422
    desk.post("/program/activate")
    assert world.program.is_active


def test_a_reader_sees_everything_and_changes_nothing(desk_of: Callable[..., Desk], world: World) -> None:
    reader = desk_of("reader")
    world.settings(wait_days=3)
    pages = [reader.get(path).text for path in ("/program", "/program/expiry", "/program/versions")]
    assert not any(word in page for page in pages for word in (">Change<", ">Take back", ">Pause<"))
    assert reader.get("/program/edit").status_code == 403


# Expiry


def test_expiry_has_a_form_of_its_own(desk: Desk, world: World) -> None:  # acceptance 50
    assert "Points never expire" in desk.get("/program/expiry").text
    typed = {"expiry": "inactivity", "expiry_months": "6", "expiry_percent": "50", "expiry_reminder_days": "30, 14,1"}
    assert filled.send(desk, "/program/expiry/edit", **typed).status_code == 303
    rules = world.program.rules
    assert (rules.expiry, rules.expiry_months, rules.expiry_percent) == ("inactivity", 6, 50)
    assert rules.expiry_reminder_days == (30, 14, 1)
    with clock.at(NOON):
        page = desk.get("/program/expiry").text
    assert "until Sep 10, 2026, and then loses 50 % of the balance" in page
    filled.send(desk, "/program/expiry/edit", expiry_reminder_days="")
    assert world.program.rules.expiry_reminder_days == ()


@pytest.mark.parametrize("days", ["soon", "0", "7, 7", "366", "-1", "²"])
def test_reminders_are_days(desk: Desk, world: World, days: str) -> None:
    refused = filled.send(desk, "/program/expiry/edit", expiry_reminder_days=days)
    assert refused.status_code == 422 and "Whole numbers of days up to 365" in refused.text
    assert world.program.rules.expiry_reminder_days == ProgramSettings.expiry_reminder_days


# Versions


def test_a_change_is_listed_in_plain_words_and_taken_back(desk: Desk, world: World) -> None:
    filled.send(desk, "/program/edit", rounding="nearest", guests_earn=None)
    page = desk.get("/program/versions").text
    cells = re.findall(r"<td[^>]*>(.*?)</td>", page)
    assert cells[:6] == ["Guests earn points", "On", "Off", "Rounding", "Down to whole points", "To the nearest point"]
    assert "Program: changed" in page and "Olga Owner" in page
    entry = versions.listed(world.shop)[0].entry
    path = f"/program/versions/{entry.id}/take-back"
    assert "get the values before it again" in desk.get(path).text
    assert desk.post(path).status_code == 303
    assert (world.program.rules.rounding, world.program.rules.guests_earn) == ("floor", True)
    newest = versions.listed(world.shop)[0].entry
    assert (newest.actor_name, newest.id != entry.id) == ("Olga Owner", True)
    again = desk.get(path).text
    assert "It was changed again since then" in again and '<button class="btn go">' not in again
    assert desk.post(path).status_code == 422
    assert versions.listed(world.shop)[0].entry.id == newest.id


def test_the_list_goes_on_and_shows_one_kind(desk: Desk, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "PAGE", 2)
    world.tier("Gold", 500)
    for days in range(1, 4):
        world.settings(wait_days=days)
    first = desk.get("/program/versions").text
    older = re.search(r'rel="next" href="/dashboard([^"]+)"', first)
    assert older and "Gold" not in first
    assert desk.get(older[1].replace("&amp;", "&")).text.count("Program: changed") == 1
    only = desk.get("/program/versions?noun=tier").text
    assert "Tier Gold: created" in only and "Program: changed" not in only
    assert desk.get("/program/versions?after=nothing").status_code == 404


def test_texts_of_the_program_run_nowhere(desk: Desk, world: World) -> None:
    evil = '<img src=x onerror="alert(1)">'
    world.tier(evil, 500)
    world.order_rule(title=evil, description=evil)
    programs.update(world.shop.id, name=evil, points_name=evil, icon={"url": evil})
    for path in ("/program", "/program/edit", "/program/versions", "/tiers"):
        assert "<img" not in desk.get(path).text


# In a browser


def test_an_owner_changes_the_program_on_a_phone_and_sees_what_it_gives(
    office: Callable[..., Clerk], world: World
) -> None:
    world.order_rule(10)
    clerk = office("owner", viewport=PHONE)
    clerk.goes("/program").presses("Change")
    clerk.page.get_by_label("Only whole units of money count").check()
    clerk.sees("490 points")
    clerk.types(What_a_point_is_worth="0.01").presses("Save")
    clerk.sees("Saved. Points that were booked stay as they are.").sees("490 points").sees("9.8 % of the order")
    clerk.presses("What changed").sees("Program: changed")
    clerk.page.get_by_role("link", name="Take back").first.click()
    clerk.presses("Take back").sees("The change is taken back")
    clerk.goes("/program").sees("499 points")
    clerk.presses("Pause").sees("What stops").presses("Pause").sees("The program is paused.")
    assert world.program.status == "paused"


def test_an_example_that_arrives_while_save_is_pressed_does_not_move_save_away(
    office: Callable[..., Clerk], world: World
) -> None:
    world.order_rule(10)
    clerk = office("owner", viewport=PHONE)
    clerk.goes("/program/edit").types(What_a_point_is_worth="0.01")
    save = clerk.page.get_by_role("button", name="Save", exact=True)
    save.hover()
    with clerk.page.expect_request_finished(lambda request: "/program/example" in request.url):
        clerk.page.mouse.down()
    before = save.bounding_box()
    clerk.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert save.bounding_box() == before
    clerk.page.mouse.up()
    clerk.sees("Saved. Points that were booked stay as they are.")


def test_the_pages_work_without_a_script(office: Callable[..., Clerk], world: World) -> None:
    clerk = office("marketer", viewport=PHONE, java_script_enabled=False)
    clerk.goes("/program/expiry").presses("Change")
    clerk.page.get_by_label("After months without activity").check()
    clerk.presses("Save").sees("A member who does nothing after today")
    assert world.program.rules.expiry == "inactivity"


def test_nothing_is_wrong_with_the_question_before_taking_back(office: Callable[..., Clerk], world: World) -> None:
    world.settings(rounding="unit")
    entry = versions.listed(world.shop)[0].entry
    assert office().goes(f"/program/versions/{entry.id}/take-back").inspects() == []
