"""openapi.json: a valid document in which every endpoint of the widget says what callers must know."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.make import World
from tests.panels import Panel, misfits
from tests.widget.test_routes import OPEN_ROUTES
from widget_server.admin import services
from widget_server.web.errors import STATUS
from widget_server.web.typed_schemas import schema_of
from widget_server.widget import requests
from widget_server.widget.fields import Body
from widget_server.widget.shapes.refusal import Refusal

KEYED = {"/widget/redeem", "/widget/my-rewards/{coupon_id}/return"}


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    return dict(answer.json)


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (verb, path): operation
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
        if verb != "parameters" and path.startswith("/widget/")
    }


def test_it_is_a_valid_document(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document).validate()


def test_every_endpoint_is_in_it_with_what_callers_must_know(client: FlaskClient, document: dict[str, Any]) -> None:
    known = operations(document)
    routes = {
        (verb.lower(), re.sub(r"<(\w+)>", r"{\1}", rule.rule))
        for rule in client.application.url_map.iter_rules()
        if rule.rule.startswith("/widget/")
        for verb in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert set(known) == routes and len(routes) > 20
    assert document["components"]["securitySchemes"]["bearerAuth"]["scheme"] == "bearer"
    for (verb, path), operation in known.items():
        assert operation["summary"], path
        refused = {status: said for status, said in operation["responses"].items() if status not in ("200", "default")}
        assert {"400", "403", "404", "503"} <= set(refused), path
        for said in refused.values():
            assert said["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Refusal"}
            assert said["description"].startswith("- `"), path
        assert operation["responses"]["200"]["content"]["application/json"]["schema"]
        needs_token = [set(one) for one in operation["security"]] == [{"bearerAuth"}]
        assert needs_token == (path not in OPEN_ROUTES), path
        parameters = [*document["paths"][path].get("parameters", ()), *operation.get("parameters", ())]
        headers = [one["name"] for one in parameters if one["in"] == "header"]
        assert headers == ["X-Loyalty-Shop", *(["Idempotency-Key"] if verb == "post" and path in KEYED else [])]


def test_each_call_of_the_admin_api_names_what_may_refuse_it(document: dict[str, Any]) -> None:
    for service in services.SERVICES:
        for call in service.calls:
            responses = document["paths"][call.path][call.method.lower()]["responses"]
            assert "4XX" not in responses and {"200", "400", "401", "403", "429", "503"} <= set(responses), call.path
            for refusal in call.refuses:
                said = responses[str(STATUS[refusal.kind])]
                assert f"- `{refusal.code.upper()}`: {refusal.message}" in said["description"].splitlines()
                assert said["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/ErrorBody"}
    redeem = document["paths"]["/loyalty-coupons/v1/coupons/redeem-my-coupon"]["post"]["responses"]
    assert redeem["409"]["description"].splitlines() == [
        "- `KEY_REUSED`: This request key was used for another request.",
        "- `NOT_ENOUGH_POINTS`: There are not enough points.",
        "- `REWARD_LIMIT_REACHED`: You have reached the limit of this reward.",
        "- `REWARD_UNAVAILABLE`: This reward is not available now.",
        "- `TIER_TOO_LOW`: This reward is for a higher tier.",
    ]
    assert "- `NOT_FOUND`: There is no such thing here." in redeem["404"]["description"]


def test_points_are_whole_numbers_and_money_is_text(document: dict[str, Any]) -> None:
    known = document["components"]["schemas"]
    assert known["Balance"]["properties"]["available"]["type"] == "integer"
    assert known["BadgePrice"]["properties"]["price"]["type"] == ["string", "number"]
    untyped = [
        f"{name}.{field}"
        for name, shape in known.items()
        for field, fact in shape.get("properties", {}).items()
        if not fact.keys() & {"type", "$ref", "anyOf", "allOf"}
    ]
    assert untyped == []


def test_the_body_a_route_documents_is_the_one_it_reads(
    world: World, client: FlaskClient, document: dict[str, Any]
) -> None:
    """A field of no shape is refused by name where a body is documented; a field it lacks as well."""
    world.refer()
    rule, reward = world.rule("social", points=5), world.reward(cost=1)
    ann = world.member()
    ann.is_given(10)
    coupon = ann.redeems(reward)
    panel = Panel(client, world, ann)
    read = 0
    for (verb, path), operation in operations(document).items():
        if "requestBody" not in operation:
            continue
        name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        address = path.format(rule_id=rule.id, coupon_id=coupon.id)
        answer = client.open(address, method=verb, json={"fern": 1, **_whole(name)}, headers=panel.headers("k"))
        assert (answer.status_code, answer.json["error"]["field"]) == (400, "fern"), path
        for field in document["components"]["schemas"][name].get("required", ()):
            lacking = {one: value for one, value in _whole(name).items() if one != field}
            answer = client.open(address, method=verb, json=lacking, headers=panel.headers("k"))
            assert (answer.status_code, answer.json["error"]["field"]) == (400, field), path
            read += 1
    assert read > 8


def _whole(name: str) -> dict[str, Any]:
    """A body with every field that its shape needs."""
    values = {"email": "bo@example.com", "birthday": "1990-01-31", "price": "1.00"}
    needed = [field for field, fact in schema_of(getattr(requests, name), Body)().fields.items() if fact.required]
    return {field: values.get(field, "abcdefghijk") for field in needed}


def test_what_is_answered_to_a_wrong_body_has_the_shape_of_a_refusal(world: World, client: FlaskClient) -> None:
    panel = Panel(client, world, world.member())
    for answer in (
        client.post("/widget/redeem", data=b"{", headers=panel.headers("k")),
        client.post("/widget/redeem", json=[], headers=panel.headers("k")),
        client.post("/widget/redeem", json={"reward_id": "x\x00"}, headers=panel.headers("k")),
        client.post("/widget/redeem", data=b'{"reward_id": "\\ud800"}', headers=panel.headers("k")),
        client.post("/widget/redeem", data=b'{"\\ud800": 1}', headers=panel.headers("k")),
        client.post("/widget/redeem", data=b"[" * 100_000, headers=panel.headers("k")),
        client.post("/widget/redeem", data=b'{"reward_id": NaN}', headers=panel.headers("k")),
        client.post("/widget/redeem", json={"reward_id": "r", "points": 2.5}, headers=panel.headers("k")),
        client.post("/widget/redeem", json={"reward_id": "r"}, headers=panel.headers()),
        client.post("/widget/redeem", json={"reward_id": "r"}, headers=panel.headers("k" * 201)),
        client.get("/widget/panel?tab=%00", headers=panel.headers()),
        client.get("/widget/my-balance/history?cursor=x", headers=panel.headers()),
        client.get("/widget/my-rewards?cursor=x", headers=panel.headers()),
    ):
        assert answer.status_code == 400, answer.text
        assert misfits(Refusal, answer.json) == {}
    assert client.post("/widget/earn/x%00/click", headers=panel.headers()).status_code == 404
    large = client.post("/widget/redeem", data=b" " * (2**21 + 1), headers=panel.headers("k"))
    wrong = client.put("/widget/redeem", headers=panel.headers("k"))
    assert (large.status_code, wrong.status_code) == (413, 405)
    assert misfits(Refusal, large.json) == misfits(Refusal, wrong.json) == {}
