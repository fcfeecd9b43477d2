"""How far the time of a copy moves at once."""

from datetime import date, datetime, timedelta
from typing import Literal

from widget_server import clock
from widget_server.errors import BadRequest
from widget_server.loyalty.program.shops import Shop

DAYS_MAX = 400  # at once; each day costs some milliseconds
YEARS_MAX = 10  # in all

Span = Literal["day", "week", "month"]


def after(shop: Shop, moment: datetime, span: Span) -> datetime:
    """Returns the same time of the day one span later, in the shop's zone."""
    here = moment.astimezone(clock.zone(shop.timezone))
    days = {"day": 1, "week": 7}
    later = here.date() + timedelta(days=days[span]) if span in days else clock.add_months(here.date(), 1)
    return datetime.combine(later, here.time(), here.tzinfo).astimezone(moment.tzinfo)


def beginning_of(shop: Shop, moment: datetime, day: date) -> datetime:
    """Returns the start of `day`, the first moment at which its daily tasks have run.

    Raises BadRequest (day) unless it is after `moment`, and at most DAYS_MAX days after it.
    """
    start = clock.start_of(day, shop.timezone)
    if not moment < start <= moment + timedelta(days=DAYS_MAX):
        raise BadRequest(f"A day after the present one, at most {DAYS_MAX} days later.", field="day")
    return start
