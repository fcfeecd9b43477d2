"""ONE page: what happened -> what runs because of it, inside the transaction that caused it.

What may wait, or talks to the outside, is promised as a job (`jobs.py`).
"""

from collections.abc import Callable
from typing import Any

from widget_server import events
from widget_server.delivery import mail
from widget_server.events import Event
from widget_server.loyalty import customers, earning, orders, privacy, referrals, rewards, shops, tiers


def react(event: Event) -> None:
    """Run everything that follows from `event`; an event without an entry below is a mistake."""
    for reaction in REACTIONS[type(event)]:
        reaction(event)


def pay_for_joining(event: events.CustomerJoined) -> None:
    """Joining gives points once; a newsletter she takes already gives its points too."""
    shop, customer = shops.by_id(event.shop_id), customers.by_id(event.shop_id, event.customer_id)
    earning.fire(shop, customer, earning.Action("join", "join"), source="job")
    if customer.accepts_marketing:
        earning.fire(shop, customer, earning.Action("newsletter", "newsletter"), source="job")


def pay_for_newsletter(event: events.CustomerChanged) -> None:
    """Taking the newsletter gives points once."""
    customer = customers.by_id(event.shop_id, event.customer_id)
    if "accepts_marketing" in event.fields and customer.accepts_marketing and customer.is_member:
        shop = shops.by_id(event.shop_id)
        earning.fire(shop, customer, earning.Action("newsletter", "newsletter"), source="job")


def bind_registered_friend(event: events.CustomerRegistered) -> None:
    """Somebody registered with the shop and brought a friend's code."""
    shop, customer = shops.by_id(event.shop_id), customers.by_id(event.shop_id, event.customer_id)
    if event.referral_code:
        referrals.bind(shop, customer, event.referral_code, source="job")
    referrals.evaluate(shop, customer.id, source="job")


def score_order(event: events.OrderChanged) -> None:
    """Points follow the state of the order."""
    earning.score_order(shops.by_id(event.shop_id), event.order_id, source="job")


def use_coupons_of_order(event: events.OrderChanged) -> None:
    """An order that carries a code marks it used; a cancelled one sets it free."""
    shop, order = shops.by_id(event.shop_id), orders.Order.need(event.shop_id, orders.Order.id == event.order_id)
    rewards.order_says(
        shop,
        order.told.coupon_codes,
        f"{order.platform}:{order.external_id}",
        order.number,
        cancelled=order.status == "cancelled",
        source="job",
    )


def move_referral_of_order(event: events.OrderChanged) -> None:
    """A guest's first order may bring a code; an order may complete a referral, or undo it."""
    shop, order = shops.by_id(event.shop_id), orders.Order.need(event.shop_id, orders.Order.id == event.order_id)
    if order.customer_id is None:
        return
    code = order.told.landing_referral
    if code:
        referrals.bind(shop, customers.by_id(shop.id, order.customer_id), code, source="job")
    referrals.evaluate(shop, order.customer_id, source="job")


def recheck_tier(event: events.PointsMoved) -> None:
    """Points earned, or taken back, may change her tier."""
    if event.kind == "earn":
        tiers.recheck(shops.by_id(event.shop_id), event.account_id)


def merge_customers(event: events.SamePerson) -> None:
    """What the first row has goes to the second."""
    privacy.merge(shops.by_id(event.shop_id), event.source_id, event.target_id)


def thank_advocate(event: events.ReferralChanged) -> None:
    """A friend counts for the first time: the advocate reads what she got."""
    shop_id = event.shop_id
    referral = referrals.Referral.need(shop_id, referrals.Referral.id == event.referral_id)
    if event.status != "completed" or referral.completions > 1:
        return
    advocate = customers.by_id(shop_id, referral.advocate_id)
    gift = referrals.ReferralProgram.need(shop_id).advocate_gift
    got = referral.advocate_transaction_id or referral.advocate_coupon_id
    if got and advocate.is_member and advocate.email and advocate.email_verified:
        locale = advocate.locale or shops.by_id(shop_id).locale
        events.emit(events.MailWanted(shop_id, "referral_completed", advocate.email, locale, {"gift": gift}))


def promise_mail(event: events.MailWanted) -> None:
    """The mail leaves after the commit, by a job."""
    mail.promise(event)


REACTIONS: dict[type[Event], tuple[Callable[[Any], None], ...]] = {
    events.AccountCreated: (),
    events.PointsMoved: (recheck_tier,),
    events.CustomerJoined: (pay_for_joining,),
    events.CustomerRegistered: (bind_registered_friend,),
    events.CustomerChanged: (pay_for_newsletter,),
    events.SamePerson: (merge_customers,),
    events.OrderChanged: (score_order, use_coupons_of_order, move_referral_of_order),
    events.CouponIssued: (),
    events.CouponChanged: (),
    events.ReferralChanged: (thank_advocate,),
    events.ProgramChanged: (),
    events.MailWanted: (promise_mail,),
}
