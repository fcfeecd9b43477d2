"""Sessions of shoppers, and identity tokens that were swapped for one."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from peewee import CompositeKey

from widget_server import clock, config
from widget_server.db import ShopTable, Text, UtcDateTime, delete_before, insert_once
from widget_server.errors import SignedOut
from widget_server.loyalty.access_tokens import AccessToken
from widget_server.loyalty.forgetting import Forgotten

SESSION_DAYS = 90


class Session(ShopTable):
    """A signed-in shopper's panel. `id` is the hash of the opaque token it carries."""

    id = Text(primary_key=True)
    customer_id = Text(index=True)
    created_at = UtcDateTime()
    expires_at = UtcDateTime(index=True)


class UsedToken(ShopTable):
    """An identity token that was swapped for a session: its `jti` is good once."""

    jti = Text()
    expires_at = UtcDateTime(index=True)

    class Meta:
        primary_key = CompositeKey("shop_id", "jti")


@dataclass(frozen=True)
class Opened:
    """A fresh session; the token is shown to the panel once and kept hashed here."""

    token: str
    session: Session


def open_session(shop_id: str, customer_id: str) -> Opened:
    """Sign a customer in on one panel."""
    token = secrets.token_urlsafe(32)
    moment = clock.now()
    session = Session(
        id=config.digest(token),
        shop_id=shop_id,
        customer_id=customer_id,
        created_at=moment,
        expires_at=moment + timedelta(days=SESSION_DAYS),
    )
    session.save(force_insert=True)
    return Opened(token, session)


def session_of(shop_id: str, token: str) -> Session:
    """The session with this token in this shop; raises SignedOut when there is none that is good now."""
    session = Session.one(shop_id, Session.id == config.digest(token))
    if session is None or session.expires_at <= clock.now():
        raise SignedOut()
    return session


def close_session(shop_id: str, token: str) -> None:
    """Sign out on this panel."""
    Session.remove(shop_id, Session.id == config.digest(token))


def close_all(shop_id: str, customer_id: str) -> None:
    """Sign out everywhere: after a new password, and when she leaves."""
    Session.remove(shop_id, Session.customer_id == customer_id)
    AccessToken.remove(shop_id, AccessToken.customer_id == customer_id)


def forget(person: Forgotten) -> None:
    """Sign this person out everywhere, in every row that was theirs."""
    for customer_id in person.ids:
        close_all(person.shop_id, customer_id)


def use_up(shop_id: str, jti: str, expires_at: Any) -> bool:
    """Note that an identity token was swapped; False when it was before."""
    return insert_once(UsedToken, {"shop_id": shop_id, "jti": jti, "expires_at": expires_at})


def forget_old(limit_days: int = 7) -> None:
    """Delete sessions and used tokens that ended more than `limit_days` days ago."""
    before = clock.now() - timedelta(days=limit_days)
    for table in (Session, UsedToken):
        delete_before(table, table.expires_at, before)
