"""Who may call what: each route of the admin API, each kind of caller, as the table in the documents says."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.integrator import Integrator
from tests.make import World
from widget_server.admin import api_tables, services
from widget_server.admin.routes import Call
from widget_server.loyalty.people import access_tokens, api_keys, sessions
from widget_server.loyalty.people.access_tokens import Holder

TABLE = Path(__file__).parents[2] / "docs" / "admin-api.md"
SOME_ID = "0b7f2b2e-6f0c-4c59-9a55-2f6d2d9f4f10"
CALLS = [call for service in services.SERVICES for call in service.calls]
PASSES = {  # who may call what a key or token that may read, manage, or a member may call
    "none": set[str](),
    "nonsense": set[str](),
    "embed key": set[str](),
    "widget session": set[str](),
    "visitor token": set[str](),
    "staff session": set[str](),
    "revoked key": set[str](),
    "signed-out token": set[str](),
    "read key": {"read"},
    "manage key": {"read", "manage"},
    "app token": {"read", "manage"},
    "other shop's key": {"read", "manage"},
    "member token": {"member"},
}
REFUSALS = {
    "none": 401,
    "nonsense": 401,
    "embed key": 401,
    "widget session": 401,
    "staff session": 401,
    "revoked key": 401,
    "signed-out token": 401,
    "visitor token": 403,
    "read key": 403,
    "manage key": 403,
    "app token": 403,
    "other shop's key": 403,
    "member token": 403,
}


@pytest.fixture
def secrets(world: World, client: FlaskClient) -> dict[str, str | None]:
    """What each kind of caller shows."""
    shop_id = world.shop.id
    other = World.create(name="Other", origins=["https://other.example"])
    _, manage_secret = api_keys.create_key(shop_id, "server")
    revoked, revoked_secret = api_keys.create_key(shop_id, "old")
    api_keys.revoke_key(shop_id, revoked.id)
    left = world.member("left@example.com")
    left_token = access_tokens.grant(Holder(shop_id, "member", customer_id=left.id)).access
    sessions.close_all(shop_id, left.id)
    with client.session_transaction() as cookie:
        cookie["_user_id"] = "staff-1"
    return {
        "none": None,
        "nonsense": "sk_nonsense",
        "embed key": world.shop.embed_key,
        "widget session": world.vouched("c-9", "widget@example.com").token,
        "staff session": None,
        "revoked key": revoked_secret,
        "signed-out token": left_token,
        "visitor token": access_tokens.grant(Holder(shop_id, "visitor", visitor_id="v")).access,
        "read key": api_keys.create_key(shop_id, "reports", scope="read")[1],
        "manage key": manage_secret,
        "app token": access_tokens.grant(Holder(shop_id, "app", api_keys.in_use(manage_secret))).access,
        "other shop's key": api_keys.create_key(other.shop.id, "server")[1],
        "member token": access_tokens.grant(Holder(shop_id, "member", customer_id=world.member().id)).access,
    }


def test_the_documents_name_each_call_and_whom_it_is_for() -> None:
    rows = re.findall(r"^\| (GET|POST|PUT|PATCH|DELETE) \| `([^`]+)` \| (\w+) \|", TABLE.read_text(), re.MULTILINE)
    assert rows == [(call.method, call.path, call.who.value) for call in CALLS]
    assert len(rows) > 100
    assert api_tables.written(TABLE.read_text()) == TABLE.read_text(), "run `make docs`"


@pytest.mark.parametrize("who", PASSES)
def test_every_call_lets_in_whom_it_is_for_and_nobody_else(
    world: World, client: FlaskClient, secrets: dict[str, str | None], who: str
) -> None:
    if who != "staff session":
        client.delete_cookie("session")
    assert let_in_or_out_wrongly(client, who, secrets[who]) == []


def test_without_the_check_of_scopes_a_reader_gets_in(
    client: FlaskClient, secrets: dict[str, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_keys.Rights, "may", lambda rights, needed, service: True)
    assert let_in_or_out_wrongly(client, "read key", secrets["read key"])


def let_in_or_out_wrongly(client: FlaskClient, who: str, secret: str | None) -> list[tuple[str, str, str, int]]:
    """The calls that one kind of caller may make and cannot, or may not and can."""
    wrong = []
    for call in CALLS:
        status = _status(client, call, secret)
        let_in = status not in (401, 403)
        expected = call.who.value in PASSES[who]
        if let_in != expected or (not expected and status != REFUSALS[who]) or status >= 500:
            wrong.append((call.method, call.path, who, status))
    return wrong


def test_another_shops_key_reaches_nothing_of_ours(owner: Integrator, world: World, secrets: dict[str, Any]) -> None:
    stranger = Integrator(owner.client, secrets["other shop's key"])
    ids = _one_of_each(owner, world)
    needed, read = f"?revision=1&intoId={world.visitor().id}", 0
    for call in CALLS:
        places = re.findall(r"{(\w+)}", call.path)
        if not places or places[0] not in ids or call.who.value == "member":
            continue
        path = call.path.replace("{" + places[0] + "}", ids[places[0]])
        body = None if call.method in ("GET", "DELETE") else {}
        headers = {"Authorization": stranger.secret}
        answer = owner.client.open(path + needed, method=call.method, json=body, headers=headers)
        assert answer.status_code in (404, 400), (call, answer.status_code)
        if call.method == "GET":
            assert answer.status_code == 404
            owner.get(path + needed)
            read += 1
    assert read > 10
    for call in CALLS:
        if call.path.endswith("/query") and "audit" not in call.path:  # the stranger's own acts are there to be read
            answer = stranger.post(call.path)
            assert [rows for rows in answer.values() if isinstance(rows, list) and rows] == []


def _status(client: FlaskClient, call: Call, secret: str | None) -> int:
    path = re.sub(r"{\w+}", SOME_ID, call.path)
    body = None if call.method in ("GET", "DELETE") else {}
    headers = {"Authorization": secret} if secret else {}
    return client.open(path, method=call.method, json=body, headers=headers).status_code


def _one_of_each(owner: Integrator, world: World) -> dict[str, str]:
    """Ids of things of ours, by the name of their place in a path."""
    world.order_rule()
    world.refer()
    ann = world.member("ann@example.com")
    bo = world.member("bo@example.com", code=ann.customer.referral_code)
    bo.orders("20.00")
    ann.is_given(100)
    coupon = ann.redeems(world.reward(cost=10))
    tier = owner.post("/loyalty-tiers/v1/tiers", {"tier": {"tierDefinition": {"name": "Gold"}, "requiredPoints": 9}})
    first = {
        "order_id": owner.post("/loyalty-orders/v1/orders/query")["orders"][0]["id"],
        "referral_id": owner.post("/loyalty-referrals/v1/referrals/query")["referrals"][0]["id"],
        "rule_id": owner.get("/loyalty-earning-rules/v1/earning-rules/rules")["earningRules"][0]["id"],
        "reward_id": owner.post("/loyalty-rewards/v1/rewards/query")["rewards"][0]["id"],
        "account_id": owner.get(f"/loyalty-accounts/v1/accounts/fetch-by?contactId={ann.id}")["account"]["id"],
    }
    moved = owner.post(f"/loyalty-accounts/v1/accounts/{first['account_id']}/adjust-points", {"amount": 1})
    endpoint = owner.post("/loyalty-webhooks/v1/endpoints", {"endpoint": {"url": "https://hooks.example/x"}})
    batch = owner.post("/loyalty-accounts/v1/accounts/bulk-adjust", {"amount": 1})
    return {
        **first,
        "tier_id": tier["tier"]["id"],
        "coupon_id": coupon.id,
        "customer_id": ann.id,
        "transaction_id": moved["transactionId"],
        "endpoint_id": endpoint["endpoint"]["id"],
        "batch_id": batch["asyncJobId"],
        "key_id": str(owner.key_id),
        "draft_id": owner.post("/loyalty-changes/v1/drafts", {"name": "Spring"})["draft"]["id"],
    }
