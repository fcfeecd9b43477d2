"""The shop's counter over the wire: find, quote, sell, pay back, redeem (acceptance 57, 62)."""

from decimal import Decimal
from urllib.parse import quote

from flask.testing import FlaskClient
from playwright.sync_api import Browser

from tests.integrator import Integrator
from tests.make import World
from tests.scanning import scan_svg
from widget_server.loyalty.people import api_keys
from widget_server.loyalty.program import shops
from widget_server.loyalty.rewards import takeover
from widget_server.loyalty.rewards.takeover import ForeignCode
from widget_server.loyalty.till import till_codes

TILL = "/loyalty-till/v1"


def test_a_customer_comes_buys_and_brings_it_back(owner: Integrator, reader: Integrator, world: World) -> None:
    world.order_rule()
    ann = world.member("ann@example.com")
    (found,) = reader.post(f"{TILL}/find", {"text": "ann@example.com"})["found"]
    assert (found["customer"]["id"], found["balance"], found["by"]) == (ann.id, 0, "EMAIL")
    sale = {"customerId": ann.id, "amount": 12.5}
    assert reader.post(f"{TILL}/sales/preview", sale) == {"points": 125}
    reader.post(f"{TILL}/sales", sale, status=403)
    sold = [owner.post(f"{TILL}/sales", sale, Idempotency_Key="k1")["order"] for _ in range(2)]
    assert (sold[0], sold[0]["points"], sold[0]["platform"], ann.balance) == (sold[1], 125, "till", 125)
    back = owner.post(f"{TILL}/sales/{sold[0]['id']}/refund", {"amount": 2.5})["order"]
    assert (back["points"], ann.balance) == (100, 100)
    owner.post(f"{TILL}/sales/{sold[0]['id']}/refund", {"amount": 100}, status=400)
    assert owner.post(f"{TILL}/sales/{sold[0]['id']}/refund")["order"]["whyNothing"] == "refunded"
    owner.post(f"{TILL}/sales", {**sale, "amount": 0.001}, status=400)


def test_a_reward_for_who_identified(owner: Integrator, world: World) -> None:
    ann, reward = world.member("ann@example.com"), world.reward(cost=100)
    ann.is_given(300)
    wanted = {"customerId": ann.id, "rewardId": reward.id}
    assert owner.post(f"{TILL}/redeem", wanted, status=403)["details"]["applicationError"]["code"] == "NOT_IDENTIFIED"
    code = till_codes.show(world.shop, ann.customer).code
    coupon = owner.post(f"{TILL}/redeem", {**wanted, "tillCode": code})["coupon"]
    assert (coupon["memberId"], ann.balance) == (ann.id, 200)
    owner.post(f"{TILL}/redeem", {**wanted, "tillCode": code}, status=409)
    owner.post(f"{TILL}/redeem", {**wanted, "checked": True})
    assert ann.balance == 100


def test_the_code_is_drawn_for_any_scanner(
    owner: Integrator, reader: Integrator, world: World, chromium: Browser
) -> None:
    ann, page = world.member("ann@example.com"), chromium.new_page()
    ann.is_given(200)
    coupon = ann.redeems(world.reward(cost=100))
    path = f"{TILL}/codes/{coupon.code}.svg"
    for query, kind in (("", "QRCode"), ("?kind=qr", "QRCode"), ("?kind=code128", "Code128")):
        sent = reader.client.get(path + query, headers={"Authorization": str(reader.secret)})
        assert (sent.status_code, sent.content_type) == (200, "image/svg+xml; charset=utf-8")
        assert sent.headers["Cache-Control"] == "no-store"
        assert sent.headers["Content-Security-Policy"] == "default-src 'none'"
        assert scan_svg(page, sent.text) == {(kind, coupon.code)}
    page.close()
    typed = str(coupon.code).replace("-", "").lower()  # the picture has the spelling that a checkout knows
    same = reader.client.get(f"{TILL}/codes/{typed}.svg?kind=code128", headers={"Authorization": str(reader.secret)})
    assert same.text == sent.text
    wrong = reader.get(f"{path}?kind=ean13", status=400)
    assert wrong["details"]["validationError"]["fieldViolations"][0]["field"] == "kind"
    owner.post(f"/loyalty-coupons/v1/coupons/{coupon.id}/revoke")
    ended = reader.get(path, status=409)["details"]["applicationError"]
    assert (ended["code"], ended["data"]["reason"]) == ("COUPON_NOT_USABLE", "revoked")


def test_nothing_of_another_shop_and_nothing_without_a_key_is_drawn(reader: Integrator, world: World) -> None:
    other = World.create(name="Other")
    bob = other.member("bob@example.com")
    bob.is_given(200)
    theirs = bob.redeems(other.reward(cost=100))
    for code in (theirs.code, "RMWT-ZMHX-Q4HB", "a/b", "%00"):
        reader.get(f"{TILL}/codes/{code}.svg", status=404)
    assert reader.client.get(f"{TILL}/codes/{theirs.code}.svg").status_code == 401


def test_a_code_of_another_app_is_drawn_as_it_is(reader: Integrator, world: World, chromium: Browser) -> None:
    ann, page = world.member("ann@example.com"), chromium.new_page()
    for code, kinds in (("Summer 24/7", {"qr", "code128"}), ("GRÜSSE", {"qr"})):
        assert takeover.keep(world.shop, ann.customer, ForeignCode(code, "amount", Decimal(5)))
        for kind in ("qr", "code128"):
            path = f"{TILL}/codes/{quote(code, safe='')}.svg?kind={kind}"
            sent = reader.client.get(path, headers={"Authorization": str(reader.secret)})
            assert sent.status_code == (200 if kind in kinds else 400), sent.text
            assert kind not in kinds or {text for _, text in scan_svg(page, sent.text)} == {code}
    page.close()


def test_a_shopify_shop_has_the_qr_code_that_its_pos_reads(client: FlaskClient, chromium: Browser) -> None:
    world, page = World.create(name="Pos", platform="shopify"), chromium.new_page()
    pos = Integrator(client, api_keys.create_key(world.shop.id, "pos", scope="read")[1])
    ann = world.member("ann@example.com")
    assert takeover.keep(world.shop, ann.customer, ForeignCode("SAVE 10%", "amount", Decimal(5)))
    assert takeover.keep(world.shop, ann.customer, ForeignCode("RMWT-ZMHX-Q4HB", "amount", Decimal(5)))
    path = f"{TILL}/codes/SAVE%2010%25.svg?kind=shopify"
    wrong = pos.get(path, status=400)
    assert "connected to Shopify" in wrong["message"]
    shops.connect(world.shop, "https://pos.myshopify.com", {"token": "shpat_test"})
    for code, encoded in (("SAVE%2010%25", "SAVE%252010%2525"), ("RMWT-ZMHX-Q4HB", "RMWT-ZMHX-Q4HB")):
        sent = client.get(f"{TILL}/codes/{code}.svg?kind=shopify", headers={"Authorization": str(pos.secret)})
        assert scan_svg(page, sent.text) == {("QRCode", f"https://pos.myshopify.com/discount/{encoded}")}
    page.close()
