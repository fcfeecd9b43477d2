"""What points buy: one coupon for one deduction, and never points and coupon both (acceptance 27-39)."""

import os
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.make import NOON, Shopper, World, at_once, refused
from widget_server import clock
from widget_server.errors import (
    CouponNotReturnable,
    CouponNotUsable,
    KeyReused,
    MembersOnly,
    NotEnoughPoints,
    NotFound,
    ProgramNotActive,
    RewardLimitReached,
    RewardUnavailable,
)
from widget_server.loyalty import coupons, customers, programs, rewards
from widget_server.loyalty.coupons import Cart, Coupon, Gift

PROOFS = bool(os.environ.get("PROOFS"))
BERLIN_MIDNIGHT = datetime(2026, 3, 10, 23, tzinfo=UTC)  # of 11 March


@pytest.fixture
def ann(world: World) -> Shopper:
    """A member with 1000 points."""
    ann = world.member()
    ann.is_given(1000)
    return ann


def fresh(world: World, coupon: Coupon) -> Coupon:
    return Coupon.need(world.shop, Coupon.id == coupon.id)


def returns(shopper: Shopper, coupon: Coupon, key: str | None = None) -> Coupon:
    shop = shopper.world.shop
    key = key or f"return-{next(shopper.world.numbers)}"
    return coupons.return_for_points(shop, shopper.customer, coupon.id, key=key, source="widget")


def cart(**facts: Any) -> Cart:
    values: dict[str, Any] = {"currency": "EUR", "subtotal": Decimal(50)}
    return Cart(**{**values, "collection_ids": frozenset(), "product_ids": frozenset(), **facts})


# Buying


def test_a_reward_costs_its_points_and_keeps_its_terms(world: World, ann: Shopper) -> None:  # acceptance 59
    reward = world.reward(cost=500, title="5 off", minimum_subtotal=Decimal(20), combines=True, expires_after_days=30)
    coupon = ann.redeems(reward)
    rewards.save_reward(world.shop, reward.handle, amount=Decimal(1), cost_points=900, title="1 off")
    kept = fresh(world, coupon)
    assert (kept.amount, kept.cost_points, kept.title, kept.status) == (Decimal(5), 500, "5 off", "active")
    assert (kept.minimum_subtotal, kept.combines) == (Decimal(20), True)
    assert ann.balance == 500
    assert ann.history()[0] == ("redeemed", -500)


def test_only_members_redeem_and_only_while_the_program_is_active(world: World, ann: Shopper) -> None:  # 16
    reward = world.reward(cost=100)
    guest = world.visitor()
    guest.is_given(500)
    refused(lambda: guest.redeems(reward), MembersOnly)
    stale = ann.customer
    customers.leave(ann.customer)
    refused(lambda: coupons.redeem(world.shop, stale, reward.id, key="k", source="widget"), MembersOnly)
    bob = world.member("bob@example.com")
    bob.is_given(500)
    coupon = bob.redeems(reward)
    programs.pause(world.shop.id)
    refused(lambda: bob.redeems(reward), ProgramNotActive)
    assert (guest.balance, ann.balance, bob.balance) == (500, 1000, 400)
    assert coupons.use(world.shop, coupon.code, "o1").status == "used"  # issued codes stay usable


def test_a_reward_of_another_shop_is_not_here(world: World, ann: Shopper) -> None:  # acceptance 9
    other = World.create()
    reward = other.reward(cost=1)
    refused(lambda: ann.redeems(reward), NotFound)
    refused(lambda: coupons.redeem(world.shop, ann.customer, "nothing", key="k", source="widget"), NotFound)
    assert coupons.by_code(other.shop, ann.redeems(world.reward(cost=1)).code) is None


def test_too_few_points_say_how_many_are_missing(world: World, ann: Shopper) -> None:  # acceptance 27, 31
    reward = world.reward(cost=1001)
    no = refused(lambda: ann.redeems(reward), NotEnoughPoints)
    assert no.facts == {"needs": 1001, "has": 1000}
    assert (ann.balance, Coupon.of(world.shop).count()) == (1000, 0)


def test_pending_points_buy_nothing(world: World) -> None:  # acceptance 22, 31
    world.settings(wait_days=5)
    world.order_rule(10)
    ann = world.member()
    ann.orders("50.00")
    assert ann.pending == 500
    refused(lambda: ann.redeems(world.reward(cost=500)), NotEnoughPoints)


def test_the_same_key_is_one_coupon_and_one_deduction(world: World, ann: Shopper) -> None:  # acceptance 29
    reward = world.reward(cost=400, limit_per_customer=1)
    first, second = (ann.redeems(reward, key="double-click") for _ in range(2))
    assert (first.id, first.code) == (second.id, second.code)
    assert (ann.balance, Coupon.of(world.shop).count()) == (600, 1)
    other = world.reward(cost=400)
    refused(lambda: ann.redeems(other, key="double-click"), KeyReused)
    bob = world.member("bob@example.com")
    bob.is_given(400)
    refused(lambda: bob.redeems(reward, key="double-click"), KeyReused)
    programs.pause(world.shop.id)
    assert ann.redeems(reward, key="double-click").id == first.id  # the answer to what was done stays the answer


def test_a_refused_request_leaves_no_key_behind(world: World, ann: Shopper) -> None:  # acceptance 62
    reward = world.reward(cost=1500)
    refused(lambda: ann.redeems(reward, key="again"), NotEnoughPoints)
    ann.is_given(500)
    assert ann.redeems(reward, key="again").status == "active"


def test_a_double_click_at_the_same_moment(world: World, ann: Shopper) -> None:  # acceptance 29
    reward = world.reward(cost=100)
    bought = at_once(*[partial(ann.redeems, reward, key="click")] * 6)
    assert len({coupon.id for coupon in bought}) == 1
    assert (ann.balance, Coupon.of(world.shop).count()) == (900, 1)


def test_many_tabs_never_spend_below_zero(world: World, ann: Shopper) -> None:  # acceptance 29
    cheap, dear = world.reward(cost=150), world.reward(cost=300)
    clicks = [partial(ann.redeems, reward, key=f"tab-{at}-{reward.id}") for at in range(5) for reward in (cheap, dear)]
    answers = at_once(*clicks)
    bought = [answer for answer in answers if isinstance(answer, Coupon)]
    assert all(isinstance(answer, Coupon | NotEnoughPoints) for answer in answers)
    assert ann.balance == 1000 - sum(coupon.cost_points for coupon in bought)
    assert 0 <= ann.balance < 150  # as many as were covered
    assert Coupon.of(world.shop).count() == len(bought)


# Limits, and what is offered (acceptance 27, 32)


def test_limits_hold_under_parallel_clicks(world: World, ann: Shopper) -> None:  # acceptance 32
    mine = world.reward(cost=1, limit_per_customer=2)
    answers = at_once(*[partial(ann.redeems, mine) for _ in range(6)])
    assert sorted(type(one).__name__ for one in answers) == ["Coupon"] * 2 + ["RewardLimitReached"] * 4
    people = [ann, *(world.member(f"m{number}@example.com") for number in range(5))]
    for one in people[1:]:
        one.is_given(10)
    scarce = world.reward(cost=1, limit_total=3)
    answers = at_once(*[partial(one.redeems, scarce) for one in people])
    assert sorted(type(one).__name__ for one in answers) == ["Coupon"] * 3 + ["RewardUnavailable"] * 3


@pytest.mark.parametrize(
    ("period", "still", "opens"),
    [
        ("day", BERLIN_MIDNIGHT - timedelta(seconds=1), BERLIN_MIDNIGHT),
        ("month", datetime(2026, 3, 31, 21, 59, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC)),
        ("year", datetime(2026, 12, 31, 22, 59, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_a_limit_opens_again_with_the_shop_s_day(world: World, period: str, still: datetime, opens: datetime) -> None:
    with clock.at(NOON):  # acceptance 32
        ann = world.member()
        ann.is_given(10)
        reward = world.reward(cost=1, limit_per_customer=1, limit_period=period)
        ann.redeems(reward)
    with clock.at(still):
        refused(lambda: ann.redeems(reward), RewardLimitReached)
    with clock.at(opens):
        ann.redeems(reward)
        refused(lambda: ann.redeems(reward), RewardLimitReached)


def test_a_returned_coupon_frees_its_place(world: World, ann: Shopper) -> None:
    reward = world.reward(cost=10, limit_per_customer=1, limit_total=1)
    returns(ann, ann.redeems(reward))
    bob = world.member("bob@example.com")
    bob.is_given(10)
    bob.redeems(reward)
    refused(lambda: ann.redeems(reward), RewardUnavailable)


def test_offers_are_affordable_first_then_nearest(world: World, ann: Shopper) -> None:  # acceptance 27
    far, near = world.reward(cost=5000), world.reward(cost=1200)
    full = world.reward(cost=5, limit_per_customer=0)
    second, third = world.reward(cost=900), world.reward(cost=100)
    found = coupons.offers(world.shop, ann.customer, ann.account)
    assert [offer.reward.id for offer in found] == [second.id, third.id, near.id, far.id, full.id]
    assert [offer.short_by for offer in found] == [0, 0, 200, 4000, 0]
    assert [offer.available for offer in found] == [True, True, False, False, False]
    assert coupons.offers(world.shop, ann.customer, None)[0].short_by == 100


# The code


def test_codes_are_long_and_without_look_alikes(world: World, ann: Shopper) -> None:  # acceptance 37
    reward = world.reward(cost=1)
    codes = [ann.redeems(reward).code for _ in range(50)]
    assert len(set(codes)) == 50
    assert all(len(code) == 12 for code in codes)
    assert set("".join(codes)) <= set("23456789ABCDEFGHJKMNPQRSTVWXYZ")
    assert not set("0O1IlLU") & set("".join(codes))


def test_a_code_is_read_as_people_type_it(world: World, ann: Shopper) -> None:
    coupon = ann.redeems(world.reward(cost=1))
    shown = coupons.shown(coupon.code)
    assert [len(group) for group in shown.split("-")] == [4, 4, 4]
    for typed in (coupon.code, shown, shown.lower(), f" {shown.replace('-', ' ')} "):
        assert coupons.by_code(world.shop, typed).id == coupon.id
    assert coupons.by_code(world.shop, coupon.code[:-1]) is None
    assert coupons.by_code(world.shop, "") is None


def test_a_coupon_lives_through_the_last_second_of_the_local_day(world: World) -> None:  # acceptance 37
    with clock.at(NOON):
        ann = world.member()
        ann.is_given(10)
        coupon, today = (ann.redeems(world.reward(cost=1, expires_after_days=days)) for days in (20, 0))
        forever = ann.redeems(world.reward(cost=1))
    assert coupon.expires_at == datetime(2026, 3, 30, 22, tzinfo=UTC)  # summer time has begun
    assert today.expires_at == BERLIN_MIDNIGHT
    assert forever.expires_at is None
    with clock.at(BERLIN_MIDNIGHT):
        refused(lambda: returns(ann, today), CouponNotReturnable)  # there would be time, but it is gone
    with clock.at(coupon.expires_at - timedelta(seconds=1)):
        assert coupons.check(world.shop, coupon.code, cart()).valid
        assert coupons.check(world.shop, today.code, cart()).reason == "expired"
    with clock.at(coupon.expires_at):
        assert coupons.check(world.shop, coupon.code, cart()).reason == "expired"  # before any job noted it
        refused(lambda: coupons.apply(world.shop, ann.customer, coupon.id), CouponNotUsable)
        refused(lambda: coupons.use(world.shop, coupon.code, "o1"), CouponNotUsable)
        refused(lambda: returns(ann, coupon), CouponNotReturnable)
        assert coupons.expire_due() == 2
        assert coupons.expire_due() == 0
        assert fresh(world, coupon).status == "expired"
        assert fresh(world, coupon).ended_at == coupon.expires_at
        assert fresh(world, forever).status == "active"


def test_why_a_cart_may_not_use_a_code(world: World, ann: Shopper) -> None:  # acceptance 37
    with clock.at(NOON):
        plain = ann.redeems(world.reward(cost=1, expires_after_days=1))
        large = ann.redeems(world.reward(cost=1, minimum_subtotal=Decimal(30)))
        mugs = ann.redeems(world.reward(cost=1, collections=[{"id": "mugs", "name": "Mugs"}]))
        mug = ann.redeems(world.reward("free_product", cost=1, product_id="p-mug"))

        def why(coupon: Coupon, **facts: Any) -> str | None:
            return coupons.check(world.shop, coupon.code, cart(**facts)).reason

        assert why(plain) is None
        assert coupons.check(world.shop, "222222222222", cart()).reason == "unknown"
        assert why(plain, currency="USD") == "other_currency"
        assert why(plain, currency=None, subtotal=None) is None
        assert why(large, subtotal=Decimal("29.99")) == why(large, subtotal=None) == "below_minimum"
        assert why(large, subtotal=Decimal(30)) is None
        assert why(mugs, collection_ids=frozenset({"cups"})) == "other_collection"
        assert why(mugs, collection_ids=frozenset({"cups", "mugs"})) is None
        assert why(mug) == "product_missing"
        assert why(mug, product_ids=frozenset({"p-mug"})) is None
        coupons.use(world.shop, large.code, "o1")
        returns(ann, mugs)
        coupons.revoke(mug)
        assert (why(large), why(mugs), why(mug)) == ("used", "returned", "revoked")
    with clock.at(NOON + timedelta(days=2)):
        assert why(plain) == "expired"
    assert coupons.check(World.create().shop, plain.code, cart()).reason == "unknown"


def test_a_code_is_its_owner_s_unless_it_may_be_shared(world: World, ann: Shopper) -> None:  # acceptance 37
    hers = ann.redeems(world.reward(cost=1))
    anybody_s = ann.redeems(world.reward(cost=1, shareable=True))
    bob = {"customer_email": "bob@example.com", "customer_external_id": "c-2"}
    assert coupons.check(world.shop, hers.code, cart(**bob)).reason == "not_yours"
    assert coupons.check(world.shop, hers.code, cart(customer_external_id="c-2")).reason == "not_yours"
    assert coupons.check(world.shop, hers.code, cart(customer_email="ANN@example.com")).valid
    assert coupons.check(world.shop, hers.code, cart()).valid  # the shop does not know yet who buys
    assert coupons.check(world.shop, anybody_s.code, cart(**bob)).valid
    customers.update(ann.customer, external_id="c-1")
    assert coupons.check(world.shop, hers.code, cart(customer_external_id="c-1")).valid
    assert coupons.check(world.shop, hers.code, cart(**bob)).reason == "not_yours"
    ann_s_address = {"customer_email": "ann@example.com", "customer_external_id": "c-2"}
    assert coupons.check(world.shop, hers.code, cart(**ann_s_address)).reason == "not_yours"


def test_use_and_release_are_idempotent_one_order_a_code(world: World, ann: Shopper) -> None:  # contracts §4
    coupon = ann.redeems(world.reward(cost=1))
    shop, code = world.shop, coupon.code
    assert coupons.release(shop, code, "o1", source="t").status == "active"
    for _ in range(2):
        used = coupons.use(shop, code.lower(), "o1", order_number="#1")
        assert (used.status, used.order_ref, used.order_number, used.revision) == ("used", "o1", "#1", 2)
    assert refused(lambda: coupons.use(shop, code, "o2"), CouponNotUsable).facts == {"reason": "used"}
    assert coupons.release(shop, code, "o2", source="t").status == "used"
    for _ in range(2):
        free = coupons.release(shop, code, "o1", source="t")
        assert (free.status, free.order_ref, free.order_number, free.ended_at) == ("active", None, None, None)
    assert coupons.use(shop, code, "o2").order_ref == "o2"
    for act in (coupons.use, partial(coupons.release, source="t")):
        refused(partial(act, shop, "222222222222", "o1"), NotFound)


def test_two_orders_race_for_a_code(world: World, ann: Shopper) -> None:  # acceptance 37
    coupon, shop = ann.redeems(world.reward(cost=1)), world.shop
    answers = at_once(*[partial(coupons.use, shop, coupon.code, f"o{at}") for at in range(6)])
    assert sorted(type(one).__name__ for one in answers) == ["Coupon"] + ["CouponNotUsable"] * 5
    winner = next(one for one in answers if isinstance(one, Coupon))
    assert fresh(world, coupon).order_ref == winner.order_ref


# Cancelled orders, returns: never both (acceptance 38, 39)


def test_a_cancelled_order_gives_the_code_back(world: World, ann: Shopper) -> None:  # acceptance 38
    coupon = ann.redeems(world.reward(cost=500))
    ann.orders(id="o1", coupon_codes=(coupon.code,))
    assert (fresh(world, coupon).status, fresh(world, coupon).order_number) == ("used", "#o1")
    ann.orders(id="o1", coupon_codes=(coupon.code,), status="cancelled", revision=2)
    assert (fresh(world, coupon).status, ann.balance) == ("active", 500)
    ann.orders(id="o2", coupon_codes=(coupon.code,))
    assert fresh(world, coupon).order_number == "#o2"


def test_or_its_points_and_then_not_the_code(world: World, ann: Shopper) -> None:  # acceptance 38
    world.settings(coupon_after_cancel="points")
    coupon = ann.redeems(world.reward(cost=500))
    for revision in range(1, 4):  # cancelled, back again, and told twice each time
        for _ in range(2):
            ann.orders(id="o1", coupon_codes=(coupon.code,), revision=2 * revision)
            assert (fresh(world, coupon).status, ann.balance) == ("used", 500)
        for _ in range(2):
            ann.orders(id="o1", coupon_codes=(coupon.code,), status="cancelled", revision=2 * revision + 1)
            assert (fresh(world, coupon).status, ann.balance) == ("returned", 1000)
    refused(lambda: coupons.use(world.shop, coupon.code, "o2"), CouponNotUsable)
    assert (ann.account.earned, ann.account.redeemed) == (1000, 0)


def test_the_setting_changes_between_two_cancellations(world: World, ann: Shopper) -> None:  # acceptance 38
    world.settings(coupon_after_cancel="points")
    coupon = ann.redeems(world.reward(cost=500))
    for status, revision in (("paid", 1), ("cancelled", 2), ("paid", 3)):
        ann.orders(id="o1", coupon_codes=(coupon.code,), status=status, revision=revision)
    world.settings(coupon_after_cancel="usable")
    ann.orders(id="o1", coupon_codes=(coupon.code,), status="cancelled", revision=4)
    assert (fresh(world, coupon).status, ann.balance) == ("active", 500)


def test_a_gift_has_no_points_to_give_back(world: World, ann: Shopper) -> None:  # acceptance 38, 39
    world.settings(coupon_after_cancel="points")
    gift = coupons.give(world.shop, ann.customer, Gift("percent", percent=Decimal(10)), origin="referral")
    assert not coupons.is_returnable(gift)
    refused(lambda: returns(ann, gift), CouponNotReturnable)
    coupons.use(world.shop, gift.code, "o1")
    assert coupons.release(world.shop, gift.code, "o1", source="t").status == "active"
    assert ann.balance == 1000


def test_an_unused_reward_is_returned_inside_its_time(world: World) -> None:  # acceptance 39
    world.settings(return_days=14)
    with clock.at(NOON):
        ann = world.member()
        ann.is_given(1000)
        first, second, third = (ann.redeems(world.reward(cost=200)) for _ in range(3))
        coupons.apply(world.shop, ann.customer, second.id)
        coupons.use(world.shop, third.code, "o1")
        assert first.return_until == datetime(2026, 3, 24, 23, tzinfo=UTC)
    with clock.at(first.return_until - timedelta(seconds=1)):
        assert returns(ann, second).status == "returned"  # in a cart, but not used
        refused(lambda: returns(ann, second), CouponNotReturnable)
        refused(lambda: returns(ann, third), CouponNotReturnable)
        assert coupons.check(world.shop, second.code, cart()).reason == "returned"
    with clock.at(first.return_until):
        refused(lambda: returns(ann, first), CouponNotReturnable)
    assert ann.balance == 600
    assert ann.history()[0] == ("returned", 200)
    world.settings(return_days=None)
    refused(lambda: returns(ann, ann.redeems(world.reward(cost=10))), CouponNotReturnable)


def test_nobody_returns_or_applies_another_s_coupon(world: World, ann: Shopper) -> None:
    coupon, bob = ann.redeems(world.reward(cost=1)), world.member("bob@example.com")
    refused(lambda: returns(bob, coupon), NotFound)
    refused(lambda: coupons.apply(world.shop, bob.customer, coupon.id), NotFound)


def test_a_return_and_an_order_race(world: World, ann: Shopper) -> None:  # acceptance 39: the code dies first
    for at in range(4):
        coupon = ann.redeems(world.reward(cost=100))
        before = ann.balance
        at_once(partial(returns, ann, coupon), partial(coupons.use, world.shop, coupon.code, f"o{at}"))
        status = fresh(world, coupon).status
        assert (status, ann.balance - before) in (("used", 0), ("returned", 100))


def test_two_returns_at_once_give_the_points_once(world: World, ann: Shopper) -> None:  # acceptance 39
    coupon = ann.redeems(world.reward(cost=400))
    answers = at_once(*[partial(returns, ann, coupon) for _ in range(4)])
    assert sorted(type(one).__name__ for one in answers) == ["Coupon"] + ["CouponNotReturnable"] * 3
    assert ann.balance == 1000


@pytest.mark.parametrize(
    ("shortfall", "spent", "balance", "debt"),
    [("clamp", 0, 500, 0), ("clamp", 800, 0, 300), ("negative", 800, -300, 0)],
)
def test_returned_then_an_order_comes_with_the_code(
    world: World, ann: Shopper, shortfall: str, spent: int, balance: int, debt: int
) -> None:  # acceptance 38: never both
    world.settings(shortfall=shortfall)
    coupon = ann.redeems(world.reward(cost=500))
    returns(ann, coupon)
    if spent:
        ann.redeems(world.reward(cost=spent))
    for _ in range(2):
        ann.orders(id="late", coupon_codes=(coupon.code,))
    assert (fresh(world, coupon).status, fresh(world, coupon).order_number) == ("used", "#late")
    assert (ann.balance, ann.debt) == (balance, debt)
    if not spent:
        assert (ann.account.earned, ann.account.redeemed) == (1000, 500)


def test_an_order_may_be_the_first_to_tell_of_a_code(world: World, ann: Shopper) -> None:
    with clock.at(NOON):
        coupon = ann.redeems(world.reward(cost=1, expires_after_days=1))
    with clock.at(NOON + timedelta(days=3)):
        coupons.expire_due()
        ann.orders(id="o1", coupon_codes=("SUMMER", coupon.code.lower()))  # placed in time, heard of late
    assert fresh(world, coupon).status == "used"


def test_a_code_forgotten_in_a_cart_is_free_again(world: World) -> None:
    with clock.at(NOON):
        ann = world.member()
        ann.is_given(10)
        coupon = ann.redeems(world.reward(cost=1))
        coupons.apply(world.shop, ann.customer, coupon.id)
    with clock.at(NOON + timedelta(hours=12)):
        assert coupons.expire_due() == 0
        coupons.apply(world.shop, ann.customer, coupon.id)  # she came back to it
    with clock.at(NOON + timedelta(hours=35)):
        assert coupons.expire_due() == 0
    with clock.at(NOON + timedelta(hours=36)):
        assert coupons.expire_due() == 1
    assert (fresh(world, coupon).status, fresh(world, coupon).applied_at) == ("active", None)


def test_every_coupon_stays_listed_newest_first(world: World, ann: Shopper) -> None:  # acceptance 34
    reward = world.reward(cost=1)
    bought = []
    for minute in range(5):
        with clock.at(NOON + timedelta(minutes=minute)):
            bought.append(ann.redeems(reward))
    with clock.at(NOON + timedelta(minutes=9)):
        coupons.use(world.shop, bought[0].code, "o1")
        returns(ann, bought[1])
        coupons.revoke(bought[2])
    first = coupons.my_coupons(world.shop, ann.customer, limit=3)
    rest = coupons.my_coupons(world.shop, ann.customer, before=first[-1].created_at)
    assert [coupon.id for coupon in (*first, *rest)] == [coupon.id for coupon in reversed(bought)]
    assert {coupon.status for coupon in (*first, *rest)} == {"active", "used", "returned", "revoked"}


def test_the_audit_finds_a_coupon_that_is_paid_back_and_usable(world: World, ann: Shopper) -> None:
    coupon = ann.redeems(world.reward(cost=1))
    returns(ann, coupon)
    Coupon.change(world.shop, {Coupon.status: "active"}, Coupon.id == coupon.id)
    assert [coupon.id in sentence for sentence in coupons.audit_coupons()] == [True]
    Coupon.change(world.shop, {Coupon.status: "returned"}, Coupon.id == coupon.id)


# All of it, in any order

some = st.integers(0, 99)
some_order = st.sampled_from(["o1", "o2", "o3"])


class Spending(RuleBasedStateMachine):
    """Coupons are bought, applied, used, released, returned, run out, while orders say what they carry."""

    @initialize(after=st.sampled_from(["usable", "points"]), shortfall=st.sampled_from(["clamp", "negative"]))
    def open_a_shop(self, after: str, shortfall: str) -> None:
        self.world = World.create()
        self.world.settings(coupon_after_cancel=after, shortfall=shortfall, return_days=3)
        self.ann = self.world.member()
        self.rewards = [self.world.reward(cost=30, expires_after_days=5), self.world.reward(cost=50)]
        self.given = 0
        self.told: dict[str, tuple[str, tuple[str, ...], int]] = {}
        self.time, self.pinned = NOON, ExitStack()
        self._days_pass(0)

    @rule(points=st.integers(1, 100))
    def is_given(self, points: int) -> None:
        self.ann.is_given(points)
        self.given += points

    @rule(which=st.integers(0, 1))
    def redeems(self, which: int) -> None:
        if self.ann.balance >= self.rewards[which].cost_points:
            self.ann.redeems(self.rewards[which])
        else:
            refused(lambda: self.ann.redeems(self.rewards[which]), NotEnoughPoints)

    @rule()
    def is_given_a_coupon(self) -> None:
        coupons.give(self.world.shop, self.ann.customer, Gift("free_shipping", expires_after_days=2), origin="referral")

    @rule(at=some)
    def applies(self, at: int) -> None:
        self._try(at, lambda coupon: coupons.apply(self.world.shop, self.ann.customer, coupon.id))

    @rule(at=some)
    def returns(self, at: int) -> None:
        self._try(at, lambda coupon: returns(self.ann, coupon))

    @rule(at=some, order=some_order)
    def shop_uses(self, at: int, order: str) -> None:
        self._try(at, lambda coupon: coupons.use(self.world.shop, coupon.code, f"generic:{order}"))

    @rule(at=some, order=some_order)
    def shop_releases(self, at: int, order: str) -> None:
        self._try(at, lambda coupon: coupons.release(self.world.shop, coupon.code, f"generic:{order}", source="t"))

    @rule(order=some_order, at=some, cancelled=st.booleans())
    def order_says(self, order: str, at: int, cancelled: bool) -> None:
        bought = self._coupons()
        codes, revision = self.told.get(order, ("", (), 0))[1:]
        codes = codes or ((bought[at % len(bought)].code,) if bought else ())
        self.told[order] = ("cancelled" if cancelled else "paid", codes, revision + 1)
        self._tell(order)

    @precondition(lambda self: self.told)
    @rule(at=some)
    def order_is_told_again(self, at: int) -> None:
        self._tell(sorted(self.told)[at % len(self.told)])

    @rule(days=st.integers(0, 4), job=st.booleans())
    def days_pass(self, days: int, job: bool) -> None:
        self._days_pass(days)
        if job:
            coupons.expire_due()

    @invariant()
    def points_or_coupon_never_both(self) -> None:
        account = self.ann.account
        spent = sum(coupon.cost_points for coupon in self._coupons() if coupon.status != "returned")
        assert account.balance - account.debt == self.given - spent
        assert list(coupons.audit_coupons()) == []

    @invariant()
    def a_used_code_has_one_living_order(self) -> None:
        for coupon in self._coupons():
            assert (coupon.status == "used") == (coupon.order_ref is not None and coupon.status != "returned")

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.pinned.close()
            self.world.books_must_balance()

    def _coupons(self) -> list[Coupon]:
        return list(Coupon.of(self.world.shop).order_by(Coupon.created_at, Coupon.id))

    def _try(self, at: int, act: Any) -> None:
        bought = self._coupons()
        if not bought:
            return
        coupon = bought[at % len(bought)]
        before = (coupons.status_now(coupon), self.ann.balance)
        try:
            act(coupon)
        except (CouponNotUsable, CouponNotReturnable):
            assert (coupons.status_now(fresh(self.world, coupon)), self.ann.balance) == before

    def _tell(self, order: str) -> None:
        status, codes, revision = self.told[order]
        self.ann.orders(id=order, status=status, coupon_codes=codes, revision=revision)

    def _days_pass(self, days: int) -> None:
        self.time += timedelta(days=days, minutes=1)
        self.pinned.close()
        self.pinned.enter_context(clock.at(self.time))


def test_in_any_order_points_and_coupon_are_never_both_hers(world: World) -> None:  # acceptance 38, 39
    run_state_machine_as_test(
        Spending,
        settings=settings(max_examples=300 if PROOFS else 15, stateful_step_count=40 if PROOFS else 30, deadline=None),
    )
