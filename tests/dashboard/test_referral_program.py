"""The referral program in the dashboard (acceptance 42-46)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.dashboard import filled
from tests.dashboard.conftest import PHONE, Clerk, Desk
from tests.make import World
from widget_server.loyalty.referrals import referral_programs
from widget_server.program_file import apply, current

DATABASES = ("sqlite",)


def typed(side: str, **gift: str) -> dict[str, str]:
    """A gift as the form sends it."""
    return {f"{side}-{name}": value for name, value in gift.items()}


def test_the_page_says_what_both_sides_get(desk: Desk, world: World) -> None:
    world.refer(minimum_subtotal=Decimal(20), advocate_daily_cap=None)
    page = desk.get("/referral-program").text
    for text in ("€5.00 off", "200 points", "the friend has paid the first order", "€20.00", "No limit", ">On<"):
        assert text in page


GIFTS: list[tuple[dict[str, str], dict[str, Any] | None]] = [
    ({"kind": "nothing", "points": "50"}, None),
    ({"kind": "points", "points": "50", "amount": "5"}, {"kind": "points", "points": 50}),
    (
        {"kind": "amount", "amount": "7,50", "minimum_subtotal": "30", "expires_after_days": "90", "combines": "y"},
        {"kind": "amount", "amount": "7.50", "minimum_subtotal": "30", "expires_after_days": 90, "combines": True},
    ),
    ({"kind": "percent", "percent": "12.5", "points": "many"}, {"kind": "percent", "percent": "12.5"}),
    ({"kind": "free_shipping"}, {"kind": "free_shipping"}),
    (
        {"kind": "free_product", "product_id": "p-1", "product_name": "Mug"},
        {"kind": "free_product", "product_id": "p-1", "product_name": "Mug"},
    ),
]


@pytest.mark.parametrize("side", ["friend_gift", "advocate_gift"])
@pytest.mark.parametrize(("gift", "stored"), GIFTS)
def test_each_side_has_its_gift(
    desk: Desk, world: World, side: str, gift: dict[str, str], stored: dict[str, Any] | None
) -> None:
    """Of the fields that were typed, those of the chosen kind count."""
    world.refer()
    other = {"friend_gift": "advocate_gift", "advocate_gift": "friend_gift"}[side]
    before = getattr(referral_programs.settings_of(world.shop), other)
    assert filled.send(desk, "/referral-program/edit", **typed(side, **gift)).status_code == 303
    program = referral_programs.settings_of(world.shop)
    assert (getattr(program, side), getattr(program, other)) == (stored, before)
    assert apply.plan(world.shop, current.of(world.shop)) == []  # the program file takes it too
    shown = filled.values(desk, "/referral-program/edit")
    assert shown[f"{side}-kind"] == gift["kind"]
    filled.send(desk, "/referral-program/edit")
    assert getattr(referral_programs.settings_of(world.shop), side) == stored


@pytest.mark.parametrize(
    ("gift", "error"),
    [
        ({"kind": "points", "points": ""}, "This is needed"),
        ({"kind": "amount", "amount": ""}, "This is needed"),
        ({"kind": "amount", "amount": "5.005"}, "EUR has no coins so small"),
        ({"kind": "percent", "percent": "101"}, "A number from 1 to 100"),
        ({"kind": "free_product", "product_id": ""}, "This is needed"),
        ({"kind": "a car"}, "Not a valid choice"),
    ],
)
def test_a_gift_that_makes_no_sense_is_said_beside_its_field(
    desk: Desk, world: World, gift: dict[str, str], error: str
) -> None:
    world.refer()
    before = current.of(world.shop)
    refused = filled.send(desk, "/referral-program/edit", **typed("advocate_gift", **gift))
    assert refused.status_code == 422 and error in refused.text and 'aria-invalid="true"' in refused.text
    assert current.of(world.shop) == before


def test_when_and_for_how_many_is_set(desk: Desk, world: World) -> None:
    values = {
        "active": "y",
        "trigger": "registration",
        "attribution": "last",
        "window_days": "7",
        "advocate_daily_cap": "",
        "minimum_subtotal": "19.90",
        "undo_on_refund": None,
    }
    assert filled.send(desk, "/referral-program/edit", **values).status_code == 303
    program = referral_programs.settings_of(world.shop)
    assert (program.active, program.trigger, program.attribution, program.window_days) == (
        True,
        "registration",
        "last",
        7,
    )
    assert (program.advocate_daily_cap, program.minimum_subtotal) == (None, Decimal("19.90"))
    assert program.undo_on_refund is False
    filled.send(desk, "/referral-program/edit", active=None)
    assert referral_programs.program_of(world.shop) is None


def test_two_people_do_not_overwrite_each_other(desk: Desk, world: World) -> None:
    for _ in range(2):  # before there is a row, and after
        shown = filled.values(desk, "/referral-program/edit")
        world.refer(window_days=9)
        refused = filled.send(desk, "/referral-program/edit", shown, window_days="5")
        assert refused.status_code == 422 and "It was changed meanwhile" in refused.text
    assert referral_programs.settings_of(world.shop).window_days == 9


def test_only_the_fields_of_the_chosen_gift_show(office: Callable[..., Clerk], world: World) -> None:
    clerk = office("marketer", viewport=PHONE).goes("/referral-program").presses("Change")
    friend = clerk.page.get_by_role("group", name="Gift of the friend")
    assert not friend.get_by_label("Amount off").is_visible()
    friend.get_by_label("Gift", exact=True).select_option(label="A coupon of an amount")
    friend.get_by_label("Amount off").fill("5")
    assert not friend.get_by_label("Points").is_visible()
    clerk.page.get_by_label("The referral program is on").check()
    clerk.presses("Save").sees("€5.00 off")
    assert referral_programs.settings_of(world.shop).active
