"""The referral program of a shop, as its owner sets it."""

import pytest

from tests.make import World
from widget_server.errors import NotWholeCoins, StaleRevision
from widget_server.loyalty.referrals import referral_programs


def test_an_edit_names_the_revision_that_was_read(world: World) -> None:
    assert not referral_programs.settings_of(world.shop).active
    read = referral_programs.settings_of(world.shop).revision
    made = referral_programs.change_program(world.shop, read, active=True, window_days=7)
    assert (made.active, made.window_days, made.trigger) == (True, 7, "first_paid_order")
    with pytest.raises(StaleRevision):
        referral_programs.change_program(world.shop, read, active=False)
    referral_programs.change_program(world.shop, made.revision, active=False)
    assert not referral_programs.settings_of(world.shop).active


@pytest.mark.parametrize("side", ["friend_gift", "advocate_gift"])
def test_a_gift_of_money_is_in_whole_coins(world: World, side: str) -> None:
    with pytest.raises(NotWholeCoins) as refused:
        referral_programs.change_program(world.shop, None, **{side: {"kind": "amount", "amount": "5.005"}})
    assert refused.value.field == side
    assert getattr(referral_programs.settings_of(world.shop), side) is None
