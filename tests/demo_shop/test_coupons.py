import pytest


def test_a_code_is_asked_about_with_the_whole_cart(receiver, shopper, coupon):
    receiver.coupons["TEN"] = coupon("amount", amount="10.00")
    shopper.register()
    shopper.add("p2")
    shopper.send("/cart/coupons", code=" TEN ")
    page = shopper.see("/cart")
    asked = receiver.bodies("coupons/check")[-1]
    assert (asked["code"], asked["currency"], asked["subtotal"]) == ("TEN", "EUR", "32.00")
    assert asked["customer"]["id"] == "c-1"
    assert [line["product_id"] for line in asked["lines"]] == ["p2"]
    assert "−€10.00" in page and "€26.90" in page  # 32.00 - 10.00 + 4.90
    assert 'data-loyalty-points-for="cart" data-loyalty-price="22.00"' in page
    assert receiver.forged == 0


def test_a_code_is_found_by_its_own_spelling_case_aside(receiver, shopper, coupon):
    known = {**coupon("amount", amount="10.00"), "code": "TEN-MORE"}
    receiver.coupons = dict.fromkeys(("TEN-MORE", "ten-more", "TENMORE", "TEN MORE"), known)
    shopper.add("p2")
    for code in ("TENMORE", "TEN MORE"):
        shopper.send("/cart/coupons", code=code)
        assert "We do not know this code." in shopper.see("/cart")
    shopper.send("/cart/coupons", code="ten-more")
    assert "−€10.00" in shopper.see("/cart")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"reason": "expired"}, "This code has expired."),
        ({"reason": "something_new"}, "This code cannot be used: something new."),
        ({"reason": "Only for plants."}, "Only for plants."),
        (
            {"reason": "minimum_subtotal", "minimum_subtotal": "40.00"},
            "This code needs an order of €40.00. Your cart is at €18.00. The code stays yours.",
        ),
    ],
)
def test_a_code_that_cannot_be_used_says_why(receiver, shopper, answer, words):
    receiver.coupons["NO"] = {"valid": False, "discount": None, **answer}
    shopper.add("p1")
    shopper.send("/cart/coupons", code="NO")
    page = shopper.see("/cart")
    assert words in page
    assert "<code" not in page  # it is not in the cart


def test_an_odd_answer_takes_nothing_off(receiver, shopper):
    receiver.coupons["ODD"] = {"valid": True, "discount": {"type": "moon", "amount": "NaN"}}
    shopper.add("p1")
    shopper.send("/cart/coupons", code="ODD")
    page = shopper.see("/cart")
    assert "€22.90" in page and "This code cannot be used: not usable." in page


def test_use_it_now_with_an_empty_cart_keeps_the_code_for_later(receiver, shopper, coupon):
    receiver.coupons["SHIP"] = coupon("free_shipping")
    assert shopper.get("/cart/apply?code=SHIP").location == "/cart"
    assert "Your code is kept" in shopper.see("/cart")
    assert receiver.heard == []
    shopper.add("p1")
    page = shopper.see("/cart")
    assert "SHIP" in page and "Free" in page and "€18.00" in page


def test_codes_that_do_not_combine_stand_alone(receiver, shopper, coupon):
    receiver.coupons |= {"A": coupon("amount", amount="2.00"), "B": coupon("percent", percent="10", combines=True)}
    shopper.add("p1")
    shopper.send("/cart/coupons", code="A")
    shopper.send("/cart/coupons", code="B")
    page = shopper.see("/cart")
    assert "cannot be used together" in page and "−€2.00" in page
    shopper.send("/cart/coupons/remove", code="A")
    shopper.send("/cart/coupons", code="B")
    assert "−€1.80" in shopper.see("/cart")


def test_a_free_product_takes_off_one_of_it(receiver, shop, shopper, coupon):
    receiver.coupons["MUG"] = coupon("free_product", product_id="p4")
    shopper.add("p1")
    shopper.send("/cart/coupons", code="MUG")
    assert "Put Stoneware mug in your cart" in shopper.see("/cart")
    shopper.add("p4", 2)
    shopper.check_out()
    shop.outbox.flush()
    assert [line["discount"] for line in receiver.bodies("order")[-1]["lines"]] == ["0.00", "19.80"]


def test_an_order_uses_its_code_and_a_cancelled_one_lets_go(receiver, shop, shopper, owner, coupon):
    receiver.coupons["TEN"] = coupon("amount", amount="10.00")
    shopper.add("p2")
    shopper.send("/cart/coupons", code="TEN")
    shopper.check_out()
    shop.outbox.flush()
    order = receiver.bodies("order")[-1]
    assert receiver.used == {"TEN": "1001"}
    assert (order["coupon_codes"], order["discount"], order["total"]) == (["TEN"], "10.00", "26.90")
    owner.do("1001", "cancel")
    shop.outbox.flush()
    assert receiver.used == {}
    assert receiver.bodies("coupons/release") == [{"code": "TEN", "order_id": "1001"}]


def test_a_code_that_another_order_took_stops_the_checkout(receiver, shop, shopper, coupon):
    receiver.coupons |= {code: coupon("amount", amount="1.00", combines=True) for code in ("A", "B")}
    receiver.used["B"] = "another"
    shopper.add("p2")
    shopper.send("/cart/coupons", code="A")
    shopper.send("/cart/coupons", code="B")
    assert shopper.check_out().location == "/cart"
    assert "This code has been used." in shopper.see("/cart")
    shop.outbox.flush()
    assert receiver.bodies("order") == []
    assert receiver.used == {"B": "another"}  # A is free again, B is still the other order's

    shopper.send("/cart/coupons/remove", code="B")
    shopper.check_out()  # the same form once more is a new order: nothing late can free its code
    shop.outbox.flush()
    assert receiver.used == {"A": "1002", "B": "another"}


def test_a_silent_loyalty_server_stops_codes_but_not_the_shop(receiver, shopper, coupon):
    receiver.coupons["TEN"] = coupon("amount", amount="10.00")
    shopper.add("p2")
    shopper.send("/cart/coupons", code="TEN")
    receiver.close()
    assert "checked as soon as it can be" in shopper.see("/cart")
    assert shopper.check_out().location == "/cart"
    shopper.send("/cart/coupons/remove", code="TEN")
    assert shopper.check_out().location.startswith("/orders/")
