"""Every widget route refuses whoever is not its member, and answers in the shape it promises."""

import json
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.counter import Counter
from tests.make import NOON, Shopper, World
from tests.panels import Panel, misfits
from widget_server import clock
from widget_server.loyalty.people import sessions
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop, WidgetSettings
from widget_server.web import built_files
from widget_server.widget import assets, typescript
from widget_server.widget.panel import TABS
from widget_server.widget.shapes.boot import Boot, Words
from widget_server.widget.shapes.earn import EarnList
from widget_server.widget.shapes.member import MemberPanel, SessionList
from widget_server.widget.shapes.my_balance import MyBalance
from widget_server.widget.shapes.my_rewards import CouponPage
from widget_server.widget.shapes.redeem import RewardList
from widget_server.widget.shapes.referral import QrCode, Referral

MEMBER_ROUTES = [
    ("GET", "/widget/panel"),
    ("GET", "/widget/earn"),
    ("POST", "/widget/earn/{rule}/click"),
    ("POST", "/widget/earn/visit"),
    ("POST", "/widget/earn/birthday"),
    ("GET", "/widget/redeem"),
    ("POST", "/widget/redeem"),
    ("GET", "/widget/my-rewards"),
    ("POST", "/widget/my-rewards/{coupon}/apply"),
    ("POST", "/widget/my-rewards/{coupon}/return"),
    ("GET", "/widget/referral"),
    ("GET", "/widget/referral/qr"),
    ("POST", "/widget/referral/code"),
    ("POST", "/widget/referral/reply"),
    ("POST", "/widget/till-code"),
    ("GET", "/widget/my-balance"),
    ("GET", "/widget/my-balance/history"),
    ("GET", "/widget/my-balance/export"),
    ("POST", "/widget/my-balance/leave"),
    ("GET", "/widget/session/list"),
    ("POST", "/widget/session/close-all"),
    ("POST", "/widget/session/verification"),
    ("POST", "/widget/session/verification/confirm"),
]
OPEN_ROUTES = {
    "/widget/session/identity",
    "/widget/session/sign-up",
    "/widget/session/code",
    "/widget/session/reset",
    "/widget/session/confirm",
    "/widget/session/new-password",
    "/widget/session/sign-in",
    "/widget/session/sign-out",
    "/widget/badges",
    "/widget/friend-code",
    "/widget/words",
    "/widget/guest/earn",
    "/widget/guest/rewards",
}


class Scene:
    """A shop with two members, and another shop; ids of what belongs to Ann."""

    def __init__(self, world: World) -> None:
        world.order_rule(10)
        world.rule("join", points=2000)
        self.rule = world.rule("social", points=20)
        self.reward = world.reward(cost=500)
        world.refer()
        self.ann, self.bob = world.member("ann@example.com"), world.member("bob@example.com")
        self.coupon = self.ann.redeems(self.reward)
        self.other = World.create(name="Another")
        self.eve = self.other.member("eve@example.com")

    def path(self, path: str) -> str:
        return path.format(rule=self.rule.id, coupon=self.coupon.id)


def test_the_table_of_routes_is_complete(client: FlaskClient) -> None:
    found = set()
    for rule in client.application.url_map.iter_rules():
        if rule.rule.startswith("/widget/") and rule.rule not in OPEN_ROUTES:
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                found.add((method, rule.rule.replace("<rule_id>", "{rule}").replace("<coupon_id>", "{coupon}")))
    assert found == set(MEMBER_ROUTES)


@pytest.mark.parametrize(("method", "path"), MEMBER_ROUTES)
def test_no_route_answers_without_a_token_that_is_good_here(
    world: World, client: FlaskClient, method: str, path: str
) -> None:
    # acceptance 3, 9
    scene = Scene(world)
    with clock.at(NOON - timedelta(days=sessions.SESSION_DAYS + 300)):
        expired = sessions.open_session(world.shop.id, scene.ann.id).token
    closed = sessions.open_session(world.shop.id, scene.ann.id).token
    sessions.close_session(world.shop.id, closed)
    tokens = {
        "none": None,
        "other shop's": scene.eve.token,
        "expired": expired,
        "signed out": closed,
        "forged": scene.ann.token[:-1] + ("A" if scene.ann.token[-1] != "A" else "B"),
        "empty": "",
        "not ascii": "ü" * 20,
    }
    before = _books(world)
    for name, token in tokens.items():
        panel = Panel(client, world)
        panel.token = token
        answer = client.open(
            scene.path(path), method=method, headers=panel.headers("k"), json={} if method == "POST" else None
        )
        assert answer.status_code == 401, name
        assert answer.json["error"]["code"] == "signed_out", name
    stolen = Panel(client, scene.other)
    stolen.token = scene.ann.token
    assert client.open(scene.path(path), method=method, headers=stolen.headers("k")).status_code == 401
    unknown = {"Authorization": f"Bearer {scene.ann.token}"}
    assert client.open(scene.path(path), method=method, headers=unknown).status_code == 400
    foreign = {**Panel(client, world, scene.ann).headers("k"), "Origin": "https://evil.example"}
    answer = client.open(scene.path(path), method=method, headers=foreign)
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "origin_not_allowed")
    assert _books(world) == before


@pytest.mark.parametrize("verb", ["apply", "return"])
def test_another_customers_coupon_does_not_exist(world: World, client: FlaskClient, verb: str) -> None:
    scene = Scene(world)
    bob = Panel(client, world, scene.bob)
    assert bob.post(f"/widget/my-rewards/{scene.coupon.id}/{verb}", key="k").status_code == 404
    assert scene.coupon.id not in json.dumps(bob.get("/widget/my-rewards").json)


@pytest.mark.parametrize(
    ("platform", "own", "opens"),
    [
        ("shopify", None, "{home}/discount/{code}?redirect=/cart"),
        ("woocommerce", None, "{home}/cart/"),  # where the copied code is pasted: no address of WooCommerce takes one
        ("generic", None, None),
        ("generic", "/basket?coupon={code}", "{home}/basket?coupon={code}"),
        ("woocommerce", "https://pay.example/warenkorb/", "https://pay.example/warenkorb/"),
    ],
)
def test_use_it_now_opens_an_address_of_the_platform_or_the_shops_own(
    client: FlaskClient, platform: str, own: str | None, opens: str | None
) -> None:
    world = World.create(platform=platform)
    Shop.update(widget=WidgetSettings(apply_url=own).as_json()).where(Shop.id == world.shop.id).execute()
    scene = Scene(world)
    ann = Panel(client, world, scene.ann)
    told = ann.post(f"/widget/my-rewards/{scene.coupon.id}/apply", {"in_cart": False}).json
    assert told["url"] == (opens and opens.format(home=world.shop.origins[0], code=told["coupon"]["code"]))


def test_a_code_is_in_the_cart_once_the_shops_page_says_so(world: World, client: FlaskClient) -> None:
    scene = Scene(world)
    ann, path = Panel(client, world, scene.ann), f"/widget/my-rewards/{scene.coupon.id}/apply"
    assert ann.post(path, {"in_cart": False}).json["coupon"]["status"] == "active"
    assert ann.get("/widget/my-rewards").json["coupons"][0]["status"] == "active"
    assert ann.post(path, {"in_cart": True}).json["coupon"]["status"] == "applied"
    ann.post(f"/widget/my-rewards/{scene.coupon.id}/return", key="k")
    refused = ann.post(path, {"in_cart": False})
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "coupon_not_usable")


def test_a_page_hears_which_friends_code_counts_and_what_it_may_do_with_it(world: World, client: FlaskClient) -> None:
    code = world.member("cy@example.com").customer.referral_code
    page = Panel(client, world)
    path = "/widget/friend-code"
    nothing = {"code": None, "keep_days": 0, "needs_consent": False, "gift": False}
    assert page.post(path, {"found": [code]}).json == nothing
    world.refer(window_days=14)
    Shop.update(widget=WidgetSettings(needs_consent=True).as_json()).where(Shop.id == world.shop.id).execute()
    told = {"code": code, "keep_days": 14, "needs_consent": True, "gift": True}
    assert page.post(path, {"kept": None, "found": ["producthunt", code.lower()]}).json == told
    assert page.post(path, {"found": ["producthunt"]}).json == {**told, "code": None, "gift": False}
    world.refer(friend_gift=None)
    assert page.post(path, {"kept": code}).json["gift"] is False
    world.refer()
    programs.pause(world.shop.id)
    assert page.post(path, {"kept": code}).json["gift"] is False  # nothing can be promised now (acceptance 16)


def _books(world: World) -> Any:
    from widget_server.ledger import Account

    return sorted((row.customer_id, row.balance, row.sequence) for row in Account.of(world.shop))


# Shapes: what is answered is what is promised


SHAPES: list[tuple[str, type]] = [
    ("/widget/panel?tab=earn", MemberPanel),
    ("/widget/panel?tab=redeem", MemberPanel),
    ("/widget/panel?tab=my_rewards", MemberPanel),
    ("/widget/panel?tab=referral", MemberPanel),
    ("/widget/panel?tab=my_balance", MemberPanel),
    ("/widget/earn", EarnList),
    ("/widget/redeem", RewardList),
    ("/widget/my-rewards", CouponPage),
    ("/widget/referral", Referral),
    ("/widget/referral/qr", QrCode),
    ("/widget/my-balance", MyBalance),
    ("/widget/session/list", SessionList),
]


@pytest.fixture
def lively(world: World) -> Shopper:
    """A member with a bit of everything: orders, waiting points, coupons, tiers, a birthday."""
    scene = Scene(world)
    world.settings(point_value=None)
    world.rule("birthday", points=200)
    world.reward("sliding", cost=100, max_points=1000, step_points=50, point_value=1)
    world.reward("percent", cost=9000, percent=10)
    world.tier("Silver", 100, "1.25")
    world.tier("Gold", 100_000)
    world.settings(wait_days=14)
    scene.ann.orders("25.00")
    world.settings(wait_days=0)
    scene.ann.orders("10.00", refunds=())
    return scene.ann


@pytest.mark.parametrize(("path", "shape"), SHAPES)
def test_answers_have_the_shape_they_promise(
    world: World, client: FlaskClient, lively: Shopper, path: str, shape: type
) -> None:
    answer = Panel(client, world, lively).get(path)
    assert answer.status_code == 200
    assert misfits(shape, answer.json) == {}


def test_the_document_of_the_panel_carries_a_boot_of_its_shape(world: World, client: FlaskClient) -> None:
    Scene(world)
    for lang, tab in product(assets.LOCALES, TABS):
        page = client.get(f"/panel?shop={world.shop.embed_key}&lang={lang}&tab={tab}").text
        boot = json.loads(page.split('id="boot">')[1].split("</script>")[0])
        assert misfits(Boot, boot) == {}
        assert boot["dir"] == ("rtl" if lang == "ar" else "ltr")
        later = Panel(client, world).get(f"/widget/words?lang={lang}").json
        assert misfits(Words, later) == {}
        assert {**boot["strings"], **later["words"]} == assets.strings(lang, {})
        assert len(boot["strings"]) + len(later["words"]) < 1.3 * len(assets.strings(lang, {}))


def test_the_types_of_the_panel_are_made_from_the_shapes() -> None:
    written = (built_files.FOLDER / "src" / "api.ts").read_text("utf-8")
    assert written == typescript.types(), "run `make types`"


# Queries: their number does not grow with history


QUERIES_MAX = {
    "/widget/panel?tab=earn": 4,
    "/widget/panel?tab=redeem": 4,
    "/widget/panel?tab=my_rewards": 4,
    "/widget/panel?tab=referral": 6,
    "/widget/panel?tab=my_balance": 6,
    "/widget/earn": 4,
    "/widget/redeem": 4,
    "/widget/my-rewards": 4,
    "/widget/referral": 4,
    "/widget/referral/qr": 4,
    "/widget/my-balance": 5,
    "/widget/my-balance/history?cursor=9999": 4,
}


@pytest.mark.parametrize("path", QUERIES_MAX)
def test_queries_do_not_grow_with_history(world: World, client: FlaskClient, lively: Shopper, path: str) -> None:
    panel, reward = Panel(client, world, lively), world.reward(cost=1)

    def does_something_of_each_kind() -> None:
        lively.is_given(10)
        lively.redeems(reward)
        lively.orders("1.00")

    does_something_of_each_kind()
    panel.get(path)
    with Counter() as short:
        panel.get(path)
    for _ in range(25):
        does_something_of_each_kind()
    panel.get(path)
    with Counter() as long:
        panel.get(path)
    assert 0 < len(long.statements) == len(short.statements), long.statements
    assert len(long.statements) <= QUERIES_MAX[path], long.statements


REDEMPTION_MAX = {"sqlite": 25, "postgres": 27}  # there the request's key and the end of the journal are locked too


def test_a_redemption_takes_few_statements(world: World, client: FlaskClient, lively: Shopper, backend: str) -> None:
    panel, reward = Panel(client, world, lively), world.reward(cost=1)
    lively.is_given(100)
    for tab in ("earn", "redeem"):
        panel.get(f"/widget/panel?tab={tab}")
    with Counter() as counted:
        bought = panel.post("/widget/redeem", {"reward_id": reward.id}, key="k-1").json
    assert len(counted.statements) <= REDEMPTION_MAX[backend], counted.statements
    shown = panel.get("/widget/my-balance").json["balance"]
    assert bought["balance"] == shown  # it is not read again after the booking
    assert panel.post("/widget/redeem", {"reward_id": reward.id}, key="k-1").json == bought


def test_orders_that_give_nothing_say_why_to_their_buyer_alone(world: World, client: FlaskClient) -> None:
    ann, bob = world.member("ann@example.com"), world.member("bob@example.com")
    for number in range(6):
        ann.orders("20.00", id=f"usd-{number}", currency="USD", placed_at=NOON + timedelta(days=number))
    ann.orders("20.00", id="gone", currency="USD", placed_at=NOON + timedelta(days=9), status="cancelled")
    programs.pause(world.shop.id)
    ann.orders("20.00", id="paused", placed_at=NOON + timedelta(days=7))
    programs.activate(world.shop.id)
    told = Panel(client, world, ann).get("/widget/my-balance").json["history"]["orders_without_points"]
    assert [one["number"] for one in told] == ["#paused", "#usd-5", "#usd-4", "#usd-3", "#usd-2"]
    assert told[0] == {"number": "#paused", "placed_at": "2026-03-17T12:00:00.000Z", "reason": "program_not_active"}
    assert told[1]["reason"] == "other_currency"
    assert Panel(client, world, bob).get("/widget/my-balance").json["history"]["orders_without_points"] == []


def test_a_repeat_of_a_redemption_costs_nothing_of_the_limit(world: World, client: FlaskClient) -> None:
    """The answer was lost: asking again with the same key is answered, however often; other redemptions are counted."""
    scene = Scene(world)
    ann = Panel(client, world, scene.ann)
    scene.ann.is_given(20_000)
    body = {"reward_id": scene.reward.id}
    results = [ann.post("/widget/redeem", body, key="k-1") for _ in range(30)]
    assert all(one.status_code == 200 and one.json == results[0].json for one in results)
    others = [ann.post("/widget/redeem", body, key=f"other-{number}").status_code for number in range(20)]
    assert others == [200] * 19 + [429]
    assert ann.post("/widget/redeem", body, key="k-1").status_code == 200
