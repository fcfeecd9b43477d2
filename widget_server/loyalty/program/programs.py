"""The program: the settings for all rules of a shop. Draft, active or paused; every setting has a default."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from peewee import Check

from widget_server import clock, job_queue
from widget_server.db import Int, Json, Selection, ShopTable, Text, UtcDateTime, atomic, parsed
from widget_server.editions import kept
from widget_server.errors import BadTransition, ProgramNotActive
from widget_server.events import ProgramChanged, emit
from widget_server.job_queue import JobName
from widget_server.json_types import JsonObject
from widget_server.loyalty.audit_log import Audited
from widget_server.loyalty.earning.order_states import Milestone, OrderState
from widget_server.loyalty.program import revisions
from widget_server.loyalty.program.letter_kinds import ON_BEFORE
from widget_server.loyalty.program.shops import Shop

Rounding = Literal["floor", "unit", "nearest"]
PAUSE_GRACE_DAYS = 14
EXPIRY_MONTHS_MAX, REMINDER_DAYS_MAX = 600, 365
DECIMALS = ("tax_percent", "point_value")  # settings that JSON stores as text
LISTS = ("expiry_reminder_days", "letters")


class Program(Audited, ShopTable):
    """One per shop, created with it as DRAFT without rules (contracts §7). `activated_at` is the first activation."""

    id = Text(primary_key=True)
    name = Text()
    points_name = Text(null=True)
    status = Text(default="draft")
    settings = Json()
    revision = Int(default=1)
    resumed_at = UtcDateTime(null=True)
    created_at = UtcDateTime()
    updated_at = UtcDateTime()
    icon = Json(null=True)
    activated_at = UtcDateTime(null=True)

    class Meta:
        indexes = ((("shop_id",), True),)
        constraints = [Check("status IN ('draft', 'active', 'paused')")]

    @property
    def is_active(self) -> bool:
        """True while points are earned and redeemed (acceptance 16)."""
        return bool(self.status == "active")

    @property
    def rules(self) -> "ProgramSettings":
        """The settings from the JSON column, with defaults for what is not set."""
        return parsed(self, self.settings, ProgramSettings.from_json)


@dataclass(frozen=True)
class ProgramSettings:
    """The settings that hold for all rules.

    `rounding`, the `base_*` switches and `earn_at` with `wait_days` follow acceptance 19, 20 and 22;
    `combine` says how tier, product and campaign multipliers combine (21); `shortfall` is what happens when
    points to take back are spent (57); `point_value` is the worth of one point in the shop's currency.
    `after_fallback` is what becomes of the points of an order that no longer has the status of `earn_at`, and
    `cash_on_delivery` whether a payment that is due on delivery counts as paid (contracts §8).
    `prices_include_tax` and `tax_percent` say what part of a printed price is tax (12): orders report their own.
    `orders_from` is the day of the shop's zone from which orders count; None: the day of the first activation.
    `letters` are the mails to customers that are on (letter_kinds.py).
    """

    rounding: Rounding = "floor"
    base_after_discounts: bool = True
    base_shipping: bool = False
    base_tax: bool = False
    base_gift_cards: bool = False
    prices_include_tax: bool = False
    tax_percent: Decimal | None = None
    earn_at: Literal["placed", "paid", "fulfilled"] = "paid"
    wait_days: int = 0
    after_fallback: Literal["keep", "wait"] = "keep"
    cash_on_delivery: Literal["counts", "waits"] = "counts"
    combine: Literal["multiply", "add", "highest"] = "multiply"
    guests_earn: bool = True
    shortfall: Literal["clamp", "negative"] = "clamp"
    point_value: Decimal | None = None
    expiry: Literal["off", "inactivity", "age"] = "off"
    expiry_months: int = 12
    expiry_percent: int = 100
    expiry_reminder_days: tuple[int, ...] = (30, 7)
    coupon_after_cancel: Literal["usable", "points"] = "usable"
    return_days: int | None = 14
    orders_from: date | None = None
    letters: tuple[str, ...] = ON_BEFORE

    @property
    def paid_at(self) -> Milestone:
        """The milestone at which an order counts as paid: with or without payment due on delivery."""
        return "settled" if self.cash_on_delivery == "waits" else "paid"

    @property
    def earns_at(self) -> Milestone:
        """The milestone from which an order's points are spendable."""
        return self.paid_at if self.earn_at == "paid" else self.earn_at

    def stands(self, state: OrderState, milestone: Milestone) -> bool:
        """Whether an order counts as having reached `milestone`: once it has, unless it is void or must wait again."""
        if state.is_void:
            return False
        return milestone in (state.reached if self.after_fallback == "keep" else state.milestones)

    @classmethod
    def from_json(cls, stored: JsonObject) -> "ProgramSettings":
        """Returns the settings from the form that `as_json` stores."""
        values: dict[str, Any] = dict(stored)
        for name in DECIMALS:
            if values.get(name) is not None:
                values[name] = Decimal(values[name])
        for name in LISTS:
            if name in values:
                values[name] = tuple(values[name])
        if values.get("orders_from") is not None:
            values["orders_from"] = date.fromisoformat(values["orders_from"])
        return cls(**values)

    def as_json(self) -> JsonObject:
        """Returns the settings by field name; money and days as text."""
        value = asdict(self)
        for name in DECIMALS:
            value[name] = None if value[name] is None else str(value[name])
        for name in LISTS:
            value[name] = list(value[name])
        value["orders_from"] = None if self.orders_from is None else self.orders_from.isoformat()
        return value


def create(shop_id: str, name: str) -> Program:
    """Create the program of a new shop: draft, default settings, no rules."""
    moment = clock.now()
    program = Program(
        id=shop_id,
        shop_id=shop_id,
        name=name,
        settings=ProgramSettings().as_json(),
        created_at=moment,
        updated_at=moment,
    )
    program.save(force_insert=True)
    return program


def of(shop_id: str) -> Program:
    """Returns the shop's program. Every shop has one; raises NotFound for an unknown shop id."""
    return _programs.first(shop_id) or Program.need(shop_id)


@kept
def _programs(shop_id: str) -> Selection[Program]:
    return Program.of(shop_id)


def need_active(shop_id: str) -> Program:
    """Returns the shop's program; raises ProgramNotActive while it is draft or paused (acceptance 16)."""
    program = of(shop_id)
    if not program.is_active:
        raise ProgramNotActive()
    return program


def is_before_program(shop: Shop, program: Program, moment: datetime) -> bool:
    """Whether `moment` is before the day from which the shop's orders count (contracts §10)."""
    first = program.rules.orders_from
    if first is None and program.activated_at is not None:
        first = clock.local_date(program.activated_at, shop.timezone)
    return first is not None and clock.local_date(moment, shop.timezone) < first


def activate(shop_id: str) -> Program:
    """DRAFT or PAUSED -> ACTIVE. When ACTIVE already, nothing changes (contracts §2)."""
    with atomic():
        program = locked(shop_id)
        if not program.is_active:
            now = clock.now()
            resumed = now if program.status == "paused" else program.resumed_at
            program.activated_at = program.activated_at or now
            _save(program, status="active", resumed_at=resumed)
        return program


def pause(shop_id: str) -> Program:
    """ACTIVE -> PAUSED. When PAUSED already, nothing changes; raises BadTransition from DRAFT."""
    with atomic():
        program = locked(shop_id)
        if program.status == "draft":
            raise BadTransition("A draft cannot be paused: it never ran.")
        if program.is_active:
            _save(program, status="paused")
        return program


def update(
    shop_id: str,
    *,
    revision: int | None = None,
    name: str | None = None,
    points_name: str | None = None,
    icon: Mapping[str, object] | None = None,
    settings: ProgramSettings | None = None,
) -> Program:
    """Change the given values; past rows keep the rule and rate they were booked with (acceptance 59).

    An empty `points_name` removes the name, an empty `icon` the picture. After a change of `settings.orders_from` a job
    scores orders again. `revision` is the one the caller read (None: not checked). Raises StaleRevision.
    """
    with atomic():
        program = locked(shop_id)
        revisions.check_revision(program, revision)
        changes: dict[str, object] = {}
        if name is not None and name != program.name:
            changes["name"] = name
        if points_name is not None and points_name != program.points_name:
            changes["points_name"] = points_name or None
        if icon is not None and (icon or None) != program.icon:
            changes["icon"] = icon or None
        if settings is not None and settings.as_json() != ProgramSettings.from_json(program.settings).as_json():
            changes["settings"] = settings.as_json()
        began = program.rules.orders_from
        if changes:
            _save(program, **changes)
        if program.rules.orders_from != began:
            job_queue.enqueue_once(JobName.RECONSIDER_ORDERS, {"shop_id": shop_id})
        return program


def adopt_tax(shop_id: str, tax_percent: Decimal) -> bool:
    """Store the tax in the shop's prices, as its own settings have it, unless the program has a value already.

    Returns True when it was stored (contracts §13).
    """
    with atomic():
        rules = locked(shop_id).rules
        if rules.prices_include_tax or rules.tax_percent is not None:
            return False
        update(shop_id, settings=replace(rules, prices_include_tax=True, tax_percent=tax_percent))
        return True


def set_expiry(shop_id: str, *, on: bool) -> Program:
    """Turn expiry on (by inactivity unless the owner chose by age) or off; the months do not change."""
    with atomic():
        rules = locked(shop_id).rules
        if on == (rules.expiry != "off"):
            return of(shop_id)
        return update(shop_id, settings=replace(rules, expiry="inactivity" if on else "off"))


def locked(shop_id: str) -> Program:
    """Returns the program, locked until the transaction ends: this serialises edits of one shop's rules."""
    program = Program.locked_one(shop_id)
    return program or of(shop_id)


def _save(program: Program, **changes: object) -> None:
    for column, value in changes.items():
        setattr(program, column, value)
    program.revision += 1
    program.updated_at = clock.now()
    program.save()
    emit(ProgramChanged(program.shop_id, tuple(changes)))
