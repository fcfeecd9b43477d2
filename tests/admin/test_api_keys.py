"""API keys: scoped, rotated, shown once, dead when revoked (acceptance 62)."""

from tests.integrator import Integrator
from tests.make import World
from widget_server import tallies
from widget_server.loyalty.api_keys import ApiKey

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
