"""Who calls the admin API in these stories."""

import pytest
from flask.testing import FlaskClient

from tests.integrator import Integrator
from tests.make import World
from widget_server.loyalty.people import api_keys


@pytest.fixture
def owner(world: World, client: FlaskClient) -> Integrator:
    """The shop's own server, with a key that may manage."""
    key, secret = api_keys.create_key(world.shop.id, "server")
    return Integrator(client, secret, key.id)


@pytest.fixture
def reader(world: World, client: FlaskClient) -> Integrator:
    """A server that may only read."""
    key, secret = api_keys.create_key(world.shop.id, "reports", scope="read")
    return Integrator(client, secret, key.id)
