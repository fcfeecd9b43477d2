"""Who somebody is, and when the shop began: what other products got wrong, with the right values."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from itertools import permutations
from typing import Any

import pytest

from tests.cases.shop import BEGAN, CASES, CaseShop, case
from tests.make import World
from widget_server import clock, jobs
from widget_server.loyalty.earning import orders
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.imports import imports, uploads
from widget_server.loyalty.people import customers
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.referrals import progress
from widget_server.loyalty.referrals.referrals import Referral

ShopOn = Callable[..., CaseShop]
MEMBER_SINCE = BEGAN + timedelta(days=1)


def advocate(shop: CaseShop, email: str = "advocate@example.com", **terms: Any) -> str:
    """A member whose friends bring 300 points; returns the code."""
    shop.world.refer(advocate_gift={"kind": "points", "points": 300}, friend_gift=None, **terms)
    with clock.at(MEMBER_SINCE):
        return str(shop.world.member(email).customer.referral_code)


def with_code(body: Any, code: str) -> Any:
    """The body with the advocate's code where the case has REFCODE."""
    if isinstance(body, dict):
        return {name: with_code(value, code) for name, value in body.items()}
    if isinstance(body, list):
        return [with_code(one, code) for one in body]
    return code if body == "REFCODE" else body


def woo_customer(**facts: Any) -> dict[str, Any]:
    return {"first_name": "Ann", "last_name": "Lee", "role": "customer", "meta_data": [], **facts}


def the_referral(shop: CaseShop) -> tuple[str, str | None]:
    (row,) = Referral.of(shop.shop)
    return row.status, row.reason


# Case 03: a privacy clean-up


@pytest.mark.parametrize("sequence", list(permutations(range(2))))
def test_a_cleaned_order_stays_hers_and_nobody_is_made_of_its_address(shop_on: ShopOn, sequence: Any) -> None:
    shop, told = shop_on("woocommerce"), case("03-woo-order-anonymised.json")
    for at in sequence:
        assert shop.tells("order.updated", told[at])["status"] == "booked"
    assert shop.balances() == {"ann@example.com": 1000}
    assert [one.email for one in Customer.of(shop.shop)] == ["ann@example.com"]


def test_cleaned_orders_of_several_customers_never_pool(shop_on: ShopOn) -> None:
    shop, (told, cleaned) = shop_on("woocommerce"), case("03-woo-order-anonymised.json")
    news = []
    for number, name in enumerate(("ann", "bob", "cid"), 40):
        own = {**told["billing"], "email": f"{name}@example.com"}
        news += [{**told, "id": number, "billing": own}, {**cleaned, "id": number}]
    news.append({**cleaned, "id": 99})  # first heard of when it was cleaned already
    random.Random(3).shuffle(news)
    for body in news:
        shop.tells("order.updated", body)
    assert shop.balances() == {f"{name}@example.com": 1000 for name in ("ann", "bob", "cid")}
    nameless = Order.need(shop.shop, Order.external_id == "99")
    assert (nameless.customer_id, nameless.ineligible_reason) == (None, orders.NO_CUSTOMER)


def test_a_member_s_order_that_lost_its_member_stays_the_member_s(shop_on: ShopOn) -> None:
    told, cleaned = case("03-woo-order-anonymised.json")
    named = {**told, "customer_id": 8}
    edited = {**cleaned, "billing": {**told["billing"], "email": "till@example.com"}}
    for sequence in permutations((named, cleaned, edited)):
        own = shop_on("woocommerce")
        for body in sequence:
            own.tells("order.updated", body)
        owner = customers.by_external_id(own.shop.id, "8")
        assert owner is not None
        assert [row.customer_id for row in Order.of(own.shop)] == [owner.id], sequence
        assert sum(own.balances().values()) == 1000


# Case 05: orders from before the program


def test_an_order_from_before_the_program_gives_nothing_and_says_why(shop_on: ShopOn) -> None:
    shop, (told,) = shop_on("woocommerce"), case("05-order-older-than-the-program.json")
    shop.world.rule("first_order", points=150)
    shop.tells("order.updated", told)
    assert shop.balances() == {}
    assert Order.need(shop.shop).ineligible_reason == "before_program"


def test_moving_the_day_is_followed_by_orders_told_before(shop_on: ShopOn) -> None:
    shop, (told,) = shop_on("woocommerce"), case("05-order-older-than-the-program.json")
    shop.tells("order.updated", told)
    for day, balances in (("2023-01-06", {}), ("2023-01-05", {"ann@example.com": 1000})):
        shop.world.settings(orders_from=datetime.fromisoformat(day).date())
        jobs.run_all()
        assert shop.balances() == balances
    shop.world.settings(orders_from=None)  # what was given stays (acceptance 59), and a refund is still followed
    jobs.run_all()
    shop.tells("order.updated", told)
    assert shop.balances() == {"ann@example.com": 1000}
    shop.tells("order.updated", {**told, "date_modified_gmt": "2026-11-25T00:00:00", "status": "cancelled"})
    assert shop.balances() == {"ann@example.com": 0}


def test_an_old_order_of_shopify_gives_nothing_either(shop_on: ShopOn) -> None:
    shop = shop_on("shopify", currency="EUR")
    order = {
        "id": 5,
        "name": "#5",
        "currency": "EUR",
        "financial_status": "paid",
        "created_at": "2021-03-01T10:00:00Z",
        "updated_at": "2026-11-22T22:00:00Z",
        "total_price": "65.00",
        "email": "ann@example.com",
        "line_items": [{"id": 1, "name": "Mug", "quantity": 1, "price": "65.00"}],
    }
    shop.tells("orders/updated", order)
    assert shop.balances() == {}
    shop.tells("orders/updated", {**order, "id": 6, "created_at": "2026-11-22T10:00:00Z"})
    assert shop.balances() == {"ann@example.com": 650}


def test_an_old_order_brings_no_friend(shop_on: ShopOn) -> None:
    shop, (told,) = shop_on("woocommerce"), case("05-order-older-than-the-program.json")
    code = advocate(shop)
    shop.tells("order.updated", {**told, "meta_data": [{"key": "_loyalty_ref", "value": code}]})
    assert not Referral.of(shop.shop).exists()
    assert shop.balances()["advocate@example.com"] == 0


# Case 10: a customer of many years is no friend


@pytest.mark.parametrize("sequence", [("customer.updated", "order.created"), ("order.created", "customer.updated")])
def test_a_customer_since_2020_is_no_friend(shop_on: ShopOn, sequence: tuple[str, str]) -> None:
    shop = shop_on("woocommerce")
    shop.world.rule("first_order", points=150)
    bodies = with_code(case("10-existing-customer-referred.json"), advocate(shop))
    for topic in sequence:
        shop.tells(topic, bodies[topic])
    assert the_referral(shop) == ("blocked", "existing_customer")
    assert shop.balances() == {"advocate@example.com": 0, "old@example.com": 500}


def test_nor_when_registering_is_what_counts(shop_on: ShopOn) -> None:
    shop = shop_on("woocommerce")
    code = advocate(shop, trigger="registration")
    told = case("10-existing-customer-referred.json")["customer.updated"]
    shop.tells("customer.updated", {**told, "meta_data": [{"key": "_loyalty_ref", "value": code}]})
    assert the_referral(shop) == ("blocked", "existing_customer")
    assert shop.balances() == {"advocate@example.com": 0}


@pytest.mark.parametrize("sequence", list(permutations(range(3))))
def test_who_registers_today_with_the_code_and_orders_is_a_friend(shop_on: ShopOn, sequence: tuple[int, ...]) -> None:
    """WooCommerce says that the customer is paying as soon as the first order is completed."""
    shop = shop_on("woocommerce")
    bodies = with_code(case("10-existing-customer-referred.json"), advocate(shop))
    new = {**bodies["customer.updated"], "date_created_gmt": "2026-11-21T20:30:00", "is_paying_customer": False}
    news: list[tuple[str, Any]] = [
        ("customer.created", {**new, "date_modified_gmt": "2026-11-21T20:30:00"}),
        ("order.created", bodies["order.created"]),
        ("customer.updated", {**new, "date_modified_gmt": "2026-11-21T22:30:00", "is_paying_customer": True}),
    ]
    for at in sequence:
        shop.tells(*news[at])
    assert the_referral(shop) == ("completed", None)
    assert shop.balances() == {"advocate@example.com": 300, "old@example.com": 500}


# Case 11: the same address


@pytest.mark.parametrize("spelt", [{}, {"address_1": "1, a st.", "first_name": "ANN"}, {"postcode": " 1 "}])
def test_a_friend_at_the_advocate_s_address_is_blocked_until_staff_approve(shop_on: ShopOn, spelt: Any) -> None:
    shop = shop_on("woocommerce")
    first, second = with_code(case("11-same-address.json"), advocate(shop))
    shop.tells("order.created", first)
    shop.tells("order.created", {**second, "billing": {**second["billing"], **spelt}})
    # the first order is by the address of a member who proved it
    assert the_referral(shop) == ("blocked", "same_address")
    assert shop.balances()["advocate@example.com"] == 500
    progress.approve(shop.shop, Referral.need(shop.shop).id, source="staff")
    shop.tells("order.updated", {**second, "date_modified_gmt": "2026-11-22T22:00:00"})
    assert the_referral(shop) == ("completed", None)
    assert shop.balances()["advocate@example.com"] == 800


@pytest.mark.parametrize("other", [{"first_name": "Bea"}, {"address_1": "2 A St"}, {"postcode": ""}, {"country": ""}])
def test_another_name_or_street_is_another_address_and_half_of_one_is_none(shop_on: ShopOn, other: Any) -> None:
    shop = shop_on("woocommerce")
    first, second = with_code(case("11-same-address.json"), advocate(shop))
    shop.tells("order.created", first)
    shop.tells("order.created", {**second, "billing": {**second["billing"], **other}})
    assert the_referral(shop) == ("completed", None)


def test_an_address_that_is_told_later_is_looked_at_before_anything_is_given(shop_on: ShopOn) -> None:
    shop = shop_on("woocommerce")
    first, second = with_code(case("11-same-address.json"), advocate(shop))
    shop.tells("order.created", {**second, "status": "pending", "date_paid_gmt": None})
    assert the_referral(shop) == ("pending", None)
    shop.tells("order.created", first)
    shop.tells("order.updated", {**second, "date_modified_gmt": "2026-11-22T22:00:00"})
    assert the_referral(shop) == ("blocked", "same_address")


# Case 15: one mailbox, two spellings


SPELLINGS = [
    ("ann@example.com", "ann@example.com\u200b"),
    ("ann@example.com", "\ufeffann@example.com"),
    ("ren\u00e9e@example.com", "rene\u0301e@example.com"),
    ("ann@caf\u00e9.example", "ann@cafe\u0301.example"),
    ("ann@bücher.example", "ann@xn--bcher-kva.example"),
    ("ann@bücher.example", "ANN@BÜCHER.EXAMPLE"),
    ("bob@example.com", "mailto:bob@example.com"),
    ("bob@example.com", "<bob@example.com>"),
    ("bob@example.com", "Bob <bob@example.com>"),
    ("bob@example.com", '"bob"@example.com'),
    ("bob@example.com", "bob(work)@example.com"),
    ("bob@example.com", "bob@example.com."),
    ("bob@example.com", "bob @example.com"),
]


@pytest.mark.parametrize(("one", "another"), SPELLINGS)
def test_two_spellings_are_one_person_or_the_second_is_nobody(shop_on: ShopOn, one: str, another: str) -> None:
    shop = shop_on("generic")
    for number, email in enumerate((one, another)):
        order = {
            "id": str(number),
            "status": "paid",
            "currency": "USD",
            "placed_at": "2026-11-21T21:00:00Z",
            "customer": {"id": None, "email": email},
            "lines": [{"id": "1", "subtotal": "100.00"}],
            "total": "100.00",
        }
        assert shop.tells("order", order)["status"] == "booked"
    nameless = list(Order.of(shop.shop).where(Order.customer_id.is_null()))
    assert {row.ineligible_reason for row in nameless} <= {orders.NO_CUSTOMER}
    assert sum(shop.balances().values()) == 1000 * (2 - len(nameless))
    assert Customer.of(shop.shop).count() <= 1


def test_rows_of_a_file_that_name_nobody_are_refused_one_by_one(shop_on: ShopOn) -> None:
    world: World = shop_on("generic").world
    told = (CASES / "15-one-address-spelt-twice.csv").read_bytes()
    more = b"email,points\r\n<cid@example.com>,10\r\ndan@example.com,10"
    for content, good in ((told, []), (more, ["dan@example.com"])):
        upload = uploads.new_upload(world.shop)
        uploads.receive(upload.id, BytesIO(content))
        made = imports.create(world.shop, upload.id)
        jobs.run_all()
        imports.execute(world.shop, made.id, source="staff", creates_customers=True)
        jobs.run_all()
        assert [one.email for one in Customer.of(world.shop)] == good
        assert "No mail reaches this address" in "".join(imports.error_file(world.shop, made.id))


# Case 21: an order renames nobody


@pytest.mark.parametrize("sequence", list(permutations(range(3))))
def test_an_old_order_does_not_bring_the_old_address_back(shop_on: ShopOn, sequence: tuple[int, ...]) -> None:
    shop, (order,) = shop_on("woocommerce"), case("05-order-older-than-the-program.json")
    said = woo_customer(id=800, date_created_gmt="2026-11-20T10:00:00")
    bought = {**order, "id": 205, "customer_id": 800, "date_modified_gmt": "2026-11-25T10:00:00"}
    bought["billing"] = {**order["billing"], "email": "first@example.com", "first_name": "Anna"}
    news = [
        ("customer.created", {**said, "email": "first@example.com"}),
        ("customer.updated", {**said, "email": "second@example.com", "date_modified_gmt": "2026-11-24T10:00:00"}),
        ("order.updated", bought),
    ]
    for at in sequence:
        shop.tells(*news[at])
    ann = customers.by_external_id(shop.shop.id, "800")
    assert ann is not None
    assert (ann.email, ann.name) == ("second@example.com", "Ann Lee")


def test_without_a_time_the_customer_message_told_last_counts(shop_on: ShopOn) -> None:
    shop = shop_on("generic")
    for email in ("first@example.com", "second@example.com"):
        shop.tells("customer", {"id": "800", "email": email})
    shop.tells("action", {"id": "a", "type": "review", "customer": {"id": "800", "email": "first@example.com"}})
    ann = customers.by_external_id(shop.shop.id, "800")
    assert ann is not None and ann.email == "second@example.com"


# What a real shop sent


def test_a_member_s_order_with_another_billing_address(shop_on: ShopOn) -> None:
    shop = shop_on("woocommerce", currency="EUR")
    with clock.at(MEMBER_SINCE):
        ann = shop.world.vouched("4", "ann@example.com", verified=True)
    shop.tells("order.updated", case("woo-4-member-order-other-billing-email.json"))
    assert Order.need(shop.shop).customer_id == ann.id
    assert (ann.customer.email, ann.customer.email_verified) == ("ann@example.com", True)
    assert orders.known_emails(shop.shop, ann.customer) == ["ann@example.com", "office@example.com"]
    assert shop.customer("office@example.com") is None


def test_a_friend_s_order_that_brings_the_code_in_its_attribution(shop_on: ShopOn) -> None:
    shop = shop_on("woocommerce", currency="EUR")
    code, told = advocate(shop), case("woo-6-order-with-ref-attribution.json")
    for row in told["meta_data"]:
        if row["key"] == "_wc_order_attribution_session_entry":
            row["value"] = f"http://shop.localhost:21310/?ref={code}"
    shop.tells("order.created", told)
    assert the_referral(shop) == ("pending", None)
    shop.tells("order.updated", {**told, "status": "processing", "date_modified_gmt": "2026-11-29T10:00:00"})
    assert the_referral(shop) == ("completed", None)
