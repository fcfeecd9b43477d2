"""The card of a customer: what it shows, and what staff do there (acceptance 51, 54, 55, 58, 59)."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest

from tests.counter import Counter
from tests.dashboard.conftest import Desk
from tests.make import Shopper, World, fresh, line, refund
from widget_server import clock
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.earning import orders
from widget_server.loyalty.earning.rules import Terms
from widget_server.loyalty.people import customer_edits, merging, sessions
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import tier_grants

XSS = "<img src=x onerror=alert(1)>"


@pytest.fixture
def ann(world: World) -> Shopper:
    return world.member(name="Ann Lee")


def text_of(desk: Desk, path: str) -> str:
    """The text of a page, without its markup."""
    response = desk.get(path)
    assert response.status_code == 200, response.text
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.text)).split())


def card(desk: Desk, shopper: Shopper) -> str:
    return text_of(desk, f"/customers/{shopper.id}")


# what it shows


def test_contact_member_info_labels_notes_and_points_stand_on_the_card(desk: Desk, world: World, ann: Shopper) -> None:
    customer_edits.edit(world.shop.id, ann.id, phone="+47 55", labels=["VIP"], notes="Likes ferns", external_id="c-77")
    ann.is_given(1240)
    ann.redeems(world.reward(cost=500, title="5 off"))
    shown = card(desk, ann)
    for text in ("ann@example.com verified", "+47 55", "c-77", "Status Site member", "VIP", "Likes ferns"):
        assert text in shown
    for text in ("Balance 740", "Pending 0", "Earned 1,240", "Redeemed 500", "Last activity"):
        assert text in shown
    assert "Only site members can redeem points" not in shown


def test_a_visitor_is_told_apart_from_a_member(desk: Desk, world: World) -> None:
    guest = world.visitor("guest@example.com")
    shown = card(desk, guest)
    assert "guest@example.com not verified" in shown
    assert "Status Visitor" in shown
    assert "Only site members can redeem points." in shown


@pytest.mark.parametrize(
    ("goods", "terms", "settings", "says"),
    [
        (
            "4.99",
            Terms(),
            {},
            "49 points: 10 points per €1.00 on €4.99 of goods, rounded down (rule Shopping, version 1).",
        ),
        (
            "4.99",
            Terms(),
            {"rounding": "nearest"},
            "50 points: 10 points per €1.00 on €4.99 of goods, rounded to the nearest",
        ),
        ("4.99", Terms(), {"rounding": "unit"}, "40 points: 10 points per €1.00 on €4.99 of goods, whole amounts only"),
        ("20.00", Terms(points_per_day=150), {}, "The caps of the rule left 150 points: at most 150 points a day."),
        ("20.00", Terms(product_multipliers={"p1": "2"}), {}, "on €20.00 of goods, times 2, rounded down"),
        ("20.00", Terms(), {"wait_days": 14}, "They can be spent from"),
        ("20.00", Terms(), {"earn_at": "fulfilled"}, "They wait until the order is fulfilled."),
    ],
)
def test_each_row_says_why_in_plain_words(
    desk: Desk, world: World, ann: Shopper, goods: str, terms: Terms, settings: dict[str, object], says: str
) -> None:
    world.settings(**settings)
    world.order_rule(10, title="Shopping", terms=terms)
    ann.orders(goods)
    assert says in card(desk, ann)


@pytest.mark.parametrize(
    ("terms", "facts", "says"),
    [
        (Terms(minimum_subtotal=Decimal(50)), {}, "The order is below the minimum of the rule."),
        (Terms(), {"currency": "USD"}, "The order is in another currency than the shop."),
        (Terms(exclude_products=("p1",)), {}, "None of its lines counts under the rule."),
    ],
)
def test_an_order_without_points_says_why(
    desk: Desk, world: World, ann: Shopper, terms: Terms, facts: dict[str, str], says: str
) -> None:
    world.order_rule(10, terms=terms)
    ann.orders("20.00", **facts)
    shown = card(desk, ann)
    assert shown.count(says) == 2, "in the history, and in the list of orders"


def test_what_is_not_certain_is_said(desk: Desk, world: World, ann: Shopper) -> None:
    ann.orders("20.00")
    assert "The shop has no rule for orders. This follows from the settings of today" in card(desk, ann)
    world.order_rule(10)
    ann.orders("20.00", id="o9")
    orders.receive_refund(world.shop, "generic", "o9", refund("5.00"))
    assert "which of its lines counted then is not known" in card(desk, ann)


def test_who_gave_points_with_both_texts(desk: Desk, ann: Shopper) -> None:
    fields = {"points": "5", "request_key": "key-12345", "reason": "late parcel"}
    desk.post(f"/customers/{ann.id}/give", comment_way="custom", comment="Sorry!", **fields)
    shown = card(desk, ann)
    assert "Points given" in shown
    assert "Olga Owner" in shown
    assert "Reason: late parcel" in shown
    assert "Comment for the customer: Sorry!" in shown


def test_a_referral_links_both_sides(desk: Desk, world: World, ann: Shopper) -> None:
    world.refer()
    bo = world.member("bo@example.com", code=ann.customer.referral_code, name="Bo Berg")
    bo.orders("20.00")
    assert "Brought a friend: Bo Berg" in card(desk, ann)
    assert f'href="/dashboard/customers/{bo.id}"' in desk.get(f"/customers/{ann.id}").text
    assert "Brought by Ann Lee Completed" in card(desk, bo)


def test_a_merged_customer_leads_to_the_person_and_another_shops_is_unknown(
    desk: Desk, world: World, ann: Shopper
) -> None:
    old = world.member("old@example.com")
    merging.merge(world.shop, old.id, ann.id)
    assert desk.get(f"/customers/{old.id}").headers["Location"] == f"/dashboard/customers/{ann.id}"
    stranger = World.create(name="Other").member("x@example.com")
    for path in ("", "/history", "/give", "/edit-balance", "/contact", "/merge", "/erase", "/exclude", "/tier"):
        assert desk.get(f"/customers/{stranger.id}{path}").status_code == 404


def test_the_whole_history_is_paged(desk: Desk, ann: Shopper) -> None:
    for number in range(45):
        ann.is_given(number + 1)
    path, seen = f"/customers/{ann.id}/history", list[str]()
    for _ in range(3):
        page = desk.get(path).text
        seen += re.findall(r"<b>(\+\d+)</b>", page)
        following = re.search(r'rel="next" href="/dashboard([^"]+)"', page)
        path = unescape(following[1]) if following else ""
    assert (seen, path) == ([f"+{45 - number}" for number in range(45)], "")
    assert desk.get(f"/customers/{ann.id}/history?cursor=nonsense").status_code == 400


def test_texts_of_others_are_never_markup(desk: Desk, world: World, ann: Shopper) -> None:
    world.order_rule(10, title=XSS)
    ann.orders(id="o1", number=XSS, lines=(line("10.00", name=XSS),))
    ann.is_given(500)
    ann.redeems(world.reward(cost=5, title=XSS))
    customer_edits.edit(world.shop.id, ann.id, name=XSS, labels=[XSS], notes=XSS, phone=XSS, external_id=XSS)
    for path in ("", "/history", "/give", "/edit-balance", "/contact", "/merge?q=img", "/erase", "/exclude"):
        assert "<img" not in desk.get(f"/customers/{ann.id}{path}").text
    assert "<img" not in desk.get("/give?q=img").text


def test_more_rows_take_no_more_queries(desk: Desk, world: World, ann: Shopper) -> None:
    world.order_rule(10)
    world.refer()
    counts = []
    for _ in range(2):
        for number in range(3):
            ann.orders("20.00")
            ann.redeems(world.reward(cost=10))
            world.member(f"f{number}-{len(counts)}@example.com", code=ann.customer.referral_code)
        desk.post(f"/customers/{ann.id}/give", points="5", request_key=f"key-12345-{len(counts)}")
        desk.get(f"/customers/{ann.id}")
        with Counter() as counter:
            desk.get(f"/customers/{ann.id}")
        counts.append(len(counter.statements))
    assert counts[1] <= counts[0] <= 60


# what staff do there


def test_contact_labels_and_notes_are_edited(desk: Desk, ann: Shopper) -> None:
    shown = desk.get(f"/customers/{ann.id}/contact").text
    assert 'value="ann@example.com"' in shown
    fields = {
        "name": "Ann L",
        "email": "ann@example.com",
        "email_verified": "y",
        "status": "member",
        "labels": "VIP, new",
    }
    sent = desk.post(f"/customers/{ann.id}/contact", **fields, notes="Ferns", birthday="1990-01-31", phone="+47 1")
    assert sent.status_code == 303
    row = ann.customer
    assert (row.name, row.labels, row.notes, row.birthday) == ("Ann L", ["VIP", "new"], "Ferns", "1990-01-31")
    assert (row.email, row.email_verified, row.is_member) == ("ann@example.com", True, True)


def test_a_new_address_is_not_verified_unless_staff_say_so(desk: Desk, world: World, ann: Shopper) -> None:
    fields = {"name": "Ann", "status": "member"}
    desk.post(f"/customers/{ann.id}/contact", email="lee@example.com", **fields)
    assert (ann.customer.email, ann.customer.email_verified) == ("lee@example.com", False)
    world.member("bo@example.com")
    sent = desk.post(f"/customers/{ann.id}/contact", email="bo@example.com", **fields)
    assert sent.status_code == 422
    assert "Another customer has this e-mail address" in sent.text
    sent = desk.post(f"/customers/{ann.id}/contact", email="nonsense", **fields)
    assert "This is not an e-mail address" in sent.text


def test_a_coupon_is_returned_or_revoked(desk: Desk, world: World, ann: Shopper) -> None:
    ann.is_given(100)
    first, second = (ann.redeems(world.reward(cost=50)) for _ in range(2))
    for _ in range(2):
        desk.post(f"/customers/{ann.id}/coupons/{first.id}/return", request_key="return-12345")
    assert (fresh(world, first).status, ann.balance) == ("returned", 50)
    desk.post(f"/customers/{ann.id}/coupons/{second.id}/revoke")
    assert (fresh(world, second).status, ann.balance) == ("revoked", 50)
    other = world.member("bo@example.com")
    other.is_given(50)
    foreign = other.redeems(world.reward(cost=50))
    desk.post(f"/customers/{ann.id}/coupons/{foreign.id}/revoke")
    assert fresh(world, foreign).status == "active"


def test_a_customer_is_signed_out_everywhere(desk: Desk, world: World, ann: Shopper) -> None:
    assert "Signed in Unknown browser" in card(desk, ann)
    desk.post(f"/customers/{ann.id}/sign-out")
    assert sessions.open_sessions(world.shop.id, ann.id) == []


def test_the_data_of_a_customer_are_exported(desk: Desk, world: World, ann: Shopper) -> None:
    ann.is_given(7)
    sent = desk.post(f"/customers/{ann.id}/export")
    assert "attachment" in sent.headers["Content-Disposition"]
    told = json.loads(sent.text)
    assert (told["customer"]["email"], told["account"]["balance"]) == ("ann@example.com", 7)
    assert AuditEntry.of(world.shop).where(AuditEntry.verb == "export", AuditEntry.actor == "staff").count() == 1


def test_a_customer_is_excluded_and_included_again(desk: Desk, ann: Shopper) -> None:
    assert "Exclude Ann Lee?" in text_of(desk, f"/customers/{ann.id}/exclude")
    desk.post(f"/customers/{ann.id}/exclude")
    assert ann.customer.excluded
    assert "This customer is excluded" in card(desk, ann)
    desk.post(f"/customers/{ann.id}/exclude")
    assert not ann.customer.excluded


def test_erasing_needs_the_name(desk: Desk, world: World, ann: Shopper) -> None:
    wrong = desk.post(f"/customers/{ann.id}/erase", typed="Bo")
    assert wrong.status_code == 422
    assert "This is not the same text." in wrong.text
    assert ann.customer.erased_at is None
    desk.post(f"/customers/{ann.id}/erase", typed="  ann  LEE ")
    assert ann.customer.erased_at is not None
    assert "The data of this customer was erased" in card(desk, ann)


def test_two_customers_are_merged_after_a_dry_run(desk: Desk, world: World, ann: Shopper) -> None:
    old = world.member("old@example.com", name="Ann Old")
    old.is_given(30)
    ann.is_given(12)
    path = f"/customers/{old.id}/merge"
    assert f"into={ann.id}" in desk.get(f"{path}?q=Lee").text
    assert f"into={old.id}" not in desk.get(f"{path}?q=Ann").text, "not with itself"
    shown = text_of(desk, f"{path}?into={ann.id}")
    assert "Nothing has changed yet." in shown
    assert "Balance 30 12 42" in shown
    assert "Name Ann Old Ann Lee Ann Lee" in shown
    assert ann.balance == 12
    assert desk.post(path, into=ann.id).headers["Location"] == f"/dashboard/customers/{ann.id}"
    assert ann.balance == 42


@pytest.mark.parametrize("into", ["unknown", "itself"])
def test_a_merge_that_cannot_be_is_refused_in_the_form(desk: Desk, ann: Shopper, into: str) -> None:
    other = ann.id if into == "itself" else into
    assert desk.get(f"/customers/{ann.id}/merge?into={other}").status_code == 422
    assert desk.post(f"/customers/{ann.id}/merge", into=other).status_code == 422


def test_a_tier_is_granted_until_a_day_and_ended(desk: Desk, world: World, ann: Shopper) -> None:
    gold = world.tier("Gold", 500)
    last = clock.local_date(clock.now(), world.shop.timezone) + timedelta(days=30)
    path = f"/customers/{ann.id}/tier"
    assert desk.post(path, tier_id=gold.id, last_day=last.isoformat()).status_code == 303
    found = tier_grants.of_account(world.shop, ann.account)
    assert found is not None
    assert (found.tier.id, found.last_day) == (gold.id, last)
    assert "Tier Gold by hand until" in card(desk, ann)
    refused = desk.post(path, tier_id=gold.id, last_day="2020-01-01")
    assert refused.status_code == 422
    assert "A day from today on" in refused.text
    desk.post(f"{path}/end")
    assert tier_grants.of_account(world.shop, ann.account) is None


# who may


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("owner", {"contact", "tier", "merge", "exclude", "erase"}),
        ("marketer", {"contact", "tier"}),
        ("support", {"contact"}),
        ("reader", set()),
    ],
)
def test_each_role_sees_and_sends_what_it_may(
    desk_of: Callable[..., Desk], world: World, ann: Shopper, role: str, may: set[str]
) -> None:
    world.tier("Gold", 500)
    desk = desk_of(role)
    shown = desk.get(f"/customers/{ann.id}").text
    for path in ("contact", "tier", "merge", "exclude", "erase"):
        assert (f'href="/dashboard/customers/{ann.id}/{path}"' in shown) is (path in may)
        assert desk.get(f"/customers/{ann.id}/{path}").status_code == (200 if path in may else 403)
    acts = {"sign-out", "export"} if "contact" in may else set()
    for path in ("sign-out", "export", "tier/end"):
        allowed = path in acts or (path == "tier/end" and "tier" in may)
        assert (desk.post(f"/customers/{ann.id}/{path}").status_code == 403) is not allowed
    assert Customer.need(world.shop, Customer.id == ann.id).erased_at is None
