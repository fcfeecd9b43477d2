"""What is given once is given once a mailbox, whatever its spellings, and also after its owner was forgotten."""

import pytest

from tests.make import Shopper, World, at_once, everything_kept
from widget_server.loyalty.earning.rules import Terms
from widget_server.loyalty.people import mailboxes, privacy
from widget_server.loyalty.people.mailboxes import MailboxClaim
from widget_server.loyalty.referrals import referrals
from widget_server.loyalty.rewards.coupons import Coupon

SPELT = ["f.armer@gmail.com", "farmer+1@gmail.com", "FARMER@googlemail.com"]


def test_a_farm_of_spellings_gets_one_join_bonus_and_no_friend(world: World) -> None:  # acceptance 44
    world.rule("join", points=100)
    world.refer()
    farmer = world.member("farmer@gmail.com")
    twins = [world.member(email, code=farmer.customer.referral_code) for email in SPELT]
    assert [one.balance for one in (farmer, *twins)] == [100, 0, 0, 0]
    assert {one.reason for one in referrals.Referral.of(world.shop)} == {"own_email_variant"}
    assert not Coupon.of(world.shop).exists()


def test_a_newsletter_and_a_social_page_pay_a_mailbox_once(world: World) -> None:  # acceptance 26
    world.rule("newsletter", points=30)
    world.rule("social", points=20, terms=Terms(channel="instagram", url="https://www.instagram.com/"))
    earned = []
    for email in ("ann@example.com", "ann+x@example.com"):
        shopper = world.member(email, accepts_marketing=True)
        shopper.does("social", "click", name="instagram")
        earned.append(shopper.balance)
    assert earned == [50, 0]


def test_coming_back_after_being_forgotten_gives_nothing_twice(world: World) -> None:  # acceptance 58
    world.rule("join", points=100)
    world.refer()
    ann, bob = world.member("ann@example.com"), world.member("bob@example.com")
    friend = world.member("cid@example.com", code=ann.customer.referral_code)
    assert Coupon.of(world.shop).where(Coupon.customer_id == friend.id).count() == 1
    privacy.erase(world.shop, friend.customer)
    again = world.member("cid@example.com", code=bob.customer.referral_code)
    assert again.balance == 0
    assert not Coupon.of(world.shop).where(Coupon.customer_id == again.id).exists()
    assert referrals.Referral.need(world.shop, referrals.Referral.friend_id == again.id).status == "blocked"


def test_what_is_remembered_leads_to_nobody(world: World) -> None:
    world.rule("join", points=100)
    ann = world.member("ann.lee@example.com")
    privacy.erase(world.shop, ann.customer)
    kept = list(MailboxClaim.of(world.shop))
    assert kept and {one.customer_id for one in kept} == {None}
    assert "ann.lee" not in everything_kept()


def test_a_stranger_with_her_address_does_not_keep_its_owner_from_it(world: World) -> None:  # contracts §5
    world.rule("join", points=100)
    mallory = world.vouched("m-1", "ann@example.com", verified=False)
    another = world.vouched("m-2", "ann+2@example.com", verified=False)
    ann = world.member("ann@example.com")
    assert [one.balance for one in (mallory, another, ann)] == [100, 0, 100]


def test_two_of_one_mailbox_at_the_same_moment(world: World) -> None:  # acceptance 24
    shoppers = [world.visitor(f"ann+{number}@example.com") for number in range(4)]

    def claims(shopper: Shopper) -> bool:
        return mailboxes.claim(world.shop, shopper.customer, "gift")

    assert sorted(at_once(*[lambda one=one: claims(one) for one in shoppers])) == [False, False, False, True]


@pytest.mark.parametrize("email", [None, "ann@example.com"])
def test_who_has_it_has_it_still(world: World, email: str | None) -> None:
    ann = world.vouched("c-1", email)
    assert [mailboxes.claim(world.shop, ann.customer, "gift") for _ in range(2)] == [True, True]
