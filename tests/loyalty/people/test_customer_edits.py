"""What the merchant says of somebody (contracts §7, acceptance 58)."""

from functools import partial

import pytest

from tests.make import World, at_once
from widget_server import events, ledger
from widget_server.errors import CustomerExists, EmailInvalid, NotFound, Refusal
from widget_server.events import CustomerChanged, Event
from widget_server.loyalty.people import customer_edits, customers, privacy
from widget_server.loyalty.people.customers import Customer, Person

ANN = "ann@example.com"


def test_a_merchant_s_customer_has_no_account_by_being_made(world: World) -> None:  # contracts §1
    person = Person(email=" Ann@Example.com ", name="Ann Lee", external_id="c-1")
    visitor = customer_edits.create(world.shop.id, person)
    assert (visitor.email, visitor.status, visitor.email_verified) == ("Ann@Example.com", "visitor", False)
    assert ledger.account_of(world.shop.id, visitor.id) is None
    assert customer_edits.create(world.shop.id, Person(name="Bob"), status="pending").status == "pending"
    member = customer_edits.create(world.shop.id, Person(email="cid@example.com", email_verified=True), status="member")
    assert member.is_member
    assert ledger.account_of(world.shop.id, member.id) is None
    assert customers.join(visitor) and ledger.account_of(world.shop.id, visitor.id) is not None
    assert customers.by_referral_code(world.shop.id, member.referral_code).id == member.id


def test_nobody_is_made_twice(world: World) -> None:
    ann = world.vouched("c-1", ANN, verified=True)
    for twin in (Person(email="ANN@example.com"), Person(external_id="c-1", email="other@example.com")):
        with pytest.raises(CustomerExists) as refusal:
            customer_edits.create(world.shop.id, twin)
        assert refusal.value.facts["customer_id"] == ann.id
    with pytest.raises(EmailInvalid):
        customer_edits.create(world.shop.id, Person(email="ann@"))
    assert Customer.of(world.shop).count() == 1
    assert customer_edits.create(World.create().shop.id, Person(email=ANN, external_id="c-1")).email == ANN


def test_two_merchants_desks_make_one_customer(world: World) -> None:
    made = at_once(*[partial(customer_edits.create, world.shop.id, Person(email=ANN))] * 4)
    assert sorted(type(one).__name__ for one in made) == ["Customer", *["CustomerExists"] * 3]


def test_staff_label_note_and_correct_what_is_known(world: World) -> None:
    ann = world.vouched("c-1", ANN, verified=True)
    customer_edits.edit(
        world.shop.id, ann.id, name="Änne LEE", labels=["VIP ", "vip", "", "Wholesale"], notes="Likes mugs"
    )
    row = ann.customer
    assert (row.name, row.labels, row.notes) == ("Änne LEE", ["VIP", "Wholesale"], "Likes mugs")
    customer_edits.edit(world.shop.id, ann.id, email=" ANN@example.com", name=None)
    assert (ann.customer.email, ann.customer.email_verified) == ("ANN@example.com", True)  # case apart the same
    assert (ann.customer.name, ann.customer.labels) == (None, ["VIP", "Wholesale"])  # what is not given stays
    customer_edits.edit(world.shop.id, ann.id, email="anne@example.com")
    assert (ann.customer.email_key, ann.customer.email_verified) == ("anne@example.com", False)
    customer_edits.edit(world.shop.id, ann.id, email_verified=True)
    assert customers.by_verified_email(world.shop.id, "anne@example.com").id == ann.id


def test_who_listens_hears_of_her_address_once_and_not_of_what_follows_from_it(world: World) -> None:
    ann = world.vouched("c-1", ANN, verified=True)
    heard: list[Event] = []
    events.wire(heard.append)
    customer_edits.edit(world.shop.id, ann.id, email="anne@example.com", name="Anne")
    customer_edits.edit(world.shop.id, ann.id, name="Anne")
    assert heard == [CustomerChanged(world.shop.id, ann.id, ("name", "email", "email_verified"))]


def test_what_staff_may_not_write(world: World) -> None:
    ann, bob = world.member(ANN), world.member("bob@example.com")
    before = dict(ann.customer.__data__)
    for field, facts in (
        ("labels", {"labels": ["x" * 81]}),
        ("labels", {"labels": [str(number) for number in range(51)]}),
        ("notes", {"notes": "x" * 5001}),
        ("email", {"email": "ann"}),
        ("email", {"email": bob.customer.email.upper()}),
    ):
        with pytest.raises(Refusal) as refusal:
            customer_edits.edit(world.shop.id, ann.id, name="Half done", **facts)
        assert refusal.value.field == field
    with pytest.raises(TypeError):
        customer_edits.edit(world.shop.id, ann.id, password_hash="x")
    privacy.erase(world.shop, bob.customer)
    for stranger in (bob.id, World.create().visitor().id):
        with pytest.raises(NotFound):
            customer_edits.edit(world.shop.id, stranger, name="Nobody")
    assert ann.customer.__data__ == before


def test_the_excluded_earn_nothing_until_they_are_included_again(world: World) -> None:  # acceptance 58
    world.order_rule(10)
    ann = world.member()
    ann.orders("10.00")
    customer_edits.edit(world.shop.id, ann.id, excluded=True)
    ann.orders("10.00")
    assert ann.balance == 100
    customer_edits.edit(world.shop.id, ann.id, excluded=False)
    ann.orders("10.00")
    assert ann.balance == 200
