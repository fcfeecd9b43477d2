"""API keys: scoped, rotated, shown once, dead when revoked (acceptance 62)."""

import re
from typing import Any

import pytest

from tests.integrator import Integrator
from tests.make import World
from widget_server import tallies
from widget_server.admin.services import SERVICES
from widget_server.loyalty.people import api_keys
from widget_server.loyalty.people.api_keys import ApiKey, Rights

KEYS = "/loyalty-access/v1/api-keys"
PROGRAM = "/loyalty-programs/v1/program"


def test_a_key_is_made_used_rotated_and_revoked(owner: Integrator, world: World) -> None:
    made = owner.post(KEYS, {"apiKey": {"name": "Reports", "scope": "READ"}})["apiKey"]
    reports = Integrator(owner.client, made["secret"])
    reports.get(PROGRAM)
    reports.post(f"{PROGRAM}/activate", status=403)
    tallies.flush()
    listed = {one["id"]: one for one in owner.get(KEYS)["apiKeys"]}
    assert listed[made["id"]]["lastUsedFrom"] == "127.0.0.1"
    assert not any("secret" in one for one in listed.values())

    kept = owner.post(f"{KEYS}/{made['id']}/rotate", {"keepHours": 1})["apiKey"]
    reports.get(PROGRAM)  # for an hour both are good
    Integrator(owner.client, kept["secret"]).get(PROGRAM)
    last = owner.post(f"{KEYS}/{made['id']}/rotate", {})["apiKey"]
    reports.get(PROGRAM, status=401)
    Integrator(owner.client, kept["secret"]).get(PROGRAM, status=401)
    reports.secret = last["secret"]
    reports.get(PROGRAM)

    owner.delete(f"{KEYS}/{made['id']}")
    reports.get(PROGRAM, status=401)
    owner.post(f"{KEYS}/{made['id']}/rotate", {}, status=404)


def test_tokens_die_with_the_key_that_asked_for_them(owner: Integrator, world: World) -> None:
    asked = {"grant_type": "client_credentials", "client_id": owner.key_id, "client_secret": owner.secret}
    tokens = owner.asks("POST", "/oauth2/token", {**asked, "instance_id": world.shop.id})
    app = Integrator(owner.client, f"Bearer {tokens['access_token']}")
    app.get(PROGRAM)
    owner.delete(f"{KEYS}/{owner.key_id}")
    app.get(PROGRAM, status=401)


def test_a_request_key_keeps_no_secret(owner: Integrator, world: World) -> None:
    body = {"apiKey": {"name": "Till", "scope": "MANAGE"}}
    first = owner.post(KEYS, body, Idempotency_Key="k-1")["apiKey"]
    second = owner.post(KEYS, body, Idempotency_Key="k-1")["apiKey"]
    assert first["id"] != second["id"]
    assert ApiKey.need(world.shop, ApiKey.id == first["id"]).secret_hash not in (first["secret"], "")


def test_a_key_is_limited_and_says_how(owner: Integrator, world: World) -> None:
    limits = {
        "services": [{"service": "accounts", "scope": "MANAGE"}, {"service": "program", "scope": "READ"}],
        "addresses": ["192.0.2.7", "2001:db8::/32", "127.0.0.1"],
        "expirationDate": "2099-01-31T00:00:00.000Z",
    }
    made = owner.post(KEYS, {"apiKey": {"name": "Till", "scope": "MANAGE", **limits}})["apiKey"]
    assert {name: made[name] for name in limits} == {
        **limits,
        "addresses": ["192.0.2.7/32", "2001:db8::/32", "127.0.0.1/32"],
    }
    till = Integrator(owner.client, made["secret"])
    till.get(PROGRAM)
    no = till.post(f"{PROGRAM}/pause", status=403)
    assert no["details"]["applicationError"]["code"] == "SCOPE_MISSING"


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ({"services": [{"service": "everything", "scope": "READ"}]}, "apiKey.services.0.service"),
        ({"services": []}, "apiKey.services"),
        ({"scope": "READ", "services": [{"service": "accounts", "scope": "MANAGE"}]}, "apiKey.services"),
        ({"addresses": ["fern.example"]}, "apiKey.addresses"),
        ({"addresses": []}, "apiKey.addresses"),
        ({"expirationDate": "2020-01-31T00:00:00.000Z"}, "apiKey.expirationDate"),
    ],
)
def test_a_limit_that_cannot_be_is_refused_by_name(owner: Integrator, limits: dict[str, Any], field: str) -> None:
    told = owner.post(KEYS, {"apiKey": {"name": "Till", "scope": "MANAGE", **limits}}, status=400)
    assert told["details"]["validationError"]["fieldViolations"][0]["field"] == field


@pytest.mark.parametrize("service", api_keys.SERVICES)
def test_a_key_for_one_service_calls_that_one_alone(owner: Integrator, world: World, service: str) -> None:
    _, secret = api_keys.create_key(world.shop.id, "one", rights=Rights(services={service: "manage"}))
    for one in SERVICES:
        for call in one.calls:
            if call.who.value == "member":
                continue
            path = re.sub(r"{\w+}", "0b7f2b2e-6f0c-4c59-9a55-2f6d2d9f4f10", call.path)
            body = None if call.method in ("GET", "DELETE") else {}
            headers = {"Authorization": secret}
            answer = owner.client.open(path, method=call.method, json=body, headers=headers, buffered=True)
            assert (answer.status_code == 403) is (one.service != service), call


def test_each_service_has_its_name_among_the_rights() -> None:
    assert sorted(one.service for one in SERVICES) == sorted(api_keys.SERVICES)
