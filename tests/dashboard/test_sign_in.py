"""Signing in to the dashboard: by password, second factor and link, and what a stranger cannot do (acceptance 59)."""

import re
from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest
from flask.testing import FlaskClient

from tests.dashboard.conftest import Clerk, Desk, hire
from tests.make import NOON, World
from widget_server import clock
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.people import passwords
from widget_server.loyalty.staff import accounts, members, second_factor, sign_in
from widget_server.loyalty.staff.members import StaffMember

PASSWORD = "a fern in the fjord"
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


def sends(browser: FlaskClient, path: str, **fields: str) -> tuple[int, str]:
    """Open a form and send it; returns the status, and the page or the address that it leads to."""
    found = TOKEN.search(browser.get(f"/dashboard{path}").text)
    assert found
    response = browser.post(f"/dashboard{path}", data={"csrf_token": found[1], **fields})
    return response.status_code, response.headers.get("Location", response.text)


@pytest.fixture
def olga(world: World) -> accounts.StaffAccount:
    account = hire(world)
    accounts.set_password(account, passwords.hash_password(PASSWORD))
    return account


def test_staff_sign_in_with_their_password_and_land_where_they_wanted(
    browser: FlaskClient, world: World, olga: accounts.StaffAccount
) -> None:
    wanted = browser.get("/dashboard/staff")
    assert wanted.headers["Location"] == "/dashboard/sign-in?next=%2Fdashboard%2Fstaff"
    path = "/sign-in?next=%2Fdashboard%2Fstaff"
    assert sends(browser, path, email=olga.email.upper(), password=PASSWORD) == (303, "/dashboard/staff")
    assert "owner@fjord.example" in browser.get("/dashboard/staff").text
    entry = AuditEntry.of(world.shop).where(AuditEntry.verb == "sign_in").get()
    assert (entry.actor, entry.subject_id) == ("staff", olga.id)


def test_a_wrong_password_says_nothing_about_the_account(browser: FlaskClient, olga: accounts.StaffAccount) -> None:
    known = sends(browser, "/sign-in", email=olga.email, password="not the password")
    unknown = sends(browser, "/sign-in", email="nobody@fjord.example", password="not the password")
    assert known[0] == unknown[0] == 422
    same = [re.sub(r'(value|nonce)="[^"]*"', "", page).replace(olga.email, "") for _, page in (known, unknown)]
    assert same[0] == same[1].replace("nobody@fjord.example", "")


@pytest.mark.parametrize("onward", ["https://evil.example/", "//evil.example/", "/widget", "/dashboard/\\evil"])
def test_the_sign_in_leads_nowhere_but_to_the_dashboard(
    browser: FlaskClient, olga: accounts.StaffAccount, onward: str
) -> None:
    assert sends(browser, f"/sign-in?next={onward}", email=olga.email, password=PASSWORD)[1] == "/dashboard/"


def test_a_stranger_who_guesses_locks_nobody_out(browser: FlaskClient, olga: accounts.StaffAccount) -> None:
    """The owner has signed in from this browser before: the stranger's failures are not the owner's."""
    assert sends(browser, "/sign-in", email=olga.email, password=PASSWORD)[0] == 303
    stranger = browser.application.test_client()
    for _ in range(15):
        status, page = sends(stranger, "/sign-in", email=olga.email, password="guess number one")
    assert status == 422 and "Too many tries" in page
    assert sends(stranger, "/sign-in", email=olga.email, password=PASSWORD)[0] == 422
    browser.post("/dashboard/sign-out", data={"csrf_token": TOKEN.search(browser.get("/dashboard/profile").text)[1]})
    assert sends(browser, "/sign-in", email=olga.email, password=PASSWORD)[0] == 303


def test_the_second_factor_is_needed_and_each_code_works_once(
    browser: FlaskClient, olga: accounts.StaffAccount
) -> None:
    with clock.at(NOON):
        secret = second_factor.begin(olga)
        app = pyotp.TOTP(secret)
        codes = second_factor.confirm(olga, app.at(NOON))
    later = NOON + timedelta(minutes=5)
    with clock.at(later):
        assert sends(browser, "/sign-in", email=olga.email, password=PASSWORD)[1] == "/dashboard/sign-in/code"
        assert browser.get("/dashboard/profile").status_code == 302  # not in yet
        assert sends(browser, "/sign-in/code", code="000000")[0] == 422
        assert sends(browser, "/sign-in/code", code=app.at(later)) == (303, "/dashboard/")
        again = browser.application.test_client()
        assert sends(again, "/sign-in", email=olga.email, password=PASSWORD)[0] == 303
        assert sends(again, "/sign-in/code", code=app.at(later))[0] == 422
        assert sends(again, "/sign-in/code", code=codes[0].upper())[0] == 303
        third = browser.application.test_client()
        sends(third, "/sign-in", email=olga.email, password=PASSWORD)
        assert sends(third, "/sign-in/code", code=codes[0])[0] == 422


def test_who_knows_the_password_guesses_no_code_for_days(browser: FlaskClient, olga: accounts.StaffAccount) -> None:
    with clock.at(NOON):
        app = pyotp.TOTP(second_factor.begin(olga))
        second_factor.confirm(olga, app.at(NOON))
    tried = 0
    for quarter in range(1, 90):
        with clock.at(NOON + timedelta(minutes=15 * quarter, seconds=1)):
            if quarter % 40 == 1:  # a session between the steps lasts a while
                sends(browser, "/sign-in", email=olga.email, password=PASSWORD)
            for _ in range(10):
                status, page = sends(browser, "/sign-in/code", code="000000")
                tried += status == 422 and "Too many tries" not in page
    assert 90 <= tried <= 100
    with clock.at(NOON + timedelta(days=2)):
        sends(browser, "/sign-in", email=olga.email, password=PASSWORD)
        assert sends(browser, "/sign-in/code", code=app.at(NOON + timedelta(days=2)))[0] == 303


def test_a_link_signs_in_once(browser: FlaskClient, world: World, olga: accounts.StaffAccount) -> None:
    path = sign_in.link_for(world.shop.id, olga).partition("/dashboard")[2]
    assert browser.get(f"/dashboard{path}").status_code == 200  # a program that scans mail uses nothing up
    assert sends(browser, path) == (303, "/dashboard/")
    assert browser.get(f"/dashboard{path}").status_code == 400


def test_a_session_ends_with_the_membership(desk: Desk, world: World) -> None:
    assert desk.get("/profile").status_code == 200
    hire(world, "owner", "second@fjord.example")
    members.remove(world.shop, StaffMember.need(world.shop, StaffMember.account_id == desk.account.id).id)
    assert desk.get("/profile").status_code == 302


def test_a_form_without_its_token_is_refused(desk: Desk) -> None:
    sent = desk.client.post("/dashboard/profile", data={"name": "Mallory"})
    assert sent.status_code == 400
    assert "expired" in sent.text
    assert accounts.by_id(desk.account.id).name == "Olga Owner"


def test_the_cookie_goes_to_the_dashboard_alone(browser: FlaskClient, olga: accounts.StaffAccount) -> None:
    sends(browser, "/sign-in", email=olga.email, password=PASSWORD)
    cookie = browser.get_cookie("staff", path="/dashboard")
    assert cookie is not None and cookie.http_only and cookie.same_site == "Lax"
    assert browser.get_cookie("staff", path="/") is None


def test_an_invited_person_becomes_staff(
    desk: Desk, browser: FlaskClient, world: World, mailed: Callable[[str], str]
) -> None:
    assert desk.post("/staff/invite", email="Sven@fjord.example", role="support", change_max="100").status_code == 303
    path = mailed("sven@fjord.example").partition("/dashboard")[2]
    assert sends(browser, path, name="Sven", password="short")[0] == 422
    assert sends(browser, path, name="Sven", password=PASSWORD) == (303, "/dashboard/")
    member, account = members.listed(world.shop)[1]
    assert (account.name, member.role, member.change_points_max, member.day_points_max) == (
        "Sven",
        "support",
        100,
        None,
    )
    assert browser.get(f"/dashboard{path}").status_code == 400
    assert browser.get("/dashboard/staff").status_code == 403  # support does not see the staff


def test_the_last_owner_stays(desk: Desk, world: World) -> None:
    ((member, _),) = members.listed(world.shop)
    refused = desk.post(f"/staff/{member.id}", role="reader")
    assert refused.status_code == 422 and "only owner" in refused.text
    assert desk.post(f"/staff/{member.id}/remove").status_code == 422


def test_a_forgotten_password_is_set_by_mail_and_signs_out_everywhere(
    desk: Desk, browser: FlaskClient, mailed: Callable[[str], str]
) -> None:
    assert sends(browser, "/sign-in/forgotten", email="nobody@fjord.example")[0] == 303
    assert sends(browser, "/sign-in/forgotten", email=desk.account.email)[0] == 303
    path = mailed(desk.account.email).partition("/dashboard")[2]
    assert sends(browser, path, password=PASSWORD)[0] == 303
    assert desk.get("/profile").status_code == 302
    assert sends(browser, "/sign-in", email=desk.account.email, password=PASSWORD)[0] == 303


def test_staff_pages_have_no_faults_that_axe_knows(office: Callable[..., Clerk]) -> None:
    stranger, olga = office(None), office()
    assert stranger.goes("/sign-in").inspects() == []
    for path in ("/profile", "/profile/password", "/profile/second-factor", "/staff", "/staff/invite", "/menu"):
        assert olga.goes(path).inspects() == [], path
