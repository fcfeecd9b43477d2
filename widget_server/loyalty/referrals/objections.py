"""Reasons not to reward a referral: self-referral, an existing customer, the daily cap (acceptance 44)."""

from datetime import datetime, timedelta

from widget_server import clock
from widget_server.loyalty.earning import new_customers
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.people import customers, mailboxes
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals.referral_programs import ReferralProgram
from widget_server.loyalty.referrals.referrals import Referral

PHONE_DIGITS_MIN = 6
EXISTING_CUSTOMER, DAILY_CAP = "existing_customer", "daily_cap"


def objection(
    shop: Shop, program: ReferralProgram, advocate: Customer, friend: Customer, *, came_at: datetime, bound_at: datetime
) -> str | None:
    """Why this friend, who came at `came_at`, is not rewarded (acceptance 44); None when there is no reason.

    Other customers count only if known when the referral was bound: one who came later cannot be the older customer.
    """
    if advocate.id == friend.id:
        return "own_link"
    if friend.mailbox and friend.mailbox == advocate.mailbox:
        return "own_email_variant"
    if _digits(friend.phone) and _digits(friend.phone) == _digits(advocate.phone):
        return "same_phone"
    if _share_an_address(shop, advocate, friend):
        return "same_address"
    if _came_before(shop, friend, advocate):
        return "mutual"
    if _is_known_otherwise(shop, friend, bound_at):
        return "existing_customer_email_variant"
    if not new_customers.is_new_customer(shop, friend, came_at, window=timedelta(days=program.window_days)):
        return EXISTING_CUSTOMER
    return None


def objection_now(shop: Shop, program: ReferralProgram, referral: Referral) -> str | None:
    """Why a referral whose orders complete it is not rewarded, by the facts known now; None when there is no reason.

    For one already completed, only earlier purchases and registration count, not later facts such as a shared address.
    """
    if referral.approved_at is not None:
        return None
    advocate, friend = (customers.by_id(shop.id, id) for id in (referral.advocate_id, referral.friend_id))
    came_at = referral.came_at or referral.created_at
    if referral.status != "completed":
        return objection(shop, program, advocate, friend, came_at=came_at, bound_at=referral.created_at)
    window = timedelta(days=program.window_days)
    fine = referral.came_at is None or new_customers.is_new_customer(shop, friend, came_at, window=window)
    return None if fine else EXISTING_CUSTOMER


def over_cap(shop: Shop, program: ReferralProgram, advocate: Customer, at: datetime) -> str | None:
    """DAILY_CAP when the advocate has reached the cap of the day, else None; staff may approve those beyond it."""
    if program.advocate_daily_cap is None:
        return None
    since, _ = clock.period(at, "day", shop.timezone)
    today = Referral.of(shop).where(
        Referral.advocate_id == advocate.id, Referral.created_at >= since, Referral.status != "blocked"
    )
    return DAILY_CAP if today.count() >= program.advocate_daily_cap else None


def _share_an_address(shop: Shop, advocate: Customer, friend: Customer) -> bool:
    """Whether an order of the friend was billed or shipped to the name and address of an order of the advocate."""
    of_friend = Order.of(shop, Order.address_digests).where(Order.customer_id == friend.id)
    digests = {digest for order in of_friend for digest in order.address_digests}
    of_advocate = Order.of(shop).where(Order.customer_id == advocate.id)
    return any(of_advocate.where(Order.address_digests.cast("TEXT").contains(digest)).exists() for digest in digests)


def _came_before(shop: Shop, friend: Customer, advocate: Customer) -> bool:
    """True when the friend brought the advocate, directly or through others, and so is not a new customer."""
    seen: set[str] = set()
    above: str | None = advocate.id
    while above is not None and above not in seen:
        seen.add(above)
        brought = Referral.one(shop, Referral.friend_id == above, Referral.status != "blocked")
        above = brought.advocate_id if brought else None
        if above == friend.id:
            return True
    return False


def _is_known_otherwise(shop: Shop, friend: Customer, bound_at: datetime) -> bool:
    """Whether the friend's mailbox is an older customer's; an account in the shop without any activity is not one."""
    if not friend.mailbox:
        return False
    twins = Customer.of(shop).where(
        Customer.mailbox == friend.mailbox,
        Customer.id != friend.id,
        Customer.merged_into.is_null(),
        Customer.created_at < bound_at,
    )
    return mailboxes.had_by_another(shop, friend, mailboxes.MEMBERSHIP, bound_at) or any(
        twin.email_key != friend.email_key or new_customers.has_bought(shop, twin, clock.now())
        for twin in twins.limit(20)
    )


def _digits(phone: str | None) -> str:
    """The last nine digits, equal for all spellings of one number; "" for a number that is too short."""
    digits = "".join(one for one in phone or "" if one.isdigit())
    return digits[-9:] if len(digits) >= PHONE_DIGITS_MIN else ""
