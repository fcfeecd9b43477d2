"""What Shopify is told of a code: its terms, in its own words."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.make import NOON
from tests.stores.checkouts import Shopify
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.stores.calls import Api, NotReached, Recipient, Refused
from widget_server.stores.shopify import codes as shopify_codes

ANN = Recipient("9", ("ann@example.com",))


def coupon(kind: str = "amount", **facts: Any) -> Coupon:
    values = {"id": "a" * 36, "code": "ABCD-EFGH-JKLM", "kind": kind, "title": "5 € off", "collections": []}
    return Coupon(**{**values, "created_at": NOON, **facts})


@pytest.fixture
def shop() -> Iterator[Shopify]:
    with Shopify() as running:
        yield running


def api(shop: Shopify, **keys: str) -> Api:
    return Api(shop.url, {**shop.keys, **keys})


def told(shop: Shopify, one: Coupon, recipient: Recipient = ANN, currency: str = "EUR") -> dict[str, Any]:
    """What the shop keeps of it."""
    shopify_codes.make(api(shop), one, recipient, currency)
    (made,) = shop.codes.values()
    return made.terms


def gets(terms: dict[str, Any]) -> tuple[Any, Any]:
    return terms["customerGets"]["value"], terms["customerGets"]["items"]


def test_an_amount_off_the_cart(shop: Shopify) -> None:
    midnight = datetime(2026, 4, 9, 22, tzinfo=UTC)
    assert told(shop, coupon(amount=Decimal("5"), minimum_subtotal=Decimal("20.5"), expires_at=midnight)) == {
        "title": f"5 € off · loyalty {'a' * 36}",
        "code": "ABCD-EFGH-JKLM",
        "startsAt": "2026-03-10T12:00:00.000Z",
        "endsAt": "2026-04-09T22:00:00.000Z",
        "usageLimit": 1,
        "appliesOncePerCustomer": True,
        "context": {"customers": {"add": ["gid://shopify/Customer/9"]}},
        "combinesWith": {"orderDiscounts": False, "productDiscounts": False, "shippingDiscounts": False},
        "minimumRequirement": {"subtotal": {"greaterThanOrEqualToSubtotal": "20.50"}},
        "customerGets": {
            "value": {"discountAmount": {"amount": "5.00", "appliesOnEachItem": False}},
            "items": {"all": True},
        },
    }
    assert shop.calls[-1][0] == "discountCodeBasicCreate"


@pytest.mark.parametrize(("currency", "amount", "written"), [("JPY", "50.5", "50"), ("KWD", "0.0375", "0.037")])
def test_an_amount_has_the_decimals_of_its_currency(shop: Shopify, currency: str, amount: str, written: str) -> None:
    value, _ = gets(told(shop, coupon(amount=Decimal(amount)), currency=currency))
    assert value["discountAmount"]["amount"] == written


def test_a_percentage_of_some_collections_that_combines(shop: Shopify) -> None:
    mugs = [{"id": "12", "name": "Mugs"}, {"id": "gid://shopify/Collection/15", "name": "Pots"}]
    terms = told(shop, coupon("percent", percent=Decimal("12.5"), combines=True, collections=mugs))
    both = {"collections": {"add": ["gid://shopify/Collection/12", "gid://shopify/Collection/15"]}}
    assert gets(terms) == ({"percentage": 0.125}, both)
    assert terms["combinesWith"] == {"orderDiscounts": True, "productDiscounts": True, "shippingDiscounts": True}
    assert terms["endsAt"] is None and "minimumRequirement" not in terms


def test_free_shipping_combines_with_all_but_its_like(shop: Shopify) -> None:
    terms = told(shop, coupon("free_shipping", combines=True))
    assert terms["destination"] == {"all": True} and "customerGets" not in terms
    assert terms["combinesWith"] == {"orderDiscounts": True, "productDiscounts": True, "shippingDiscounts": False}
    assert shop.calls[-1][0] == "discountCodeFreeShippingCreate"


def test_a_free_product_is_its_price_once(shop: Shopify) -> None:
    value, items = gets(told(shop, coupon("free_product", product_id="7")))
    assert value == {"discountAmount": {"amount": "19.80", "appliesOnEachItem": False}}
    assert items == {"products": {"productsToAdd": ["gid://shopify/Product/7"]}}


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"kind": "free_product", "product_id": "10"}, "no product 10"),
        ({"kind": "free_product", "product_id": "8"}, "product 8 is DRAFT"),
        ({"kind": "free_product", "product_id": "9"}, "product 9 is ARCHIVED"),
        ({"kind": "free_product", "product_id": "mug"}, "no id of Shopify"),
        ({"kind": "free_product", "product_id": "7", "minimum_subtotal": Decimal(9)}, "leave the minimum out"),
        ({"kind": "free_shipping", "collections": [{"id": "1", "name": "Mugs"}]}, "cannot bind free shipping"),
        ({"amount": Decimal(5), "collections": [{"id": "mugs", "name": "Mugs"}]}, "no id of Shopify"),
    ],
)
def test_what_shopify_cannot_grant_is_refused_with_the_reason(
    shop: Shopify, facts: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        told(shop, coupon(**facts))
    assert shop.codes == {}


@pytest.mark.parametrize(
    ("owner", "facts"),
    [
        (ANN, {"shareable": True}),
        (Recipient(None, ("x@example.com",)), {}),
        (Recipient("customer-9"), {}),
    ],
)
def test_a_code_to_share_or_of_somebody_shopify_does_not_know_is_bound_to_nobody(
    shop: Shopify, owner: Recipient, facts: dict[str, Any]
) -> None:
    assert told(shop, coupon(amount=Decimal(5), **facts), owner)["context"] == {"all": "ALL"}


@pytest.mark.parametrize("title", [None, "loyalty day", "x" * 400])
def test_it_is_known_again_by_the_end_of_its_title(shop: Shopify, title: str | None) -> None:
    one = coupon(amount=Decimal(5), title=title)
    assert shopify_codes.find(api(shop), one.code) is None
    assert len(told(shop, one)["title"]) <= 255
    found = shopify_codes.find(api(shop), one.code.lower())
    assert found is not None and (found.coupon_id, found.used) == (one.id, False)
    shop.an_order_uses(one.code)
    used = shopify_codes.find(api(shop), one.code)
    assert used is not None and used.used
    shopify_codes.delete(api(shop), found)
    assert shop.codes == {}
    with pytest.raises(NotReached, match="does not exist"):  # so it is looked for again
        shopify_codes.delete(api(shop), found)


def test_a_discount_of_another_kind_is_not_ours(shop: Shopify) -> None:
    shop.has_of_its_own("ABCD-EFGH-JKLM").terms = {"title": None}
    found = shopify_codes.find(api(shop), "ABCD-EFGH-JKLM")
    assert found is not None and found.coupon_id != coupon().id


def test_taken_has_a_word(shop: Shopify) -> None:
    told(shop, coupon(amount=Decimal(5)))
    with pytest.raises(Refused) as no:
        shopify_codes.make(api(shop), coupon(amount=Decimal(5)), ANN, "EUR")
    assert no.value.code == shopify_codes.TAKEN


def test_a_token_is_tried_and_must_write_discounts(shop: Shopify) -> None:
    shopify_codes.check(api(shop))
    with pytest.raises(Refused, match="answered 401"):
        shopify_codes.check(api(shop, token="shpat_other"))
    shop.scopes = ("read_discounts",)
    with pytest.raises(Refused, match="write_discounts"):
        shopify_codes.check(api(shop))


def test_throttled_it_is_asked_again(shop: Shopify) -> None:
    shop.mood = "throttles"
    with pytest.raises(NotReached, match="THROTTLED: Throttled"):
        shopify_codes.find(api(shop), "ABCD-EFGH-JKLM")
    shop.mood = "stumbles"
    with pytest.raises(NotReached, match="INTERNAL_ERROR"):
        told(shop, coupon(amount=Decimal(5)))
