"""The list of referrals that staff read: filtered, in pages, with both sides (acceptance 45)."""

from datetime import timedelta

import pytest

from tests.counter import Counter
from tests.loyalty.referrals.friends import friend_of, referral_of
from tests.make import NOON, Shopper, World
from widget_server import clock
from widget_server.errors import BadRequest
from widget_server.loyalty.referrals import decisions, referral_list
from widget_server.loyalty.referrals.referral_list import Wanted


def people(world: World, **wanted: str) -> list[str | None]:
    found = referral_list.page(world.shop, Wanted(**wanted))  # type: ignore[arg-type]
    return [row.friend.email for row in found.rows]


def test_by_status_by_reason_and_by_customer(world: World) -> None:
    with clock.at(NOON):
        world.refer()
        ann = world.member()
        friend_of(ann, "ann+1@example.com")
    with clock.at(NOON + timedelta(minutes=1)):
        bob = friend_of(ann)
    with clock.at(NOON + timedelta(minutes=2)):
        cid = friend_of(bob, "cid@example.com")
        decisions.cancel(world.shop, referral_of(cid).id, source="staff")
    assert people(world) == ["cid@example.com", "bob@example.com", "ann+1@example.com"]
    assert people(world, status="blocked") == people(world, reason="own_email_variant") == ["ann+1@example.com"]
    assert people(world, customer_id=bob.id) == ["cid@example.com", "bob@example.com"]
    assert people(world, status="joined") == ["bob@example.com"]
    assert referral_list.reasons(world.shop) == {"by_shop": 1, "own_email_variant": 1}
    assert people(World.create()) == []


def test_pages_have_each_row_once_though_all_came_at_one_moment(world: World) -> None:
    with clock.at(NOON):
        world.refer(advocate_daily_cap=None)
        ann = world.member()
        wanted = {friend_of(ann, f"friend{number}@example.com").id for number in range(7)}
    found, after = [], None
    while True:
        page = referral_list.page(world.shop, Wanted(), after=after, limit=3)
        found += [row.friend.id for row in page.rows]
        after = page.next
        if after is None:
            break
    assert (len(found), set(found)) == (7, wanted)
    with pytest.raises(BadRequest):
        referral_list.page(world.shop, Wanted(), after="yesterday")


def test_a_page_needs_as_many_queries_as_a_row(world: World, ann: Shopper) -> None:
    friend_of(ann)
    with Counter() as one:
        referral_list.page(world.shop, Wanted())
    for number in range(5):
        friend_of(ann, f"friend{number}@example.com")
    with Counter() as six:
        referral_list.page(world.shop, Wanted())
    assert len(six.statements) == len(one.statements) == 3
