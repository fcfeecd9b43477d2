"""Changes of the program over the wire: versions, the program file, and drafts that are tried and published."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

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


OUR_APP = "553c79f3-5625-4f38-b14b-ef7c0d1e87df"
PRICES = {"configsByTier": [{"costInPoints": 100}]}
POINTS = {"fixedAmount": {"configs": [{"points": 5}]}}
PROGRAM, TIERS = "/loyalty-programs/v1/program", "/loyalty-tiers/v1/tiers"
REWARDS, RULES = "/loyalty-rewards/v1/rewards", "/loyalty-earning-rules/v1/earning-rules"


def _tier(definition: Any, **fields: Any) -> Any:
    return {"tier": {"tierDefinition": {"name": "Gold", **definition}, "requiredPoints": 77, **fields}}


def _reward(product: Any = None, scope: Any = None, **fields: Any) -> Any:
    what = {"freeProduct": {**PRICES, "productId": "7", **product}} if product else {"freeShipping": PRICES}
    return {"reward": {"name": "One", "active": True, "couponReward": {**what, **(scope or {})}, **fields}}


def _rule(**fields: Any) -> Any:
    trigger = {"sourceAppId": OUR_APP, "triggerAppId": "another", "triggerActivityType": "visit"}
    return {"earningRule": {**trigger, "title": "One", "status": "ACTIVE", **POINTS, **fields}}


def _collection(id: str) -> Any:
    return {"scope": {"namespace": "stores", "group": {"name": "collection", "entityId": id}}}


TEXTS: dict[str, tuple[str, Callable[[str], Any]]] = {  # each text of a program that the API takes: where, and how
    "program": (PROGRAM, lambda text: {"loyaltyProgram": {"name": text}}),
    "points": (PROGRAM, lambda text: {"loyaltyProgram": {"pointDefinition": {"customName": text}}}),
    "tier": (TIERS, lambda text: _tier({"name": text})),
    "tier's description": (TIERS, lambda text: _tier({"description": text})),
    "benefits": (TIERS, lambda text: _tier({}, benefits=text)),
    "reward": (REWARDS, lambda text: _reward(name=text)),
    "reward's description": (REWARDS, lambda text: _reward(description=text)),
    "product": (REWARDS, lambda text: _reward({"productId": text})),
    "product's name": (REWARDS, lambda text: _reward({"productName": text})),
    "collection": (REWARDS, lambda text: _reward(scope=_collection(text))),
    "rule": (RULES, lambda text: _rule(title=text)),
    "trigger's app": (RULES, lambda text: _rule(triggerAppId=text)),
    "trigger": (RULES, lambda text: _rule(triggerActivityType=text)),
    "our trigger": (RULES, lambda text: _rule(triggerAppId="store", triggerActivityType=f"social:{text}")),
    "channel": (f"{RULES}/custom", lambda text: {"type": "SOCIAL_MEDIA", "channel": text, "earningRule": POINTS}),
}
LETTERS = st.sampled_from("aé \t\n\x00\x0b\x1c\x7f\x85\xa0\u2003\u2028\u3000\ufeff: #'\"{[|>")


@pytest.mark.parametrize("what", TEXTS)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(LETTERS, max_size=6))
@example(text="")
@example(text=" ")
@example(text="x" * 70)
@example(text="a\x0b")
@example(text="\x1c\u2003")
def test_what_the_api_takes_a_draft_can_hold(owner: Integrator, what: str, text: str) -> None:
    path, told = TEXTS[what]
    send = owner.client.patch if path == PROGRAM else owner.client.post
    sent = send(path, json=told(text), headers={"Authorization": str(owner.secret)})
    assert sent.status_code in (200, 400), sent.get_data(as_text=True)
    draft = owner.post(f"{CHANGES}/drafts", {"name": "Spring"})
    assert draft["changes"] == draft["conflicts"] == []
    same = owner.patch(f"{CHANGES}/drafts/{draft['draft']['id']}", {"revision": "1", "file": draft["file"]})
    assert same["changes"] == []
    owner.delete(f"{CHANGES}/drafts/{draft['draft']['id']}")
    for made in [one for one in sent.get_json().values() if sent.status_code == 200 and path != PROGRAM]:
        owner.delete(f"{path.removesuffix('/custom')}/{made['id']}?revision={made['revision']}")


def test_blanks_around_a_text_are_not_kept_and_blanks_alone_are_no_text(owner: Integrator) -> None:
    made = owner.post(TIERS, _tier({"name": " Gold "}, benefits=" "))["tier"]
    assert made["tierDefinition"]["name"] == "Gold" and "benefits" not in made
    for name in (" ", "\x07Gold"):
        refused = owner.post(TIERS, _tier({"name": name}), status=400)
        assert refused["details"]["validationError"]["fieldViolations"][0]["field"] == "tier.tierDefinition.name"
