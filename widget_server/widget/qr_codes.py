"""QR codes and barcodes as the panel draws them."""

from widget_server import scan_codes
from widget_server.widget.shapes.referral import QrCode
from widget_server.widget.shapes.till import Barcode


def of(text: str) -> QrCode:
    """Returns the text as a QR code."""
    code = scan_codes.qr(text)
    return {"size": code.width, "path": code.path}


def barcode(text: str) -> Barcode:
    """Returns the text as a barcode."""
    code = scan_codes.code128(text)
    return {"width": code.width, "height": code.height, "path": code.path}
