"""Giving points and editing a balance in the dashboard (acceptance 55)."""

import re
from collections.abc import Callable

import pytest

from tests.dashboard.conftest import Desk
from tests.make import Shopper, World
from widget_server.ledger import Account, Transaction
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.people import customer_edits, privacy
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points.adjustments import Adjustment
from widget_server.loyalty.program import programs

KEY = "a-key-of-the-form"


@pytest.fixture
def ann(world: World) -> Shopper:
    shopper = world.member(name="Ann Lee")
    shopper.is_given(100)
    return shopper


def hidden(text: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', text)
    assert found, text
    return found[1]


# finding and adding


@pytest.mark.parametrize("wanted", ["ann lee", "ANN@example.com", "Lee", "ann@"])
def test_a_customer_is_found_by_name_and_address(desk: Desk, ann: Shopper, world: World, wanted: str) -> None:
    world.member("bo@example.com", name="Bo")
    World.create(name="Other").member("ann@example.com", name="Ann Lee")
    page = desk.get(f"/give?q={wanted}").text
    assert page.count('type="radio"') == 1
    assert ann.id in page


def test_the_chosen_one_leads_to_the_number_of_points(desk: Desk, ann: Shopper) -> None:
    assert desk.get(f"/give?customer={ann.id}").headers["Location"].endswith(f"/customers/{ann.id}/give")
    assert desk.get("/give?customer=unknown").status_code == 404
    assert "Nobody is found" in desk.get("/give?q=zed").text


def test_a_new_contact_is_added_on_the_way(desk: Desk, world: World) -> None:
    sent = desk.post("/give/new", name="New Person", email="new@example.com")
    row = Customer.need(world.shop, Customer.email == "new@example.com")
    assert (row.name, row.status, sent.headers["Location"]) == (
        "New Person", "visitor", f"/dashboard/customers/{row.id}/give",
    )  # fmt: skip
    assert Account.of(world.shop).count() == 0
    desk.post(f"/customers/{row.id}/give", points="40", request_key=KEY)
    assert Shopper(world, row.id, "").balance == 40


def test_a_contact_that_exists_is_not_added_again(desk: Desk, ann: Shopper) -> None:
    sent = desk.post("/give/new", name="Ann", email="ann@example.com")
    assert sent.status_code == 422
    assert "Another customer has this e-mail address" in sent.text


# giving


def test_points_are_given_with_a_confirmation_of_the_new_balance(desk: Desk, world: World, ann: Shopper) -> None:
    sent = desk.post(
        f"/customers/{ann.id}/give",
        points="50",
        request_key=KEY,
        reason="loyal",
        comment_way="custom",
        comment="Thanks",
    )
    assert (sent.status_code, ann.balance) == (303, 150)
    assert "50 points given to Ann Lee. The new balance is 150." in desk.get(f"/customers/{ann.id}").text
    note = Adjustment.of(world.shop).where(Adjustment.reason == "loyal").get()
    assert (note.comment, note.staff is not None) == ("Thanks", True)
    entry = AuditEntry.of(world.shop).where(AuditEntry.verb == "give", AuditEntry.actor == "staff").get()
    assert entry.after["amount"] == 50


def test_a_double_submit_gives_once(desk: Desk, ann: Shopper) -> None:
    for _ in range(2):
        desk.post(f"/customers/{ann.id}/give", points="50", request_key=KEY)
    assert ann.balance == 150


def test_the_default_comment_stores_none_and_is_shown_in_the_customers_language(
    desk: Desk, world: World, ann: Shopper
) -> None:
    customer_edits.edit(world.shop.id, ann.id, locale="de-AT")
    assert "Vom Shop" in desk.get(f"/customers/{ann.id}/give").text
    desk.post(f"/customers/{ann.id}/give", points="50", request_key=KEY, comment_way="default", comment="not sent")
    row = Transaction.of(world.shop).where(Transaction.amount == 50).get()
    assert Adjustment.need(world.shop, Adjustment.transaction_id == row.id).comment is None


@pytest.mark.parametrize(
    ("points", "error"), [("", "This is needed."), ("0", "from 1 on"), ("-5", "from 1 on"), ("x", "whole")]
)
def test_what_is_no_number_of_points_is_said_beside_the_field(
    desk: Desk, ann: Shopper, points: str, error: str
) -> None:
    sent = desk.post(f"/customers/{ann.id}/give", points=points, request_key=KEY)
    assert sent.status_code == 422
    assert error in sent.text
    assert 'aria-describedby="points-error"' in sent.text
    assert ann.balance == 100


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda ann: programs.pause(ann.world.shop.id), "The program is not active"),
        (lambda ann: customer_edits.edit(ann.world.shop.id, ann.id, excluded=True), "excluded"),
    ],
)
def test_a_refusal_stands_in_the_form(desk: Desk, ann: Shopper, spoil: Callable[[Shopper], object], error: str) -> None:
    spoil(ann)
    sent = desk.post(f"/customers/{ann.id}/give", points="50", request_key=KEY)
    assert sent.status_code == 422
    assert error in sent.text
    assert ann.balance == 100


def test_support_gives_within_the_caps_and_a_repeat_counts_once(
    desk_of: Callable[..., Desk], world: World, ann: Shopper
) -> None:
    support = desk_of("support")
    path = f"/customers/{ann.id}/give"
    refused = support.post(path, points="501", request_key=KEY)
    assert refused.status_code == 422
    assert "Your role may give 500 points here, not 501." in refused.text
    for number in range(10):
        assert support.post(path, points="500", request_key=f"{KEY}-{number}").status_code == 303
    assert support.post(path, points="500", request_key=f"{KEY}-9").status_code == 303, "sent twice: booked before"
    assert support.post(path, points="1", request_key=f"{KEY}-more").status_code == 422, "5,000 on one day"
    assert ann.balance == 5100


def test_a_reader_sees_no_forms_and_may_not_send_them(desk_of: Callable[..., Desk], ann: Shopper) -> None:
    reader = desk_of("reader")
    for path in ("give/new", f"customers/{ann.id}/give", f"customers/{ann.id}/edit-balance"):
        assert reader.get(f"/{path}").status_code == 403
        assert reader.post(f"/{path}", points="5", request_key=KEY).status_code == 403
    assert "Give points" not in reader.get(f"/customers/{ann.id}").text
    assert ann.balance == 100


# editing the balance


def edits(desk: Desk, ann: Shopper, **fields: str) -> tuple[int, str]:
    """Open the form and send it; returns the status, and the page."""
    path = f"/customers/{ann.id}/edit-balance"
    shown = desk.get(path).text
    known = {"revision": hidden(shown, "revision"), "request_key": hidden(shown, "request_key")}
    sent = desk.post(path, **{**known, "way": "change", **fields})
    return sent.status_code, sent.text


@pytest.mark.parametrize(
    ("fields", "balance", "says"),
    [
        ({"points": "20"}, 120, "+20 points, now 120."),
        ({"points": "+20"}, 120, "+20 points, now 120."),
        ({"points": "-30"}, 70, "\N{MINUS SIGN}30 points, now 70."),
        ({"points": "42", "way": "set"}, 42, "now 42."),
        ({"points": "0", "way": "set"}, 0, "now 0."),
        ({"points": "100", "way": "set"}, 100, "nothing changed"),
    ],
)
def test_a_balance_is_changed_or_set(desk: Desk, ann: Shopper, fields: dict[str, str], balance: int, says: str) -> None:
    assert edits(desk, ann, **fields)[0] == 303
    assert ann.balance == balance
    assert says in desk.get(f"/customers/{ann.id}").text


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"points": "-101"}, "The balance is 100 points: it cannot fall below zero."),
        ({"points": "0"}, "A number other than 0."),
        ({"points": "-1", "way": "set"}, "A balance is 0 or more."),
        ({"points": "9" * 30}, "other than 0"),
        ({"points": "5", "reason": "x" * 501}, "at most 500 characters"),
        ({"points": "5", "way": "nothing"}, "Not a valid choice"),
    ],
)
def test_a_balance_that_cannot_be_is_refused(desk: Desk, ann: Shopper, fields: dict[str, str], error: str) -> None:
    status, text = edits(desk, ann, **fields)
    assert (status, ann.balance) == (422, 100)
    assert error in text


def test_a_balance_that_changed_meanwhile_is_shown_before_it_is_overwritten(desk: Desk, ann: Shopper) -> None:
    path = f"/customers/{ann.id}/edit-balance"
    shown = desk.get(path).text
    fields = {"way": "set", "points": "10", "request_key": KEY, "revision": hidden(shown, "revision")}
    ann.is_given(7)
    refused = desk.post(path, **fields)
    assert refused.status_code == 422
    assert "It was changed meanwhile" in refused.text
    assert "The balance is 107 points." in refused.text
    assert ann.balance == 107
    assert desk.post(path, **{**fields, "revision": hidden(refused.text, "revision")}).status_code == 303
    assert ann.balance == 10


def test_adding_does_not_mind_what_happened_meanwhile(desk: Desk, ann: Shopper) -> None:
    path = f"/customers/{ann.id}/edit-balance"
    shown = desk.get(path).text
    ann.is_given(7)
    fields = {"way": "change", "points": "10", "request_key": KEY, "revision": hidden(shown, "revision")}
    for _ in range(2):
        assert desk.post(path, **fields).status_code == 303
    assert ann.balance == 117


def test_support_deducts_within_the_caps_too(desk_of: Callable[..., Desk], ann: Shopper) -> None:
    ann.is_given(5000)
    support = desk_of("support")
    for fields in ({"points": "-501"}, {"points": "4000", "way": "set"}):
        status, text = edits(support, ann, **fields)
        assert status == 422
        assert "Your role may give 500 points here" in text
    assert edits(support, ann, points="-500")[0] == 303
    assert ann.balance == 4600


def test_points_of_an_erased_customer_are_not_changed(desk: Desk, world: World, ann: Shopper) -> None:
    privacy.erase(world.shop, ann.customer)
    assert edits(desk, ann, points="5")[0] == 422
    assert ann.balance == 100
