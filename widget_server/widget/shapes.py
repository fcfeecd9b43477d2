"""What the panel and the server say to each other. The TypeScript types are made from here (`make types`).

Money is a decimal string in the shop's currency, times are UTC text, points are whole numbers.
"""

from marshmallow import fields

from widget_server.web.wire import Points
from widget_server.widget.fields import (
    COUPON_FAILURES,
    COUPON_KINDS,
    COUPON_STATUSES,
    PROGRAM_STATUSES,
    REASONS,
    REWARD_KINDS,
    ROUNDINGS,
    RULE_KINDS,
    TRIGGERS,
    Body,
    count,
    flag,
    many,
    moment,
    money,
    one,
    text,
    texts,
)


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
    """The member's tier and the next one."""

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
    """The member's link and what it brought."""

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
    """A member's first paint: name, balance, and the tab that opens."""

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
    """The rules valid for the member now."""

    rules = many(EarnRule)


class RewardList(Body):
    """The rewards as they stand for the member."""

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


class BadgeFigures(Body):
    """The figures for the badges of a page, in the order of the request."""

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
