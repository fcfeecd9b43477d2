"""Drafts of the whole program in the dashboard: made, edited with the ordinary forms, tried, settled, published."""

import io
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from tests.dashboard.conftest import PHONE, Clerk, Desk
from tests.dashboard.test_backtest import figures
from tests.make import World
from tests.program_file.demo_file import TEXT, written
from widget_server.loyalty import versions
from widget_server.loyalty.earning import campaigns, rules
from widget_server.loyalty.points import tiers
from widget_server.loyalty.referrals import referral_programs
from widget_server.loyalty.rewards import rewards
from widget_server.program_file import stored_drafts
from widget_server.program_file.stored_drafts import ProgramDraft

DATABASES = ("sqlite",)


def make(desk: Desk, world: World) -> str:
    """A new draft; its address."""
    assert desk.post("/program/drafts/new", name="Spring").status_code == 303
    return f"/program/drafts/{stored_drafts.all_of(world.shop)[0].id}"


def draft_of(world: World) -> ProgramDraft:
    (draft,) = stored_drafts.all_of(world.shop)
    return draft


def filled(desk: Desk, path: str) -> dict[str, str]:
    """What the form of a page sends when nobody types."""
    page = desk.get(path)
    assert page.status_code == 200, page.text
    body = page.text.partition("<main")[2]
    sent = {}
    for tag in re.findall(r"<input [^>]+>", body):
        facts = dict(re.findall(r'([a-z_-]+)="([^"]*)"', tag))
        if facts.get("type") in ("checkbox", "radio") and not re.search(r"\bchecked\b", tag):
            continue
        if "name" in facts and facts["name"] != "csrf_token":
            sent[facts["name"]] = unescape(facts.get("value", "y"))
    for name, inner in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', body, re.DOTALL):
        sent[name] = unescape(inner).strip()
    for name, inner in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', body, re.DOTALL):
        found = re.search(r'<option selected value="([^"]*)"', inner) or re.search(r'value="([^"]*)"', inner)
        sent[name] = unescape(found[1]) if found else ""
    return sent


def saves(desk: Desk, path: str, **typed: str) -> None:
    """Change some fields of a form, and save it."""
    saved = desk.post(path, **{**filled(desk, path), **typed})
    assert saved.status_code == 303, saved.text


def test_every_part_of_the_program_is_edited_in_one_draft_and_published_at_once(world: World, desk: Desk) -> None:
    rule, reward, tier = world.order_rule(10), world.reward(cost=500), world.tier("Gold", 1000)
    before, at = written(world), make(desk, world)
    saves(desk, f"{at}/rules/{rule.handle}", points="20")
    saves(desk, f"{at}/rules/new/review", points="50")
    saves(desk, f"{at}/rewards/{reward.handle}", cost_points="400")
    saves(desk, f"{at}/rewards/new/free_shipping", cost_points="300", title="Postage")
    saves(desk, f"{at}/tiers/0", required_points="900")
    saves(desk, f"{at}/tiers/new", name="Silver", required_points="300")
    saves(desk, f"{at}/tier-settings", window="90")
    saves(desk, f"{at}/settings", point_value="0.01")
    saves(desk, f"{at}/expiry", expiry="age", expiry_months="18")
    saves(desk, f"{at}/campaigns/new", name="May days", multiplier="3")
    saves(desk, f"{at}/referral", active="y", **{"friend_gift-kind": "points", "friend_gift-points": "70"})
    assert written(world) == before
    page = desk.get(at).text
    for told in ("Points for each amount", "Gift of the friend: Points", "Silver", "May days", "Postage", "Months"):
        assert told in page, told
    assert desk.post(f"{at}/publish", revision=str(draft_of(world).revision)).status_code == 303
    assert rules.need(world.shop, rule.id).rate_points == 20
    assert {one.kind for one in rules.listed_all(world.shop)} == {"order", "review"}
    assert [one.cost_points for one in rewards.live(world.shop)] == [400, 300]
    assert [(one.name, one.required_points) for one in tiers.listed(world.shop.id)] == [("Silver", 300), ("Gold", 900)]
    assert tiers.need(world.shop, tier.id).required_points == 900
    assert tiers.program_settings(world.shop).window_days == 90
    settings = world.program.rules
    assert (str(settings.point_value), settings.expiry, settings.expiry_months) == ("0.01", "age", 18)
    assert [one.name for one in campaigns.listed(world.shop)] == ["May days"]
    gift = referral_programs.settings_of(world.shop).for_friend
    assert gift is not None and gift.points == 70
    assert len(versions.listed(world.shop)) >= 9 and stored_drafts.all_of(world.shop) == []


def test_an_ordinary_form_that_is_saved_untouched_changes_nothing(world: World, desk: Desk) -> None:
    rule, reward = world.order_rule(10), world.reward(cost=500)
    world.tier("Gold", 1000)
    world.refer()
    at = make(desk, world)
    paths = (f"rules/{rule.handle}", f"rewards/{reward.handle}", "tiers/0", "tier-settings", "settings", "expiry")
    for path in (*paths, "referral"):
        saves(desk, f"{at}/{path}")
    assert stored_drafts.outlook(world.shop, draft_of(world)).changes == []


def test_what_is_wrong_stands_beside_its_field_and_the_draft_stays(world: World, desk: Desk) -> None:
    rule, reward = world.order_rule(10), world.reward(cost=500)
    world.tier("Gold", 1000)
    at = make(desk, world)
    known = draft_of(world).document
    wrong = {
        f"rules/{rule.handle}": ({"points": "many"}, "points-error"),
        f"rewards/{reward.handle}": ({"amount": "0.001"}, "amount-error"),
        "tiers/new": ({"name": "Gold", "required_points": "5"}, "name-error"),
        "campaigns/new": ({"name": "May", "ends_at": "2020-01-01T00:00"}, "ends_at-error"),
        "referral": ({"friend_gift-kind": "amount", "friend_gift-amount": "0.001"}, "friend_gift-amount-error"),
    }
    for path, (typed, error) in wrong.items():
        page = desk.post(f"{at}/{path}", **{**filled(desk, f"{at}/{path}"), **typed})
        assert page.status_code in (200, 422) and error in page.text, path
    taken = desk.post(
        f"{at}/tiers/new", **{**filled(desk, f"{at}/tiers/new"), "name": "Jade", "required_points": "1000"}
    )
    assert taken.status_code == 422
    assert draft_of(world).document == known
    assert desk.get(f"{at}/rules/nothing").status_code == 404 == desk.get(f"{at}/tiers/7").status_code


def test_an_old_form_does_not_overwrite_a_newer_edit_of_the_draft(world: World, desk: Desk) -> None:
    rule = world.order_rule(10)
    at = make(desk, world)
    old = filled(desk, f"{at}/rules/{rule.handle}")
    saves(desk, f"{at}/settings", name="Fern Friends")
    refused = desk.post(f"{at}/rules/{rule.handle}", **{**old, "points": "99"})
    assert refused.status_code == 422 and "changed meanwhile" in refused.text
    assert stored_drafts.file_of(world.shop, draft_of(world)).earning_rules[rule.handle]["per.points"] == 10  # type: ignore[index]


def test_the_whole_draft_is_tried_on_past_orders(world: World, desk: Desk) -> None:
    rule, reward = world.order_rule(10), world.reward(cost=500)
    world.member().orders("20.00")
    at = make(desk, world)
    saves(desk, f"{at}/rules/{rule.handle}", points="20")
    saves(desk, f"{at}/rewards/{reward.handle}", cost_points="1000")
    saves(desk, f"{at}/settings", point_value="0.01")
    before = written(world)
    found = figures(desk.post(f"{at}/try", months="3").text)
    assert found["Points given"] == ["200", "400", "+200"]
    assert found["Liability: the worth of these points"] == ["–", "€4.00", ""]
    assert found["Cost if all are spent on the best reward"] == ["€2.00", "€2.00", "€0.00"]
    assert written(world) == before


def test_both_sides_are_shown_and_one_is_chosen(world: World, desk: Desk) -> None:
    rule, reward = world.order_rule(10), world.reward(cost=500)
    at = make(desk, world)
    saves(desk, f"{at}/rules/{rule.handle}", points="20")
    saves(desk, f"{at}/rewards/{reward.handle}", cost_points="400")
    rules.change(world.shop, rule.id, None, title="Shopping")
    rewards.change(world.shop, reward.id, None, title="Mug")
    refused = desk.post(f"{at}/publish", revision=str(draft_of(world).revision))
    assert refused.status_code == 303 and refused.location.endswith(at)
    page = desk.get(at).text
    assert page.count("Changed meanwhile") == 2 and "Shopping" in page and f"{at}/publish" not in page
    revision = str(draft_of(world).revision)
    desk.post(f"{at}/settle", revision=revision, what=f"earning_rules.{rule.handle}", side="draft")
    revision = str(draft_of(world).revision)
    desk.post(f"{at}/settle", revision=revision, what=f"rewards.{reward.handle}", side="live")
    assert f"{at}/publish" in desk.get(at).text
    assert desk.post(f"{at}/publish", revision=str(draft_of(world).revision)).status_code == 303
    assert (rules.need(world.shop, rule.id).title, rules.need(world.shop, rule.id).rate_points) == (None, 20)
    assert rewards.need(world.shop, reward.id).cost_points == 500


def test_a_file_goes_into_a_draft_and_out_of_it(world: World, desk: Desk) -> None:
    at = make(desk, world)
    revision = str(draft_of(world).revision)
    file = (io.BytesIO(TEXT.encode()), "program.yaml")
    assert desk.post(f"{at}/file", revision=revision, text="", file=file).status_code == 303
    text = desk.get(f"{at}/download").text
    assert "earning_rules:" in text and rules.listed_all(world.shop) == []
    wrong = desk.post(f"{at}/file", revision=str(draft_of(world).revision), text="program:\n  name: A\n  colour: red\n")
    assert wrong.status_code == 422 and "Line 3" in wrong.text
    assert draft_of(world).document == text


def test_an_entry_is_removed_and_a_draft_is_thrown_away(world: World, desk: Desk) -> None:
    reward, before = world.reward(cost=500), written(world)
    before, at = written(world), make(desk, world)
    sent = {"revision": str(draft_of(world).revision), "what": f"rewards.{reward.handle}"}
    assert desk.post(f"{at}/remove", **sent).status_code == 303
    assert desk.post(f"{at}/remove", **{**sent, "what": "program"}).status_code == 404
    assert "Removed" in desk.get(f"{at}/publish").text
    assert desk.post(f"{at}/discard").status_code == 303
    assert written(world) == before and stored_drafts.all_of(world.shop) == []


def test_a_reader_sees_drafts_and_changes_none(world: World, desk_of: Callable[..., Desk]) -> None:
    draft, reader = stored_drafts.create(world.shop, "Spring"), desk_of("reader")
    page = reader.get(f"/program/drafts/{draft.id}")
    assert page.status_code == 200 and "Throw it away" not in page.text
    assert reader.post(f"/program/drafts/{draft.id}/publish", revision="1").status_code == 403


@pytest.mark.parametrize("options", [{}, {"viewport": PHONE, "java_script_enabled": False}])
def test_a_marketer_prepares_tries_and_publishes(
    world: World, office: Callable[..., Clerk], options: dict[str, Any]
) -> None:
    rule = world.order_rule(10, title="Shopping")
    world.reward(cost=500, title="Mug")
    world.member().orders("20.00")
    mara = office("marketer", **options).goes("/program/drafts")
    mara.presses("Make the first draft").types(Name="Spring").presses("Make it from today's program")
    mara.presses("Shopping")
    mara.page.get_by_label("Points", exact=True).fill("20")
    mara.presses("Save").sees("It is in the draft now.").presses("Mug")
    mara.page.get_by_label("Points", exact=True).fill("400")
    mara.presses("Save").sees("Cost in points")
    if not options:
        assert mara.inspects() == []
    mara.presses("Try it on past orders").sees("+200").presses("Drop it").presses("Publish").sees(
        "Publish all of this?"
    )
    if not options:
        assert mara.inspects() == []
    mara.presses("Publish").sees("2 changes are made")
    assert rules.need(world.shop, rule.id).rate_points == 20
