"""The customer at the till is found by e-mail, phone or a code, and identifies by the till code alone."""

from datetime import timedelta

import pytest

from tests.make import NOON, World
from widget_server import clock
from widget_server.errors import MembersOnly, NotEnoughPoints, NotIdentified, TillCodeInvalid
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.people import customers, merging, privacy, recognition
from widget_server.loyalty.people.customers import Person
from widget_server.loyalty.till import finding, till_codes, till_rewards
from widget_server.loyalty.till.till_codes import TillCode


def found(world: World, text: str) -> list[tuple[str, str]]:
    return [(one.customer.id, one.by) for one in finding.find(world.shop, text)]


def test_by_each_of_the_ways(world: World) -> None:
    ann, bob = world.member(), world.member("bob@example.com")
    customers.update(ann.customer, phone="+49 (151) 234-567")
    code = ann.customer.referral_code
    till = till_codes.show(world.shop, ann.customer).code
    assert found(world, " ANN@example.com ") == [(ann.id, "email")]
    for typed in ("0151 234567", "+49151234567", "151/234567"):
        assert found(world, typed) == [(ann.id, "phone")]
    for typed in (str(code).lower(), f"https://shop.example/?utm=1&ref={code}", f"http://widget.example/r/{code}"):
        assert found(world, typed) == [(ann.id, "referral_code")]
    for typed in (till, f"{till[:4]}-{till[4:]}".lower()):
        assert found(world, typed) == [(ann.id, "till_code")]
    for nobody in ("", "ann", "ann@", "12345", "0151 234568", "%", "NOBODYS", "http://[", "bob"):
        assert found(world, nobody) == []
    assert found(World.create(), "ann@example.com") == []
    assert [one.customer.id for one in finding.find(world.shop, "bob@example.com")] == [bob.id]


def test_the_owner_of_an_address_stands_before_those_who_typed_it(world: World) -> None:  # acceptance 15
    recognition.recognise(world.shop.id, Person(external_id="c-9", email="ann@example.com"))
    ann = world.member()
    first, other = finding.find(world.shop, "ann@example.com")
    assert (first.customer.id, other.customer.external_id) == (ann.id, "c-9")


def test_the_erased_and_merged_are_not_found(world: World) -> None:
    ann, bob = world.member(), world.member("bob@example.com")
    code = till_codes.show(world.shop, ann.customer).code
    merging.merge(world.shop, ann.id, bob.id)
    assert found(world, code) == [(bob.id, "till_code")]
    privacy.erase(world.shop, bob.customer)
    assert found(world, code) == found(world, "bob@example.com") == []
    assert TillCode.of(world.shop).count() == 0


def test_a_code_lives_ten_minutes_and_the_newest_counts(world: World) -> None:
    with clock.at(NOON):
        ann = world.member()
        first, second = (till_codes.show(world.shop, ann.customer).code for _ in range(2))
    with clock.at(NOON + timedelta(minutes=10, seconds=-1)):
        assert (till_codes.holder(world.shop, first), found(world, second)) == (None, [(ann.id, "till_code")])
        assert till_codes.holder(World.create().shop, second) is None
    with clock.at(NOON + timedelta(minutes=10)):
        assert till_codes.holder(world.shop, second) is None
        till_codes.forget_old()
    assert TillCode.of(world.shop).count() == 0


def test_the_code_buys_one_reward_and_a_stranger_none(world: World) -> None:
    reward = world.reward(cost=100)
    ann, bob = world.member(), world.member("bob@example.com")
    ann.is_given(300)
    code = till_codes.show(world.shop, ann.customer).code

    def redeem(key: str, **proof: object) -> str:
        made = till_rewards.redeem(world.shop, ann.id, reward.id, key=key, source="staff", **proof)  # type: ignore[arg-type]
        return str(made.code)

    with pytest.raises(NotIdentified):  # the referral code is everybody's to know
        redeem("k0")
    with pytest.raises(TillCodeInvalid):
        redeem("k0", till_code=till_codes.show(world.shop, bob.customer).code)
    assert redeem("k1", till_code=code) == redeem("k1", till_code=code)
    assert ann.balance == 200
    with pytest.raises(TillCodeInvalid):
        redeem("k2", till_code=code)
    redeem("k3", checked=True)
    told = AuditEntry.of(world.shop).where(AuditEntry.noun == "coupon", AuditEntry.verb == "redeem")
    assert [one.after["identified"] for one in told.order_by(AuditEntry.created_at)] == [
        "till_code",
        "checked_by_staff",
    ]


def test_a_refused_reward_leaves_the_code_as_it_was(world: World) -> None:
    reward, guest, ann = world.reward(cost=100), world.visitor(), world.member()
    code = till_codes.show(world.shop, ann.customer).code
    with pytest.raises(NotEnoughPoints):
        till_rewards.redeem(world.shop, ann.id, reward.id, key="k1", source="staff", till_code=code)
    assert till_codes.holder(world.shop, code) is not None
    with pytest.raises(MembersOnly):
        till_rewards.redeem(world.shop, guest.id, reward.id, key="k2", source="staff", checked=True)
    assert [one.reward.id for one in till_rewards.offers(world.shop, ann.customer)] == [reward.id]
