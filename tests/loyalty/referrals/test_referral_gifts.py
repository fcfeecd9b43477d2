"""Both gifts once, and back when the referral is undone (acceptance 43, 46, 58)."""

from decimal import Decimal

from tests.loyalty.referrals.friends import BOTH_POINTS, friend_of, gifts, standing
from tests.make import Shopper, World
from widget_server.loyalty.people import customer_edits, customers
from widget_server.loyalty.rewards import codes
from widget_server.loyalty.rewards.coupons import Coupon


def test_both_sides_are_set_apart(world: World, ann: Shopper) -> None:  # acceptance 43
    world.refer(
        advocate_gift={"kind": "percent", "percent": "15", "expires_after_days": 30},
        friend_gift={"kind": "free_product", "product_id": "p-mug", "minimum_subtotal": "10"},
    )
    bob = friend_of(ann)
    assert [(one.kind, one.product_id, one.minimum_subtotal) for one in gifts(bob)] == [
        ("free_product", "p-mug", Decimal(10))
    ]
    assert gifts(ann) == []
    bob.orders()
    assert [(one.kind, one.percent) for one in gifts(ann)] == [("percent", Decimal(15))]
    world.refer(advocate_gift=None, friend_gift=None)
    cid = friend_of(ann, "cid@example.com")
    cid.orders()
    assert standing(cid) == ("completed", None)
    assert (gifts(cid), len(gifts(ann)), ann.balance, cid.balance) == ([], 1, 0, 0)


def test_an_excluded_friend_is_welcomed_without_a_gift(world: World, ann: Shopper) -> None:  # acceptance 58
    world.refer()
    customer_edits.edit(world.shop.id, world.visitor("bob@example.com").id, excluded=True)
    bob = world.member("bob@example.com", code=ann.customer.referral_code)
    assert standing(bob) == ("joined", None)
    assert not Coupon.of(world.shop).exists()


def test_the_excluded_get_nothing(world: World, ann: Shopper) -> None:  # acceptance 58
    world.refer(**BOTH_POINTS)
    customers.update(ann.customer, excluded=True)
    bob = friend_of(ann)
    bob.orders()
    assert (ann.balance, bob.balance, standing(bob)) == (0, 50, ("completed", None))


def test_coupons_die_unless_they_were_used_and_are_not_given_twice(world: World, ann: Shopper) -> None:  # 46
    world.refer(advocate_gift={"kind": "amount", "amount": "7.00"})
    bob = friend_of(ann)
    welcome = gifts(bob)[0]
    bob.orders(id="o1", coupon_codes=(welcome.code,))
    first = gifts(ann)[0]
    bob.orders(id="o1", coupon_codes=(welcome.code,), status="cancelled", revision=2)
    assert [one.status for one in (*gifts(ann), *gifts(bob))] == ["revoked", "revoked"]
    bob.orders(id="o1", revision=3)
    assert sorted(one.status for one in gifts(ann)) == ["active", "revoked"]
    assert sorted(one.status for one in gifts(bob)) == ["active", "revoked"]
    second = next(one for one in gifts(ann) if one.id != first.id)
    codes.use(world.shop, second.code, "ann's order")
    for revision, status in ((4, "cancelled"), (5, "paid")):
        bob.orders(id="o1", status=status, revision=revision)
    assert sorted(one.status for one in gifts(ann)) == ["revoked", "used"]  # she had hers
