"""The dry run of a merge says exactly what the merge then does, and changes nothing."""

import pytest

from tests.make import Shopper, World, everything_kept
from widget_server import db
from widget_server.errors import BadRequest, NotFound
from widget_server.loyalty.earning.rules import Terms
from widget_server.loyalty.people import customer_edits, customers, merging, privacy
from widget_server.loyalty.people.merging import COUNTED, Figures, MergePreview
from widget_server.loyalty.people.sessions import Session


@pytest.fixture
def old(world: World) -> Shopper:
    """A row that will turn out to be Ann's."""
    return world.member("old@example.com")


@pytest.fixture
def ann(world: World) -> Shopper:
    return world.member()


def figures(shopper: Shopper) -> Figures:
    account = shopper.account
    return Figures(**{name: getattr(account, name) for name in COUNTED}, tier_id=account.tier_id)


def facts(preview: MergePreview) -> dict[str, tuple[object, object, object]]:
    return {fact.name: (fact.source, fact.target, fact.kept) for fact in preview.facts}


def live(world: World, old: Shopper, ann: Shopper) -> None:
    """Both did what gives points, also what gives one person points only once."""
    world.order_rule(10, terms=Terms(points_ever=250))
    world.rule("newsletter", points=30)
    world.tier("Silver", 300, "1.5")
    world.refer()
    world.settings(wait_days=14)
    for shopper in (old, ann):
        shopper.does("newsletter")
        shopper.orders("20.00")
        shopper.is_given(100)
    world.settings(wait_days=0)
    old.redeems(world.reward(cost=60))
    world.member("bo@example.com", code=old.customer.referral_code)
    customer_edits.edit(world.shop.id, old.id, phone="+47 123", labels=["vip"], notes="moved")


def test_the_dry_run_says_what_the_merge_does(world: World, old: Shopper, ann: Shopper) -> None:
    live(world, old, ann)
    before = figures(old), figures(ann)
    preview = merging.preview(world.shop, old.id, ann.id)
    assert (preview.source_points, preview.target_points) == before
    assert preview.moved == merging.Moved(transactions=3, waiting=1, orders=1, coupons=1, friends=1, referrals=0)
    assert preview.taken_back == 30 + 150, "the newsletter twice, and what both orders got beyond the cap of one person"
    merging.merge(world.shop, old.id, ann.id)
    assert figures(ann) == preview.joint_points
    row = ann.customer
    assert {name: kept for name, (_, _, kept) in facts(preview).items()} == {
        name: getattr(row, name) for name in facts(preview)
    }


def test_it_changes_nothing(world: World, old: Shopper, ann: Shopper) -> None:
    live(world, old, ann)
    before = everything_kept()
    merging.preview(world.shop, old.id, ann.id)
    assert everything_kept() == before


def test_within_an_open_transaction_only_its_own_part_is_rolled_back(world: World, old: Shopper, ann: Shopper) -> None:
    live(world, old, ann)
    with db.atomic():
        ann.is_given(1)
        merging.preview(world.shop, old.id, ann.id)
    assert (ann.balance, old.customer.merged_into) == (131, None)


def test_each_fact_says_both_values_and_which_is_kept(world: World, old: Shopper, ann: Shopper) -> None:
    customer_edits.edit(world.shop.id, old.id, name="Ann Old", phone="1", labels=["vip"], excluded=True)
    customer_edits.edit(world.shop.id, ann.id, name="Ann", labels=["new"])
    found = facts(merging.preview(world.shop, old.id, ann.id))
    assert found["name"] == ("Ann Old", "Ann", "Ann")
    assert found["phone"] == ("1", None, "1")
    assert found["labels"] == (["vip"], ["new"], ["new", "vip"])
    assert found["email"] == ("old@example.com", "ann@example.com", "ann@example.com")
    assert found["excluded"] == (True, False, True)
    assert "status" not in found, "both are members"


def test_sessions_end_unless_both_have_one_address(world: World, old: Shopper, ann: Shopper) -> None:
    assert merging.preview(world.shop, old.id, ann.id).sessions_end == 1
    twin = customers.new_visitor(world.shop.id)
    address = {name: getattr(ann.customer, name) for name in customers.ADDRESS}
    customers.Customer.change(world.shop, address, customers.Customer.id == twin.id)
    Session.change(world.shop, {Session.customer_id: twin.id}, Session.customer_id == old.id)
    assert merging.preview(world.shop, twin.id, ann.id).sessions_end == 0


def test_a_customer_without_an_account_has_no_points(world: World, ann: Shopper) -> None:
    preview = merging.preview(world.shop, world.visitor().id, ann.id)
    assert (preview.source_points, preview.taken_back) == (Figures(), 0)


def test_what_cannot_be_merged_is_refused(world: World, old: Shopper, ann: Shopper) -> None:
    with pytest.raises(BadRequest) as refused:
        merging.preview(world.shop, ann.id, ann.id)
    assert refused.value.field == "into_id"
    with pytest.raises(NotFound):
        merging.preview(world.shop, "unknown", ann.id)
    with pytest.raises(NotFound):
        merging.preview(world.shop, world.visitor().id, World.create(name="Other").member("x@example.com").id)
    privacy.erase(world.shop, old.customer)
    with pytest.raises(NotFound):
        merging.preview(world.shop, old.id, ann.id)
