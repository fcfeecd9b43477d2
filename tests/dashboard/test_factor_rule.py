"""A shop that needs the second factor of its staff: who has none can do nothing there but set it up (acceptance 59)."""

import re
from collections.abc import Callable

import pyotp
import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser

from tests import scanning
from tests.dashboard.conftest import PHONE, Clerk, Desk, hire
from tests.dashboard.test_sign_in import PASSWORD, sends
from tests.make import World
from widget_server import clock, dashboard
from widget_server.errors import OwnFactorFirst
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.people import passwords
from widget_server.loyalty.staff import accounts, factor_rule, members, second_factor
from widget_server.loyalty.staff.accounts import StaffAccount
from widget_server.loyalty.staff.roles import Role

DATABASES = ("sqlite",)
SETUP = "/dashboard/profile/second-factor"
KEY = re.compile(r"<code>([A-Z2-7]+)</code>")
ID = re.compile(r"<[^>]+>")
OPEN_BEFORE = {f"{SETUP} GET", f"{SETUP} POST", "/dashboard/sign-out POST", "/dashboard/shop POST"}

MODULE = 4  # pixels of a square of the QR code


def sets_up(account: StaffAccount) -> pyotp.TOTP:
    """The person turns the second factor on."""
    app = pyotp.TOTP(second_factor.begin(account))
    second_factor.confirm(account, app.at(clock.now()))
    return app


def require(world: World) -> None:
    """An owner with a second factor requires it."""
    boss = hire(world, "owner", "boss@fjord.example", "Boss")
    sets_up(boss)
    factor_rule.change(world.shop, boss, needed=True)


def test_an_owner_requires_it_after_setting_up_their_own(desk: Desk, world: World) -> None:
    refused = desk.post("/staff/second-factor", needed="y")
    assert refused.status_code == 422 and "Set up your own second factor first." in refused.text
    assert not world.shop.staff_need_factor
    sets_up(desk.account)
    assert desk.post("/staff/second-factor", needed="y").status_code == 303
    assert "Everybody needs a second factor" in desk.get("/staff").text
    entry = AuditEntry.of(world.shop).where(AuditEntry.noun == "shop", AuditEntry.verb == "update").get()
    assert (entry.actor_name, entry.before, entry.after) == (
        "Olga Owner",
        {"staff_need_factor": False},
        {"staff_need_factor": True},
    )
    assert desk.post("/staff/second-factor").status_code == 303
    assert desk.get("/customers").status_code == 200


@pytest.mark.parametrize("role", ["marketer", "support", "reader"])
def test_only_owners_require_it(role: Role, desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(role)
    sets_up(desk.account)
    assert desk.post("/staff/second-factor", needed="y").status_code == 403


def test_whoever_has_none_is_led_there_from_every_page_and_form(desk: Desk, world: World) -> None:
    require(world)
    rules = [rule for pages in dashboard.PAGES for rule in pages.rules if rule.action is not None]
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', desk.client.get(SETUP).text)
    assert token
    for rule in rules:
        for method in rule.methods:
            if f"{rule.path} {method}" in OPEN_BEFORE:
                continue
            fields = {"csrf_token": token[1]} if method == "POST" else None
            sent = desk.client.open(ID.sub("x", rule.path), method=method, data=fields)
            assert (sent.status_code, sent.headers.get("Location")) == (303, SETUP), (method, rule.path)
    page = desk.client.get(SETUP).text
    assert "needs a second factor of everybody" in page and "/dashboard/customers" not in page


def test_they_set_it_up_get_recovery_codes_and_go_on(desk: Desk, world: World) -> None:
    require(world)
    page = desk.client.get(SETUP).text
    key, token = KEY.search(page), re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert key and token
    wrong = desk.client.post(SETUP, data={"csrf_token": token[1], "code": "000000"})
    assert wrong.status_code == 422 and key[1] in wrong.text
    code = pyotp.TOTP(key[1]).at(clock.now())
    done = desk.client.post(SETUP, data={"csrf_token": token[1], "code": code})
    assert "Recovery codes" in done.text
    assert len(accounts.by_id(desk.account.id).recovery_hashes) == second_factor.RECOVERY_CODES
    assert desk.get("/customers").status_code == 200
    noted = AuditEntry.of(world.shop).where(AuditEntry.noun == "second_factor")
    assert [one.verb for one in noted if one.subject_id == desk.account.id] == ["turn_on"]


def test_without_it_again_they_are_led_there_again(desk: Desk, world: World) -> None:
    sets_up(desk.account)
    accounts.set_password(desk.account, passwords.hash_password(PASSWORD))
    require(world)
    assert "To use another app" in desk.get("/profile/second-factor").text
    assert desk.post("/profile/second-factor/off", present=PASSWORD).status_code == 303
    assert desk.get("/customers").headers["Location"] == SETUP


def test_their_other_shops_are_as_before(desk: Desk, world: World) -> None:
    other = World.create(name="Elsewhere")
    members.add(other.shop, accounts.by_id(desk.account.id), "reader")
    require(world)
    page = desk.client.get(SETUP).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token and "Elsewhere" in page
    went = desk.client.post("/dashboard/shop", data={"csrf_token": token[1], "shop_id": other.shop.id})
    assert went.headers["Location"] == "/dashboard/"
    assert desk.get("/customers").status_code == 200
    assert desk.post("/shop", shop_id=world.shop.id).status_code == 303
    assert desk.get("/customers").headers["Location"] == SETUP
    assert desk.client.post("/dashboard/sign-out", data={"csrf_token": token[1]}).status_code == 303


def test_an_invited_person_sets_it_up_first(
    desk: Desk, browser: FlaskClient, world: World, mailed: Callable[[str], str]
) -> None:
    desk.post("/staff/invite", email="sven@fjord.example", role="support")
    require(world)
    path = mailed("sven@fjord.example").partition("/dashboard")[2]
    assert "This shop needs a second factor" in browser.get(f"/dashboard{path}").text
    assert sends(browser, path, name="Sven", password=PASSWORD)[0] == 303
    assert browser.get("/dashboard/till").headers["Location"] == SETUP


def test_who_lost_it_meanwhile_cannot_require_it(world: World) -> None:
    """What counts is the account as it is stored, not as the request read it."""
    olga = hire(world)
    sets_up(olga)
    read = accounts.by_id(olga.id)
    second_factor.turn_off(olga)
    with pytest.raises(OwnFactorFirst):
        factor_rule.change(world.shop, read, needed=True)


def test_the_page_has_no_faults_that_axe_knows(office: Callable[..., Clerk], world: World) -> None:
    olga = office("owner", viewport=PHONE)
    assert olga.goes("/staff/second-factor").inspects() == []
    require(world)
    olga.goes("/customers").sees("needs a second factor of everybody")
    assert olga.inspects() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_app_can_read_the_code_of_the_second_factor(
    office: Callable[..., Clerk], chromium: Browser, scheme: str
) -> None:
    """Apps read dark squares on a light ground with a margin of four; on a dark page it was black on black."""
    clerk = office(color_scheme=scheme).goes("/profile/second-factor")
    shot = clerk.page.locator("main img").screenshot()
    pixels = scanning.greys(chromium, shot)
    margin, corner, ring = (pixels[place, place] for place in (at * MODULE + MODULE // 2 for at in (1, 4, 5)))
    assert (margin, corner, ring) == (255, 0, 255)
    ((kind, text),) = scanning.scan(chromium, shot)
    assert text.startswith("otpauth://totp/") and kind.startswith("QR")
