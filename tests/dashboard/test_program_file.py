"""The program file in the dashboard: shown, planned and applied, with every fault by its line."""

import io
import re
from html import unescape

from tests.dashboard.conftest import Desk
from tests.dashboard.test_settings import acts
from tests.make import World
from tests.program_file.demo_file import TEXT
from widget_server.loyalty.earning.rules import EarningRule
from widget_server.program_file import apply, texts
from widget_server.program_file.schema import parse

MARK = re.compile(r'name="mark"[^>]*value="([0-9a-f]{64})"')
SENT = re.compile(r'name="text"[^>]*type="hidden"[^>]*value="([^"]*)"')


def planned(page: str) -> dict[str, str]:
    """What the form of the plan sends."""
    mark, text = MARK.search(page), SENT.search(page)
    assert mark and text, page
    return {"mark": mark[1], "text": unescape(text[1])}


def test_the_present_program_is_downloaded_as_a_file(desk: Desk, world: World) -> None:
    world.order_rule()
    file = desk.get("/program-file/download")
    assert "program.yaml" in file.headers["Content-Disposition"]
    assert apply.plan(world.shop, parse(file.text)) == []


def test_a_file_is_planned_and_then_applied(desk: Desk, world: World) -> None:
    page = desk.post("/program-file/plan", text=TEXT).text
    assert "earning_rules." in page and EarningRule.of(world.shop).count() == 0
    assert desk.post("/program-file/apply", **planned(page)).status_code == 303
    assert apply.plan(world.shop, parse(TEXT)) == []
    assert "already as the file says" in desk.post("/program-file/plan", text=TEXT).text
    assert acts(world, "program_file") == [("apply", "Olga Owner")]
    assert ("create", "Olga Owner") in acts(world, "earning_rule")


def test_a_file_is_uploaded(desk: Desk, world: World) -> None:
    file = (io.BytesIO(b"\xef\xbb\xbf" + TEXT.encode()), "program.yaml")
    assert MARK.search(desk.post("/program-file/plan", text="", file=file).text)
    refused = desk.post("/program-file/plan", text="", file=(io.BytesIO(b"\xff\xfe\x00"), "program.yaml"))
    assert refused.status_code == 422 and "UTF-8" in refused.text


def test_every_fault_is_shown_with_its_line_and_the_text_stays(desk: Desk, world: World) -> None:
    text = "program:\n  name: Fern <b>Club</b>\n  wait_days: many\n  colour: red\n"
    refused = desk.post("/program-file/plan", text=text)
    assert refused.status_code == 422
    assert "Line 3" in refused.text and "Line 4" in refused.text and "program.wait_days" in refused.text
    assert "Fern &lt;b&gt;Club" in refused.text
    for broken in ("", "program: {", "x" * (texts.LENGTH_MAX + 1), "program:\n  name: A\n  status: draft\n"):
        assert desk.post("/program-file/plan", text=broken).status_code == 422, broken[:40]


def test_nothing_is_applied_that_was_not_shown(desk: Desk, world: World) -> None:
    shown = planned(desk.post("/program-file/plan", text=TEXT).text)
    world.settings(wait_days=9)
    refused = desk.post("/program-file/apply", **shown)
    assert refused.status_code == 422 and "changed meanwhile" in refused.text
    assert desk.post("/program-file/apply", **{**shown, "mark": "0" * 64}).status_code == 422
    assert EarningRule.of(world.shop).count() == 0
