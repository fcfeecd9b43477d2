"""The Referral program tab: the link, the gifts, the friends."""

from widget_server import money
from widget_server.ledger import Account
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals import binding, referral_programs, referrals, replies
from widget_server.loyalty.referrals.referral_programs import ReferralProgram
from widget_server.loyalty.referrals.replies import Uncounted
from widget_server.loyalty.rewards.gifts import Gift
from widget_server.widget.shapes.referral import Gift as ShownGift
from widget_server.widget.shapes.referral import Referral, ReferralOffer
from widget_server.widget.shapes.referral import Uncounted as ShownUncounted


def program_for(shop: Shop, customer: Customer, account: Account | None) -> Referral | None:
    """Returns the member's link and its results; None while the shop has no referral program."""
    program = referral_programs.program_of(shop)
    if program is None:
        return None
    counted, seen = referrals.counts(shop, customer, account), replies.seen_by(shop, customer)
    return {
        "offer": _offer(shop, program),
        "link": link(shop, customer),
        "code": customer.referral_code,
        "joined": counted.joined,
        "pending": counted.pending,
        "completed": counted.completed,
        "earned_points": counted.earned_points,
        "may_enter_code": binding.may_enter_code(shop, customer, is_referred=seen.is_referred),
        "uncounted": _uncounted(seen.uncounted),
    }


def link(shop: Shop, customer: Customer) -> str:
    """Returns the member's permanent link: the shop's home page with their code (acceptance 40)."""
    return f"{shop.origins[0]}/?ref={customer.referral_code}"


def offer(shop: Shop) -> ReferralOffer | None:
    """Returns what both sides get, for a visitor who followed a link; None without a program (acceptance 43)."""
    program = referral_programs.program_of(shop)
    return _offer(shop, program) if program else None


def _uncounted(found: Uncounted | None) -> ShownUncounted | None:
    return None if found is None else {"referral_id": found.referral_id, "replied": found.replied}


def _offer(shop: Shop, program: ReferralProgram) -> ReferralOffer:
    return {
        "friend_gets": _gift(shop, program.for_friend),
        "you_get": _gift(shop, program.for_advocate),
        "trigger": program.trigger,
        "minimum_subtotal": program.minimum_subtotal,
    }


def _gift(shop: Shop, gift: Gift | None) -> ShownGift | None:
    if gift is None:
        return None
    return {
        "amount": money.coins_or_none(gift.amount, shop.currency),
        "kind": gift.kind,
        "points": gift.points,
        "percent": gift.percent,
        "product_name": gift.product_name,
        "minimum_subtotal": gift.minimum_subtotal,
    }
