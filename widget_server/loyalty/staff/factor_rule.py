"""A shop's rule that its staff have a second factor: a member without one can do nothing there but set it up."""

from widget_server.db import atomic, lock_rows
from widget_server.errors import OwnFactorFirst
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.staff import members
from widget_server.loyalty.staff.accounts import StaffAccount


def applies(shop: Shop, account: StaffAccount) -> bool:
    """Returns whether this person has to set the second factor up before anything else in this shop."""
    return bool(shop.staff_need_factor) and not account.has_second_factor


def change(shop: Shop, owner: StaffAccount, *, needed: bool) -> None:
    """Require the second factor of the shop's staff from now on, or no longer; the audit log records it.

    Raises OwnFactorFirst when `owner`, who requires it, has none.
    """
    with atomic():
        row = lock_rows(Shop.select().where(Shop.id == shop.id)).get()
        account = lock_rows(StaffAccount.select().where(StaffAccount.id == owner.id)).get()
        if needed and not account.has_second_factor:
            raise OwnFactorFirst()
        row.staff_need_factor = shop.staff_need_factor = needed
        row.save(only=[Shop.staff_need_factor])


def without_factor(shop: Shop) -> list[StaffAccount]:
    """Returns the members of the shop's staff who have no second factor, the first ones first."""
    return [account for _, account in members.listed(shop) if not account.has_second_factor]
