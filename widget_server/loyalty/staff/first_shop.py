"""The first shop of an installation: a one-time link creates it with its owner, and works while there is none."""

from dataclasses import dataclass

from widget_server import config
from widget_server.db import atomic
from widget_server.errors import LinkExpired
from widget_server.loyalty import audit_log
from widget_server.loyalty.people import emails, passwords
from widget_server.loyalty.program import programs, shops
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.staff import accounts, links, members
from widget_server.loyalty.staff.accounts import StaffAccount
from widget_server.loyalty.staff.links import StaffLink

PATH = "/dashboard/setup"


@dataclass(frozen=True)
class NewShop:
    """What the form of the first shop has: the shop's facts and its platform."""

    name: str
    origin: str
    currency: str
    timezone: str
    locale: str
    platform: str = "generic"


def setup_link() -> str | None:
    """Returns the address that sets up the first shop; None when there is a shop. An earlier link ends."""
    if Shop.select().exists():
        return None
    with atomic():
        StaffLink.delete().where(StaffLink.purpose == "setup").execute()
        return f"{config.current().base_url}{PATH}?link={links.make('setup')}"


def check(token: str) -> None:
    """Raises LinkExpired unless the link is valid and no shop exists."""
    links.find("setup", token)
    if Shop.select().exists():
        raise LinkExpired()


def create(token: str, new: NewShop, *, email: str, name: str, password: str) -> tuple[Shop, StaffAccount]:
    """Create the shop with a draft program, and its owner; uses the link up.

    Raises LinkExpired, EmailInvalid, PasswordWeak, Busy, and BadRequest naming the field of the shop that is wrong.
    """
    check(token)
    emails.parse(email)
    new_hash = passwords.hash_password(password)
    with atomic():
        links.use_up("setup", token)
        if Shop.select().exists():
            raise LinkExpired()
        account = accounts.open_account(email, name)
        accounts.set_password(account, new_hash)
        with audit_log.acting(audit_log.Actor("staff", account.id, account.shown_name)):
            shop = shops.create(
                name=new.name,
                origins=[new.origin],
                currency=new.currency,
                timezone=new.timezone,
                locale=new.locale,
                platform=new.platform,
            )
            programs.create(shop.id, new.name)
            members.add(shop, account, "owner")
        return shop, account
