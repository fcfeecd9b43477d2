import email.policy
import re
from email import message_from_bytes

import jwt
import pytest
from werkzeug.test import TestResponse

PAGES = ("/", "/collections/plants", "/products/p4", "/about", "/cart", "/account", "/admin/orders", "/mail")


def policy(config):
    origin = config.widget_url
    return f"default-src 'self'; script-src 'self' {origin}; frame-src {origin}; require-trusted-types-for 'script'"


@pytest.mark.parametrize("path", [*PAGES, "/nowhere", "/loyalty/identity", "/static/shop.css"])
def test_every_answer_has_the_strict_policy(shopper, config, path):
    assert shopper.get(path).headers["Content-Security-Policy"] == policy(config)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_one_script_and_nothing_inline(shopper, config, path):
    shopper.add("p1")
    page = shopper.see(path)
    (script,) = re.findall(r"<script[^>]*>[^<]*</script>", page)
    assert script == (
        f'<script async src="{config.widget_url}/widget.js?shop=embed" '
        'data-identity-url="/loyalty/identity" data-apply-url="/cart/apply?code={code}"></script>'
    )
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)


def test_a_product_says_what_the_badge_needs(shopper):
    page = shopper.see("/products/p4")
    assert (
        '<span data-loyalty-points-for="p4" data-loyalty-price="19.80" '
        'data-loyalty-collections="ceramics,mugs"></span>' in page
    )
    assert "data-loyalty-points-for" not in shopper.see("/products/p12")  # a gift card earns nothing


def identity(shopper, **headers) -> TestResponse:
    return shopper.get("/loyalty/identity", headers=headers)


def confirmation_link(shop):
    (path,) = shop.config.mail_dir.glob("*.eml")
    text = message_from_bytes(path.read_bytes(), policy=email.policy.default).get_content()
    return re.search(r"http://shop\.localhost:8001(\S+)", text)[1]


def test_the_shop_vouches_for_whom_it_knows(shop, shopper, config):
    nobody = identity(shopper)
    assert (nobody.status_code, nobody.headers["Cache-Control"]) == (204, "no-store")

    shopper.register()
    claims = [_claims(identity(shopper), config) for _ in range(2)]
    assert claims[0]["jti"] != claims[1]["jti"]
    first = claims[0]
    assert (first["sub"], first["email"], first["name"]) == ("c-1", "ann@example.com", "Ann Lee")
    assert first["email_verified"] is False
    assert (first["exp"] - first["iat"], first["locale"]) == (300, "en")

    shopper.get(confirmation_link(shop))
    assert _claims(identity(shopper), config)["email_verified"] is True

    shopper.send("/account/log-out", form_from="/account")
    assert identity(shopper).status_code == 204


def _claims(answer, config):
    assert answer.headers["Cache-Control"] == "no-store"
    return jwt.decode(answer.json["token"], config.identity_secret, algorithms=["HS256"], audience=config.shop_id)


def test_the_word_is_for_the_shops_own_pages(shopper):
    shopper.register()
    assert identity(shopper, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert identity(shopper, **{"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_a_customer_is_told_of_whole(receiver, shop, shopper):
    shopper.register(birthday="1990-04-23", newsletter="yes", phone="+47 1")
    shopper.send("/account/profile", form_from="/account", name="Ann", birthday="1990-04-23")
    shopper.get(confirmation_link(shop))
    shop.outbox.flush()
    first, second, third = receiver.bodies("customer")
    assert first == {
        "id": "c-1",
        "email": "ann@example.com",
        "email_verified": False,
        "name": "Ann Lee",
        "phone": "+47 1",
        "birthday": "1990-04-23",
        "accepts_marketing": True,
        "referral_code": None,
        "registered_at": first["registered_at"],
        "deleted": False,
    }
    assert second == {**first, "name": "Ann", "phone": None, "accepts_marketing": False}
    assert third == {**second, "email_verified": True}


def test_a_review_is_an_action_once(receiver, shop, shopper):
    shopper.register()
    for _ in range(2):
        shopper.send("/products/p4/reviews", stars="4", words="Warm <b>hands</b>")
    assert "You have reviewed this already." in shopper.see("/products/p4")
    assert "Warm &lt;b&gt;hands&lt;/b&gt;" in shopper.get("/products/p4").text
    shop.outbox.flush()
    (action,) = receiver.bodies("action")
    assert (action["id"], action["type"], action["value"]) == ("review-1", "review", None)
    assert action["customer"]["id"] == "c-1"


def test_a_form_without_its_token_is_refused(shopper):
    shopper.see("/products/p1")
    answer = shopper.client.post("/cart/lines", data={"product": "p1", "csrf": "guessed"})
    assert answer.status_code == 400
    assert "Cart (0)" in shopper.see("/")


def test_logging_in_takes_a_new_session_and_keeps_the_cart(shopper):
    shopper.register()
    shopper.send("/account/log-out", form_from="/account")
    shopper.add("p1")
    before = shopper.client.get_cookie("fjordfern_session", domain="localhost").value
    form = {"email": "ann@example.com", "password": "eight or more", "next": "/products/p1"}
    answer = shopper.send("/account/log-in", form_from="/account", **form)
    cookie = shopper.client.get_cookie("fjordfern_session", domain="localhost")
    assert (answer.location, cookie.same_site, cookie.http_only) == ("/products/p1", "Lax", True)
    assert cookie.value != before
    assert "Cart (1)" in shopper.see("/")
    shopper.client.set_cookie("fjordfern_session", before, domain="localhost")
    assert "Log in" in shopper.see("/")


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "evil"])
def test_logging_in_leads_to_no_other_site(shopper, elsewhere):
    assert shopper.register(next=elsewhere).location == "/account"


@pytest.mark.parametrize(
    ("field", "value"), [("email", "nobody"), ("password", "short"), ("birthday", "2999-01-01"), ("name", "")]
)
def test_a_registration_with_a_fault_says_where(shopper, field, value):
    answer = shopper.register(**{"email": "ann@example.com", field: value})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def test_the_same_email_registers_once_and_logs_in_by_password_only(shopper):
    shopper.register()
    shopper.send("/account/log-out", form_from="/account")
    assert shopper.register(email="ANN@example.com").status_code == 422
    wrong = shopper.send("/account/log-in", form_from="/account", email="ann@example.com", password="wrong one")
    assert wrong.status_code == 422


def test_an_order_page_needs_its_secret_address(shopper):
    shopper.add("p1")
    page = shopper.check_out().location
    assert "Order #1001" in shopper.see(page)
    assert shopper.get("/orders/1001").status_code == 404


def test_mail_is_shown_as_text_with_its_links(shop, shopper):
    shop.mails.send("a@example.com", "Older", "first")
    shop.mails.send("a@example.com", "Newer", "Look <b>: https://x.example/?a=1&b=2.")
    page = shopper.get("/mail").text
    assert page.index("Newer") < page.index("Older")
    assert 'Look &lt;b&gt;: <a href="https://x.example/?a=1&amp;b=2"' in page


def test_another_host_name_is_not_answered(shopper):
    assert shopper.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert shopper.get("/", headers={"Host": "shop.localhost:8001"}).status_code == 200
    assert shopper.get("/", headers={"Host": "127.0.0.1:8001"}).status_code == 200
