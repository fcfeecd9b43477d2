"""Which rows a caller reaches: with the ids of another shop at each call, and with fields that nobody requested.

Who may make which call at all is tests/admin/test_identities.py.
"""

import re

import pytest
from flask.testing import FlaskClient

from tests.admin.test_identities import CALLS
from tests.integrator import Integrator
from tests.make import Shopper, World
from widget_server.loyalty.people import api_keys
from widget_server.loyalty.program import programs
from widget_server.web.auth import SHOP_HEADER


@pytest.fixture
def ann(world: World) -> Shopper:
    return world.vouched("c-1", "ann@example.com", verified=True)


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
    for call in CALLS:
        if "{" not in call.path:
            continue
        for value in ids:
            body = {"revision": "1"} if call.method in ("POST", "PUT", "PATCH") else None
            response = client.open(
                re.sub(r"{\w+}", value, call.path), method=call.method, json=body, headers={"Authorization": secret}
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
