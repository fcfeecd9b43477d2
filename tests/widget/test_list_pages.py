"""Lists of a thousand: pages of twenty, in one order, with as many statements as a short list."""

import json
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests.counter import Counter
from tests.make import NOON, Shopper, World
from tests.panels import Panel
from widget_server import clock, db
from widget_server.loyalty.earning.rules import Terms
from widget_server.loyalty.rewards import rewards
from widget_server.widget import samples
from widget_server.widget.list_pages import PAGE, PAGES_MAX

MANY = 1000
TRAVELS_MAX = 20_000  # bytes
PATHS = (
    "/panel?shop={shop}",
    "/widget/panel?tab=earn",
    "/widget/panel?tab=redeem",
    "/widget/panel?tab=my_rewards",
    "/widget/earn",
    "/widget/redeem",
    "/widget/my-rewards",
    "/widget/guest/earn",
    "/widget/guest/rewards",
)


@pytest.fixture
def ann(world: World) -> Shopper:
    """A member with 1,000 points."""
    ann = world.member()
    ann.is_given(1000)
    return ann


def pages(panel: Panel, path: str, name: str) -> list[list[str]]:
    """The ids on each page of a list."""
    found, cursor = [], ""
    while cursor is not None:
        page = panel.get(f"{path}?cursor={cursor}" if cursor else path).json
        found.append([one["id"] for one in page[name]])
        cursor = page["next_cursor"]
    return found


def sized(panel: Panel, path: str) -> int:
    """Bytes of the response as a browser gets it."""
    response = panel.client.get(path, headers={**panel.headers(), "Accept-Encoding": "br, gzip"})
    assert response.status_code == 200, response.data
    assert response.headers["Content-Encoding"] in ("br", "gzip")
    return len(response.data)


def test_a_thousand_of_each_travel_in_small_pages_with_as_many_statements(world: World, client: FlaskClient) -> None:
    world.order_rule()
    world.reward(cost=1)
    ann, paths = world.member(), [path.format(shop=world.shop.embed_key) for path in PATHS]
    ann.is_given(5000)
    panel = Panel(client, world, ann)

    def statements() -> list[int]:
        found = []
        for path in paths:
            panel.get(path)
            with Counter() as counter:
                panel.get(path)
            found.append(len(counter.statements))
        return found

    ann.redeems(rewards.listed(world.shop)[0])
    few = statements()
    with db.atomic():
        for number in range(MANY):
            world.reward(cost=1 + number, title=f"{number} euros off", description=f"For what is in corner {number}.")
            world.rule("custom", points=10 + number, title=f"Task {number}", terms=Terms(name=f"task-{number}"))
    for number, reward in enumerate(rewards.listed(world.shop)[:60]):
        with clock.at(NOON + timedelta(minutes=number)):
            ann.redeems(reward)
    assert statements() == few
    assert max(sized(panel, path) for path in paths) <= TRAVELS_MAX


def test_pages_of_rewards_have_each_once_in_the_order_of_one_list(
    world: World, client: FlaskClient, ann: Shopper
) -> None:
    with db.atomic():
        refused = world.reward(cost=5, limit_per_customer=0).id
        near, far = [], []
        for number in range(50):
            far.append(world.reward(cost=3000 - number).id)
            near.append(world.reward(cost=900 - number).id)
    found = pages(Panel(client, world, ann), "/widget/redeem", "rewards")
    assert [len(page) for page in found] == [PAGE] * 5 + [1]
    assert [one for page in found for one in page] == [*near, *reversed(far), refused]


def test_points_that_come_or_go_and_rewards_that_end_between_pages_hide_nothing(
    world: World, client: FlaskClient, ann: Shopper
) -> None:
    made = [world.reward(cost=500 + 25 * number) for number in range(45)]
    panel = Panel(client, world, ann)
    first = panel.get("/widget/redeem").json
    ann.is_given(300)
    rewards.move(world.shop, world.reward(cost=1).id, -100)  # first of all
    rewards.remove(world.shop, made[3].id, None)
    second = panel.get(f"/widget/redeem?cursor={first['next_cursor']}").json
    third = panel.get(f"/widget/redeem?cursor={second['next_cursor']}").json
    shown = [one for page in (first, second, third) for one in page["rewards"]]
    assert [one["id"] for one in shown] == [one.id for one in made]
    assert third["next_cursor"] is None
    by_id = {one["id"]: one for one in shown}
    assert by_id[made[25].id]["available"]  # 1,125 points: more than the member had at the first page
    assert by_id[made[44].id]["short_by"] == 1600 - 1300


def test_a_reward_of_the_third_page_is_bought_and_the_pages_on_screen_come_again(
    world: World, client: FlaskClient, ann: Shopper
) -> None:
    made = [world.reward(cost=900 - number, limit_per_customer=1) for number in range(70)]
    panel = Panel(client, world, ann)
    bought = panel.post("/widget/redeem", {"reward_id": made[55].id}, key="k").json
    assert bought["balance"]["available"] == 1000 - (900 - 55)
    fresh = panel.get("/widget/panel?tab=redeem&pages=3").json
    assert len(fresh["rewards"]) == 3 * PAGE and not any(one["available"] for one in fresh["rewards"])
    rest = panel.get(f"/widget/redeem?cursor={fresh['next_cursor']}").json
    assert [one["id"] for one in rest["rewards"]][-1] == made[55].id  # a refused one is last
    assert rest["rewards"][-1]["refusal"] == "reward_limit_reached"
    everything = [one["id"] for one in (*fresh["rewards"], *rest["rewards"])]
    assert sorted(everything) == sorted(one.id for one in made)


def test_up_to_twenty_come_as_before_with_a_null_cursor(world: World, client: FlaskClient, ann: Shopper) -> None:
    made = [world.reward(cost=900 - number).id for number in range(PAGE)]
    for number in range(PAGE):
        world.rule("custom", points=1, title=f"Task {number}", terms=Terms(name=f"task-{number}"))
    panel = Panel(client, world, ann)
    assert pages(panel, "/widget/redeem", "rewards") == [made]
    assert [len(page) for page in pages(panel, "/widget/earn", "rules")] == [PAGE]
    shown = panel.get("/widget/panel?tab=redeem").json
    assert ([one["id"] for one in shown["rewards"]], shown["next_cursor"]) == (made, None)


def test_rules_and_what_a_guest_sees_have_the_merchants_order(world: World, client: FlaskClient, ann: Shopper) -> None:
    with db.atomic():
        for number in range(45):
            world.rule("custom", points=1 + number, title=f"Task {number}", terms=Terms(name=f"task-{number}"))
            world.reward(cost=900 - number)
    member, guest = Panel(client, world, ann), Panel(client, world)
    page = client.get(f"/panel?shop={world.shop.embed_key}").text
    boot = json.loads(page.split('id="boot">')[1].split("</script>")[0])["guest"]
    lists = {"earn": ("rules", "points", range(1, 46)), "rewards": ("rewards", "cost_points", range(900, 855, -1))}
    for part, (name, figure, everything) in lists.items():
        shown, cursor = boot[part], boot[f"{part}_cursor"]
        while cursor:
            more = guest.get(f"/widget/guest/{part}?cursor={cursor}").json
            shown, cursor = [*shown, *more[name]], more["next_cursor"]
        assert [one[figure] for one in shown] == [*everything]
        assert {one["id"] for one in shown} == {""}
    ruled = [one for page in pages(member, "/widget/earn", "rules") for one in page]
    assert len(ruled) == len(set(ruled)) == 45


def test_every_tab_shows_as_many_pages_as_were_on_screen(world: World, client: FlaskClient, ann: Shopper) -> None:
    reward = world.reward(cost=1)
    for number in range(45):
        with clock.at(NOON + timedelta(minutes=number)):
            ann.redeems(reward)
    panel = Panel(client, world, ann)
    assert len(panel.get(f"/widget/panel?tab=my_rewards&pages={PAGES_MAX + 5}").json["my_rewards"]["coupons"]) == 45
    coupons = panel.get("/widget/panel?tab=my_rewards&pages=2").json
    history = panel.get("/widget/panel?tab=my_balance&pages=2").json
    assert len(coupons["my_rewards"]["coupons"]) == len(history["history"]["rows"]) == 2 * PAGE
    assert coupons["next_cursor"] == coupons["my_rewards"]["next_cursor"]
    assert history["next_cursor"] == history["history"]["next_cursor"]
    rest = panel.get(f"/widget/my-balance/history?cursor={history['next_cursor']}").json
    assert len(rest["rows"]) == 46 - 2 * PAGE


def test_coupons_of_one_moment_come_once_each(world: World, client: FlaskClient, ann: Shopper) -> None:
    reward = world.reward(cost=1)
    with clock.at(NOON):
        made = [ann.redeems(reward).id for _ in range(2 * PAGE + 1)]
    found = pages(Panel(client, world, ann), "/widget/my-rewards", "coupons")
    assert [len(page) for page in found] == [PAGE, PAGE, 1]
    assert sorted(one for page in found for one in page) == sorted(made)


def test_what_is_no_cursor_and_no_number_of_pages_is_refused(world: World, client: FlaskClient, ann: Shopper) -> None:
    panel = Panel(client, world, ann)
    for path in ("redeem", "earn", "guest/rewards", "guest/earn"):
        for cursor in ("x", "1", "1.", "1.x", "1..2", "1.2.3.4.5.6.7", "9" * 40 + ".1", "%D9%A1.%D9%A2", "1.2%0A"):
            response = panel.get(f"/widget/{path}?cursor={cursor}")
            assert (response.status_code, response.json["error"]["field"]) == (400, "cursor"), (path, cursor)
    for sent in ("0", "-1", "x", "", "1.0", "10000"):
        response = panel.get(f"/widget/panel?tab=redeem&pages={sent}")
        assert (response.status_code, response.json["error"]["field"]) == (400, "pages"), sent


def test_the_sample_of_a_long_list_is_its_first_page(world: World) -> None:
    with db.atomic():
        for _ in range(PAGE + 5):
            world.reward(cost=100)
    panel = samples.member_panel(world.shop, world.program)
    assert panel["rewards"] is not None and len(panel["rewards"]) == PAGE
    assert panel["next_cursor"] is None
