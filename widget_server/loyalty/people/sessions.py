"""Sessions of shoppers, the links that list and close them, and identity tokens that were exchanged for one."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from itsdangerous import BadSignature, URLSafeSerializer
from peewee import CompositeKey

from widget_server import clock, config
from widget_server.db import ShopTable, Text, UtcDateTime, delete_before, insert_once
from widget_server.errors import LinkExpired, SignedOut
from widget_server.loyalty.people import devices
from widget_server.loyalty.people.access_tokens import AccessToken
from widget_server.loyalty.people.forgetting import Forgotten
from widget_server.tallies import Tally

SESSION_DAYS = 90
LINK_DAYS = 30
USE_NOTED_EVERY = timedelta(hours=1)


class Session(ShopTable):
    """A signed-in shopper's panel. `id` is the hash of the opaque token it carries.

    `browser` is its family as it was at sign-in ("Firefox, Windows", or empty); `last_used_at` is exact to the hour.
    """

    id = Text(primary_key=True)
    customer_id = Text(index=True)
    created_at = UtcDateTime()
    expires_at = UtcDateTime(index=True)
    browser = Text(default="")
    last_used_at = UtcDateTime(null=True)


class UsedToken(ShopTable):
    """An identity token that was exchanged for a session: its `jti` is valid once."""

    jti = Text()
    expires_at = UtcDateTime(index=True)

    class Meta:
        primary_key = CompositeKey("shop_id", "jti")


@dataclass(frozen=True)
class Opened:
    """A fresh session; the token is sent to the panel once and stored only as its hash."""

    token: str
    session: Session


def open_session(shop_id: str, customer_id: str, *, browser: str = "") -> Opened:
    """Open a session of the customer for one panel; `browser` is the browser's family."""
    token = secrets.token_urlsafe(32)
    moment = clock.now()
    session = Session(
        id=config.digest(token),
        shop_id=shop_id,
        customer_id=customer_id,
        created_at=moment,
        expires_at=moment + timedelta(days=SESSION_DAYS),
        browser=browser,
    )
    session.save(force_insert=True)
    return Opened(token, session)


def session_of(shop_id: str, token: str) -> Session:
    """Returns the session with this token in this shop; raises SignedOut when none is valid now."""
    session = Session.one(shop_id, Session.id == config.digest(token))
    if session is None:
        raise SignedOut()
    use(session)
    return session


def use(session: Session) -> None:
    """Note that the session is used, to the hour; raises SignedOut when it is over."""
    now = clock.now()
    if session.expires_at <= now:
        raise SignedOut()
    if session.last_used_at is None or session.last_used_at + USE_NOTED_EVERY <= now:
        _uses.note((session.shop_id, session.id), now)


def _keep_use(session: tuple[str, str], at: datetime) -> None:
    shop_id, id = session
    Session.change(shop_id, {Session.last_used_at: at}, Session.id == id)


_uses = Tally(_keep_use, merge=lambda earlier, later: later)


def open_sessions(shop_id: str, customer_id: str) -> list[Session]:
    """Returns the customer's sessions that are valid now, newest first."""
    good = (Session.customer_id == customer_id, Session.expires_at > clock.now())
    return list(Session.of(shop_id).where(*good).order_by(Session.created_at.desc(), Session.id))


def close_session(shop_id: str, token: str) -> None:
    """Sign the customer out on the panel with this token; an unknown or ended one changes nothing."""
    Session.remove(shop_id, Session.id == config.digest(token))


def close_all(shop_id: str, customer_id: str) -> None:
    """Sign the customer out everywhere and delete their devices: on request, after a new password, when they leave."""
    devices.forget_all(shop_id, customer_id)
    Session.remove(shop_id, Session.customer_id == customer_id)
    AccessToken.remove(shop_id, AccessToken.customer_id == customer_id)


def forget(person: Forgotten) -> None:
    """Sign this person out everywhere, for all their rows."""
    for customer_id in person.ids:
        close_all(person.shop_id, customer_id)


def sign_link(shop_id: str, customer_id: str) -> str:
    """Returns the signed part of a mailed link, valid for LINK_DAYS: it can only list and close the sessions."""
    ends = clock.now() + timedelta(days=LINK_DAYS)
    return str(_link_signer().dumps([shop_id, customer_id, int(ends.timestamp())]))


def read_link(link: str) -> tuple[str, str]:
    """Returns shop id and customer id of a link that `sign_link` made; raises LinkExpired."""
    try:
        shop_id, customer_id, ends = _link_signer().loads(link)
    except BadSignature as forged:
        raise LinkExpired() from forged
    if ends <= clock.now().timestamp():
        raise LinkExpired()
    return str(shop_id), str(customer_id)


def _link_signer() -> URLSafeSerializer:
    return URLSafeSerializer(config.derived_key("session-links"))


def use_up(shop_id: str, jti: str, expires_at: datetime) -> bool:
    """Note that an identity token was exchanged; returns False when it was used before."""
    return insert_once(UsedToken, {"shop_id": shop_id, "jti": jti, "expires_at": expires_at})


def forget_old(limit_days: int = 7) -> None:
    """Delete sessions and used tokens that ended more than `limit_days` days ago."""
    before = clock.now() - timedelta(days=limit_days)
    for table in (Session, UsedToken):
        delete_before(table, table.expires_at, before)
