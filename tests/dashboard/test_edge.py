"""What an attacker tries at the dashboard: forged forms, other shops' ids, stolen cookies and links, large bodies."""

import csv
import json
import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.dashboard import full_shop
from tests.dashboard.conftest import Desk, hire
from tests.dashboard.test_sign_in import PASSWORD, sends
from tests.make import World
from tests.walk_dashboard import PLACE, ROWS, WORDS
from widget_server import config, dashboard
from widget_server.delivery import endpoints
from widget_server.loyalty.imports import csv_files
from widget_server.loyalty.people import api_keys, passwords, saved_views
from widget_server.loyalty.points import batches
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.staff import accounts, invitations, links, members, sign_in
from widget_server.loyalty.staff.members import Caps, StaffMember

DATABASES = ("sqlite",)
RULES = [rule for pages in dashboard.PAGES for rule in pages.rules]
OF_THE_PERSON = ("session_id",)  # not of a shop: another one's is not found, silently


def elsewhere() -> World:
    """Another shop with a row of as many kinds as possible."""
    other = World.create(name="Elsewhere")
    shop = full_shop.fill(other)
    hire(other, "owner", "other@elsewhere.example")
    batches.bulk_adjust(other.shop, [other.vouched("c-1").account.id], source="staff", key="b", by=5)
    api_keys.create_key(other.shop.id, "till")
    endpoints.create(other.shop.id, url="https://hooks.example/x")
    saved_views.save(other.shop, "Theirs", {"text": "x"})
    assert shop.customer_id
    return other


def foreign(other: World) -> dict[str, str]:
    """The id of a row of the other shop, by the name that paths give it."""
    found = {}
    for name, table in ROWS.items():
        rows = table.of(other.shop) if hasattr(table, "of") else None
        row = rows.first() if rows is not None else None
        if row is not None:
            found[name] = str(row.get_id())
    return found


def test_no_path_opens_or_changes_a_row_of_another_shop(desk: Desk) -> None:
    ids, token, seen = {**WORDS, **foreign(elsewhere())}, desk.token, set[str]()
    for rule in RULES:
        places = set(PLACE.findall(rule.path)) - WORDS.keys()
        if rule.action is None or not places or not places <= ids.keys():
            continue
        path = PLACE.sub(lambda place: ids[place[1]], rule.path)
        for method in rule.methods:
            fields = {"csrf_token": token, "name": "Mine", "email": "x@example.com", "points": "5", "amount": "5"}
            sent = desk.client.open(path, method=method, data=fields if method == "POST" else None)
            assert sent.status_code == 404, (method, rule.path, sent.status_code)
        seen |= places
    assert seen >= {"customer_id", "order_id", "reward_id", "rule_id", "referral_id", "key_id", "member_id", "batch_id"}


def test_a_row_of_another_shop_is_not_reached_through_an_own_customer(desk: Desk, world: World) -> None:
    ids, ann = foreign(elsewhere()), world.member("ann@example.com")
    ann.is_given(500)
    before = Coupon.get_by_id(ids["coupon_id"]).status
    for act in ("return", "revoke"):
        desk.post(f"/customers/{ann.id}/coupons/{ids['coupon_id']}/{act}", request_key="key-0001")
    assert (Coupon.get_by_id(ids["coupon_id"]).status, ann.balance) == (before, 500)
    assert desk.get(f"/till/{ann.id}/coupon/{ids['coupon_id']}").status_code == 404
    assert desk.post(f"/till/{ann.id}/redeem/{ids['reward_id']}", checked="y").status_code == 404


def test_no_form_is_accepted_without_its_token(desk: Desk) -> None:
    """With a session, without the token or with one of another session: nothing but 400."""
    for rule in RULES:
        if "POST" in rule.methods and rule.action is not None:
            for fields in ({}, {"csrf_token": "IjAi.forged"}):
                sent = desk.client.post(PLACE.sub("x", rule.path), data=fields)
                assert sent.status_code == 400, (rule.path, sent.status_code)
    for rule in RULES:
        if "POST" in rule.methods and rule.action is None and "<" not in rule.path:
            sent = desk.client.application.test_client().post(rule.path, data={"email": "a@b.example"})
            assert sent.status_code == 400, rule.path


def test_a_role_that_is_lowered_holds_for_the_next_request(desk: Desk, world: World) -> None:
    token = desk.token
    hire(world, "owner", "boss@fjord.example")
    member = StaffMember.need(world.shop, StaffMember.account_id == desk.account.id)
    members.change(world.shop, member.id, "reader", Caps())
    assert desk.get("/staff").status_code == 403
    assert desk.client.post("/dashboard/staff/invite", data={"csrf_token": token, "role": "owner"}).status_code == 403


def test_a_copied_cookie_ends_with_the_sign_out(desk: Desk) -> None:
    cookie = desk.client.get_cookie("staff", path="/dashboard")
    assert cookie is not None
    thief = desk.client.application.test_client()
    thief.set_cookie("staff", cookie.value, path="/dashboard")
    assert thief.get("/dashboard/profile").status_code == 200
    assert desk.post("/sign-out").status_code == 303
    assert thief.get("/dashboard/profile").status_code == 302


def test_signing_in_begins_a_session_of_its_own(browser: FlaskClient, world: World) -> None:
    """A cookie that somebody planted before is worth nothing after, and neither is its token of forms."""
    olga = hire(world)
    accounts.set_password(olga, passwords.hash_password(PASSWORD))
    browser.get("/dashboard/sign-in")
    planted = browser.get_cookie("staff", path="/dashboard")
    assert planted is not None
    assert sends(browser, "/sign-in", email=olga.email, password=PASSWORD)[0] == 303
    attacker = browser.application.test_client()
    attacker.set_cookie("staff", planted.value, path="/dashboard")
    assert attacker.get("/dashboard/profile").status_code == 302


def test_no_page_file_or_error_stays_in_a_cache(desk: Desk, world: World) -> None:
    full_shop.fill(world)
    for rule in RULES:
        if "GET" in rule.methods and "<" not in rule.path:
            sent = desk.client.get(rule.path)
            assert "no-store" in sent.headers["Cache-Control"], rule.path
            sent.close()
    assert "no-store" in desk.get("/customers/nobody").headers["Cache-Control"]


def test_a_forged_host_is_in_no_link_and_no_redirect(
    desk: Desk, browser: FlaskClient, mailed: Callable[[str], str]
) -> None:
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    assert browser.get("/dashboard/staff", headers=forged).headers["Location"].startswith("/dashboard/sign-in")
    page = browser.get("/dashboard/sign-in/forgotten", headers=forged).text
    assert "evil.example" not in page
    assert sends(browser, "/sign-in/forgotten", email=desk.account.email)[0] == 303
    assert mailed(desk.account.email).startswith(config.current().base_url)


def test_a_new_password_ends_every_link_that_was_sent_before(
    desk: Desk, browser: FlaskClient, world: World, mailed: Callable[[str], str]
) -> None:
    shell = sign_in.link_for(world.shop.id, desk.account).partition("/dashboard")[2]
    earlier = f"/sign-in/new-password?link={links.make('reset', account_id=desk.account.id)}"
    sends(browser, "/sign-in/forgotten", email=desk.account.email)
    path = mailed(desk.account.email).partition("/dashboard")[2]
    assert browser.get(f"/dashboard{earlier}").status_code == 200
    assert sends(browser, path, password=PASSWORD)[0] == 303
    for ended in (path, earlier, shell):
        assert browser.get(f"/dashboard{ended}").status_code == 400, ended


def test_a_changed_password_does_too(desk: Desk, browser: FlaskClient, world: World) -> None:
    accounts.set_password(desk.account, passwords.hash_password(PASSWORD))
    shell = sign_in.link_for(world.shop.id, desk.account).partition("/dashboard")[2]
    assert desk.post("/profile/password", present=PASSWORD, password=f"{PASSWORD} two").status_code == 303
    assert browser.get(f"/dashboard{shell}").status_code == 400


def test_a_wrong_present_password_is_called_that(desk: Desk) -> None:
    """Not "the e-mail address or the password": nobody is asked for an address there."""
    accounts.set_password(desk.account, passwords.hash_password(PASSWORD))
    refused = desk.post("/profile/password", present="another one", password=f"{PASSWORD} two")
    assert refused.status_code == 422 and "This is not your present password." in refused.text


def test_who_is_removed_does_not_return_by_an_old_invitation(desk: Desk, browser: FlaskClient, world: World) -> None:
    link = invitations.invite(world.shop, "sven@fjord.example", "support").partition("/dashboard")[2]
    sven = hire(world, "support", "sven@fjord.example")  # by the shell, meanwhile
    member = StaffMember.need(world.shop, StaffMember.account_id == sven.id)
    assert desk.post(f"/staff/{member.id}/remove").status_code == 303
    assert browser.get(f"/dashboard{link}").status_code == 400


def test_a_huge_form_is_refused_and_breaks_nothing(desk: Desk) -> None:
    for fields in ({"name": "x" * 3_000_000}, {f"f{number}": "x" * 100 for number in range(30_000)}):
        sent = desk.client.post("/dashboard/profile", data={"csrf_token": desk.token, **fields})
        assert sent.status_code == 413 and "more than can be sent at once" in sent.text
    parts = {"csrf_token": desk.token, **{f"f{number}": "x" for number in range(2_000)}}
    sent = desk.client.post("/dashboard/profile", data=parts, content_type="multipart/form-data")
    assert sent.status_code == 413
    assert desk.get("/profile").status_code == 200


@pytest.mark.parametrize(
    "email",
    [
        "olga@fjord.example\u200b",
        "\u202eolga@fjord.example",
        "ol\u0433a@fjord.example",
        "olga@fjord.example\r\nBcc: x@y.z",
        "olga@fjord\uff0eexample\u2044x",
        '"olga"@fjord.example',
        "olga@fjord.example,x@y.example",
        "olga%x@fjord.example",
    ],
)
def test_an_address_that_looks_like_another_invites_nobody(desk: Desk, email: str) -> None:
    assert desk.post("/staff/invite", email=email, role="owner").status_code == 422
    assert desk.get("/staff").text.count("Withdraw") == 0


def test_an_address_in_other_letters_is_the_same_person(desk: Desk) -> None:
    for email in ("OWNER@Fjord.Example", " owner@fjord.example ", "owner@\uff46jord.example"):
        refused = desk.post("/staff/invite", email=email, role="owner")
        assert refused.status_code == 422 and "belongs to the staff already" in refused.text, email


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\n=1"])
@pytest.mark.parametrize("before", ["", "Ann;", 'Ann;"', "Ann\t", "Ann, ", "Ann\r\n"])
def test_no_cell_of_a_csv_runs_as_a_formula(cell: str, before: str) -> None:
    """Neither where the file is divided as it is written, nor where a spreadsheet divides it at another character."""
    line = csv_files.line(["5", before + cell], ",")
    for divider in (r",", r";", r"\t", r"\|"):
        for part in re.split(rf"{divider}|[\r\n]", line):
            assert not re.match(r"""["\s]*[=+@-](?!\d+["\s]*$)""", part), (line, divider)


def test_what_is_no_formula_is_written_as_it_is() -> None:
    facts = json.dumps({"amount": -5, "list": [1, -2], "text": "a = b; c - d"})
    assert csv_files.line(["-5", "Ann; Bob", "3, -4", "2 + 2"], ",") == '-5,Ann; Bob,"3, -4",2 + 2\r\n'
    assert next(csv.reader([csv_files.line([facts], ",")])) == [facts]
