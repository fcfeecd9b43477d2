"""Referral codes of another app lead to the same people here."""

import pytest

from tests.make import Shopper, World, refused
from widget_server.errors import ReferralCodeUnknown
from widget_server.loyalty.people import customers, former_codes, merging, privacy
from widget_server.loyalty.people.former_codes import FormerCode
from widget_server.loyalty.referrals import binding, links
from widget_server.loyalty.referrals.referrals import Referral


@pytest.fixture
def ann(world: World) -> Shopper:
    """A member who was ANN42 in another app."""
    ann = world.member()
    assert former_codes.add(world.shop.id, ann.id, "Ann42")
    return ann


def test_a_friend_comes_by_an_old_link(world: World, ann: Shopper) -> None:
    world.refer()
    assert links.code_that_counts(world.shop, None, ["ann42"]) == "ANN42"
    bob = world.member("bob@example.com", code="ann42")
    assert Referral.need(world.shop, Referral.friend_id == bob.id).advocate_id == ann.id


def test_an_old_code_is_typed_too(world: World, ann: Shopper) -> None:
    world.refer()
    bob = world.member("bob@example.com")
    assert binding.enter_code(world.shop, bob.customer, " ANN42 ").advocate_id == ann.id


def test_two_shops_may_have_the_same_old_code(world: World, ann: Shopper) -> None:
    other = World.create(name="Other")
    zoe = other.member("zoe@example.com")
    assert former_codes.add(other.shop.id, zoe.id, "ANN42")
    here, there = (customers.by_referral_code(shop.id, "ann42") for shop in (world.shop, other.shop))
    assert here is not None and there is not None
    assert (here.id, there.id) == (ann.id, zoe.id)


def test_a_code_of_ours_counts_before_any_old_one(world: World, ann: Shopper) -> None:
    bob = world.member("bob@example.com")
    former_codes.add(world.shop.id, ann.id, str(bob.customer.referral_code))
    found = customers.by_referral_code(world.shop.id, str(bob.customer.referral_code))
    assert found is not None and found.id == bob.id


def test_an_old_code_has_one_owner(world: World, ann: Shopper) -> None:
    bob = world.member("bob@example.com")
    assert not former_codes.add(world.shop.id, bob.id, "ann42")
    assert former_codes.add(world.shop.id, ann.id, "ANN42")
    assert FormerCode.of(world.shop).count() == 1


def test_an_old_code_works_before_its_owner_is_here_but_not_after_they_left(world: World, ann: Shopper) -> None:
    world.refer()
    guest = world.visitor("guest@example.com")
    former_codes.add(world.shop.id, guest.id, "GUEST1")
    assert world.member("bob@example.com", code="guest1").customer.is_member
    assert Referral.of(world.shop).where(Referral.advocate_id == guest.id).count() == 1
    customers.leave(ann.customer)
    cem = world.member("cem@example.com")
    refused(lambda: binding.enter_code(world.shop, cem.customer, "ANN42"), ReferralCodeUnknown)


def test_old_codes_move_with_a_merge(world: World, ann: Shopper) -> None:
    other = world.visitor("second@example.com")
    former_codes.add(world.shop.id, other.id, "SECOND")
    merging.merge(world.shop, other.id, ann.id)
    assert [alias.code for alias in former_codes.of_customers(world.shop.id, [ann.id])] == ["Ann42", "SECOND"]


def test_old_codes_are_exported_and_erased(world: World, ann: Shopper) -> None:
    assert privacy.export(world.shop, ann.customer)["former_referral_codes"] == ["Ann42"]
    buyer = world.member("bob@example.com")
    order = buyer.orders(landing_referral="ANN42")
    privacy.erase(world.shop, ann.customer)
    assert FormerCode.of(world.shop).count() == 0
    assert type(order).need(world.shop, type(order).id == order.id).merged.landing_referral in (None, "")
