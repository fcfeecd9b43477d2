"""Sessions of staff, and the browsers they signed in from before."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from peewee import CompositeKey

from widget_server import clock, config
from widget_server.db import Table, Text, UtcDateTime, atomic, delete_before, insert_once
from widget_server.errors import SignedOut
from widget_server.loyalty.staff import accounts, members
from widget_server.loyalty.staff.accounts import StaffAccount
from widget_server.loyalty.staff.members import StaffMember
from widget_server.tallies import Tally

SESSION_DAYS = 14
DEVICE_DAYS = 365
USE_NOTED_EVERY = timedelta(hours=1)


class StaffSession(Table):
    """A signed-in browser. `id` is the digest of its token; `shop_id` is the shop whose dashboard it shows.

    `address` and `browser` (its family, such as "Firefox, Windows") are those of the sign-in; `last_used_at` is exact
    to the hour.
    """

    id = Text(primary_key=True)
    account_id = Text(index=True)
    shop_id = Text()
    created_at = UtcDateTime()
    expires_at = UtcDateTime(index=True)
    last_used_at = UtcDateTime(null=True)
    browser = Text(default="")
    address = Text(default="")


class StaffDevice(Table):
    """A browser from which a person signed in before: strangers cannot use up its allowance of wrong passwords."""

    id = Text()
    account_id = Text()
    last_used_at = UtcDateTime(index=True)

    class Meta:
        primary_key = CompositeKey("id", "account_id")


@dataclass(frozen=True)
class SignedIn:
    """A member of staff who is signed in, with the session of this browser."""

    account: StaffAccount
    member: StaffMember
    session: StaffSession


def open_session(account: StaffAccount, shop_id: str, *, browser: str = "", address: str = "") -> str:
    """Open a session for one browser; returns its token."""
    token, now = secrets.token_urlsafe(32), clock.now()
    StaffSession(
        id=config.digest(token),
        account_id=account.id,
        shop_id=shop_id,
        created_at=now,
        expires_at=now + timedelta(days=SESSION_DAYS),
        browser=browser,
        address=address,
    ).save(force_insert=True)
    return token


def signed_in(token: str) -> SignedIn:
    """Returns who has the session with this token. Raises SignedOut when none is valid, or they left the shop's staff.

    The role is read anew for each request: a change holds at once.
    """
    now = clock.now()
    session: StaffSession | None = StaffSession.get_or_none(
        StaffSession.id == config.digest(token), StaffSession.expires_at > now
    )
    member = None if session is None else members.of_account(session.shop_id, session.account_id)
    if session is None or member is None:
        raise SignedOut()
    if session.last_used_at is None or session.last_used_at + USE_NOTED_EVERY <= now:
        _uses.note((session.id,), now)
    return SignedIn(accounts.by_id(session.account_id), member, session)


def _keep_use(session: tuple[str], at: datetime) -> None:
    StaffSession.update(last_used_at=at).where(StaffSession.id == session[0]).execute()


_uses = Tally(_keep_use, merge=lambda earlier, later: later)


def switch_shop(session: StaffSession, shop_id: str) -> None:
    """Show another shop in this browser. Raises SignedOut when the person does not belong to its staff."""
    if members.of_account(shop_id, session.account_id) is None:
        raise SignedOut()
    StaffSession.update(shop_id=shop_id).where(StaffSession.id == session.id).execute()


def listed(account_id: str) -> list[StaffSession]:
    """Returns the person's valid sessions, newest first."""
    good = (StaffSession.account_id == account_id, StaffSession.expires_at > clock.now())
    return list(StaffSession.select().where(*good).order_by(StaffSession.created_at.desc(), StaffSession.id))


def close(account_id: str, session_id: str) -> None:
    """Sign the person out in one browser."""
    mine = (StaffSession.id == session_id, StaffSession.account_id == account_id)
    StaffSession.delete().where(*mine).execute()


def close_all(account_id: str, *, but: str | None = None) -> None:
    """Sign the person out everywhere, except in the session with the id `but`."""
    others = (StaffSession.account_id == account_id, StaffSession.id != (but or ""))
    with atomic():
        StaffSession.delete().where(*others).execute()
        StaffDevice.delete().where(StaffDevice.account_id == account_id).execute()


def knows_device(account_id: str, token: str | None) -> bool:
    """Returns whether the person has signed in from the browser with this token."""
    if not token:
        return False
    mine = (StaffDevice.id == config.digest(token), StaffDevice.account_id == account_id)
    return bool(StaffDevice.select().where(*mine).exists())


def remember_device(account_id: str, token: str | None) -> str:
    """Note a sign-in from a browser; returns the token for it to keep: its own, or a fresh one."""
    if not token or not StaffDevice.select().where(StaffDevice.id == config.digest(token)).exists():
        token = secrets.token_urlsafe(24)
    id, now = config.digest(token), clock.now()
    if not insert_once(StaffDevice, {"id": id, "account_id": account_id, "last_used_at": now}):
        mine = (StaffDevice.id == id, StaffDevice.account_id == account_id)
        StaffDevice.update(last_used_at=now).where(*mine).execute()
    return token


def forget_old() -> None:
    """Delete sessions that ended, and browsers that nobody signed in from for DEVICE_DAYS."""
    delete_before(StaffSession, StaffSession.expires_at, clock.now())
    delete_before(StaffDevice, StaffDevice.last_used_at, clock.now() - timedelta(days=DEVICE_DAYS))
