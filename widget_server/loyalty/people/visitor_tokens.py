"""Tokens of visitors of the admin API: signed and kept nowhere, since anybody may ask for one (contracts §19).

A row for each would let strangers fill the database. They open what anybody may see, and end with their time or with
the server's secret.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from itsdangerous import BadSignature, URLSafeSerializer

from widget_server import clock, config
from widget_server.errors import SignedOut

BEGINS = "vt_"

Use = Literal["access", "refresh"]


@dataclass(frozen=True)
class Visitor:
    """Whom a visitor's token speaks for, and when the first refresh token of it ends."""

    shop_id: str
    id: str
    ends_at: datetime


def sign(visitor: Visitor, use: Use, expires_at: datetime) -> str:
    """A signed token for this visitor that is good for `use` until `expires_at`."""
    claims = [use, visitor.shop_id, visitor.id, clock.iso(visitor.ends_at), clock.iso(expires_at)]
    return BEGINS + str(_signer().dumps(claims))


def read(token: str, use: Use) -> Visitor:
    """The visitor with this token; raises SignedOut when it is forged, for another use, or not good now."""
    try:
        signed_for, shop_id, id, ends_at, expires_at = _signer().loads(token.removeprefix(BEGINS))
    except BadSignature as forged:
        raise SignedOut() from forged
    if signed_for != use or clock.parse(expires_at) <= clock.now():
        raise SignedOut()
    return Visitor(shop_id, id, clock.parse(ends_at))


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(config.derived_key("visitor-tokens"))
