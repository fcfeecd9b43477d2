"""A tier that staff grant until a day: at least that tier, whatever was earned (acceptance 51)."""

from datetime import date, datetime, timedelta

import pytest

from tests.make import Shopper, World
from widget_server import clock
from widget_server.errors import BadRequest, NotFound
from widget_server.ledger import Account
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.people import merging, privacy
from widget_server.loyalty.points import tier_grants, tier_rechecks, tiers
from widget_server.loyalty.points.tiers import Tier

TODAY = date(2026, 3, 10)
LAST = date(2026, 3, 31)


def day(text: str) -> datetime:
    """Noon of that day, by UTC."""
    return clock.parse(f"2026-{text}T12:00:00Z")


@pytest.fixture
def steps(world: World) -> dict[str, Tier]:
    """Silver from 100, Gold from 300 points in 30 days."""
    found = {name: world.tier(name, points) for name, points in (("Silver", 100), ("Gold", 300), ("Amber", 500))}
    tiers.save_program(world.shop, window_days=30)
    return found


@pytest.fixture
def ann(world: World, steps: dict[str, Tier]) -> Shopper:
    return world.member()


def granted(ann: Shopper, tier: Tier, last_day: date = LAST) -> None:
    """Staff grant a tier on 10 March."""
    with clock.at(day("03-10")):
        tier_grants.grant(ann.world.shop, ann.id, tier.id, last_day)


def tier_of(ann: Shopper, on: str) -> str | None:
    """The tier after the nightly recheck of that day."""
    with clock.at(day(on)):
        tier_rechecks.recheck_all(ann.world.shop)
        standing = tiers.standing(ann.world.shop.id, ann.account)
        assert standing is not None
        return standing.tier.name if standing.tier else None


def test_the_granted_tier_holds_until_the_end_of_its_day(ann: Shopper, steps: dict[str, Tier]) -> None:
    granted(ann, steps["Gold"])
    assert ann.account.tier_id == steps["Gold"].id
    assert ann.account.tier_until == clock.start_of(LAST + timedelta(days=1), "Europe/Berlin")
    assert [tier_of(ann, on) for on in ("03-11", "03-31", "04-01")] == ["Gold", "Gold", None]
    assert (ann.account.granted_tier_id, ann.account.granted_until) == (None, None), "an ended grant is forgotten"


def test_it_is_at_least_that_tier(ann: Shopper, steps: dict[str, Tier]) -> None:
    granted(ann, steps["Gold"])
    with clock.at(day("03-11")):
        ann.is_given(600)
    assert tier_of(ann, "03-12") == "Amber"
    granted(ann, steps["Silver"])
    assert tier_of(ann, "03-12") == "Amber"
    with clock.at(day("03-12")):
        ann.redeems(ann.world.reward(cost=500))
    assert tier_of(ann, "03-13") == "Amber", "spending takes no tier"


def test_bookings_do_not_end_it(ann: Shopper, steps: dict[str, Tier]) -> None:
    granted(ann, steps["Gold"])
    with clock.at(day("03-12")):
        ann.is_given(120)
    assert ann.account.tier_id == steps["Gold"].id


def test_the_later_of_both_ends_is_shown_where_the_tier_was_also_earned(ann: Shopper, steps: dict[str, Tier]) -> None:
    with clock.at(day("03-10")):
        ann.is_given(300)
    earned_until = ann.account.tier_until
    granted(ann, steps["Gold"])
    assert (
        ann.account.tier_until == max(earned_until, clock.start_of(date(2026, 4, 1), "Europe/Berlin")) == earned_until
    )
    granted(ann, steps["Gold"], date(2026, 12, 31))
    assert ann.account.tier_until == clock.start_of(date(2027, 1, 1), "Europe/Berlin")


def test_staff_end_it_and_both_stand_in_the_audit_log(ann: Shopper, steps: dict[str, Tier]) -> None:
    granted(ann, steps["Gold"])
    with clock.at(day("03-11")):
        ended = tier_grants.end(ann.world.shop, ann.id)
    assert ended is not None
    assert (ended.tier_id, ended.granted_until) == (None, None)
    grant = {"tier_id": steps["Gold"].id, "last_day": "2026-03-31"}
    noted = [
        (row.verb, row.before, row.after)
        for row in AuditEntry.of(ann.world.shop).where(
            AuditEntry.noun == "tier_grant", AuditEntry.subject_id == ended.id
        )
    ]
    assert noted == [("grant", None, grant), ("end", grant, None)]
    assert tier_grants.end(ann.world.shop, ann.world.visitor().id) is None


def test_what_is_granted_is_said(ann: Shopper, steps: dict[str, Tier]) -> None:
    granted(ann, steps["Gold"])
    with clock.at(day("03-31")):
        found = tier_grants.of_account(ann.world.shop, ann.account)
        assert found is not None
        assert (found.tier.name, found.last_day) == ("Gold", LAST)
    with clock.at(day("04-01")):
        assert tier_grants.of_account(ann.world.shop, ann.account) is None
    assert tier_grants.of_account(ann.world.shop, None) is None


@pytest.mark.parametrize("last_day", [date(2026, 3, 9), date(2040, 1, 1)])
def test_a_day_that_cannot_be_is_refused(ann: Shopper, steps: dict[str, Tier], last_day: date) -> None:
    with pytest.raises(BadRequest) as refused:
        granted(ann, steps["Gold"], last_day)
    assert refused.value.field == "last_day"


def test_an_unknown_tier_and_the_erased_are_refused(ann: Shopper, steps: dict[str, Tier]) -> None:
    elsewhere = World.create(name="Other").tier("Gold", 300)
    with pytest.raises(NotFound):
        granted(ann, elsewhere)
    privacy.erase(ann.world.shop, ann.customer)
    with pytest.raises(NotFound):
        granted(ann, steps["Gold"])


def test_a_deleted_tier_ends_its_grants(ann: Shopper, steps: dict[str, Tier]) -> None:
    granted(ann, steps["Gold"])
    tiers.remove(ann.world.shop, steps["Gold"].id, None)
    assert tier_of(ann, "03-11") is None
    assert ann.account.granted_until is None


def test_tiers_that_are_switched_on_again_find_the_grant(ann: Shopper, steps: dict[str, Tier]) -> None:
    granted(ann, steps["Gold"])
    with clock.at(day("03-11")):
        tiers.save_program(ann.world.shop, active=False)
        assert ann.account.tier_id is None
        tiers.save_program(ann.world.shop, active=True)
        tier_rechecks.recheck_everybody(ann.world.shop)
    assert ann.account.tier_id == steps["Gold"].id


@pytest.mark.parametrize(
    ("theirs", "ours", "kept"),
    [
        (("Gold", LAST), None, ("Gold", LAST)),
        (("Silver", date(2026, 12, 31)), ("Gold", LAST), ("Gold", LAST)),
        (("Gold", date(2026, 12, 31)), ("Gold", LAST), ("Gold", date(2026, 12, 31))),
        (None, ("Silver", LAST), ("Silver", LAST)),
    ],
)
def test_a_merge_keeps_the_better_grant(
    ann: Shopper,
    steps: dict[str, Tier],
    theirs: tuple[str, date] | None,
    ours: tuple[str, date] | None,
    kept: tuple[str, date],
) -> None:
    old = ann.world.member("old@example.com")
    for who, has in ((old, theirs), (ann, ours)):
        if has is not None:
            granted(who, steps[has[0]], has[1])
    with clock.at(day("03-11")):
        merging.merge(ann.world.shop, old.id, ann.id)
        found = tier_grants.of_account(ann.world.shop, ann.account)
    assert found is not None
    assert (found.tier.name, found.last_day) == kept
    assert ann.account.tier_id == steps[kept[0]].id
    assert Account.of(ann.world.shop).where(tiers.GRANTED).count() == 1
