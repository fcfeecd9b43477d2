"""Tokens of visitors of the admin API: signed and not stored, since anybody may request one (contracts §19).

A row for each would let strangers fill the database. They give access to public data only, and end when they expire
or the server's secret changes.
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
    """The visitor of a token, and when their first refresh token ends."""

    shop_id: str
    id: str
    ends_at: datetime


def sign(visitor: Visitor, use: Use, expires_at: datetime) -> str:
    """Returns a signed token of this visitor, valid for `use` until `expires_at`."""
    claims = [use, visitor.shop_id, visitor.id, clock.iso(visitor.ends_at), clock.iso(expires_at)]
    return BEGINS + str(_signer().dumps(claims))


def read(token: str, use: Use) -> Visitor:
    """Returns the visitor with this token; raises SignedOut when it is forged, for another use, or expired."""
    try:
        signed_for, shop_id, id, ends_at, expires_at = _signer().loads(token.removeprefix(BEGINS))
    except BadSignature as forged:
        raise SignedOut() from forged
    if signed_for != use or clock.parse(expires_at) <= clock.now():
        raise SignedOut()
    return Visitor(shop_id, id, clock.parse(ends_at))


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(config.derived_key("visitor-tokens"))
