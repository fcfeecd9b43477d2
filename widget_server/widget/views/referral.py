"""The Referral program tab: the link, the gifts, the friends."""

from widget_server import money
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals import binding, referral_programs, referrals
from widget_server.loyalty.referrals.referral_programs import ReferralProgram
from widget_server.loyalty.rewards.gifts import Gift
from widget_server.web.bodies import Json


def program_for(shop: Shop, customer: Customer) -> Json | None:
    """The member's link and what it brought; None while the shop has no referral program."""
    program = referral_programs.program_of(shop)
    if program is None:
        return None
    counted = referrals.counts(shop, customer)
    return {
        "offer": _offer(shop, program),
        "link": link(shop, customer),
        "code": customer.referral_code,
        "joined": counted.joined,
        "pending": counted.pending,
        "completed": counted.completed,
        "earned_points": counted.earned_points,
        "may_enter_code": binding.may_enter_code(shop, customer),
    }


def link(shop: Shop, customer: Customer) -> str:
    """The member's stable link: the shop's home with their code (acceptance 40)."""
    return f"{shop.origins[0]}/?ref={customer.referral_code}"


def offer(shop: Shop) -> Json | None:
    """What a friend gets, as somebody reads it who may have come by a link (acceptance 43)."""
    program = referral_programs.program_of(shop)
    return _offer(shop, program) if program else None


def _offer(shop: Shop, program: ReferralProgram) -> Json:
    return {
        "friend_gets": _gift(shop, program.for_friend),
        "you_get": _gift(shop, program.for_advocate),
        "trigger": program.trigger,
        "minimum_subtotal": program.minimum_subtotal,
    }


def _gift(shop: Shop, gift: Gift | None) -> Json | None:
    if gift is None:
        return None
    names = ("kind", "points", "percent", "product_name", "minimum_subtotal")
    return {"amount": money.coins_or_none(gift.amount, shop.currency), **{name: getattr(gift, name) for name in names}}
