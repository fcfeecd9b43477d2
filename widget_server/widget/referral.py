"""Referral program: the member's link, its results, and a friend's code typed by hand (acceptance 40-45)."""

from widget_server import ledger
from widget_server.errors import AlreadyReferred, AlreadyReplied, NotFound, OwnReferralCode, ReferralCodeUnknown
from widget_server.loyalty.people import customers
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals import binding, links, referral_programs, replies
from widget_server.web import limits
from widget_server.web.auth import Shopper
from widget_server.widget import qr_codes, views
from widget_server.widget.direct import Query
from widget_server.widget.requests import CodeBody, FriendCodeBody, ReplyBody
from widget_server.widget.routes import ANYBODY, MEMBER, Endpoints
from widget_server.widget.shapes.referral import FriendCode, QrCode, Referral

referral = Endpoints("referral", "referral", "Referral program")
friend_code = Endpoints("friend_code", "friend-code", "A friend's code")


@referral.read("", returns=Referral)
def mine(me: Shopper, _: Query) -> Referral:
    """The member's referral link and how many friends joined by it."""
    return _shown(views.referral.program_for(me.shop, me.customer, me.account))


@referral.read("/qr", returns=QrCode)
def qr(me: Shopper, _: Query) -> QrCode:
    """The member's referral link as a QR code."""
    return qr_codes.of(views.referral.link(me.shop, me.customer))


@referral.route(
    "POST",
    "/code",
    MEMBER,
    takes=CodeBody,
    returns=Referral,
    refuses=(ReferralCodeUnknown, OwnReferralCode, AlreadyReferred),
    limit=limits.FRIENDS_CODE,
)
def enter_code(me: Shopper, body: CodeBody) -> Referral:
    """Enter a friend's code, typed by hand."""
    binding.enter_code(me.shop, me.customer, body.code)
    return _mine(me)


@referral.route(
    "POST", "/reply", MEMBER, takes=ReplyBody, returns=Referral, refuses=(AlreadyReplied,), limit=limits.REFERRAL_REPLY
)
def reply(me: Shopper, body: ReplyBody) -> Referral:
    """Tell the shop, in one short text, why a referral that was not counted should count."""
    replies.reply(me.shop, me.customer, body.referral_id, body.text)
    return _mine(me)


@friend_code.route("POST", "", ANYBODY, takes=FriendCodeBody, returns=FriendCode, limit=limits.KNOW_CODE)
def counting_code(shop: Shop, body: FriendCodeBody) -> FriendCode:
    """Which text of a visit is the friend's code that counts, and what the page may do with it."""
    code, program = links.code_that_counts(shop, body.kept, body.found), referral_programs.program_of(shop)
    offers = program is not None and program.for_friend is not None and programs.of(shop.id).is_active
    return {
        "code": code,
        "keep_days": program.window_days if program else 0,
        "needs_consent": shop.look.needs_consent,
        "gift": code is not None and offers,
    }


def _mine(me: Shopper) -> Referral:
    """What the member sees now, after a change."""
    customer = customers.by_id(me.shop.id, me.customer.id)
    return _shown(views.referral.program_for(me.shop, customer, ledger.account_of(me.shop.id, customer.id)))


def _shown(found: Referral | None) -> Referral:
    if found is None:
        raise NotFound("This shop has no referral program now.")
    return found
