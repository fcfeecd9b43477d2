"""Birthdays: stored once, paid once a year (acceptance 25)."""

from datetime import date, datetime, timedelta

from widget_server import clock, ledger
from widget_server.errors import BadRequest
from widget_server.ledger import Transaction
from widget_server.loyalty.earning import actions, caps, order_points
from widget_server.loyalty.earning.actions import Action
from widget_server.loyalty.earning.rules import EarningRule, is_on
from widget_server.loyalty.people import customers
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop

NOTICE_DAYS = 30
LEAP_DAY = date(2000, 2, 29)
DAYS_MISSED = 6  # for which a server that stood still pays later


def tell(customer: Customer, birthday: date) -> None:
    """Store the member's birthday. Raises BadRequest for a day that is not within the last 120 years."""
    today = clock.now().date()
    if not today.replace(year=today.year - 120, day=min(today.day, 28)) < birthday <= today:
        raise BadRequest("A birthday is a day in the past.", field="birthday")
    if customer.birthday != birthday.isoformat():
        customers.update(customer, birthday=birthday.isoformat(), birthday_set_at=clock.now())


def pay(shop: Shop) -> int:
    """Pay the birthdays of today and of up to six days that a stopped server missed. Returns how many it paid.

    A date set within the 30 days before the birthday pays next year. Between two payments are at least 360 days, so
    an edited date never pays twice.
    """
    rules = [rule for rule in EarningRule.of(shop).where(EarningRule.kind == "birthday") if is_on(rule)]
    program = programs.of(shop.id)
    if not rules or not program.is_active:
        return 0
    today = clock.local_date(clock.now(), shop.timezone)
    paid = 0
    for day, customer in _born_on(shop, *(today - timedelta(days=back) for back in range(DAYS_MISSED + 1))):
        if order_points.may_earn(customer, program) and _is_payable(shop, customer, day):
            at = min(clock.start_of(day, shop.timezone), clock.now())
            rows = [
                actions.pay(shop, rule, customer, Action("birthday", str(day.year), at=at), "job") for rule in rules
            ]
            paid += any(row is not None for row in rows)
    return paid


def next_paid(shop: Shop, customer: Customer) -> datetime | None:
    """The start of the next birthday that pays, in the shop's zone; None while no date is set."""
    if not customer.birthday:
        return None
    born = date.fromisoformat(customer.birthday)
    today = clock.local_date(clock.now(), shop.timezone)
    for year in (today.year, today.year + 1, today.year + 2):
        day = anniversary(born, year)
        if day >= today and _is_payable(shop, customer, day):
            return clock.start_of(day, shop.timezone)
    return None


def anniversary(born: date, year: int) -> date:
    """Returns the birthday in that year; of 29 February, the day before where there is none."""
    try:
        return born.replace(year=year)
    except ValueError:  # 29 February, in a year without one
        return date(year, 2, 28)


def _born_on(shop: Shop, *days: date) -> list[tuple[date, Customer]]:
    """Returns the members whose birthday is one of these days, each with the day; in the order of the days."""
    by_text = {f"{day:%m-%d}": day for day in days}
    by_text |= {f"{LEAP_DAY:%m-%d}": day for day in days if anniversary(LEAP_DAY, day.year) == day}
    born = (Customer.birthday.is_null(False), customers.birthday_in_year().in_(list(by_text)))
    found = Customer.of(shop).where(*born, Customer.status == "member", Customer.merged_into.is_null())
    places = {day: place for place, day in enumerate(days)}
    pairs = [(by_text[str(customer.birthday)[5:]], customer) for customer in found]
    return sorted(pairs, key=lambda pair: places[pair[0]])


def _is_payable(shop: Shop, customer: Customer, day: date) -> bool:
    set_at = customer.birthday_set_at
    if set_at is not None and day - clock.local_date(set_at, shop.timezone) <= timedelta(days=NOTICE_DAYS):
        return False
    account = ledger.account_of(shop.id, customer.id)
    if account is None:
        return True
    since = clock.start_of(day - caps.BIRTHDAY_GAP, shop.timezone)
    rules = [rule.id for rule in EarningRule.of(shop, EarningRule.id).where(EarningRule.kind == "birthday")]
    paid = Transaction.of(shop).where(
        Transaction.account_id == account.id, Transaction.cause_id.in_(rules), Transaction.event_at > since
    )
    return not paid.exists()
