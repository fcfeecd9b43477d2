"""Connection codes: a text that an owner pastes into the shop's plugin, which then connects itself (contracts §29).

The token in it is stored as its digest, is valid once and for an hour; a new code ends the former one.
"""

import base64
import json
import secrets
from datetime import timedelta
from hmac import compare_digest

from widget_server import clock, config
from widget_server.db import ShopTable, Text, UtcDateTime, atomic, lock_rows, new_id
from widget_server.errors import BadRequest, WrongCredentials
from widget_server.loyalty import audit_log
from widget_server.loyalty.program.shops import Shop

PLATFORM = "woocommerce"
PREFIX = "wc1."
LIFE = timedelta(hours=1)
NOBODYS = "0" * 64  # compared where a shop has no code, so that both cases take the same time


class ConnectionCode(ShopTable):
    """The shop's one valid code, as the digest of its token."""

    id = Text(primary_key=True)
    token_hash = Text()
    created_at = UtcDateTime()
    expires_at = UtcDateTime()

    class Meta:
        indexes = ((("shop_id",), True),)


def make(shop: Shop) -> str:
    """Make a code for the shop, which ends the former one; returns its text, which is known to nobody else.

    Raises BadRequest (platform) for a shop without a plugin.
    """
    if shop.platform != PLATFORM:
        raise BadRequest("Only a WooCommerce shop is connected by a code.", field="platform")
    token, now = secrets.token_urlsafe(32), clock.now()
    with atomic():
        lock_rows(Shop.select().where(Shop.id == shop.id)).get()
        ConnectionCode.remove(shop)
        ConnectionCode(
            id=new_id(),
            shop_id=shop.id,
            token_hash=config.digest(token),
            created_at=now,
            expires_at=now + LIFE,
        ).save(force_insert=True)
        audit_log.note(shop.id, "create", "connection_code")
    return PREFIX + _packed({"u": config.current().base_url, "s": shop.id, "t": token})


def need(shop_id: str, token: str) -> None:
    """Check a token, which stays valid. Raises WrongCredentials, alike for a wrong, used, expired or foreign token."""
    known = ConnectionCode.one(shop_id, ConnectionCode.expires_at > clock.now())
    if not compare_digest(known.token_hash if known else NOBODYS, config.digest(token)):
        raise WrongCredentials("This connection code is not valid, or no longer: make a new one.")


def use_up(shop_id: str, token: str) -> None:
    """Check a token and end it: of two who use it at once, one is refused. Raises WrongCredentials."""
    with atomic():
        lock_rows(Shop.select().where(Shop.id == shop_id)).first()
        need(shop_id, token)
        ConnectionCode.remove(shop_id)
        audit_log.note(shop_id, "use", "connection_code")


def _packed(facts: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(facts, separators=(",", ":")).encode()).decode().rstrip("=")
