"""What WooCommerce is told of a code: its terms, in its own words."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.make import NOON
from tests.stores.checkouts import WooCommerce
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.stores.calls import PRODUCT_UNAVAILABLE, Api, Recipient, Refused
from widget_server.stores.woocommerce import codes as woocommerce_codes

ANN = Recipient("9", ("ann@example.com",))


def coupon(kind: str = "amount", **facts: Any) -> Coupon:
    values = {"id": "c0ffee", "code": "ABCD-EFGH-JKLM", "kind": kind, "title": "5 € off", "collections": []}
    return Coupon(**{**values, "created_at": NOON, **facts})


@pytest.fixture
def shop() -> Iterator[WooCommerce]:
    with WooCommerce() as running:
        yield running


def api(shop: WooCommerce, **keys: str) -> Api:
    return Api(shop.url, {**shop.keys, **keys})


def told(shop: WooCommerce, one: Coupon, recipient: Recipient = ANN, currency: str = "EUR") -> dict[str, Any]:
    """What the shop keeps of it."""
    woocommerce_codes.make(api(shop), one, recipient, currency)
    (made,) = shop.codes.values()
    return made.terms


def test_an_amount_off_the_cart(shop: WooCommerce) -> None:
    midnight = datetime(2026, 4, 9, 22, tzinfo=UTC)
    assert told(shop, coupon(amount=Decimal("5"), minimum_subtotal=Decimal("20.5"), expires_at=midnight)) == {
        "code": "ABCD-EFGH-JKLM",
        "description": "5 € off",
        "discount_type": "fixed_cart",
        "amount": "5.00",
        "usage_limit": 1,
        "usage_limit_per_user": 1,
        "individual_use": True,
        "minimum_amount": "20.50",
        "product_categories": [],
        "email_restrictions": ["ann@example.com"],
        "date_expires": "2026-04-09T22:00:00Z",
        "meta_data": [{"key": "loyalty_coupon", "value": "c0ffee"}],
    }


def test_a_percentage_of_some_categories_that_combines(shop: WooCommerce) -> None:
    mugs = [{"id": "12", "name": "Mugs"}, {"id": "15", "name": "Pots"}]
    terms = told(shop, coupon("percent", percent=Decimal("12.5"), combines=True, collections=mugs))
    assert (terms["discount_type"], terms["amount"], terms["individual_use"]) == ("percent", "12.50", False)
    assert terms["product_categories"] == [12, 15]
    assert "minimum_amount" not in terms and "date_expires" not in terms


def test_free_shipping(shop: WooCommerce) -> None:
    terms = told(shop, coupon("free_shipping"))
    assert (terms["free_shipping"], terms["discount_type"], terms["amount"]) == (True, "fixed_cart", "0")


def test_a_free_product_is_one_piece_of_it(shop: WooCommerce) -> None:
    terms = told(shop, coupon("free_product", product_id="7"))
    assert (terms["discount_type"], terms["amount"]) == ("percent", "100")
    assert (terms["product_ids"], terms["limit_usage_to_x_items"]) == ([7], 1)


@pytest.mark.parametrize(("product", "state"), [("8", "draft"), ("9", "private"), ("10", "not there")])
def test_a_free_product_that_is_not_sold_is_refused(shop: WooCommerce, product: str, state: str) -> None:
    with pytest.raises(Refused, match=f"the product {product} is {state}") as no:
        told(shop, coupon("free_product", product_id=product))
    assert (no.value.code, shop.codes) == (PRODUCT_UNAVAILABLE, {})


def test_a_code_is_bound_to_every_address_of_its_owner(shop: WooCommerce) -> None:
    both = Recipient("9", ("ann@example.com", "ann@work.example"))
    assert told(shop, coupon(amount=Decimal(5)), both)["email_restrictions"] == list(both.emails)


@pytest.mark.parametrize(("currency", "amount", "written"), [("JPY", "50.5", "50"), ("KWD", "0.0375", "0.037")])
def test_an_amount_has_the_decimals_of_its_currency(
    shop: WooCommerce, currency: str, amount: str, written: str
) -> None:
    assert told(shop, coupon(amount=Decimal(amount)), currency=currency)["amount"] == written


@pytest.mark.parametrize(
    "facts",
    [
        {"kind": "free_product", "product_id": "mug"},
        {"kind": "free_product", "product_id": None},
        {"kind": "amount", "amount": Decimal(5), "collections": [{"id": "mugs", "name": "Mugs"}]},
    ],
)
def test_an_id_that_woocommerce_cannot_have_is_refused_before_it_is_asked(
    shop: WooCommerce, facts: dict[str, Any]
) -> None:
    with pytest.raises(Refused, match="no id of WooCommerce"):
        told(shop, coupon(**facts))
    assert shop.calls == []


def test_a_code_to_share_or_of_somebody_without_an_address_is_bound_to_nobody(shop: WooCommerce) -> None:
    assert "email_restrictions" not in told(shop, coupon(amount=Decimal(5), shareable=True))
    shop.codes.clear()
    assert "email_restrictions" not in told(shop, coupon(amount=Decimal(5)), Recipient(None))


def test_it_is_found_whatever_its_case_and_deleted_for_good(shop: WooCommerce) -> None:
    one = coupon(amount=Decimal(5))
    assert woocommerce_codes.find(api(shop), one.code) is None
    told(shop, one)
    found = woocommerce_codes.find(api(shop), one.code)
    assert found is not None and (found.coupon_id, found.used) == ("c0ffee", False)
    shop.an_order_uses(one.code)
    used = woocommerce_codes.find(api(shop), one.code)
    assert used is not None and used.used
    for _ in range(2):  # gone already is fine
        woocommerce_codes.delete(api(shop), found)
    assert shop.codes == {}


def test_taken_has_a_word(shop: WooCommerce) -> None:
    told(shop, coupon(amount=Decimal(5)))
    with pytest.raises(Refused) as no:
        woocommerce_codes.make(api(shop), coupon(amount=Decimal(5)), ANN, "EUR")
    assert no.value.code == woocommerce_codes.TAKEN


def test_keys_are_tried(shop: WooCommerce) -> None:
    woocommerce_codes.check(api(shop))
    with pytest.raises(Refused, match=r"does not know these keys.*answered 401 woocommerce_rest_auth"):
        woocommerce_codes.check(api(shop, secret="cs_other"))
    with pytest.raises(Refused, match="answered 401"):
        woocommerce_codes.delete(api(shop, secret="cs_other"), woocommerce_codes.Found("1", None, False))


def test_a_site_in_a_folder(shop: WooCommerce) -> None:
    with pytest.raises(Refused, match="rest_no_route"):
        woocommerce_codes.check(Api(f"{shop.url}/blog", shop.keys))
    assert shop.calls[-1][0].startswith("GET /blog/wp-json/wc/v3/coupons")
