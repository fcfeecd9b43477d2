"""The shop of the cases itself: what every case rests on."""

from collections.abc import Callable

from tests.cases.shop import CaseShop, case


def test_a_paid_order_gives_ten_points_for_each_unit(shop_on: Callable[..., CaseShop]) -> None:
    shop = shop_on("woocommerce")
    assert shop.tells("order.updated", case("01-woo-refund-deleted.json")[0])["status"] == "booked"
    assert shop.balances() == {"ann@example.com": 1000}
