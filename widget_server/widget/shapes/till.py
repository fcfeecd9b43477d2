"""The code by which a member identifies at the shop's till."""

from datetime import datetime
from typing import TypedDict

from widget_server.widget.shapes.referral import QrCode


class TillCode(TypedDict):
    """A code that is valid for some minutes, and the same as a QR code."""

    code: str
    qr: QrCode
    expires_at: datetime
