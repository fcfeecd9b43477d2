"""Changes of the program over the wire: versions, the program file, and drafts that are tried and published."""

from typing import Any

from tests.integrator import Integrator
from tests.make import World
from tests.program_file.demo_file import TEXT, written
from widget_server.loyalty.earning import rules
from widget_server.program_file import texts

CHANGES = "/loyalty-changes/v1"
RULE = "earning_rules: [{handle: %s, kind: order, per: {points: %d, money: 1}}]"


def code(body: Any) -> str:
    return str(body["details"]["applicationError"]["code"])


def test_a_draft_is_prepared_tried_and_published(owner: Integrator, world: World) -> None:
    rule = world.order_rule(10)
    world.member().orders("20.00")
    made = owner.post(f"{CHANGES}/drafts", {"name": "Spring"})
    at, before = f"{CHANGES}/drafts/{made['draft']['id']}", written(world)
    assert made["changes"] == [] and made["file"] == texts.present(world.shop)
    sent = {"revision": made["draft"]["revision"], "file": RULE % (rule.handle, 30), "name": "Summer"}
    drafted = owner.patch(at, sent)
    assert drafted["draft"]["name"] == "Summer"
    assert drafted["changes"] == [
        {"kind": "CHANGE", "what": f"earning_rules.{rule.handle}", "field": "per.points", "before": 10, "after": 30}
    ]
    tried = owner.post(f"{at}/backtest", {"months": 1})
    assert (tried["today"]["points"], tried["draft"]["points"], tried["isDone"]) == (200, 600, True)
    assert owner.post(f"{at}/backtest", {"months": 1, "progress": tried["progress"]})["draft"]["points"] == 600
    assert written(world) == before
    stale = owner.post(f"{at}/publish", {"revision": "1"}, status=409)
    assert code(stale) == "STALE_REVISION"
    published = owner.post(f"{at}/publish", {"revision": drafted["draft"]["revision"]})
    assert len(published["changes"]) == 1 and owner.get(f"{CHANGES}/drafts")["drafts"] == []
    assert rules.need(world.shop, rule.id).rate_points == 30


def test_a_draft_that_the_shop_overtook_is_settled_first(owner: Integrator, world: World) -> None:
    rule = world.order_rule(10)
    made = owner.post(f"{CHANGES}/drafts", {"name": "Spring"})["draft"]
    at = f"{CHANGES}/drafts/{made['id']}"
    drafted = owner.patch(at, {"revision": made["revision"], "file": RULE % (rule.handle, 30)})["draft"]
    rules.change(world.shop, rule.id, None, title="Shopping")
    refused = owner.post(f"{at}/publish", {"revision": drafted["revision"]}, status=409)
    assert code(refused) == "DRAFT_OUTDATED"
    what = f"earning_rules.{rule.handle}"
    assert refused["details"]["applicationError"]["data"]["objects"] == [what]
    (conflict,) = owner.get(at)["conflicts"]
    assert (conflict["live"]["title"], conflict["draft"]["per.points"], conflict["base"]["per.points"]) == (
        "Shopping",
        30,
        10,
    )
    settled = owner.post(f"{at}/settle", {"revision": drafted["revision"], "objects": [what], "side": "LIVE"})
    assert settled["conflicts"] == settled["changes"] == []
    owner.delete(at)
    owner.get(at, status=404)


def test_a_fault_of_a_file_is_named_by_its_path(owner: Integrator, world: World) -> None:
    made = owner.post(f"{CHANGES}/drafts", {"name": "Spring"})["draft"]
    text = "program: {name: 1}"
    for method, path, body in (
        ("PATCH", f"/drafts/{made['id']}", {"revision": made["revision"], "file": text}),
        ("POST", "/program-file/plan", {"file": text}),
        ("POST", "/program-file/apply", {"file": text, "mark": "0" * 64}),
        ("POST", "/program-file/backtest", {"file": text}),
    ):
        refused = owner.asks(method, f"{CHANGES}{path}", body, status=400)
        assert refused["details"]["validationError"]["fieldViolations"][0]["field"] == "file.program.name"


def test_a_pale_colour_in_a_file_is_refused_with_the_nearest_that_is_seen(owner: Integrator, world: World) -> None:
    pale = "widget:\n  colour: '#ffff00'\n"
    draft = owner.post(f"{CHANGES}/drafts", {"name": "Spring"})["draft"]
    at = f"{CHANGES}/drafts/{draft['id']}"
    told = owner.post(f"{CHANGES}/program-file/plan", {"file": pale}, status=409)
    assert told["details"]["applicationError"]["code"] == "LOW_CONTRAST"
    assert told == owner.patch(at, {"revision": draft["revision"], "file": pale}, status=409)
    assert owner.get(at)["draft"]["revision"] == draft["revision"]


def test_a_program_file_is_planned_applied_and_read_back(owner: Integrator, reader: Integrator, world: World) -> None:
    planned = reader.post(f"{CHANGES}/program-file/plan", {"file": TEXT})
    assert planned["changes"] and rules.listed_all(world.shop) == []
    reader.post(f"{CHANGES}/program-file/apply", {"file": TEXT, "mark": planned["mark"]}, status=403)
    owner.post(f"{CHANGES}/program-file/apply", {"file": TEXT, "mark": "0" * 64}, status=409)
    owner.post(f"{CHANGES}/program-file/apply", {"file": TEXT, "mark": planned["mark"]})
    text = reader.get(f"{CHANGES}/program-file")["file"]
    assert owner.post(f"{CHANGES}/program-file/plan", {"file": text})["changes"] == []
    tried = reader.post(f"{CHANGES}/program-file/backtest", {"file": text})
    assert tried["orders"] == 0 and tried["isDone"]


def test_a_change_is_seen_with_both_values_and_taken_back(owner: Integrator, world: World) -> None:
    rule = world.order_rule(10)
    rules.change(world.shop, rule.id, None, title="Shopping")
    listed = owner.get(f"{CHANGES}/versions?noun=EARNING_RULE")["versions"]
    newest = listed[0]
    assert newest["differences"] == [{"name": "title", "after": "Shopping"}]
    assert (newest["name"], newest["entry"]["verb"]) == ("Shopping", "update")
    assert len(owner.get(f"{CHANGES}/versions?noun=EARNING_RULE&after={newest['entry']['id']}")["versions"]) == 1
    owner.post(f"{CHANGES}/versions/{newest['entry']['id']}/take-back")
    assert rules.need(world.shop, rule.id).title is None
    refused = owner.post(f"{CHANGES}/versions/{newest['entry']['id']}/take-back", status=409)
    assert code(refused) == "CANNOT_TAKE_BACK"
