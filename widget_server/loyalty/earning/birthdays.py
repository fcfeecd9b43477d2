"""Birthdays: stored once, paid once a year (acceptance 25)."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta

from widget_server import clock, holds, ledger
from widget_server.db import among, atomic
from widget_server.errors import BadRequest, BalanceTooLarge
from widget_server.ledger import POINTS_MAX, Transaction
from widget_server.loyalty.earning import actions, caps, order_points
from widget_server.loyalty.earning.actions import Action
from widget_server.loyalty.earning.rules import EarningRule, is_on
from widget_server.loyalty.people import customers
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop

NOTICE_DAYS = 30
LEAP_DAY = date(2000, 2, 29)
PAGE = 200  # customers that are read at once
AT_LEAST = 5  # customers of one transaction
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
    return sum(pay_slices(shop))


def pay_slices(shop: Shop) -> Iterator[int]:
    """Does `pay`, some customers in each transaction; yields after each how many it paid.

    Who was paid before is read without a lock. Those whose points have to repay a debt, or who have no account yet, are
    paid one by one.
    """
    rules = [rule for rule in EarningRule.of(shop).where(EarningRule.kind == "birthday") if is_on(rule)]
    program = programs.of(shop.id)
    if not rules or not program.is_active:
        return
    today = clock.local_date(clock.now(), shop.timezone)
    pace, alone = holds.Pace(smallest=AT_LEAST, largest=PAGE), holds.Pace(smallest=1, largest=PAGE)
    for day in (today - timedelta(days=back) for back in range(DAYS_MISSED + 1)):
        for page in _born_on(shop, day):
            wanting = [customer for customer in _unpaid(shop, page, day) if order_points.may_earn(customer, program)]
            rest: list[Customer] = []
            for some in pace.slices(wanting):
                with pace.measured(len(some)), atomic():
                    paid, others = _pay_together(shop, rules, some, day)
                rest += others
                yield paid
            for some in alone.slices(rest):
                with alone.measured(len(some)), atomic():
                    paid = sum(_pay(shop, rules, customer, day) for customer in some)
                yield paid


def _pay_together(
    shop: Shop, rules: Sequence[EarningRule], customers: Sequence[Customer], day: date
) -> tuple[int, list[Customer]]:
    """Do `_pay` for those customers whose accounts allow it, by a few statements.

    Returns how many it paid, and the customers who have to be paid one by one.
    """
    accounts = ledger.locked_many(shop.id, [one.account_id for one in customers if one.account_id is not None])
    can_be_booked = all(figure.points <= POINTS_MAX for rule in rules for figure in rule.figures.values())
    able = {id for id, account in accounts.items() if can_be_booked and ledger.can_gain(account, len(rules))}
    usual, others = _split(customers, lambda customer: customer.account_id in able)
    due = _unpaid(shop, usual, day)
    action = Action("birthday", str(day.year), at=_moment(shop, day))
    paid = set[str]()
    for rule in rules:  # in turn: the points of one may lead to a tier for which another has its own figure
        paid |= actions.pay_many(shop, rule, due, action, "job")
    return len(paid), others


def _split(
    customers: Sequence[Customer], is_first: Callable[[Customer], bool]
) -> tuple[list[Customer], list[Customer]]:
    first, second = list[Customer](), list[Customer]()
    for customer in customers:
        (first if is_first(customer) else second).append(customer)
    return first, second


def _moment(shop: Shop, day: date) -> datetime:
    """Returns the time at which the points of a birthday count."""
    return min(clock.start_of(day, shop.timezone), clock.now())


def _pay(shop: Shop, rules: Sequence[EarningRule], customer: Customer, day: date) -> bool:
    """Pay one customer, unless another worker did; False also when the account can hold no more."""
    if not _is_payable(shop, customer, day):
        return False
    action = Action("birthday", str(day.year), at=_moment(shop, day))
    try:
        with atomic():
            rows = [actions.pay(shop, rule, customer, action, "job") for rule in rules]
    except BalanceTooLarge:  # nobody else waits for this one
        return False
    return any(row is not None for row in rows)


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


def _born_on(shop: Shop, day: date) -> Iterator[list[Customer]]:
    """Yields the members whose birthday is this day, PAGE at a time."""
    texts = [f"{day:%m-%d}"]
    if anniversary(LEAP_DAY, day.year) == day:
        texts.append(f"{LEAP_DAY:%m-%d}")
    born = (Customer.birthday.is_null(False), customers.birthday_in_year().in_(texts))
    found = Customer.of(shop).where(*born, Customer.status == "member", Customer.merged_into.is_null())
    last, ordered = "", found.order_by(Customer.id).limit(PAGE)
    while page := list(ordered.where(Customer.id > last)):
        yield page
        last = page[-1].id


def _unpaid(shop: Shop, page: Sequence[Customer], day: date) -> list[Customer]:
    """Returns those who told their birthday in time, and were not paid within caps.BIRTHDAY_GAP before this day."""
    page = [customer for customer in page if _was_told_in_time(shop, customer, day)]
    since = clock.start_of(day - caps.BIRTHDAY_GAP, shop.timezone)
    accounts = [customer.account_id for customer in page if customer.account_id is not None]
    paid = Transaction.of(shop, Transaction.account_id).where(
        among(Transaction.account_id, accounts),
        Transaction.cause_id.in_(_rule_ids(shop)),
        Transaction.event_at > since,
    )
    known = {account_id for (account_id,) in paid.tuples()}
    return [customer for customer in page if customer.account_id not in known]


def _rule_ids(shop: Shop) -> list[str]:
    return [rule.id for rule in EarningRule.of(shop, EarningRule.id).where(EarningRule.kind == "birthday")]


def _is_payable(shop: Shop, customer: Customer, day: date) -> bool:
    if not _was_told_in_time(shop, customer, day):
        return False
    account = ledger.account_of(shop.id, customer.id)
    if account is None:
        return True
    since = clock.start_of(day - caps.BIRTHDAY_GAP, shop.timezone)
    paid = Transaction.of(shop).where(
        Transaction.account_id == account.id, Transaction.cause_id.in_(_rule_ids(shop)), Transaction.event_at > since
    )
    return not paid.exists()


def _was_told_in_time(shop: Shop, customer: Customer, day: date) -> bool:
    set_at = customer.birthday_set_at
    return set_at is None or day - clock.local_date(set_at, shop.timezone) > timedelta(days=NOTICE_DAYS)
