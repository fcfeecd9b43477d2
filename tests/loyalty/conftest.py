"""Who most stories of the rules are about."""

import pytest

from tests.make import Shopper, World


@pytest.fixture
def ann(world: World) -> Shopper:
    """A member with 1000 points."""
    ann = world.member()
    ann.is_given(1000)
    return ann
