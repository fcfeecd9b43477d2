"""The advocate of most stories."""

import pytest

from tests.loyalty.referrals.friends import ANN
from tests.make import Shopper, World


@pytest.fixture
def ann(world: World) -> Shopper:
    """The advocate, in a shop that gives 200 points for a friend, and 5.00 off to the friend."""
    world.refer()
    return world.member(ANN)
