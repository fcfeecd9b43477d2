"""A file of members brings what is not known here yet, and takes nothing away."""

from datetime import timedelta

import pytest

from tests.loyalty.imports.importing import figures, imported, reasons, settled
from tests.make import Shopper, World
from widget_server import clock
from widget_server.loyalty.people import customers, former_codes
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import batches, tier_rechecks

HEADER = "email,name,phone,birthday,labels,referral_code,accepts_marketing,points\n"


@pytest.fixture
def ann(world: World) -> Shopper:
    """A member with 100 points."""
    ann = world.member(name="Ann")
    ann.is_given(100)
    return ann


def test_a_row_fills_what_is_blank_and_sets_the_balance(world: World, ann: Shopper) -> None:
    row = 'ann@example.com,Somebody Else,+1 555 0100,1990-03-31,"vip, early bird",ANN42,yes,70\n'
    done = imported(world, HEADER + row, mode="members")
    assert figures(done) == ("imported", 1, 1, 0, 0)
    known = ann.customer
    assert (known.name, known.phone, known.birthday) == ("Ann", "+1 555 0100", "1990-03-31")
    assert (known.labels, known.accepts_marketing, ann.balance) == (["vip", "early bird"], True, 70)
    friend = customers.by_referral_code(world.shop.id, "ann42")
    assert friend is not None and friend.id == ann.id


def test_a_row_without_points_changes_no_balance(world: World, ann: Shopper) -> None:
    done = imported(world, "email,name,phone\nann@example.com,Ann,123456\n", mode="members")
    assert figures(done) == ("imported", 1, 1, 0, 0)
    assert (ann.balance, ann.customer.phone) == (100, "123456")
    batches.undo(world.shop, done.batch_id)
    assert figures(settled(done))[0] == "imported"
    assert ann.balance == 100


def test_a_new_person_waits_for_the_proof_of_the_address(world: World) -> None:  # contracts §5
    imported(world, HEADER + "new@example.com,New Person,,,,,,40\n", mode="members", creates_customers=True)
    row = Customer.need(world.shop, Customer.email_key == "new@example.com")
    assert (row.status, row.email_verified, row.name) == ("visitor", False, "New Person")
    new = world.member("new@example.com")
    assert (new.id, new.balance) == (row.id, 40)


def test_the_owner_of_a_verified_address_joins_unless_they_left(world: World) -> None:
    visitor, left = world.member("one@example.com"), world.member("two@example.com")
    customers.update(visitor.customer, status="visitor")
    customers.leave(left.customer)
    imported(world, "email,points\none@example.com,5\ntwo@example.com,6\n", mode="members")
    assert [visitor.customer.status, left.customer.status] == ["member", "visitor"]
    assert [visitor.balance, left.balance] == [5, 6]


def test_what_cannot_be_used_is_the_problem_of_its_row(world: World, ann: Shopper) -> None:
    bob = world.member("bob@example.com")
    world.tier("Gold", 500)
    header = "email,birthday,tier,labels,referral_code,accepts_marketing,points,tier until\n"
    rows = [
        f"ann@example.com,,,,{bob.customer.referral_code},,",  # never shadows a code of ours
        "bob@example.com,31 March,,,,,",
        "bob@example.com,,Platinum,,,,",
        "bob@example.com,,,,two words,,",
        "bob@example.com,,,,,perhaps,",
        "bob@example.com,,,,,,-5",
        f"bob@example.com,,,{'x' * 81},,,",
        "nobody@example.com,,Gold,,,,",
        "bob@example.com,,Gold,,,,,2020-01-01",
        "bob@example.com,,Gold,,,,,2099-01-01",
    ]
    done = imported(world, header + "\n".join(rows) + "\n", mode="members")
    assert reasons(done, world) == {
        2: "referral_code_taken",
        3: "birthday_invalid",
        4: "tier_unknown",
        5: "referral_code_invalid",
        6: "marketing_invalid",
        7: "balance_negative",
        8: "labels_invalid",
        9: "email_unknown",
        10: "tier_until_invalid",
        11: "tier_until_invalid",
    }
    assert former_codes.of_customers(world.shop.id, [ann.id, bob.id]) == []


def test_one_old_code_belongs_to_one_person(world: World, ann: Shopper) -> None:
    world.member("bob@example.com")
    text = "email,referral_code\nann@example.com,SAME\nbob@example.com,same\n"
    assert reasons(imported(world, text, mode="members"), world) == {3: "referral_code_taken"}
    again = imported(world, "email,referral_code\nbob@example.com,sAmE\n", mode="members")
    assert reasons(again, world) == {2: "referral_code_taken"}


def test_a_tier_of_another_app_is_held_until_its_day(world: World, ann: Shopper) -> None:
    gold, bob = world.tier("Gold", 500), world.member("bob@example.com")
    last = (clock.now() + timedelta(days=10)).date()
    imported(world, f"email,tier,tier until\nann@example.com,gold,{last}\nbob@example.com,Gold,\n", mode="members")
    assert [ann.account.tier_id, bob.account.tier_id] == [gold.id, gold.id]
    assert (ann.balance, bob.balance) == (100, 0)
    with clock.at(clock.now() + timedelta(days=12)):
        tier_rechecks.recheck_all(world.shop)
        assert [ann.account.tier_id, bob.account.tier_id] == [None, gold.id]


def test_undoing_takes_old_codes_back(world: World, ann: Shopper) -> None:
    done = imported(world, "email,referral_code,points\nann@example.com,OLD1,70\n", mode="members")
    batches.undo(world.shop, done.batch_id)
    settled(done)
    assert (ann.balance, former_codes.of_customers(world.shop.id, [ann.id])) == (100, [])
    again = imported(world, "email,referral_code,points\nann@example.com,OLD1,70\n", mode="members")
    assert figures(again) == ("imported", 1, 1, 0, 0)
