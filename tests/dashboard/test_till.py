"""At the till: find a customer, give points for a purchase, redeem a reward and show its code, on a phone."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.dashboard.conftest import PHONE, Clerk, Desk
from tests.make import World
from tests.scanning import scan
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.people import customers
from widget_server.loyalty.rewards import coupon_care
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.till import till_codes

DATABASES = ("sqlite",)


def test_from_the_code_in_the_widget_to_the_code_of_the_reward(office: Callable[..., Clerk], world: World) -> None:
    """Without JavaScript, on a phone: 12.50 gives 125 points, 500 points are 5.00 off."""
    world.order_rule()
    world.reward(cost=500)
    ann = world.member("ann@example.com", name="Ann Lee")
    ann.is_given(400)
    code = till_codes.show(world.shop, ann.customer).code
    clerk = office("support", viewport=PHONE, device_scale_factor=2, java_script_enabled=False)
    clerk.goes("/till").types(Who_is_it=f"{code[:4]} {code[4:].lower()}").presses("Find")
    clerk.sees("Ann Lee").sees("Identified by the code").types(Amount_paid="12,50").presses("Show the points")
    clerk.sees("€12.50 gives 125 points.")
    assert ann.balance == 400
    clerk.presses("Give 125 points").sees("125 points for this purchase.").sees("Identified by the code")
    assert ann.balance == 525
    clerk.presses("Redeem €5.00 off").sees("It costs 500 points.").sees("Identified by the code in the widget.")
    clerk.presses("Redeem")
    coupon = Coupon.need(world.shop, Coupon.customer_id == ann.id)
    clerk.sees(str(coupon.code)).sees("25 points")
    browser = clerk.page.context.browser
    assert browser is not None
    assert scan(browser, clerk.page.screenshot(full_page=True)) == {("QRCode", coupon.code), ("Code128", coupon.code)}
    clerk.presses("Next customer").sees("Who is it?")


@pytest.mark.parametrize("look", [{"color_scheme": "dark"}, {"viewport": {"width": 320, "height": 640}}])
def test_a_scanner_reads_the_code_in_the_dark_and_on_the_smallest_phone(
    office: Callable[..., Clerk], world: World, chromium: Browser, look: dict[str, Any]
) -> None:
    ann = world.member("ann@example.com")
    ann.is_given(200)
    coupon = ann.redeems(world.reward(cost=100))
    clerk = office("support", device_scale_factor=2, **look)
    clerk.goes(f"/till/{ann.id}/coupon/{coupon.id}").sees(str(coupon.code))
    shot = clerk.page.screenshot(full_page=True)
    assert scan(chromium, shot) == {("QRCode", coupon.code), ("Code128", coupon.code)}


def test_a_code_that_has_ended_is_not_drawn(desk: Desk, world: World) -> None:
    ann = world.member("ann@example.com")
    ann.is_given(200)
    coupon = ann.redeems(world.reward(cost=100))
    assert desk.get(f"/till/{ann.id}/coupon/{coupon.id}").text.count('class="scan') == 2
    coupon_care.revoke(world.shop, coupon.id)
    page = desk.get(f"/till/{ann.id}/coupon/{coupon.id}").text
    assert 'class="scan' not in page


def test_a_purchase_is_booked_once_however_often_it_is_sent(desk: Desk, world: World) -> None:
    world.order_rule()
    ann = world.member("ann@example.com")
    sale = {"amount": "12.50", "receipt": "R-7", "request_key": "key-00001"}
    for _ in range(2):
        assert desk.post(f"/till/{ann.id}/sale", **sale).status_code == 303
    assert (ann.balance, Order.of(world.shop).count()) == (125, 1)
    refused = desk.post(f"/till/{ann.id}/sale", **{**sale, "amount": "13.50"})
    assert refused.status_code == 422
    assert "This form was sent already" in refused.text
    for amount in ("", "0", "1.005", "much"):
        assert desk.post(f"/till/{ann.id}/sale", **{**sale, "amount": amount}).status_code == 422
        page = desk.get(f"/till/{ann.id}?amount={amount}")
        assert (page.status_code, "Give" in page.text) == (200, False)


def test_who_found_a_referral_code_gives_points_and_redeems_nothing(desk: Desk, world: World) -> None:
    reward = world.reward(cost=100)
    ann, bob = world.member("ann@example.com"), world.member("bob@example.com")
    ann.is_given(200)
    found = desk.get(f"/till?q={ann.customer.referral_code}")
    assert found.headers["Location"] == f"/dashboard/till/{ann.id}"
    path = f"/till/{ann.id}/redeem/{reward.id}"
    refused = desk.post(path, request_key="key-00001")
    assert (refused.status_code, ann.balance) == (422, 200)
    assert "check who it is" in refused.text
    stolen = till_codes.show(world.shop, bob.customer).code
    assert "This code is not valid now" in desk.post(path, request_key="key-00001", till_code=stolen).text
    assert desk.post(path, request_key="key-00001", checked="y").status_code == 303
    assert ann.balance == 100
    coupon = Coupon.need(world.shop, Coupon.customer_id == ann.id)
    assert desk.get(f"/till/{bob.id}/coupon/{coupon.id}").status_code == 404


def test_several_with_one_number_are_shown_to_choose(desk: Desk, world: World) -> None:
    ann, bob = world.member("ann@example.com"), world.member("bob@example.com")
    for who in (ann, bob):
        customers.update(who.customer, phone="0151 234567")
    page = desk.get("/till?q=0151-234567").text
    assert f"/till/{ann.id}" in page and f"/till/{bob.id}" in page
    assert "Nobody is found by this" in desk.get("/till?q=nobody@example.com").text
    customers.update(bob.customer, excluded=True)
    assert "excluded from the program" in desk.get(f"/till/{bob.id}?amount=5").text
    assert desk.get("/till/nobody").status_code == 404


def test_the_caps_of_support_hold_at_the_till(desk_of: Callable[..., Desk], world: World) -> None:  # acceptance 59
    world.order_rule()
    ann = world.member("ann@example.com")
    support = desk_of("support")
    refused = support.post(f"/till/{ann.id}/sale", amount="60.00", request_key="key-00001")
    assert (refused.status_code, ann.balance) == (422, 0)
    assert "Your role may give 500 points here, not 600." in refused.text
    assert support.post(f"/till/{ann.id}/sale", amount="50.00", request_key="key-00002").status_code == 303
    assert ann.balance == 500
    assert desk_of("reader").get("/till").status_code == 403


def test_the_pages_are_fit_for_everybody(office: Callable[..., Clerk], world: World) -> None:
    world.order_rule()
    rewards = [world.reward(cost=100), world.reward(cost=10_000), world.reward("free_shipping", cost=50)]
    ann = world.member("ann@example.com", name="Ann Lee")
    ann.is_given(500)
    coupon = ann.redeems(rewards[0])
    clerk = office()
    for path in (
        "",
        "?q=nobody",
        f"/{ann.id}",
        f"/{ann.id}?amount=12.50",
        f"/{ann.id}/redeem/{rewards[0].id}",
        f"/{ann.id}/coupon/{coupon.id}",
        f"/{world.visitor().id}?amount=much",
    ):
        assert clerk.goes(f"/till{path}").inspects() == [], path


def test_where_the_browser_reads_codes_the_camera_finds_the_customer(
    office: Callable[..., Clerk], world: World
) -> None:
    ann = world.member("ann@example.com", name="Ann Lee")
    code = till_codes.show(world.shop, ann.customer).code
    clerk = office(viewport=PHONE)
    clerk.goes("/till")
    clerk.page.get_by_role("button", name="Find", exact=True).wait_for()
    assert clerk.page.get_by_role("button", name="Scan the code").count() == 0  # this browser cannot
    clerk.page.add_init_script(
        f"""window.BarcodeDetector = class {{ async detect() {{ return [{{ rawValue: "{code}" }}]; }} }};
        navigator.mediaDevices.getUserMedia = async () => {{
          const picture = document.createElement("canvas").getContext("2d");
          setInterval(() => picture.fillRect(0, 0, Math.random() * 9, 9), 50);
          return picture.canvas.captureStream();
        }};"""
    )
    clerk.goes("/till").presses("Scan the code").sees("Ann Lee").sees("Identified by the code")
