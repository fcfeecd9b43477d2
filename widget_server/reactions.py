"""The reactions to each event, on one page; they run inside the transaction that caused the event.

Work that may wait, or that calls other servers, is queued as a job (`jobs.py`).
"""

from collections.abc import Callable
from typing import Any

from widget_server import events, job_queue
from widget_server.admin import wix_events
from widget_server.delivery import mail, outbox, payloads
from widget_server.delivery.outbox import Message
from widget_server.events import Event
from widget_server.job_queue import Job, JobName
from widget_server.loyalty.earning import actions, feeds, order_points, orders, rules
from widget_server.loyalty.imports import imports
from widget_server.loyalty.letters import facts as letter_facts
from widget_server.loyalty.people import customers, mailboxes, mailing, merging, privacy
from widget_server.loyalty.people.privacy import Keeper
from widget_server.loyalty.points import batches, tier_rechecks, tiers
from widget_server.loyalty.program import shops
from widget_server.loyalty.referrals import binding, progress, referral_programs, referrals
from widget_server.loyalty.rewards import checkout, codes, coupons, rewards, takeover
from widget_server.stores.woocommerce import refunds as woocommerce_refunds


def react(event: Event) -> None:
    """Run the reactions to `event`; raises KeyError for an event type without an entry in REACTIONS."""
    for reaction in REACTIONS[type(event)]:
        reaction(event)


def pay_for_joining(event: events.CustomerJoined) -> None:
    """Joining gives points once; an existing newsletter subscription gives its points too."""
    shop, customer = shops.by_id(event.shop_id), customers.by_id(event.shop_id, event.customer_id)
    actions.fire(shop, customer, actions.Action("join", "join"), source="job")
    if customer.accepts_marketing:
        actions.fire(shop, customer, actions.Action("newsletter", "newsletter"), source="job")


def pay_for_newsletter(event: events.CustomerChanged) -> None:
    """Subscribing to the newsletter gives points once."""
    customer = customers.by_id(event.shop_id, event.customer_id)
    if "accepts_marketing" in event.fields and customer.accepts_marketing and customer.is_member:
        shop = shops.by_id(event.shop_id)
        actions.fire(shop, customer, actions.Action("newsletter", "newsletter"), source="job")


def bind_registered_friend(event: events.CustomerRegistered) -> None:
    """Bind a customer who registered at the shop to the advocate of their referral code."""
    shop, customer = shops.by_id(event.shop_id), customers.by_id(event.shop_id, event.customer_id)
    if event.referral_code:
        binding.bind(shop, customer, event.referral_code, source="job")
    progress.evaluate(shop, customer.id, source="job")


def note_account(event: events.AccountCreated) -> None:
    """Store the account with its customer, so that lists find those who have none."""
    customers.note_account(event.shop_id, event.customer_id, event.account_id)


def remember_membership(event: events.CustomerJoined) -> None:
    """Record the mailbox, so that another address of it does not count as a new person."""
    shop, customer = shops.by_id(event.shop_id), customers.by_id(event.shop_id, event.customer_id)
    mailboxes.claim(shop, customer, mailboxes.MEMBERSHIP)


def look_at_past(event: events.CustomerPastChanged) -> None:
    """Check again what only new customers get: first-order points and referrals."""
    shop, customer = shops.by_id(event.shop_id), customers.by_id(event.shop_id, event.customer_id)
    order_points.rescore_first_order(shop, customer, source="job")
    progress.evaluate(shop, customer.id, source="job")


def score_order(event: events.OrderChanged) -> None:
    """Book the points of the order by its new state."""
    order_points.score_order(shops.by_id(event.shop_id), event.order_id, source="job")


def use_coupons_of_order(event: events.OrderChanged) -> None:
    """Update the coupons of the order by its new state."""
    shop, order = shops.by_id(event.shop_id), orders.Order.need(event.shop_id, orders.Order.id == event.order_id)
    codes.follow_order(shop, order, source="job")


def learn_parts_of_refunds(event: events.OrderChanged) -> None:
    """Queue a read of refund details from a connected WooCommerce shop; its webhook has only the amounts."""
    shop, order = shops.by_id(event.shop_id), orders.Order.need(event.shop_id, orders.Order.id == event.order_id)
    has_api = shop.is_connected and shop.platform == order.platform == "woocommerce"
    if has_api and woocommerce_refunds.without_parts(order.merged):
        job_queue.enqueue_once(JobName.LEARN_REFUND_PARTS, {"shop_id": shop.id, "order_id": order.id})


def move_referral_of_order(event: events.OrderChanged) -> None:
    """A guest's first order may contain a referral code; an order may complete a referral, or undo it."""
    shop, order = shops.by_id(event.shop_id), orders.Order.need(event.shop_id, orders.Order.id == event.order_id)
    if order.customer_id is None:
        return
    code = order.merged.landing_referral
    if code and order.ineligible_reason != orders.BEFORE_PROGRAM:
        friend = customers.by_id(shop.id, order.customer_id)
        binding.bind(shop, friend, code, source="job", came_at=order.placed_at)
    progress.evaluate(shop, order.customer_id, source="job")


def recheck_tier(event: events.PointsMoved) -> None:
    """Check the tier after points were earned or clawed back."""
    if event.kind == "earn":
        tiers.recheck(shops.by_id(event.shop_id), event.account_id)


def recheck_tiers(event: events.ManyPointsEarned) -> None:
    """Check the tier of each account that earned points."""
    tier_rechecks.recheck_some(shops.by_id(event.shop_id), [move.account_id for move in event.moves])


def forget_tier(event: events.TierChanged) -> None:
    """Remove the settings that rules and rewards have for a deleted tier."""
    if event.change == "deleted":
        rules.forget_tier(event.shop_id, event.tier_id)
        rewards.forget_tier(event.shop_id, event.tier_id)


def merge_customers(event: events.SamePerson) -> None:
    """Move the data of the source customer to the target customer."""
    merging.merge(shops.by_id(event.shop_id), event.source_id, event.target_id)


def let_code_die(event: events.CouponChanged) -> None:
    """Disable the code of an unusable coupon at the checkout of a connected shop too."""
    if event.status in coupons.DEAD and shops.by_id(event.shop_id).is_connected:
        job_queue.enqueue(JobName.KILL_CODE, {"shop_id": event.shop_id, "coupon_id": event.coupon_id})


def move_checkout_of_coupon(event: events.CouponChanged) -> None:
    """Update the discount at a checkout by the status of its coupon."""
    checkout.follow(shops.by_id(event.shop_id), event.coupon_id, event.status)


def thank_advocate(event: events.ReferralChanged) -> None:
    """Mail the advocate their gift when a friend completes the referral for the first time."""
    shop_id = event.shop_id
    referral = referrals.Referral.need(shop_id, referrals.Referral.id == event.referral_id)
    if event.status != "completed" or referral.completions > 1:
        return
    advocate = customers.by_id(shop_id, referral.advocate_id)
    gift = referral_programs.ReferralProgram.need(shop_id).advocate_gift
    got = referral.advocate_transaction_id or referral.advocate_coupon_id
    if got and gift:
        key = f"letter:referral_completed:{referral.id}"
        mailing.send(shops.by_id(shop_id), advocate, "referral_completed", {"gift": gift}, key=key)


def watch_feed(event: events.ShopConnected) -> None:
    """Start reading changes of a connected shop, whether or not a webhook delivers them."""
    feeds.begin(shops.by_id(event.shop_id))


def leave_feed(event: events.ShopDisconnected) -> None:
    """Stop reading from a shop whose API keys were deleted."""
    feeds.end(shops.by_id(event.shop_id))


def promise_mail(event: events.MailWanted) -> None:
    """Queue the mail; a job sends it after the commit."""
    mail.promise(event)


def promise_mails(event: events.ManyMailsWanted) -> None:
    """Queue the mails, each as a job that sends it after the commit."""
    mail.promise_many(event)


def tell_receivers(event: Event) -> None:
    """Queue a message to the shop's receivers, the cause before its consequences."""
    outbox.publish(event)


def tell_of_each(event: events.ManyPointsMoved | events.ManyPointsEarned) -> None:
    """Queue one message for each booked row to the shop's receivers."""
    outbox.publish(*event.moves)


payloads.RENDERERS["wix"] = wix_events.WIX  # delivery must not import the admin API
privacy.KEEPERS += [Keeper((Message,), outbox.forget), Keeper((Job,), mail.forget)]  # rules must not import delivery

batches.TAKE_BACK.append(takeover.take_back)  # points must not import rewards

REACTIONS: dict[type[Event], tuple[Callable[[Any], None], ...]] = {
    events.AccountCreated: (note_account, tell_receivers),
    events.AccountMerged: (tell_receivers,),
    events.PointsMoved: (tell_receivers, recheck_tier, letter_facts.note_points),
    events.ManyPointsMoved: (tell_of_each,),
    events.ManyPointsEarned: (tell_of_each, recheck_tiers, letter_facts.note_points_of_each),
    events.CustomerJoined: (tell_receivers, remember_membership, pay_for_joining),
    events.CustomerPastChanged: (look_at_past,),
    events.CustomerRegistered: (tell_receivers, bind_registered_friend),
    events.CustomerChanged: (tell_receivers, pay_for_newsletter),
    events.SamePerson: (tell_receivers, merge_customers),
    events.CustomerErased: (tell_receivers,),
    events.OrderChanged: (
        tell_receivers,
        score_order,
        use_coupons_of_order,
        move_referral_of_order,
        learn_parts_of_refunds,
    ),
    events.CouponIssued: (tell_receivers, letter_facts.note_coupon),
    events.CouponChanged: (tell_receivers, let_code_die, move_checkout_of_coupon, letter_facts.note_coupon),
    events.CouponDeleted: (tell_receivers,),
    events.ReferralChanged: (tell_receivers, thank_advocate),
    events.ProgramChanged: (tell_receivers,),
    events.RuleChanged: (tell_receivers,),
    events.RewardChanged: (tell_receivers,),
    events.TierChanged: (tell_receivers, forget_tier),
    events.BatchChanged: (imports.follow, tell_receivers),
    events.ImportCreated: (tell_receivers,),
    events.ChannelFollowed: (tell_receivers,),
    events.CheckoutChanged: (tell_receivers,),
    events.ShopConnected: (watch_feed,),
    events.ShopDisconnected: (leave_feed,),
    events.MailWanted: (promise_mail,),
    events.ManyMailsWanted: (promise_mails,),
    events.TierMoved: (letter_facts.note_tier,),
    events.ManyTiersMoved: (letter_facts.note_tiers,),
}
