"""Browsers that call from a shop's own pages (wix-api §3)."""

import pytest
from flask.testing import FlaskClient

from tests.make import World

PAGE = "http://shop.localhost:8001"
PATHS = ("/loyalty-accounts/v1/accounts/my-account", "/_api/loyalty-accounts/v1/accounts/my-account", "/oauth2/token")


@pytest.mark.parametrize("path", PATHS)
def test_a_page_of_the_shop_may_call_and_read(world: World, client: FlaskClient, path: str) -> None:
    asked = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
    first = client.options(path, headers=asked)
    assert (first.status_code, first.headers["Access-Control-Allow-Origin"]) == (200, PAGE)
    allowed = first.headers["Access-Control-Allow-Headers"]
    for name in ("Authorization", "Content-Type", "x-wix-bi-gateway", "wix-site-id", "X-Wix-Consistent"):
        assert name in allowed
    refused = client.get(path, headers={"Origin": PAGE})
    assert refused.status_code >= 400
    assert refused.headers["Access-Control-Allow-Origin"] == PAGE
    assert "X-Wix-Request-Id" in refused.headers["Access-Control-Expose-Headers"]
    assert "Origin" in refused.headers["Vary"]


@pytest.mark.parametrize("origin", ["http://elsewhere.localhost", "null", PAGE + "0", PAGE.upper()])
def test_another_page_may_not(world: World, client: FlaskClient, origin: str) -> None:
    for method in ("OPTIONS", "GET"):
        answer = client.open(PATHS[0], method=method, headers={"Origin": origin})
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")]


def test_the_widgets_own_calls_are_not_opened(world: World, client: FlaskClient) -> None:
    for path in ("/healthz", "/openapi.json", f"/panel?shop={world.shop.embed_key}"):
        answer = client.get(path, headers={"Origin": PAGE})
        assert answer.status_code == 200
        assert "Access-Control-Allow-Origin" not in answer.headers
