"""The code for the till: a member shows it, and staff of the shop know who it is."""

from widget_server.loyalty.till import till_codes
from widget_server.web import limits
from widget_server.web.auth import Shopper
from widget_server.widget import qr_codes
from widget_server.widget.routes import MEMBER, Endpoints
from widget_server.widget.shapes.till import TillCode

till_code = Endpoints("till_code", "till-code", "The code for the till")


@till_code.route("POST", "", MEMBER, returns=TillCode, limit=limits.TILL_CODE)
def show(me: Shopper) -> TillCode:
    """Make a code for the till; it is valid for ten minutes, and earlier ones end."""
    shown = till_codes.show(me.shop, me.customer)
    qr, barcode = qr_codes.of(shown.code), qr_codes.barcode(shown.code)
    return {"code": shown.code, "qr": qr, "barcode": barcode, "expires_at": shown.expires_at}
