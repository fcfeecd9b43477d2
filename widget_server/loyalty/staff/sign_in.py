"""Signing in to the dashboard: by password and second factor, or by a one-time link."""

from widget_server import clock, config
from widget_server.db import atomic
from widget_server.errors import SignedOut, WrongCredentials
from widget_server.events import MailWanted, emit
from widget_server.loyalty import audit_log
from widget_server.loyalty.people import passwords
from widget_server.loyalty.program import shops
from widget_server.loyalty.staff import accounts, links, members, second_factor, sessions
from widget_server.loyalty.staff.accounts import StaffAccount

LINK_PATH, RESET_PATH = "/dashboard/sign-in/link", "/dashboard/sign-in/new-password"


def with_password(email: str, password: str) -> StaffAccount:
    """Returns the account with this address and password, whose second factor is still to be checked.

    Raises WrongCredentials, never saying which of the two is wrong, and Busy.
    """
    account = accounts.by_email(email)
    fits = passwords.password_fits(account.password_hash if account else None, password)
    if account is None or not fits or not members.shops_of(account.id):
        raise WrongCredentials()
    return account


def with_code(account: StaffAccount, code: str) -> None:
    """Check the second factor of somebody who knew the password. Raises WrongCode."""
    second_factor.check(account, code)


def enter(account: StaffAccount, *, browser: str, address: str, shop_id: str | None = None) -> str:
    """Open a session in `shop_id`, by default the shop joined last; returns its token. Raises SignedOut without any."""
    theirs = members.shops_of(account.id)
    if not theirs or (shop_id is not None and shop_id not in theirs):
        raise SignedOut()
    chosen = shop_id or theirs[0]
    with atomic():
        actor = audit_log.Actor("staff", account.id, account.shown_name, address)
        with audit_log.acting(actor):
            audit_log.note(chosen, "sign_in", "staff", account.id)
        return sessions.open_session(account, chosen, browser=browser, address=address)


def link_for(shop_id: str, account: StaffAccount) -> str:
    """Returns the address of a link that signs this person in once, within a day: for the shell and the demo."""
    token = links.make("sign_in", shop_id=shop_id, account_id=account.id)
    return f"{config.current().base_url}{LINK_PATH}?link={token}"


def with_link(token: str) -> tuple[StaffAccount, str]:
    """Use a link up; returns the account and the shop's id. Raises LinkExpired."""
    link = links.use_up("sign_in", token)
    return accounts.by_id(str(link.account_id)), str(link.shop_id)


def ask_new_password(email: str) -> None:
    """Mail a link for a new password, if the address belongs to staff; nothing shows whether it does."""
    account = accounts.by_email(email)
    theirs = [] if account is None else members.shops_of(account.id)
    if account is None or not theirs:
        return
    token = links.make("reset", account_id=account.id)
    link = f"{config.current().base_url}{RESET_PATH}?link={token}"
    shop = shops.by_id(theirs[0])
    emit(MailWanted(shop.id, "staff_reset", account.email, account.locale or shop.locale, {"link": link}))


def set_new_password(token: str, password: str) -> StaffAccount:
    """Set a new password by a mailed link; signs the person out everywhere, and ends all links.

    Raises LinkExpired, PasswordWeak, Busy.
    """
    links.find("reset", token)
    new_hash = passwords.hash_password(password)
    with atomic():
        account = accounts.by_id(str(links.use_up("reset", token).account_id))
        accounts.set_password(account, new_hash)
        sessions.close_all(account.id)
        links.end_ways_in(account.id)
        for shop_id in members.shops_of(account.id):
            with audit_log.acting(audit_log.Actor("staff", account.id, account.shown_name)):
                audit_log.note(shop_id, "reset_password", "staff", account.id, after={"at": clock.iso(clock.now())})
        return account
