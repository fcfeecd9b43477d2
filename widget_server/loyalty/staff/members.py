"""Members of staff: what a person is in one shop. Every change has an entry in the audit log."""

from dataclasses import dataclass

from peewee import Check

from widget_server import clock
from widget_server.db import Int, ShopTable, Text, UtcDateTime, atomic, lock_rows, new_id
from widget_server.errors import BadRequest, LastOwner, StaffExists
from widget_server.loyalty.audit_log import Audited
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.staff import accounts
from widget_server.loyalty.staff.accounts import StaffAccount
from widget_server.loyalty.staff.roles import ROLES, Role

SUPPORT_CHANGE_MAX, SUPPORT_DAY_MAX = 500, 5_000  # points; the owner may set other caps


class StaffMember(Audited, ShopTable):
    """A person's role in one shop. The caps are points (None: no cap), for each change and for each local day.

    `moved_points` were given and deducted on the shop's day `moved_on`, an ISO date; point_caps.py counts them.
    """

    id = Text(primary_key=True)
    account_id = Text(index=True)
    role = Text()
    change_points_max = Int(null=True)
    day_points_max = Int(null=True)
    moved_on = Text(null=True)
    moved_points = Int(default=0)
    created_at = UtcDateTime()

    class Meta:
        indexes = ((("shop_id", "account_id"), True),)
        constraints = [Check("role IN ('owner', 'marketer', 'support', 'reader')")]

    @property
    def is_capped(self) -> bool:
        """True when there is a limit of the points that this member of staff may move."""
        return self.change_points_max is not None or self.day_points_max is not None


@dataclass(frozen=True)
class Caps:
    """How many points a member of staff may give or deduct, for each change and for each local day; None: any."""

    change: int | None = None
    day: int | None = None


def default_caps(role: Role) -> Caps:
    """Returns the caps of a new member of staff with this role."""
    return Caps(SUPPORT_CHANGE_MAX, SUPPORT_DAY_MAX) if role == "support" else Caps()


def add(shop: Shop, account: StaffAccount, role: Role, caps: Caps | None = None) -> StaffMember:
    """Make the person a member of the shop's staff. Raises BadRequest (role, caps), StaffExists."""
    caps = checked(role, caps or default_caps(role))
    with atomic():
        lock_rows(Shop.select().where(Shop.id == shop.id)).get()
        if of_account(shop.id, account.id) is not None:
            raise StaffExists()
        member = StaffMember(
            id=new_id(),
            shop_id=shop.id,
            account_id=account.id,
            role=role,
            change_points_max=caps.change,
            day_points_max=caps.day,
            created_at=clock.now(),
        )
        member.save(force_insert=True)
        return member


def change(shop: Shop, member_id: str, role: Role, caps: Caps) -> StaffMember:
    """Change the role and the caps. Raises NotFound, BadRequest (role, caps), LastOwner."""
    caps = checked(role, caps)
    with atomic():
        lock_rows(Shop.select().where(Shop.id == shop.id)).get()
        member = StaffMember.need(shop, StaffMember.id == member_id)
        if role != "owner":
            _need_other_owner(shop, member)
        member.role, member.change_points_max, member.day_points_max = role, caps.change, caps.day
        member.save(only=[StaffMember.role, StaffMember.change_points_max, StaffMember.day_points_max])
        return member


def remove(shop: Shop, member_id: str) -> None:
    """Take the person out of the shop's staff; what they did stays in the audit log. Raises NotFound, LastOwner."""
    with atomic():
        lock_rows(Shop.select().where(Shop.id == shop.id)).get()
        member = StaffMember.need(shop, StaffMember.id == member_id)
        _need_other_owner(shop, member)
        StaffMember.remove(shop, StaffMember.id == member_id)
        accounts.close_if_unused(member.account_id, is_used=bool(shops_of(member.account_id)))


def of_account(shop_id: str, account_id: str) -> StaffMember | None:
    """Returns what this person is in the shop; None when they do not belong to its staff."""
    return StaffMember.one(shop_id, StaffMember.account_id == account_id)


def listed(shop: Shop) -> list[tuple[StaffMember, StaffAccount]]:
    """Returns the shop's staff with their accounts, the first ones first."""
    rows = list(StaffMember.of(shop).order_by(StaffMember.created_at, StaffMember.id))
    known = StaffAccount.select().where(StaffAccount.id.in_([row.account_id for row in rows] or [""]))
    by_id = {account.id: account for account in known}
    return [(row, by_id[row.account_id]) for row in rows]


def shops_of(account_id: str) -> list[str]:
    """Returns the ids of the shops that this person works for, the newest first."""
    mine = StaffMember.everywhere(StaffMember.shop_id).where(StaffMember.account_id == account_id)
    return [row.shop_id for row in mine.order_by(StaffMember.created_at.desc(), StaffMember.id)]


def checked(role: str, caps: Caps) -> Caps:
    """Returns the caps; raises BadRequest naming an unknown role (role) or a negative cap (its column)."""
    if role not in ROLES:
        raise BadRequest(f"A role is one of {', '.join(ROLES)}.", field="role")
    for name, cap in (("change_points_max", caps.change), ("day_points_max", caps.day)):
        if cap is not None and cap < 0:
            raise BadRequest("A cap is 0 or more points.", field=name)
    return caps


def _need_other_owner(shop: Shop, member: StaffMember) -> None:
    others = StaffMember.of(shop).where(StaffMember.role == "owner", StaffMember.id != member.id)
    if member.role == "owner" and not others.exists():
        raise LastOwner()
