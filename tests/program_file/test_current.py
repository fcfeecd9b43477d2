"""What the shop has, as a file would say it."""

from decimal import Decimal

from tests.make import World
from widget_server.loyalty.rewards import rewards
from widget_server.loyalty.rewards.rewards import Price
from widget_server.program_file.apply import apply
from widget_server.program_file.schema import parse


def test_discounts_at_a_checkout_are_in_no_file(world: World) -> None:
    discount = rewards.create(world.shop, "sliding", {None: Price(10, Decimal(1))}, at_checkout=True, title="Pay")
    assert apply(world.shop, parse("rewards: []")) == []
    assert rewards.need(world.shop, discount.id).active
