"""Identity digests: who is shopping, in a text that a shop signs in a page template (contracts §28).

A weaker form of the identity token, for shops that can compute an HMAC and no JWT. It has no id of its own, so it is
valid as often as it is sent within its five minutes, and it never verifies an e-mail address.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from widget_server.errors import BadSignature

LIFE = timedelta(minutes=5)
PREFIX = "d1."
LENGTH_MAX = 2000
_FORM = re.compile(r"d1\.([A-Za-z0-9_+/-]+={0,2})\.([A-Za-z0-9_+/-]*={0,2})\.([0-9]{1,11})\.([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True)
class Vouched:
    """What a digest says: the shop's customer id, the e-mail address ("" for none), and when it was signed."""

    customer_id: str
    email: str
    signed_at: datetime


def is_digest(token: str) -> bool:
    """True for a text in the form of a digest; a JWT never has it."""
    return token.startswith(PREFIX)


def read(token: str, shop_id: str, secrets: Iterable[str]) -> Vouched:
    """Returns what a digest says that was signed for this shop with one of its secrets, at whatever time.

    Raises BadSignature when it is forged, changed, for another shop, or not in the form.
    """
    parts = _FORM.fullmatch(token) if len(token) <= LENGTH_MAX else None
    if parts is None:
        raise BadSignature("The identity digest is not valid.")
    id_part, email_part, time_part, signature = parts.groups()
    signed_text = f"d1.{shop_id}.{id_part}.{email_part}.{time_part}"
    fits = [hmac.compare_digest(sign(secret, signed_text), signature) for secret in secrets]
    if not any(fits):
        raise BadSignature("The identity digest is not valid.")
    try:
        moment = datetime.fromtimestamp(int(time_part), UTC)
        return Vouched(_decoded(id_part), _decoded(email_part), moment)
    except (ValueError, OverflowError, OSError) as wrong:
        raise BadSignature("The identity digest is not valid.") from wrong


def sign(secret: str, text: str) -> str:
    """Returns HMAC-SHA256 of the text, in lower-case hexadecimal digits."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _decoded(part: str) -> str:
    """Returns the text of a part in base64 or base64url, with or without padding. Raises ValueError."""
    plain = part.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode()
    except binascii.Error as wrong:
        raise ValueError("not base64") from wrong
