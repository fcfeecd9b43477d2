"""The days on which daily tasks have something to do: a copy skips the others, which would cost seconds a year.

A task that is not thought of here runs late, on the first day of a month; tests compare with every single day.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from widget_server import clock
from widget_server.ledger import Account
from widget_server.loyalty.earning import birthdays
from widget_server.loyalty.letters.facts import AT_RISK_DAYS
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import expiry
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop


def next_day(shop: Shop) -> date:
    """Returns the next day of the shop's zone, after today, on which a daily task may have something to do."""
    tomorrow = clock.local_date(clock.now(), shop.timezone) + timedelta(days=1)
    first_of_month = clock.add_months(tomorrow.replace(day=1), 0 if tomorrow.day == 1 else 1)
    found = [first_of_month, *_birthdays(shop, tomorrow), *_expiries(shop, tomorrow), *_ends_of_tiers(shop, tomorrow)]
    return min(day for day in found if day >= tomorrow)


def _birthdays(shop: Shop, tomorrow: date) -> Iterator[date]:
    for (text,) in Customer.of(shop, Customer.birthday).where(Customer.birthday.is_null(False)).tuples():
        born = date.fromisoformat(text)
        yield from (birthdays.anniversary(born, year) for year in (tomorrow.year, tomorrow.year + 1))


def _expiries(shop: Shop, tomorrow: date) -> Iterator[date]:
    """The day of each account's next expiry, and those of its reminders; what is overdue expires tomorrow."""
    program = programs.of(shop.id)
    for account in Account.of(shop).where(Account.balance > 0) if program.rules.expiry != "off" else ():
        found = expiry.next_expiry(shop, program, account)
        if found is not None:
            day = max(clock.local_date(found.at, shop.timezone), tomorrow)
            yield from (day - timedelta(days=days) for days in (0, *program.rules.expiry_reminder_days))


def _ends_of_tiers(shop: Shop, tomorrow: date) -> Iterator[date]:
    """The day each tier ends, and the one of the letter before it; a letter that is overdue goes out tomorrow."""
    for ends in Account.of(shop, Account.tier_until, Account.granted_until).tuples():
        for end in (clock.local_date(end, shop.timezone) for end in ends if end is not None):
            yield end
            if "tier_at_risk" in programs.of(shop.id).rules.letters and end >= tomorrow:
                yield max(end - timedelta(days=AT_RISK_DAYS), tomorrow)
