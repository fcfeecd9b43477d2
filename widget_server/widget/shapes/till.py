"""The code by which a member identifies at the shop's till."""

from datetime import datetime
from typing import TypedDict

from widget_server.widget.shapes.referral import QrCode


class Barcode(TypedDict):
    """A barcode as the path of an SVG of `width` and `height` modules, without its light margin."""

    width: int
    height: int
    path: str


class TillCode(TypedDict):
    """A code that is valid for some minutes, and the same as a QR code and as a barcode (Code 128)."""

    code: str
    qr: QrCode
    barcode: Barcode
    expires_at: datetime
