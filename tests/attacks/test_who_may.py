"""Each call of the admin API with no key, a visitor's, a member's and a read key, and with the ids of another shop."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.integrator import Integrator
from tests.make import Shopper, World
from widget_server.admin.routes import MANAGE, MEMBER, NEEDS, READ
from widget_server.loyalty.people import api_keys
from widget_server.loyalty.people.api_keys import Rights
from widget_server.loyalty.program import programs
from widget_server.web.auth import SHOP_HEADER

ALLOWED = {
    NEEDS[READ]: {"read"},
    NEEDS[MANAGE]: set[str](),
    NEEDS[MEMBER]: {"member"},
}


@dataclass(frozen=True)
class Call:
    """One call of the document; `needs` is empty where nobody has to say who they are."""

    method: str
    path: str
    needs: str

    def with_ids(self, value: str) -> str:
        return re.sub(r"\{\w+\}", value, self.path)


def calls(client: FlaskClient) -> Iterator[Call]:
    document: dict[str, Any] = client.get("/openapi.json").json
    for path, verbs in document["paths"].items():
        for method, operation in verbs.items():
            if method != "parameters" and path.startswith("/loyalty"):
                yield Call(method.upper(), path, operation.get("x-needs", ""))


@pytest.fixture
def ann(world: World) -> Shopper:
    return world.vouched("c-1", "ann@example.com", verified=True)


@pytest.fixture
def tokens(world: World, client: FlaskClient, ann: Shopper) -> dict[str, str | None]:
    _, manage = api_keys.create_key(world.shop.id, "server")
    _, read = api_keys.create_key(world.shop.id, "reader", "read")
    server = Integrator(client, manage)
    member = server.post("/oauth2/token", {"grant_type": "authorized_client", "member_id": ann.id})
    visitor = Integrator(client, None).post("/oauth2/token", {"grant_type": "anonymous", "client_id": world.shop.id})
    return {
        "none": None,
        "nonsense": "sk_nonsense",
        "embed key": world.shop.embed_key,
        "session": ann.token,
        "visitor": visitor["access_token"],
        "member": member["access_token"],
        "read": read,
    }


def try_all(client: FlaskClient, tokens: dict[str, str | None]) -> tuple[list[tuple[Call, str, int]], int]:
    """Who got in at a call that is not for them, or broke it; and how many requests were sent."""
    odd, tried = [], 0
    for call in calls(client):
        if not call.needs:  # addresses of files: whoever has the address has the file
            continue
        for who, token in tokens.items():
            headers = {"Authorization": token} if token else {}
            body = {} if call.method in ("POST", "PUT", "PATCH") else None
            response = client.open(call.with_ids(str(uuid.uuid4())), method=call.method, json=body, headers=headers)
            tried += 1
            is_out = response.status_code in (401, 403)
            if response.status_code >= 500 or (who not in ALLOWED[call.needs] and not is_out):
                odd.append((call, who, response.status_code))
    return odd, tried


def test_who_may_not_is_refused_at_each_call_before_anything_is_read(
    client: FlaskClient, tokens: dict[str, str | None]
) -> None:
    odd, tried = try_all(client, tokens)
    assert odd == []
    assert tried > 500


def test_without_the_check_of_scopes_a_reader_gets_in(
    client: FlaskClient, tokens: dict[str, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Rights, "may", lambda rights, needed, service: True)
    odd, _ = try_all(client, {"read": tokens["read"]})
    assert {who for _, who, _ in odd} == {"read"}


def test_ids_of_another_shop_are_as_if_there_were_none(client: FlaskClient, world: World) -> None:
    """Whatever stands in the other shop, by the path and by the body, changes nothing and tells nothing."""
    other = World.create(name="Other")
    ben = other.member("ben@secret.example")
    ben.is_given(700)
    other.member("second@secret.example").is_given(5)
    reward = other.reward()
    coupon = ben.redeems(reward)
    rule = other.order_rule()
    _, secret = api_keys.create_key(world.shop.id, "server")
    server = Integrator(client, secret)
    balance = ben.account.balance
    ids = [ben.account.id, ben.id, reward.id, coupon.id, rule.id]
    answered = []
    for call in calls(client):
        if "{" not in call.path or not call.needs:
            continue
        for value in ids:
            body = {"revision": "1"} if call.method in ("POST", "PUT", "PATCH") else None
            response = client.open(
                call.with_ids(value), method=call.method, json=body, headers={"Authorization": secret}
            )
            if response.status_code not in (400, 403, 404) or "secret.example" in response.text:
                answered.append((call, value, response.status_code))
    assert answered == []

    accounts = "/loyalty-accounts/v1/accounts"
    server.post(accounts, {"contactId": ben.id}, status=404)
    server.post(f"{accounts}/{ben.account.id}/adjust-points", {"amount": 5}, status=404)
    server.post("/loyalty-coupons/v1/coupons", {"loyaltyAccountId": ben.account.id, "rewardId": reward.id}, status=404)
    server.post("/oauth2/token", {"grant_type": "authorized_client", "member_id": ben.id}, status=404)
    mine = {"query": {"filter": {"id": ben.account.id}}}
    assert server.post(f"{accounts}/query", mine)["loyaltyAccounts"] == []
    counted = {
        "filter": {"id": ben.account.id},
        "aggregations": [{"name": "a", "type": "VALUE", "fieldPath": "contact.id"}],
    }
    assert ben.id not in str(server.post(f"{accounts}/search", {"search": counted}))
    _, theirs = api_keys.create_key(other.shop.id, "server")
    page = Integrator(client, theirs).post(f"{accounts}/query", {"query": {"cursorPaging": {"limit": 1}}})
    cursor = page["pagingMetadata"]["cursors"]["next"]
    server.post(f"{accounts}/query", {"query": {"cursorPaging": {"cursor": cursor}}}, status=400)
    assert ben.account.balance == balance
    assert programs.of(other.shop.id).is_active


def test_a_shopper_sets_nothing_but_what_is_asked_of_them(client: FlaskClient, world: World, ann: Shopper) -> None:
    headers = {SHOP_HEADER: world.shop.embed_key, "Authorization": f"Bearer {ann.token}"}
    for path, body, field in (
        (
            "/widget/session/sign-up",
            {"email": "q@example.com", "password": "correct horse battery", "balance": 5},
            "balance",
        ),
        ("/widget/session/sign-up", {"email": "q@example.com", "status": "member"}, "status"),
        ("/widget/earn/birthday", {"birthday": "1990-01-01", "points": 9}, "points"),
    ):
        response = client.post(path, json=body, headers=headers)
        assert response.status_code == 400, response.text
        assert field in response.text
