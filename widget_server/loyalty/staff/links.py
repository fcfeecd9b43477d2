"""One-time links: an invitation, a way in without a password, a new password, the set-up of the first shop.

The token of a link is stored as its digest. Opening the page of a link uses nothing up, since programs that scan mail
open links too: only the form on that page does.
"""

import secrets
from datetime import timedelta
from typing import Literal

from peewee import Check

from widget_server import clock, config
from widget_server.db import Int, Table, Text, UtcDateTime, atomic, delete_before, lock_rows
from widget_server.errors import LinkExpired
from widget_server.loyalty.people import emails

Purpose = Literal["invite", "sign_in", "reset", "setup"]
LIFE: dict[Purpose, timedelta] = {
    "invite": timedelta(days=7),
    "sign_in": timedelta(hours=24),
    "reset": timedelta(hours=1),
    "setup": timedelta(days=7),
}


class StaffLink(Table):
    """A link that works once. An invitation has its shop, address, role and caps; the others have the account."""

    id = Text(primary_key=True)
    purpose = Text()
    shop_id = Text(null=True, index=True)
    account_id = Text(null=True)
    email = Text(null=True)
    role = Text(null=True)
    change_points_max = Int(null=True)
    day_points_max = Int(null=True)
    created_at = UtcDateTime()
    expires_at = UtcDateTime(index=True)

    class Meta:
        constraints = [Check("purpose IN ('invite', 'sign_in', 'reset', 'setup')")]


def make(
    purpose: Purpose,
    *,
    shop_id: str | None = None,
    account_id: str | None = None,
    email: str | None = None,
    role: str | None = None,
    caps: tuple[int | None, int | None] = (None, None),
) -> str:
    """Store a link; returns its token, which is known to nobody else."""
    token, now = secrets.token_urlsafe(32), clock.now()
    StaffLink(
        id=config.digest(token),
        purpose=purpose,
        shop_id=shop_id,
        account_id=account_id,
        email=email,
        role=role,
        change_points_max=caps[0],
        day_points_max=caps[1],
        created_at=now,
        expires_at=now + LIFE[purpose],
    ).save(force_insert=True)
    return token


def find(purpose: Purpose, token: str) -> StaffLink:
    """Returns the link with this token, which stays valid; raises LinkExpired when none is."""
    found: StaffLink | None = StaffLink.get_or_none(
        StaffLink.id == config.digest(token), StaffLink.purpose == purpose, StaffLink.expires_at > clock.now()
    )
    if found is None:
        raise LinkExpired()
    return found


def use_up(purpose: Purpose, token: str) -> StaffLink:
    """Returns the link with this token and deletes it: of two who use it at once, one is refused with LinkExpired."""
    with atomic():
        locked = StaffLink.select().where(StaffLink.id == config.digest(token), StaffLink.purpose == purpose)
        lock_rows(locked).first()
        found = find(purpose, token)
        found.delete_instance()
        return found


def invitations(shop_id: str) -> list[StaffLink]:
    """Returns the shop's invitations that nobody has accepted yet, newest first."""
    open_ones = (StaffLink.shop_id == shop_id, StaffLink.purpose == "invite", StaffLink.expires_at > clock.now())
    return list(StaffLink.select().where(*open_ones).order_by(StaffLink.created_at.desc(), StaffLink.id))


def withdraw(shop_id: str, email: str) -> int:
    """Delete the shop's open invitations to this address; returns how many there were."""
    theirs = [one.id for one in invitations(shop_id) if emails.key_of(one.email) == emails.key_of(email)]
    return int(StaffLink.delete().where(StaffLink.id.in_(theirs or [""])).execute())


def end_ways_in(account_id: str) -> None:
    """Delete the person's links to a new password and to a sign-in: earlier mails open nothing any more."""
    theirs = (StaffLink.account_id == account_id, StaffLink.purpose.in_(("reset", "sign_in")))
    StaffLink.delete().where(*theirs).execute()


def forget_old() -> None:
    """Delete links that have expired."""
    delete_before(StaffLink, StaffLink.expires_at, clock.now())
