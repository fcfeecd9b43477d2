"""Files of other apps are recognised by their columns, and mapped without help."""

import pytest

from tests.loyalty.imports.importing import imported, parsed
from tests.make import World
from widget_server.loyalty.imports import imports

RIVO = "Email,Points Balance,Birthdate,VIP Tier,Activation Date,Credits Balance"
YOTPO = "Full Name,First Name,Last Name,Email,Points Balance,Points Spent,Birthday (MM/DD) or (MM/DD/YYYY)"
SMILE = "id,first_name,last_name,email,state,date_of_birth,points_balance,referral_url"
BON = "Email,Points Balance,Shopify ID"
LION = "Name,Email,Approved points,Pending points,Lifetime points"


@pytest.mark.parametrize(
    ("header", "app", "mapping"),
    [
        (RIVO, "Rivo", {"email": 0, "points": 1, "birthday": 2, "tier": 3}),
        (YOTPO, "Yotpo", {"email": 3, "points": 4, "name": 0, "first_name": 1, "last_name": 2, "birthday": 6}),
        (
            SMILE,
            "Smile.io",
            {"email": 3, "points": 6, "first_name": 1, "last_name": 2, "birthday": 5, "referral_code": 7},
        ),
        (BON, "BON Loyalty", {"email": 0, "points": 1}),
        (LION, "LoyaltyLion", {"name": 0, "email": 1, "points": 2}),
    ],
)
def test_a_file_of_another_app_is_recognised(world: World, header: str, app: str, mapping: dict[str, int]) -> None:
    cells = ["ann@example.com" if "email" in name.lower() else "100" for name in header.split(",")]
    made = parsed(world, f"{header}\n{','.join(cells)}\n")
    assert made.format == app
    assert imports.proposed(made, "members") == mapping


def test_a_file_of_nobody_is_not_recognised(world: World) -> None:
    assert parsed(world, "email,points\nann@example.com,5\n").format is None


def test_an_export_of_rivo_brings_its_members(world: World) -> None:
    ann = world.member()
    world.tier("Gold", 500)
    imported(world, f"{RIVO}\nann@example.com,120,1990-05-27,Gold,2024-01-01,\n", mode="members")
    assert (ann.balance, ann.customer.birthday) == (120, "1990-05-27")
