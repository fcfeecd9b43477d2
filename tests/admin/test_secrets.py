"""Secrets the shop signs with: two of a kind while it changes from one to the other (contracts §16)."""

import json

import jwt
import pytest
from standardwebhooks import Webhook

from tests.integrator import Integrator
from tests.make import World
from widget_server import clock
from widget_server.loyalty.people import api_keys

SECRETS = "/loyalty-access/v1/shop-secrets"
THEIRS = "the-secret-of-their-own-platform"


def webhook_status(owner: Integrator, world: World, secret: str) -> int:
    """How a customer's webhook that is signed with this secret is met."""
    body, moment = json.dumps({"id": "c-9"}), clock.now()
    id = f"msg_{next(world.numbers)}"
    signed = {
        "webhook-id": id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(id, moment, body),
    }
    path = f"/stores/generic/{world.shop.id}/customer"
    return owner.client.post(path, data=body, content_type="application/json", headers=signed).status_code


def identity_status(owner: Integrator, world: World, secret: str) -> int:
    """How an identity token that is signed with this secret is met."""
    claims = jwt.decode(world.token(sub="c-9"), options={"verify_signature": False})
    body = {"token": jwt.encode(claims, secret, "HS256")}
    headers = {"X-Loyalty-Shop": world.shop.embed_key}
    return owner.client.post("/widget/session/identity", json=body, headers=headers).status_code


@pytest.mark.parametrize(("kind", "status"), [("WEBHOOK", webhook_status), ("IDENTITY", identity_status)])
def test_a_shop_changes_a_secret_without_a_gap(owner: Integrator, world: World, kind: str, status: object) -> None:
    assert callable(status)
    old = world.shop.webhook_secret if kind == "WEBHOOK" else world.shop.identity_secret
    made = owner.post(SECRETS, {"shopSecret": {"kind": kind}})["shopSecret"]
    assert made["secret"].startswith(made["beginsWith"]) and len(made["beginsWith"]) < len(made["secret"]) / 2
    assert status(owner, world, old) == status(owner, world, made["secret"]) == 200
    assert status(owner, world, THEIRS) == 401
    owner.post(SECRETS, {"shopSecret": {"kind": kind}}, status=409)  # two at once are enough
    listed = owner.get(SECRETS)["shopSecrets"]
    assert not any("secret" in one for one in listed)
    first = next(one for one in listed if one["kind"] == kind and one["id"] != made["id"])
    owner.delete(f"{SECRETS}/{first['id']}")
    assert (status(owner, world, old), status(owner, world, made["secret"])) == (401, 200)
    owner.delete(f"{SECRETS}/{made['id']}", status=409)  # the last one stays


def test_a_shop_brings_a_secret_of_its_own_but_no_short_one(owner: Integrator, world: World) -> None:
    told = owner.post(SECRETS, {"shopSecret": {"kind": "WEBHOOK", "secret": "x" * 15}}, status=400)
    assert told["details"]["validationError"]["fieldViolations"][0]["field"] == "shopSecret.secret"
    secret = "whsec_" + "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4"
    owner.post(SECRETS, {"shopSecret": {"kind": "WEBHOOK", "secret": secret}})
    assert webhook_status(owner, world, secret) == 200


def test_a_key_that_reads_sees_no_secret_and_makes_none(reader: Integrator, world: World) -> None:
    assert world.shop.webhook_secret not in str(reader.get(SECRETS))
    reader.post(SECRETS, {"shopSecret": {"kind": "WEBHOOK"}}, status=403)


def test_another_shop_removes_nothing(owner: Integrator, world: World) -> None:
    other = World.create(name="Another")
    stranger = Integrator(owner.client, api_keys.create_key(other.shop.id, "theirs")[1])
    for one in owner.get(SECRETS)["shopSecrets"]:
        stranger.delete(f"{SECRETS}/{one['id']}", status=404)
