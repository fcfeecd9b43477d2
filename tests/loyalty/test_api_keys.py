"""Keys of the shop's servers."""

import pytest

from tests.make import NOON, World
from widget_server import clock
from widget_server.errors import NotFound
from widget_server.loyalty import api_keys


def test_api_keys_are_revoked_and_stay_so(world: World) -> None:  # acceptance 62
    key, secret = api_keys.create_key(world.shop.id, "till", "read")
    assert secret.startswith("sk_")
    assert (key.scope, key.revoked_at) == ("read", None)
    other = World.create()
    with pytest.raises(NotFound):
        api_keys.revoke_key(other.shop.id, key.id)
    with clock.at(NOON):
        api_keys.revoke_key(world.shop.id, key.id)
    api_keys.revoke_key(world.shop.id, key.id)
    assert api_keys.ApiKey.need(world.shop, api_keys.ApiKey.id == key.id).revoked_at == NOON
