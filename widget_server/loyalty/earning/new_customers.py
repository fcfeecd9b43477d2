"""Whether a person is a new customer, for referrals, codes typed by hand and the first-order rule (acceptance 44).

Each fact is compared in time with the moment in question, so that late or reordered messages give the same
result: an order by the time it was placed, a platform's report by the time as of which it was true.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from widget_server.db import Selection, statement
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop

VISIT = timedelta(minutes=30)  # an order and what its customer does shortly before and after it count as one visit
REGISTRATION_WINDOW = timedelta(days=30)


def is_new_customer(shop: Shop, customer: Customer, at: datetime, *, window: timedelta = REGISTRATION_WINDOW) -> bool:
    """Whether a customer who comes at this moment is new to the shop: had not bought, nor registered long before.

    `window` is how long before that moment a registration may be: the validity of the link that brought the customer.
    """
    return not (
        _registered_before(shop, customer, at - window) or has_bought(shop, customer, at - VISIT, reported_by=at)
    )


def has_bought(
    shop: Shop,
    customer: Customer,
    before: datetime,
    *,
    reported_by: datetime | None = None,
    apart_from: Iterable[str] = (),
) -> bool:
    """Whether the customer had paid for an order placed before that moment, as far as is known.

    Evidence is an order that was once paid, even if cancelled later, but not one that was only placed or declined; a
    report of the platform, as of `reported_by` (by default the same moment), that there had been one; or an account
    from before the program began, unless the platform reported that nothing had been paid. `apart_from` are the ids of
    orders to ignore.
    """
    apart, reported = set(apart_from), customer.paying_at
    if any(one.id not in apart for one in _paid.rows(shop.id, customer.id, before, len(apart) + 1)):
        return True
    if reported is not None and reported <= (reported_by or before):
        just_after = reported + datetime.resolution
        return not _paid.rows(shop.id, customer.id, just_after, 1)  # else the report is about a known order
    return _registered_before_program(shop, customer) and customer.not_paying_at is None


@statement
def _paid(shop_id: str, customer_id: str, before: datetime, limit: int) -> Selection[Order]:
    paid = Order.of(shop_id, Order.id).where(Order.customer_id == customer_id, Order.was_paid == True)
    return paid.where(Order.placed_at < before).limit(limit)


def _registered_before(shop: Shop, customer: Customer, moment: datetime) -> bool:
    registered = customer.registered_at
    return registered is not None and (registered < moment or _registered_before_program(shop, customer))


def _registered_before_program(shop: Shop, customer: Customer) -> bool:
    registered = customer.registered_at
    return registered is not None and programs.is_before_program(shop, programs.of(shop.id), registered)
