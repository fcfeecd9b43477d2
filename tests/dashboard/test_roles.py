"""Who may do what: each page and each form of the dashboard, for each role, as docs/dashboard.md has it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.dashboard.conftest import Desk
from widget_server import dashboard
from widget_server.dashboard.pages import Rule
from widget_server.loyalty.staff.roles import ALLOWED, ROLES, Action, Role, may

DATABASES = ("sqlite",)
DOCUMENT = Path(__file__).parents[2] / "docs" / "dashboard.md"
RULES = [rule for pages in dashboard.PAGES for rule in pages.rules if rule.action is not None]
ID = re.compile(r"<[^>]+>")
LEAVES = ("dashboard_sign_in.sign_out",)  # the session is over after it


def documented() -> dict[Action, set[str]]:
    """The table of the document: who may do each action."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in DOCUMENT.read_text("utf-8").splitlines()
        if line.startswith("|") and not line.startswith("|--")
    ]
    header, *body = rows
    return {
        Action(row[0]): {role for role, cell in zip(header[2:], row[2:], strict=True) if cell != "-"} for row in body
    }


def test_the_document_says_what_each_role_may() -> None:
    assert documented() == {action: {role for role in ROLES if action in ALLOWED[role]} for action in Action}


@pytest.mark.parametrize("role", ROLES)
def test_every_page_and_form_is_open_to_the_roles_of_its_action(role: Role, desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(role)
    desk_of("owner", email="other@fjord.example")  # so that an owner's form may remove one
    for rule in sorted(RULES, key=lambda rule: rule.endpoint in LEAVES):
        for method in rule.methods:
            status = _send(desk, rule, method)
            assert (status == 403) == (not may(role, rule.action)), (role, method, rule.path, status)  # type: ignore[arg-type]
            assert status != 500, (method, rule.path)


def test_nothing_but_the_ways_in_is_open_to_a_stranger(desk: Desk) -> None:
    stranger = desk.client.application.test_client()
    for rule in RULES:
        for method in rule.methods:
            response = stranger.open(ID.sub("x", rule.path), method=method)
            assert response.status_code in (302, 303) and "/dashboard/sign-in" in response.headers["Location"], rule


def _send(desk: Desk, rule: Rule, method: str) -> int:
    path = ID.sub("00000000-0000-4000-8000-000000000000", rule.path).removeprefix("/dashboard")
    return (desk.get(path) if method == "GET" else desk.post(path)).status_code
