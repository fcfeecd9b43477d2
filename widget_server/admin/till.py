"""The shop's counter: `/loyalty-till/v1`, our addition to Wix's API (`loyalty/till`)."""

from widget_server.admin.coupons import shown
from widget_server.admin.routes import MANAGE, READ, REDEEMING, SOURCE, Service, request_key
from widget_server.admin.wire.coupons import CouponBought
from widget_server.admin.wire.orders import order
from widget_server.admin.wire.till import (
    CodePicture,
    FindCustomer,
    FoundCustomers,
    NewSale,
    QuoteResponse,
    RedeemAtTill,
    SaleQuote,
    SaleRefund,
    SaleResponse,
    found,
    quoted,
)
from widget_server.errors import (
    CouponNotUsable,
    CustomerExcluded,
    MembersOnly,
    NotFound,
    NotIdentified,
    NotWholeCoins,
    ProgramNotActive,
    TillCodeInvalid,
)
from widget_server.loyalty.till import code_pictures, finding, sales, till_rewards
from widget_server.web.callers import Caller

service = Service("till", "/loyalty-till/v1", "The shop's counter")


@service.route("POST", "/find", READ, takes=FindCustomer, returns=FoundCustomers)
def find_customer(caller: Caller, body: FindCustomer) -> FoundCustomers:
    """Find customers by e-mail, phone, the code in their widget, or a referral code."""
    return {"found": [found(one) for one in finding.find(caller.shop, body.text)]}


@service.route(
    "POST", "/sales/preview", READ, takes=SaleQuote, returns=QuoteResponse, refuses=(NotFound, NotWholeCoins)
)
def preview_sale(caller: Caller, body: SaleQuote) -> QuoteResponse:
    """Compute the points that a purchase would give; nothing is booked."""
    return quoted(sales.preview(caller.shop, body.customer_id, body.amount))


@service.route(
    "POST",
    "/sales",
    MANAGE,
    takes=NewSale,
    returns=SaleResponse,
    refuses=(NotFound, NotWholeCoins, ProgramNotActive, CustomerExcluded),
)
def book_sale(caller: Caller, body: NewSale) -> SaleResponse:
    """Book a purchase as an order of the platform `till`, which gives points by the shop's rules."""
    listed = sales.book(caller.shop, body.customer_id, body.amount, key=request_key(), receipt=body.receipt)
    return {"order": order(listed)}


@service.route(
    "POST",
    "/sales/<order_id>/refund",
    MANAGE,
    takes=SaleRefund,
    returns=SaleResponse,
    refuses=(NotFound, NotWholeCoins),
)
def refund_sale(caller: Caller, body: SaleRefund, order_id: str) -> SaleResponse:
    """Book that a purchase was paid back, in whole or in part: its points are taken back in proportion."""
    return {"order": order(sales.refund(caller.shop, order_id, body.amount, key=request_key()))}


@service.route(
    "POST",
    "/redeem",
    MANAGE,
    takes=RedeemAtTill,
    returns=CouponBought,
    refuses=(NotFound, MembersOnly, NotIdentified, TillCodeInvalid, *REDEEMING),
)
def redeem_at_till(caller: Caller, body: RedeemAtTill) -> CouponBought:
    """Redeem a reward for a customer who identified by the code in their widget, or whom staff have checked."""
    bought = till_rewards.redeem(
        caller.shop,
        body.customer_id,
        body.reward_id,
        key=request_key(),
        source=SOURCE,
        till_code=body.till_code,
        checked=body.checked,
        points=body.points_to_spend,
    )
    return {"coupon": shown(caller.shop, bought)}


@service.svg("/codes/<path:code>.svg", READ, query=CodePicture, refuses=(NotFound, CouponNotUsable))
def draw_code(caller: Caller, body: CodePicture, code: str) -> str:
    """Draw a coupon code that can be used as a QR code or as a barcode (Code 128): an SVG for any scanner."""
    return code_pictures.draw(caller.shop, code, body.kind).svg()
