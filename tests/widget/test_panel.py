"""A member's first paint."""

from decimal import Decimal

from flask.testing import FlaskClient

from tests.make import World
from tests.panels import Panel
from widget_server.loyalty.earning import rules
from widget_server.loyalty.earning.rules import Figure, Trigger


def test_each_tab_shows_what_it_should(world: World, client: FlaskClient) -> None:
    world.order_rule(10)
    world.rule("join", points=100)
    world.rule("birthday", points=200)
    world.reward(cost=250)
    world.refer()
    world.tier("Silver", 150)
    ann = world.member()
    ann.orders("20.00")
    panel = Panel(client, world, ann)
    for tab in ("earn", "redeem", "my_rewards", "referral", "my_balance"):
        answer = panel.get(f"/widget/panel?tab={tab}")
        assert answer.status_code == 200, answer.json
        assert answer.json["balance"]["available"] == 300
    rewards = panel.get("/widget/redeem").json["rewards"]
    bought = panel.post("/widget/redeem", {"reward_id": rewards[0]["id"]}, key="k1")
    assert bought.status_code == 200, bought.json
    assert bought.json["balance"]["available"] == 50
    again = panel.post("/widget/redeem", {"reward_id": rewards[0]["id"]}, key="k1")
    assert again.json == bought.json
    assert Decimal(bought.json["coupon"]["amount"]) == 5


def test_a_birthday_that_only_her_level_is_paid_for_is_answered(client: FlaskClient, world: World) -> None:
    silver = world.tier("Silver", 100)
    rules.create(world.shop, Trigger("store", "birthday"), {silver.id: Figure(50)}, title="Many returns")
    ann, bob = world.member(), world.member("bob@example.com")
    ann.is_given(100)
    told = [Panel(client, world, who).post("/widget/earn/birthday", {"birthday": "1990-05-01"}) for who in (ann, bob)]
    assert [answer.status_code for answer in told] == [200, 200]
    assert (told[0].json["rule"]["points"], told[1].json["rule"]) == (50, None)
