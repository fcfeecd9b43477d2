"""Invitations: how a person becomes a member of a shop's staff, by a link in a mail."""

from dataclasses import dataclass

from widget_server import config
from widget_server.db import atomic
from widget_server.errors import LinkExpired, StaffExists
from widget_server.events import MailWanted, emit
from widget_server.loyalty import audit_log
from widget_server.loyalty.people import emails, passwords
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.staff import accounts, links, members
from widget_server.loyalty.staff.accounts import StaffAccount
from widget_server.loyalty.staff.links import StaffLink
from widget_server.loyalty.staff.members import Caps, StaffMember
from widget_server.loyalty.staff.roles import Role

PATH = "/dashboard/invitation"


@dataclass(frozen=True)
class Invitation:
    """An open invitation: the shop and the address, and whether the person has a password already."""

    shop: Shop
    email: str
    role: str
    needs_password: bool


def invite(shop: Shop, email: str, role: Role, caps: Caps | None = None, *, mailed: bool = True) -> str:
    """Invite a person; returns the address of the link, which is mailed too. An earlier invitation is replaced.

    Raises EmailInvalid, BadRequest (role, caps), and StaffExists when they belong to the staff already.
    """
    address = emails.parse(email)
    caps = members.checked(role, caps or members.default_caps(role))
    known = accounts.by_email(address.typed)
    if known is not None and members.of_account(shop.id, known.id) is not None:
        raise StaffExists()
    with atomic():
        links.withdraw(shop.id, address.typed)
        token = links.make("invite", shop_id=shop.id, email=address.typed, role=role, caps=(caps.change, caps.day))
        link = f"{config.current().base_url}{PATH}?link={token}"
        if mailed:
            emit(MailWanted(shop.id, "staff_invite", address.typed, shop.locale, {"link": link}))
        audit_log.note(shop.id, "invite", "staff", after={"role": role})
        return link


def read(token: str) -> Invitation:
    """Returns the invitation of a link, which stays open; raises LinkExpired."""
    link = links.find("invite", token)
    account = accounts.by_email(_address(link))
    return Invitation(
        shops.by_id(str(link.shop_id)), _address(link), str(link.role), account is None or account.password_hash is None
    )


def accept(token: str, *, name: str = "", password: str | None = None) -> tuple[StaffAccount, StaffMember]:
    """Make the invited person a member of staff. A new account needs a password; that of an old one stays.

    Raises LinkExpired, PasswordWeak, Busy, BadRequest (name), StaffExists.
    """
    new_hash = passwords.hash_password(password or "") if read(token).needs_password else None
    with atomic():
        link = links.use_up("invite", token)
        account = accounts.open_account(_address(link), name)
        if account.password_hash is None and new_hash is not None:
            accounts.set_password(account, new_hash)
        shop = shops.by_id(str(link.shop_id))
        caps = Caps(link.change_points_max, link.day_points_max)
        role: Role = link.role
        with audit_log.acting(audit_log.Actor("staff", account.id, account.shown_name)):
            return account, members.add(shop, account, role, caps)


def dismiss(shop: Shop, member_id: str) -> None:
    """Take a person out of the shop's staff, with invitations that they did not use. Raises NotFound, LastOwner."""
    with atomic():
        account = accounts.by_id(StaffMember.need(shop, StaffMember.id == member_id).account_id)
        members.remove(shop, member_id)
        links.withdraw(shop.id, account.email)


def _address(link: StaffLink) -> str:
    if link.email is None:
        raise LinkExpired()
    return str(link.email)
