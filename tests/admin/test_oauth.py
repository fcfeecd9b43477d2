"""Tokens for the SDK's strategies, each of which writes its own spelling (wix-api §7)."""

from typing import Any

import pytest

from tests.integrator import Integrator
from tests.make import World
from widget_server.loyalty.people import visitor_tokens


@pytest.mark.parametrize("path", ["/oauth2/token", "/oauth/access"])
def test_a_visitor_comes_in_either_spelling_and_renews(owner: Integrator, world: World, path: str) -> None:
    ours = owner.asks("POST", path, {"grant_type": "anonymous", "client_id": world.shop.id})
    theirs = owner.asks("POST", path, {"grantType": "anonymous", "clientId": world.shop.id})
    again = {"clientId": world.shop.id, "refreshToken": theirs["refresh_token"], "grantType": "refresh_token"}
    renewed = owner.asks("POST", path, again)
    visitors = [visitor_tokens.read(one["access_token"], "access").id for one in (ours, theirs, renewed)]
    assert visitors[0] != visitors[1] == visitors[2]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"clientId": "SHOP"}, "grantType"),
        ({"grantType": "anonymous", "client_id": "SHOP"}, "clientId"),
        ({"grant_type": "anonymous", "clientId": "SHOP"}, "clientId"),
        ({"grantType": "anonymous", "clientId": 5}, "clientId"),
        ({"grant_type": "open sesame", "client_id": "SHOP"}, "grantType"),
    ],
)
def test_one_body_is_one_spelling(owner: Integrator, world: World, asked: dict[str, Any], field: str) -> None:
    sent = {name: world.shop.id if value == "SHOP" else value for name, value in asked.items()}
    told = owner.asks("POST", "/oauth2/token", sent, status=400)
    assert told["details"]["validationError"]["fieldViolations"][0]["field"] == field


def test_what_is_of_the_other_spelling_is_passed_over(owner: Integrator, world: World) -> None:
    asked = {"grant_type": "anonymous", "client_id": world.shop.id, "clientSecret": {}, "grantType": 5}
    assert owner.asks("POST", "/oauth2/token", asked)["access_token"]
