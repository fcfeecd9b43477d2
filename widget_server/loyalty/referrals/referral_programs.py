"""The referral program of a shop: what advocate and friend get, when, and for how long a link is remembered."""

from decimal import Decimal
from typing import TypedDict, Unpack

from peewee import Check

from widget_server import money
from widget_server.db import Bool, Int, Json, Money, Selection, ShopTable, Text, atomic
from widget_server.editions import kept
from widget_server.errors import NotWholeCoins
from widget_server.json_types import JsonObject
from widget_server.loyalty.audit_log import Audited
from widget_server.loyalty.program import programs, revisions
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards.gifts import Gift

TRIGGERS = ("registration", "first_paid_order", "first_fulfilled_order")
WINDOW_DAYS_DEFAULT = 30
DAILY_CAP_DEFAULT = 10


class ReferralProgram(Audited, ShopTable):
    """What a shop gives to both sides, and when. `window_days` is how long a link is remembered, `advocate_daily_cap`
    how many friends of one advocate may count on one day of the shop's zone; None: any number.
    """

    id = Text(primary_key=True)
    active = Bool(default=False)
    trigger = Text(default="first_paid_order")
    minimum_subtotal = Money(null=True)
    attribution = Text(default="first")
    window_days = Int(default=WINDOW_DAYS_DEFAULT)
    undo_on_refund = Bool(default=True)
    friend_gift = Json(null=True)
    advocate_gift = Json(null=True)
    revision = Int(default=1)
    advocate_daily_cap = Int(null=True, default=DAILY_CAP_DEFAULT)

    class Meta:
        indexes = ((("shop_id",), True),)
        constraints = [
            Check("trigger IN ('registration', 'first_paid_order', 'first_fulfilled_order')"),
            Check("attribution IN ('first', 'last')"),
        ]

    @property
    def for_friend(self) -> Gift | None:
        """The friend's gift; None for nothing."""
        return Gift.from_json(self.friend_gift) if self.friend_gift else None

    @property
    def for_advocate(self) -> Gift | None:
        """The advocate's gift; None for nothing."""
        return Gift.from_json(self.advocate_gift) if self.advocate_gift else None


def program_of(shop: Shop) -> ReferralProgram | None:
    """The shop's referral program, or None while it has none that is active."""
    program = _programs.first(shop.id)
    return program if program is not None and program.active else None


@kept
def _programs(shop_id: str) -> Selection[ReferralProgram]:
    return ReferralProgram.of(shop_id)


class ReferralSettings(TypedDict, total=False):
    """The columns of a referral program that may be set. The gifts are `Gift.as_json`; None is no gift."""

    active: bool
    trigger: str
    minimum_subtotal: Decimal | None
    attribution: str
    window_days: int
    undo_on_refund: bool
    friend_gift: JsonObject | None
    advocate_gift: JsonObject | None
    advocate_daily_cap: int | None


def settings_of(shop: Shop) -> ReferralProgram:
    """Returns the shop's referral program in any state; the defaults, not active, when it never set any."""
    return ReferralProgram.one(shop) or ReferralProgram(id=shop.id, shop_id=shop.id, revision=0)


def change_program(shop: Shop, revision: int | None, **settings: Unpack[ReferralSettings]) -> ReferralProgram:
    """Like `save_program`, for a caller who read `revision` (None: not checked); gifts that were given stay.

    Raises StaleRevision, and NotWholeCoins (friend_gift, advocate_gift).
    """
    with atomic():
        programs.locked(shop.id)
        revisions.check_revision(settings_of(shop), revision)
        for side, gift in (
            ("friend_gift", settings.get("friend_gift")),
            ("advocate_gift", settings.get("advocate_gift")),
        ):
            amount = Gift.from_json(gift).amount if gift else None
            if amount is not None and not money.is_whole_coins(amount, shop.currency):
                raise NotWholeCoins(shop.currency, field=side)
        return save_program(shop, **settings)


def save_program(shop: Shop, **settings: Unpack[ReferralSettings]) -> ReferralProgram:
    """Set the given settings of the shop's referral program; a new one gets defaults for the others."""
    program = ReferralProgram.one(shop)
    new = program is None
    if program is None:
        program = ReferralProgram(id=shop.id, shop_id=shop.id)
    for name, value in settings.items():
        setattr(program, name, value)
    program.revision = 1 if new else program.revision + 1
    program.save(force_insert=new)
    return program
