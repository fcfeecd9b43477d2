"""Points move through one door, and an account's counters are the sums of its rows."""

from tests.make import World


def test_a_first_order_gives_points_that_buy_a_coupon(world: World) -> None:
    world.order_rule(10)
    world.rule("join", points=100)
    reward = world.reward(cost=250)
    ann = world.member()
    assert ann.balance == 100
    ann.orders("20.00")
    assert ann.balance == 300
    coupon = ann.redeems(reward)
    assert ann.balance == 50
    assert len(coupon.code) == 12
    assert ann.history() == [("redeemed", -250), ("order", 200), ("join", 100)]
