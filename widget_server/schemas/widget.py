"""What the panel and the server say to each other. The TypeScript types are made from here (`make types`).

Money is a decimal string in the shop's currency, times are UTC text, points are whole numbers.
"""

import re
from decimal import Decimal
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from widget_server.loyalty.people import lines

LINE = {"pattern": f"^{lines.PATTERN.pattern}$"}
PRICE = "^[0-9]{1,9}([.][0-9]{1,6})?$"
REWARD_KINDS = ["amount", "sliding", "percent", "free_shipping", "free_product"]
COUPON_KINDS = ["amount", "percent", "free_shipping", "free_product"]
RULE_KINDS = ["order", "first_order", "join", "birthday", "newsletter", "review", "social", "visit", "custom"]
ROUNDINGS = ["floor", "unit", "nearest"]
PROGRAM_STATUSES = ["draft", "active", "paused"]
COUPON_FAILURES = ["shop_refused", "shop_unreachable", "already_used", "product_unavailable"]
COUPON_STATUSES = ["issuing", "active", "applied", "used", "expired", "returned", "revoked", "failed"]
TRIGGERS = ["registration", "first_paid_order", "first_fulfilled_order"]
REASONS = [
    *RULE_KINDS,
    "order_refunded",
    "order_cancelled",
    "order_changed",
    "debt_repaid",
    "redeemed",
    "returned",
    "not_issued",
    "gift",
    "adjusted",
    "merged",
    "expired",
    "referral_advocate",
    "referral_friend",
    "referral_undone",
]


class Body(Schema):
    """A body: unknown fields are refused by name."""

    class Meta:
        unknown = RAISE


class Points(fields.Field[int]):
    """A whole number of points; 4108.0 is one, 2.5 and true are not."""

    def __init__(self, *, low: int = -(10**15), high: int = 10**15, **options: Any) -> None:
        super().__init__(validate=validate.Range(min=low, max=high), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
            raise ValidationError("A whole number.")
        return int(value)


class Flag(fields.Boolean):
    """True or false, and no word or number that could mean the one or the other."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("True or false.")
        return value


def text(*, values: list[str] | None = None, null: bool = False) -> fields.String:
    """A string, one of `values` when given, null when allowed."""
    return fields.String(required=True, allow_none=null, validate=validate.OneOf(values) if values else None)


def money(*, null: bool = False) -> fields.String:
    """A decimal string."""
    return fields.String(required=True, allow_none=null, metadata={"format": "decimal", "example": "19.80"})


def moment(*, null: bool = False) -> fields.String:
    """A time as UTC text."""
    return fields.String(required=True, allow_none=null, metadata={"format": "date-time"})


def count(*, null: bool = False) -> Points:
    """A whole number."""
    return Points(required=True, allow_none=null)


def flag() -> fields.Boolean:
    """True or false."""
    return Flag(required=True)


def one(shape: type[Schema], *, null: bool = False) -> fields.Nested:
    """An object of this shape."""
    return fields.Nested(shape, required=True, allow_none=null)


def many(shape: type[Schema], *, null: bool = False) -> fields.List[Any]:
    """A list of objects of this shape."""
    return fields.List(fields.Nested(shape), required=True, allow_none=null)


def texts() -> fields.List[Any]:
    """A list of strings."""
    return fields.List(fields.String(), required=True)


class Accent(Body):
    """One theme's colours."""

    accent, on_accent, ink = text(), text(), text()


class Theme(Body):
    """The colours of both themes, and which one to show."""

    mode = text(values=["light", "dark", "auto"])
    light, dark = one(Accent), one(Accent)


class ShopFacts(Body):
    """What the panel knows of the shop. `decimals` are those of its currency's coins."""

    name, embed_key, currency, timezone = text(), text(), text(), text()
    decimals = count()
    origins = texts()
    sign_in = text(values=["widget", "shop"])
    sign_in_url, sign_up_url = text(null=True), text(null=True)


class ProgramFacts(Body):
    """What the panel knows of the program."""

    name = text()
    status = text(values=PROGRAM_STATUSES)
    points_name = text(null=True)


class Rate(Body):
    """So many points for so much money."""

    points = count()
    per = money()


class Limit(Body):
    """How often a rule gives points."""

    times = count()
    period = text(values=["day", "month", "year", "ever"])


class EarnRule(Body):
    """A rule as it stands for the reader now."""

    id = text()
    kind = text(values=RULE_KINDS)
    title, description = text(null=True), text(null=True)
    points = count(null=True)
    rate = one(Rate, null=True)
    rounding = text(values=ROUNDINGS)
    before_tax = flag()
    multiplier, minimum_subtotal = money(null=True), money(null=True)
    url, channel = text(null=True), text(null=True)
    limit = one(Limit, null=True)
    state = text(values=["open", "done", "waiting"])
    opens_at = moment(null=True)


class Sliding(Body):
    """A reward whose cost the shopper chooses."""

    min_points = count()
    max_points = count(null=True)
    step_points = count()
    point_value = money()


class Reward(Body):
    """A reward as it stands for the reader now."""

    id = text()
    kind = text(values=REWARD_KINDS)
    title, description = text(null=True), text(null=True)
    cost_points = count()
    amount, percent = money(null=True), money(null=True)
    product_name = text(null=True)
    sliding = one(Sliding, null=True)
    minimum_subtotal = money(null=True)
    collections = texts()
    tier_name = text(null=True)
    ends_at = moment(null=True)
    expires_after_days = count(null=True)
    combines, available = flag(), flag()
    short_by = count()
    refusal = text(null=True)


class Gift(Body):
    """What a referral gives to one side."""

    kind = text(values=["points", *COUPON_KINDS])
    points = count(null=True)
    amount, percent = money(null=True), money(null=True)
    product_name = text(null=True)
    minimum_subtotal = money(null=True)


class ReferralOffer(Body):
    """What a referral gives to both sides, and when."""

    friend_gets, you_get = one(Gift, null=True), one(Gift, null=True)
    trigger = text(values=TRIGGERS)
    minimum_subtotal = money(null=True)


class Worth(Body):
    """So many points are worth so much."""

    points = count()
    money = money()


class GuestFacts(Body):
    """What a guest reads."""

    earn = many(EarnRule)
    rewards = many(Reward)
    referral = one(ReferralOffer, null=True)
    worth = one(Worth, null=True)


class Boot(Body):
    """What the panel's document carries, so that a guest needs no further request."""

    shop = one(ShopFacts)
    program = one(ProgramFacts)
    locale = text()
    dir = text(values=["ltr", "rtl"])
    strings = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    theme = one(Theme)
    guest = one(GuestFacts)


class Words(Body):
    """Texts by key, in one language."""

    words = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class Coupon(Body):
    """A coupon, for its owner."""

    id = text()
    code = text(null=True)
    status = text(values=COUPON_STATUSES)
    kind = text(values=COUPON_KINDS)
    title = text(null=True)
    amount, percent = money(null=True), money(null=True)
    product_name = text(null=True)
    cost_points = count()
    minimum_subtotal = money(null=True)
    collections = texts()
    combines = flag()
    created_at = moment()
    expires_at, ended_at = moment(null=True), moment(null=True)
    order_number = text(null=True)
    return_until = moment(null=True)
    returning = flag()
    failure = text(null=True, values=COUPON_FAILURES)


class CouponPage(Body):
    """Coupons, newest first."""

    coupons = many(Coupon)
    next_cursor = text(null=True)


class Expiry(Body):
    """What expires next."""

    points = count()
    at = moment()


class TierStanding(Body):
    """Her level and the next one."""

    name = text()
    benefits = text(null=True)
    multiplier = money(null=True)
    points = count()
    next_name = text(null=True)
    next_points, next_missing = count(null=True), count(null=True)
    next_benefits = text(null=True)
    ends_at = moment(null=True)


class Balance(Body):
    """The figures of an account."""

    available, pending = count(), count()
    pending_until = moment(null=True)
    debt = count()
    next_expiry = one(Expiry, null=True)
    earned, redeemed = count(), count()
    money_value = money(null=True)
    tier = one(TierStanding, null=True)


class Redemption(Body):
    """A coupon that was bought or returned, and the balance after it."""

    coupon = one(Coupon)
    balance = one(Balance)


class Application(Body):
    """A coupon whose code can be used; `url` is the address that takes it, {code} filled in."""

    coupon = one(Coupon)
    url = text(null=True)


class Referral(Body):
    """Her link and what it brought."""

    offer = one(ReferralOffer)
    link, code = text(), text()
    joined, pending, completed, earned_points = count(), count(), count(), count()
    may_enter_code = flag()


class QrCode(Body):
    """A QR code as the path of an SVG of `size` modules."""

    size = count()
    path = text()


class ReasonCoupon(Body):
    """What was bought, for the row that paid it."""

    kind = text(values=COUPON_KINDS)
    amount, percent = money(null=True), money(null=True)
    product_name = text(null=True)


class Reason(Body):
    """Why points moved, as a code the panel has words for."""

    code = text(values=REASONS)
    order_number, title, comment = text(null=True), text(null=True), text(null=True)
    coupon = one(ReasonCoupon, null=True)


class Why(Body):
    """The sum behind a row."""

    base = money(null=True)
    rate = one(Rate, null=True)
    fixed_points = count(null=True)
    multiplier = money(null=True)
    rounding = text(values=ROUNDINGS, null=True)
    capped, includes_shipping = flag(), flag()
    wait_days = count(null=True)


class HistoryRow(Body):
    """Points that moved, or wait to."""

    id = text()
    points = count()
    state = text(values=["booked", "waiting"])
    due_at = moment(null=True)
    at = moment()
    reason = one(Reason)
    why = one(Why)


class OrderWithoutPoints(Body):
    """An order that can give no points, and why."""

    number = text()
    placed_at = moment()
    reason = text(values=["other_currency", "program_not_active", "before_program"])


class History(Body):
    """A page of rows, newest first; with the first one the newest orders that can give no points."""

    rows = many(HistoryRow)
    next_cursor = text(null=True)
    orders_without_points = many(OrderWithoutPoints)


class MyBalance(Body):
    """The balance tab."""

    balance = one(Balance)
    history = one(History)


class Member(Body):
    """What a member reads of themselves.

    `can_verify_email` says that the address is not verified yet: points of guest orders may be waiting for its owner.
    It says nothing of whether there are any, since the address may be somebody else's.
    """

    name, email = text(null=True), text(null=True)
    email_verified, can_verify_email = flag(), flag()
    birthday = text(null=True)
    has_password = flag()


class MemberPanel(Body):
    """A member's first paint: herself, her balance, and the tab that opens."""

    member = one(Member)
    balance = one(Balance)
    unseen = count()
    earn = many(EarnRule, null=True)
    rewards = many(Reward, null=True)
    my_rewards = one(CouponPage, null=True)
    referral = one(Referral, null=True)
    history = one(History, null=True)


class Challenge(Body):
    """A confirmation under way: a code was mailed."""

    challenge = text()
    expires_at = moment()


class Session(Body):
    """A session for this panel; the token is told once. `device` is kept beside it and sent with later sign-ins."""

    token = text()
    expires_at = moment()
    member = one(Member)
    referral = text(values=["bound", "blocked"], null=True)
    device = text(null=True)


class ListedSession(Body):
    """Where a member is signed in: the family of the browser ("Firefox, Windows"), if known. Exact to the hour."""

    browser = text(null=True)
    created_at, last_used_at = moment(), moment(null=True)
    is_this = flag()


class SessionList(Body):
    """A member's sessions, newest first."""

    sessions = many(ListedSession)


class EarnList(Body):
    """The rules valid for her now."""

    rules = many(EarnRule)


class RewardList(Body):
    """The rewards as they stand for her."""

    rewards = many(Reward)


class Clicked(Body):
    """After a click on a social rule."""

    balance = one(Balance)
    rule = one(EarnRule)


class Visited(Body):
    """After the daily visit."""

    points = count()
    balance = one(Balance)


class BirthdaySet(Body):
    """After a birthday was noted."""

    member = one(Member)
    rule = one(EarnRule, null=True)


class Price(fields.Decimal):
    """Money as a page knows it: a number or its text, below a billion."""

    def __init__(self, **options: Any) -> None:
        said = {"type": ["string", "number"], "pattern": PRICE, "minimum": 0, "exclusiveMaximum": 10**9}
        super().__init__(metadata={**said, "example": "19.80"}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        if isinstance(value, str):
            fits = bool(re.fullmatch(PRICE, value)) and not value.endswith("\n")
        else:
            fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 10**9
        if not fits:
            raise ValidationError("Not a valid number.")
        return Decimal(str(value))


class BadgePrice(Body):
    """A price on the page whose points a badge shows; `tax` is what of it is tax, null: as the program says."""

    product_id = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))
    collection_ids = fields.List(fields.String(validate=validate.Length(max=200)), load_default=list)
    price = Price(required=True)
    tax = Price(load_default=None, allow_none=True)


class BadgeFigures(Body):
    """The figures for the badges of a page, in the order asked."""

    points = fields.List(Points(), required=True)
    balance = count(null=True)


class FriendCode(Body):
    """The friend's code that counts, for how long a page may keep it, and whether a gift may be promised for it."""

    code = text(null=True)
    keep_days = count()
    needs_consent, gift = flag(), flag()


class RefusalFacts(Body):
    """Why not."""

    code, message = text(), text()
    field = text(null=True)
    needs, has, retry_after_seconds = count(null=True), count(null=True), count(null=True)


class Refusal(Body):
    """Every "no" of the widget's endpoints."""

    error = one(RefusalFacts)


# What comes in


def check_line(value: str) -> None:
    """Raise ValidationError unless the text is one line (lines.py)."""
    if not lines.is_line(value):
        raise ValidationError(lines.REFUSAL)


EMAIL = fields.String(required=True, validate=validate.Length(max=254), metadata={"example": "ann@shop.example"})
CODE = fields.String(required=True, validate=validate.Length(min=1, max=40))
DEVICE = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))
REFERRAL_CODE = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))
PASSWORD = fields.String(required=True, validate=validate.Length(max=200))
TOKEN = fields.String(required=True, validate=validate.Length(min=1, max=4000))


class Nothing(Body):
    """An empty object."""


class IdentityAsk(Body):
    """The shop's word, to be swapped for a session."""

    token = TOKEN
    join = Flag(load_default=False)
    referral_code = REFERRAL_CODE


class SignUpAsk(Body):
    """Somebody wants to join."""

    email = EMAIL
    name = fields.String(
        load_default=None, allow_none=True, validate=[validate.Length(max=100), check_line], metadata=LINE
    )
    password = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))
    referral_code = REFERRAL_CODE
    accepts_marketing = Flag(load_default=False)


class EmailAsk(Body):
    """A code to this address, please."""

    email = EMAIL
    referral_code = REFERRAL_CODE


class VerifyAsk(Body):
    """The code of the mail that was sent to a signed-in member's own address."""

    challenge = TOKEN
    code = CODE


class ConfirmAsk(Body):
    """The code of the mail."""

    challenge = TOKEN
    code = CODE
    device = DEVICE


class SignInAsk(Body):
    """E-mail and password."""

    email = EMAIL
    password = PASSWORD
    referral_code = REFERRAL_CODE
    device = DEVICE


class NewPasswordAsk(Body):
    """The code of the mail, and the new password."""

    challenge = TOKEN
    code = CODE
    password = PASSWORD
    device = DEVICE


class BirthdayAsk(Body):
    """Her birthday."""

    birthday = fields.Date(required=True)


class RedeemAsk(Body):
    """A reward to buy; `points` chooses the cost of a sliding one."""

    reward_id = fields.String(required=True, validate=validate.Length(max=40))
    points = Points(low=1, high=10**9, load_default=None, allow_none=True)


class CodeAsk(Body):
    """A friend's code, typed by hand."""

    code = CODE


class ApplyAsk(Body):
    """Whether the shop's page has answered that the code is in the cart; panels that do not say so mean it."""

    in_cart = Flag(load_default=True)


class FriendCodeAsk(Body):
    """Words that came with this visit as a friend's code, and the code that the page keeps."""

    kept = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=64))
    found = fields.List(
        fields.String(validate=validate.Length(max=64)), load_default=list, validate=validate.Length(max=10)
    )


class BadgeAsk(Body):
    """The prices on a page."""

    items = fields.List(fields.Nested(BadgePrice), load_default=list, validate=validate.Length(max=100))
