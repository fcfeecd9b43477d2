"""Points spent at the same moment by many doors: never more than there are, and no coupon both used and returned."""

from functools import partial
from typing import Any

import pytest

from tests.make import Shopper, World, at_once
from widget_server import idempotency
from widget_server.errors import Refusal
from widget_server.ledger import Account, Transaction, posting
from widget_server.loyalty.points import adjustments
from widget_server.loyalty.rewards import codes, coupons
from widget_server.loyalty.rewards.coupons import Coupon


@pytest.fixture
def ann(world: World) -> Shopper:
    made = world.member()
    made.is_given(1000)
    return made


def done(results: list[object]) -> int:
    """How many succeeded; the others were refused, and nothing broke."""
    assert all(isinstance(one, Refusal) for one in results if isinstance(one, Exception)), results
    return sum(not isinstance(one, Exception) for one in results)


def test_sixteen_purchases_of_500_with_1000_are_two(world: World, ann: Shopper) -> None:
    reward = world.reward(cost=500)
    assert done(at_once(*[partial(ann.redeems, reward)] * 16)) == 2
    assert ann.account.balance == 0
    assert Coupon.of(world.shop).count() == 2


def test_without_the_look_at_the_balance_they_are_more(
    world: World, ann: Shopper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger looks at the locked account, and once more in the statement that changes it: both are out here."""
    monkeypatch.setattr(posting, "book", partial(_book_below_zero, posting.book))
    reward = world.reward(cost=500)
    assert done(at_once(*[partial(ann.redeems, reward)] * 16)) > 2


def _book_below_zero(book: Any, account: Account, row: Transaction, *, may_go_below_zero: bool) -> Transaction:
    booked: Transaction = book(account, row, may_go_below_zero=True)
    return booked


def test_sixteen_purchases_by_one_request_key_are_one(world: World, ann: Shopper) -> None:
    reward = world.reward(cost=500)

    def buy() -> object:
        return idempotency.run_once(
            world.shop.id, "widget", "k0", {"reward": reward.id}, lambda: {"id": ann.redeems(reward).id}
        )

    results = at_once(*[buy] * 16)
    assert done(results) >= 1
    assert len({str(one) for one in results if not isinstance(one, Exception)}) == 1
    assert ann.account.balance == 500


def test_a_code_is_used_or_returned_and_never_both(world: World, ann: Shopper) -> None:
    coupon = ann.redeems(world.reward(cost=500))
    uses = [partial(codes.use, world.shop, coupon.code, f"o{n}") for n in range(4)]
    assert done(at_once(*uses, *[partial(ann.returns, coupon)] * 4)) == 1
    is_used = coupons.need_coupon(world.shop, coupon.id).status == "used"
    assert ann.account.balance == (500 if is_used else 1000)


def test_gifts_and_purchases_by_many_doors_never_go_below_zero(world: World, ann: Shopper) -> None:
    reward = world.reward(cost=300)
    account_id = ann.account.id
    taken = [
        partial(adjustments.adjust, world.shop, account_id, source="admin", key=f"t{n}", by=-200) for n in range(6)
    ]
    results = at_once(*[partial(ann.redeems, reward)] * 6, *taken)
    assert all(isinstance(one, Refusal) for one in results if isinstance(one, Exception)), results
    assert 0 <= ann.account.balance < 200
