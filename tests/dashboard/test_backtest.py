"""Trying a draft from its form: figures beside today's, and nothing is saved until somebody says so."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.dashboard.conftest import PHONE, Clerk, Desk
from tests.make import World, everything_kept
from widget_server.loyalty.backtest import replay
from widget_server.loyalty.earning import rules

DATABASES = ("sqlite",)
FILE = """
program: {name: Fern Club, point_value: 0.01}
earning_rules:
  - {handle: %s, kind: order, per: {points: 30, money: 1}}
"""


def figures(page: str) -> dict[str, list[str]]:
    """The rows of the table: today, draft, difference."""
    rows = re.findall(r"<tr><td><b>(.*?)</b></td>(.*?)</tr>", page, re.DOTALL)
    return {name: re.findall(r">([^<>]*)</td>", cells) for name, cells in rows}


def test_a_changed_rate_is_tried_and_then_saved(world: World, desk: Desk) -> None:
    rule = world.order_rule(10)
    world.reward(cost=500)
    world.member().orders("20.00")
    world.visitor().orders("10.00")
    sent = {"revision": "1", "points": "20", "money": "1", "guests": "y", "active": "y"}
    desk.get("/profile")
    before = everything_kept()
    page = desk.post(f"/backtest/rules/{rule.id}", **sent, months="3").text
    found = figures(page)
    assert found["Points given"] == ["300", "600", "+300"]
    assert found["Cost if all are spent on the best reward"] == ["€3.00", "€6.00", "€3.00"]
    assert found["That cost, of the sales"][:2] == ["10.0 %", "20.0 %"]
    assert "2 orders" in page and "What these figures leave out" in page
    assert everything_kept() == before
    kept = dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)">', page))
    kept.pop("csrf_token")
    assert kept == sent
    back = desk.post(f"/ways-to-earn/{rule.id}", **kept, again="1")
    assert back.status_code == 200 and 'value="20"' in back.text
    assert rules.need(world.shop, rule.id).rate_points == 10
    assert desk.post(f"/ways-to-earn/{rule.id}", **kept).status_code == 303
    assert rules.need(world.shop, rule.id).rate_points == 20


def test_a_new_rule_is_tried_beside_those_of_today(world: World, desk: Desk) -> None:
    world.order_rule(10)
    world.member().orders("20.00")
    page = desk.post("/backtest/rules/new", kind="first_order", points="50", guests="y", active="y", months="1").text
    assert figures(page)["Points given"] == ["200", "250", "+50"]


def test_a_refused_form_is_shown_again_and_nothing_is_replayed(world: World, desk: Desk) -> None:
    rule = world.order_rule(10)
    page = desk.post(f"/backtest/rules/{rule.id}", points="many", money="1", title="Mine")
    assert page.status_code == 422 and 'id="points-error"' in page.text and 'value="Mine"' in page.text
    assert desk.post("/backtest/rules/new", kind="review", points="1").status_code == 404


def test_a_program_file_is_tried(world: World, desk: Desk) -> None:
    rule = world.order_rule(10)
    world.member().orders("20.00")
    found = figures(desk.post("/backtest", text=FILE % rule.handle, months="3").text)
    assert found["Points given"] == ["200", "600", "+400"]
    assert found["Liability: the worth of these points"] == ["–", "€6.00", ""]
    assert rules.need(world.shop, rule.id).rate_points == 10
    wrong = desk.post("/backtest", text="program: {name: 1}", months="3")
    assert wrong.status_code == 422 and "program.name" in wrong.text


def test_a_large_shop_is_replayed_in_parts(world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "CUSTOMERS_AT_ONCE", 1)
    monkeypatch.setattr(replay.replay, "__kwdefaults__", {"most": 1})
    rule = world.order_rule(10)
    for number in range(2):
        world.visitor(f"guest{number}@example.com").orders("20.00")
    sent = {"points": "20", "money": "1", "guests": "y", "active": "y", "months": "3"}
    points, page = [], desk.post(f"/backtest/rules/{rule.id}", **sent).text
    while "Go on" in page:
        points.append(figures(page)["Points given"][0])
        progress = re.search(r'name="progress" value="([^"]+)"', page)
        assert progress
        other = desk.post(f"/backtest/rules/{rule.id}", **{**sent, "points": "30"}, progress=progress[1]).text
        assert figures(other)["Points given"][0] == "200", "the figures of another draft are not added"
        page = desk.post(f"/backtest/rules/{rule.id}", **sent, progress=progress[1]).text
    assert [*points, figures(page)["Points given"][0]] == ["200", "400", "400"]
    forged = desk.post(f"/backtest/rules/{rule.id}", **sent, progress="WyJ4IiwgMV0.x").text
    assert figures(forged)["Points given"][0] == "200"


def test_only_who_may_change_the_program_tries_one(world: World, desk_of: Callable[..., Desk]) -> None:
    rule, reader = world.order_rule(10), desk_of("reader")
    assert reader.post(f"/backtest/rules/{rule.id}", points="1").status_code == 403
    assert reader.get("/backtest").status_code == 403


@pytest.mark.parametrize("options", [{}, {"viewport": PHONE, "java_script_enabled": False}])
def test_a_marketer_tries_a_rate_changes_it_and_saves(
    world: World, office: Callable[..., Clerk], options: dict[str, Any]
) -> None:
    rule = world.order_rule(10)
    world.member().orders("20.00")
    mara = office("marketer", **options).goes(f"/ways-to-earn/{rule.id}")
    mara.page.get_by_label("Points", exact=True).fill("20")
    mara.presses("Try it").sees("What it would have given").sees("+200")
    if not options:
        assert mara.inspects() == []
    mara.presses("Change it first")
    mara.page.get_by_label("Points", exact=True).fill("15")
    mara.presses("Try it").sees("+100").presses("Save this").sees("It is saved.")
    assert rules.need(world.shop, rule.id).rate_points == 15
    if not options:
        assert mara.goes("/backtest").inspects() == []
