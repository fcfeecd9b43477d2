"""Points by hand for a customer who may have no account yet (acceptance 55)."""

from collections.abc import Callable

import pytest

from tests.make import Shopper, World, at_once
from widget_server import ledger
from widget_server.errors import (
    BadRequest,
    CustomerExcluded,
    NotEnoughPoints,
    NotFound,
    ProgramNotActive,
    StaleRevision,
)
from widget_server.ledger import Account
from widget_server.loyalty.people import customer_edits, customers, merging, privacy
from widget_server.loyalty.people.customers import Person
from widget_server.loyalty.points import giving
from widget_server.loyalty.program import programs


@pytest.fixture
def new(world: World) -> Shopper:
    """A contact that staff just added: without an account."""
    return Shopper(world, customer_edits.create(world.shop.id, Person(email="new@example.com")).id, "")


def give(who: Shopper, points: int = 50, key: str = "k") -> ledger.Transaction:
    return giving.give(who.world.shop, who.id, points, source="staff", key=key)


def accounts(world: World) -> int:
    return Account.of(world.shop).count()


def test_a_new_contact_gets_an_account_with_the_first_points(world: World, new: Shopper) -> None:
    assert (give(new).balance_after, give(new, key="k2").balance_after) == (50, 100)
    assert new.customer.status == "visitor", "points make nobody a member"


def test_a_double_submit_gives_once(new: Shopper) -> None:
    rows = at_once(lambda: give(new), lambda: give(new))
    assert len({row.id for row in rows}) == 1
    assert new.balance == 50


@pytest.mark.parametrize(
    ("spoil", "points", "refusal"),
    [
        (lambda who: None, 0, BadRequest),
        (lambda who: programs.pause(who.world.shop.id), 50, ProgramNotActive),
        (lambda who: customer_edits.edit(who.world.shop.id, who.id, excluded=True), 50, CustomerExcluded),
        (lambda who: privacy.erase(who.world.shop, who.customer), 50, NotFound),
    ],
)
def test_what_is_refused_opens_no_account(
    world: World, new: Shopper, spoil: Callable[[Shopper], object], points: int, refusal: type[Exception]
) -> None:
    spoil(new)
    with pytest.raises(refusal):
        give(new, points)
    assert accounts(world) == 0


def test_the_id_of_a_merged_customer_reaches_the_person(world: World, new: Shopper) -> None:
    ann = world.member()
    merging.merge(world.shop, new.id, ann.id)
    give(new)
    assert (ann.balance, accounts(world)) == (50, 1)


def test_a_balance_is_changed_without_an_account_too(world: World, new: Shopper) -> None:
    shop = world.shop
    assert giving.change_balance(shop, new.id, source="staff", key="a", to_balance=0) is None
    with pytest.raises(NotEnoughPoints):
        giving.change_balance(shop, new.id, source="staff", key="b", by=-5)
    assert accounts(world) == 0
    row = giving.change_balance(shop, new.id, source="staff", key="c", to_balance=40)
    assert row is not None
    assert (row.kind, row.amount, new.balance) == ("adjust", 40, 40)


def test_a_balance_that_changed_meanwhile_is_not_overwritten(world: World, new: Shopper) -> None:
    give(new)
    read = new.account.revision
    give(new, key="k2")
    with pytest.raises(StaleRevision):
        giving.change_balance(world.shop, new.id, source="staff", key="c", to_balance=40, revision=read)
    row = giving.change_balance(
        world.shop, new.id, source="staff", key="c", to_balance=40, revision=new.account.revision
    )
    assert row is not None
    assert (row.amount, new.balance) == (-60, 40)
    again = giving.change_balance(world.shop, new.id, source="staff", key="c", to_balance=40, revision=read)
    assert again is not None
    assert again.id == row.id, "a repeat is no second change, whatever was read"


def test_the_erased_are_not_changed(world: World, new: Shopper) -> None:
    privacy.erase(world.shop, customers.by_id(world.shop.id, new.id))
    with pytest.raises(NotFound):
        giving.change_balance(world.shop, new.id, source="staff", key="c", by=1)
