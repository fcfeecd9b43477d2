"""The tables of totals. `at` is a quarter of an hour in UTC (2026-03-10T08:15), or a local day, or empty: no time."""

from peewee import CompositeKey

from widget_server.db import Int, Serial, ShopTable, Text

IN_ALL = ""  # the day of a total of all times, and the quarter of what has no time


class TotalChange(ShopTable):
    """What the open transaction changed, written by triggers; it is empty outside of transactions."""

    id = Serial(primary_key=True)
    name = Text()
    at = Text()
    amount = Int()


class QuarterTotal(ShopTable):
    """The sum of one total in a quarter of an hour, the same in all zones."""

    name = Text()
    at = Text()
    amount = Int()

    class Meta:
        primary_key = CompositeKey("shop_id", "name", "at")
        clustered = True


class DayTotal(ShopTable):
    """The sum of one total on one of the shop's days, in its present zone; IN_ALL: on all of them."""

    name = Text()
    day = Text()
    amount = Int()

    class Meta:
        primary_key = CompositeKey("shop_id", "name", "day")
        clustered = True
