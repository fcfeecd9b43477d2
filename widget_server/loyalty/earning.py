"""Earning rules: which action gives how many points, and how an order is scored.

An order is scored by its state: what it should give is worked out anew and the difference is booked, so
that repeated, late or shuffled news cannot matter (acceptance 23). Rule and rate are kept on the award when
the order first earns; later edits never change what was given (59).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from peewee import Case, Check, fn

from widget_server import clock, ledger
from widget_server.db import Bool, Int, Json, Money, ShopTable, Text, UtcDateTime, atomic, new_id
from widget_server.errors import BadRequest, RuleNotClickable
from widget_server.events import ProgramChanged, emit
from widget_server.ledger import POINTS_MAX, Account, Cause, Transaction
from widget_server.loyalty import customers, points, programs, tiers
from widget_server.loyalty.customers import Customer
from widget_server.loyalty.order_states import OrderState, goods, shipping
from widget_server.loyalty.orders import Order
from widget_server.loyalty.points import Award, Target
from widget_server.loyalty.programs import Program
from widget_server.loyalty.shops import Shop

KINDS = ("order", "first_order", "join", "birthday", "newsletter", "review", "social", "visit", "custom")
ORDER_KINDS = ("order", "first_order")
ONCE_KINDS = ("join", "newsletter", "social", "first_order")
BIRTHDAY_NOTICE_DAYS = 30
ZERO, ONE = Decimal(0), Decimal(1)


class EarningRule(ShopTable):
    """An action and what it gives: `points`, or `rate_points` for each `rate_per` of money."""

    id = Text(primary_key=True)
    handle = Text()
    kind = Text()
    title = Text(null=True)
    description = Text(null=True)
    position = Int(default=0)
    active = Bool(default=True)
    points = Int(null=True)
    rate_points = Int(null=True)
    rate_per = Money(null=True)
    settings = Json()
    archived_at = UtcDateTime(null=True)
    revision = Int(default=1)
    created_at = UtcDateTime()
    updated_at = UtcDateTime()

    class Meta:
        indexes = ((("shop_id", "handle"), True), (("shop_id", "position"), False))
        constraints = [
            Check("(points IS NULL) <> (rate_points IS NULL)"),
            Check("(rate_points IS NULL) = (rate_per IS NULL)"),
        ]

    @property
    def terms(self) -> "Terms":
        """The conditions, defaults filled in."""
        return Terms.from_json(self.settings)


@dataclass(frozen=True)
class Terms:
    """When a rule applies. Caps count points or times for one customer; 0 or None means no cap.

    `product_multipliers` and `collection_multipliers` map an id to a factor as text; a line takes the
    highest that fits it. `channel` and `url` are for social rules, `name` for custom actions.
    """

    minimum_subtotal: Decimal | None = None
    include_products: tuple[str, ...] = ()
    include_collections: tuple[str, ...] = ()
    exclude_products: tuple[str, ...] = ()
    exclude_collections: tuple[str, ...] = ()
    product_multipliers: dict[str, str] = field(default_factory=dict)
    collection_multipliers: dict[str, str] = field(default_factory=dict)
    guests: bool = True
    tier_ids: tuple[str, ...] = ()
    points_per_day: int | None = None
    points_per_month: int | None = None
    points_ever: int | None = None
    times_per_day: int | None = None
    times_per_month: int | None = None
    times_per_year: int | None = None
    times_ever: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    url: str | None = None
    channel: str | None = None
    name: str | None = None

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Terms":
        """The terms as stored by `as_json`."""
        values = dict(stored)
        for name in ("starts_at", "ends_at"):
            values[name] = clock.parse(values[name]) if values.get(name) else None
        if values.get("minimum_subtotal") is not None:
            values["minimum_subtotal"] = Decimal(values["minimum_subtotal"])
        for name in LISTS:
            values[name] = tuple(values.get(name, ()))
        return cls(**values)

    def as_json(self) -> dict[str, Any]:
        """Only what differs from the defaults, as JSON."""
        standard = Terms()
        value: dict[str, Any] = {}
        for name in self.__dataclass_fields__:
            own = getattr(self, name)
            if own != getattr(standard, name):
                value[name] = _plain(own)
        return value

    def holds_at(self, moment: datetime) -> bool:
        """True inside the date window."""
        return not ((self.starts_at and moment < self.starts_at) or (self.ends_at and moment >= self.ends_at))

    @property
    def capped(self) -> bool:
        """True when what an order gives depends on the customer's other orders."""
        return any((self.points_per_day, self.points_per_month, self.points_ever, *self._times))

    @property
    def _times(self) -> tuple[int | None, ...]:
        return (self.times_per_day, self.times_per_month, self.times_per_year, self.times_ever)


LISTS = ("include_products", "include_collections", "exclude_products", "exclude_collections", "tier_ids")


class Campaign(ShopTable):
    """A time in which orders give a multiple (acceptance 21)."""

    id = Text(primary_key=True)
    name = Text()
    multiplier = Money()
    starts_at = UtcDateTime()
    ends_at = UtcDateTime()

    class Meta:
        indexes = ((("shop_id", "name"), True),)


@dataclass(frozen=True)
class Rate:
    """What an order was, or would be, scored with: kept on the award, and from there on the transaction."""

    rule_id: str
    title: str | None
    points: int | None
    per_points: int | None
    per: Decimal | None
    rounding: str
    tier: Decimal
    campaign: Decimal
    combine: str
    after_discounts: bool
    with_shipping: bool
    with_tax: bool
    with_gift_cards: bool
    earn_at: str
    wait_days: int
    terms: Terms

    def as_json(self) -> dict[str, Any]:
        """A JSON value that `from_json` reads back."""
        value = {name: _plain(getattr(self, name)) for name in self.__dataclass_fields__ if name != "terms"}
        return {**value, "terms": self.terms.as_json()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Rate":
        """The rate as kept by `as_json`."""
        known = {name: value[name] for name in cls.__dataclass_fields__}
        for name in ("tier", "campaign"):
            known[name] = Decimal(known[name])
        known["per"] = Decimal(known["per"]) if known["per"] is not None else None
        known["terms"] = Terms.from_json(known["terms"])
        return cls(**known)


@dataclass(frozen=True)
class Score:
    """What an order gives under one rate: the money that counted, before and after refunds.

    `factor` is what all multipliers came to, lines taken together: base x rate x factor are the points.
    """

    points: int
    base: Decimal
    full_base: Decimal
    factor: Decimal = ONE


def score(state: OrderState, rate: Rate) -> Score:
    """Points of an order, whole: base of acceptance 19, multipliers of 21, rounding of 20, refunds of 57.

    Each line counts with its own factor; the sum is rounded once. A fixed number of points is lowered in
    proportion to the goods given back. Caps are not in here.
    """
    counted = [
        (item, _factor(item.line, rate))
        for item in goods(
            state,
            after_discounts=rate.after_discounts,
            with_tax=rate.with_tax,
            with_gift_cards=rate.with_gift_cards,
        )
        if _applies_to(item.line, rate.terms)
    ]
    full = sum((item.full for item, _ in counted), ZERO)
    kept = sum((item.kept for item, _ in counted), ZERO)
    weighted = sum((item.kept * factor for item, factor in counted), ZERO)
    if rate.with_shipping:
        charged, still = shipping(state)
        everywhere = combined([rate.tier, rate.campaign], rate.combine)
        full, kept, weighted = full + charged, kept + still, weighted + still * everywhere
    full, kept = _settled(full), _settled(kept)
    if full <= 0 or state.status == "cancelled" or full < (rate.terms.minimum_subtotal or ZERO):
        return Score(0, ZERO, full)
    if rate.points is not None:
        whole = _rounded(rate.points * combined([rate.tier, rate.campaign], rate.combine), rate.rounding)
        return Score(_rounded(whole * kept / full, "floor"), kept, full)
    factor = round(weighted / kept, 4) if kept else ONE
    return Score(_per_money(weighted, rate), kept, full, factor)


def _per_money(weighted: Decimal, rate: Rate) -> int:
    per, per_points = rate.per or ONE, rate.per_points or 0
    if rate.rounding == "unit":
        return min(_rounded(weighted / per, "floor") * per_points, POINTS_MAX)
    return _rounded(weighted * per_points / per, rate.rounding)


def _rounded(value: Decimal, rounding: str) -> int:
    exact = _settled(min(value, Decimal(POINTS_MAX)))
    return int(exact.to_integral_value(ROUND_HALF_UP)) if rounding == "nearest" else int(exact)


def _settled(value: Decimal) -> Decimal:
    """Thirds that were divided and added again are whole again: a hair below 20 is 20."""
    return round(value, 9)


def combined(factors: list[Decimal], how: str) -> Decimal:
    """How multipliers meet: multiplied; their extras added; or only the highest."""
    if how == "add":
        return ONE + sum((factor - ONE for factor in factors), ZERO)
    if how == "highest":
        return max(factors)
    product = ONE
    for factor in factors:
        product *= factor
    return product


def _factor(line: Any, rate: Rate) -> Decimal:
    terms = rate.terms
    told = [terms.product_multipliers.get(line.product_id)]
    told += [terms.collection_multipliers.get(name) for name in line.collection_ids]
    own = max((Decimal(factor) for factor in told if factor is not None), default=ONE)
    return combined([own, rate.tier, rate.campaign], rate.combine)


def _applies_to(line: Any, terms: Terms) -> bool:
    collections = set(line.collection_ids)
    if line.product_id in terms.exclude_products or collections & set(terms.exclude_collections):
        return False
    if terms.include_products or terms.include_collections:
        return line.product_id in terms.include_products or bool(collections & set(terms.include_collections))
    return True


# Scoring the orders of a shop


def score_order(shop: Shop, order_id: str, *, source: str) -> None:
    """Bring everything this order should have given in step with its state.

    Rules with caps and the first-order rule depend on her other orders: those are worked out in the order
    in which they were placed, whatever the order in which we heard of them.
    """
    with atomic():
        order = Order.need(shop, Order.id == order_id)
        if order.why_nothing or order.customer_id is None:
            return
        program, customer = programs.of(shop.id), customers.by_id(shop.id, order.customer_id)
        _lock_concerned(shop, order)
        account = ledger.account_of(shop.id, customer.id)
        hers: dict[str, Award] = {}
        for award in list(Award.of(shop).where(Award.order_id == order.id)):
            if account is not None and award.account_id == account.id:
                hers[award.rule_id] = award
            else:
                _settle(shop, order, award, 0, program, source, word="order_changed")
        for rule in _order_rules(shop):
            if rule.id not in hers and not _open_for(rule, order, customer, account, program):
                continue
            rate = _rate_now(shop, program, rule, account, order.placed_at)
            if rule.id in hers:
                award = hers[rule.id]
            elif account is not None or score(order.told, rate).points:
                account = account or ledger.open_account(shop.id, customer.id)  # never for nothing (contracts §1)
                award = _first_award(shop, rule, order, account, rate)
            else:
                continue
            _score_rule(shop, program, rule, order, award, source)
        if account is not None:
            ledger.touch(shop.id, account.id, min(order.placed_at, clock.now()))


def _lock_concerned(shop: Shop, order: Order) -> None:
    """Whoever has, or had, the order: her parallel orders take turns, so that caps hold (acceptance 24)."""
    had = Award.of(shop, Award.account_id).where(Award.order_id == order.id)
    concerned = (Account.customer_id == order.customer_id) | Account.id.in_(had)
    for (account_id,) in list(Account.of(shop, Account.id).where(concerned).order_by(Account.id).tuples()):
        ledger.locked(shop.id, account_id)


def _order_rules(shop: Shop) -> list[EarningRule]:
    return list(EarningRule.of(shop).where(EarningRule.kind.in_(ORDER_KINDS)).order_by(EarningRule.position))


def _may_earn(customer: Customer, program: Program) -> bool:
    if customer.excluded or customer.erased_at or not program.is_active:
        return False
    return bool(customer.is_member or program.rules.guests_earn)


def _open_for(rule: EarningRule, order: Order, customer: Customer, account: Account | None, program: Program) -> bool:
    """May an order that this rule has not seen yet earn under it now?"""
    return bool(
        rule.active
        and rule.archived_at is None
        and rule.terms.holds_at(order.placed_at)
        and _may_earn(customer, program)
        and _is_for(rule, customer, account)
    )


def _first_award(shop: Shop, rule: EarningRule, order: Order, account: Account, rate: Rate) -> Award:
    """The award that keeps the rate this order is scored with from now on (acceptance 59)."""
    ledger.locked(shop.id, account.id)
    award = points.new_award(
        shop.id, account.id, cause=rule.kind, rule_id=rule.id, order_id=order.id, at=order.placed_at
    )
    award.snapshot = {"rate": rate.as_json()}
    award.save(only=[Award.snapshot])
    return award


def _score_rule(shop: Shop, program: Program, rule: EarningRule, order: Order, award: Award, source: str) -> None:
    account = Account.need(shop, Account.id == award.account_id)
    if rule.kind == "first_order":
        _score_first(shop, program, rule, account, source)
    elif _rate_of(award).terms.capped:
        for one, hers, given in _taking_turns(shop, rule, account)[1]:
            _settle(shop, one, hers, given, program, source)
    else:
        _settle(shop, order, award, None, program, source)


def _score_first(shop: Shop, program: Program, rule: EarningRule, account: Account, source: str) -> None:
    """Only her first paid order gives these points: first by when it was placed, not by when we heard."""
    paid = Order.of(shop).where(Order.customer_id == account.customer_id, Order.status.in_(("paid", "fulfilled")))
    first = paid.order_by(Order.placed_at, Order.external_id).first()
    mine = Award.of(shop).where(Award.rule_id == rule.id, Award.account_id == account.id)
    for award in mine.where((Award.points > 0) | (Award.order_id == (first.id if first else None))):
        if first is not None and award.order_id == first.id:
            _settle(shop, first, award, None, program, source)
        else:
            _settle(shop, Order.need(shop, Order.id == award.order_id), award, 0, program, source)


def _taking_turns(shop: Shop, rule: EarningRule, account: Account) -> tuple["Budget", list[tuple[Order, Award, int]]]:
    """An account's orders under a rule, in the order in which they were placed, each with what the caps leave it."""
    mine = Award.of(shop).where(Award.rule_id == rule.id, Award.account_id == account.id)
    rows = {award.order_id: award for award in mine}
    budget, turns = Budget(shop), []
    for order in Order.of(shop).where(Order.id.in_(list(rows))).order_by(Order.placed_at, Order.external_id):
        rate = _rate_of(rows[order.id])
        scored = score(order.told, rate).points if order.customer_id == account.customer_id else 0
        turns.append((order, rows[order.id], budget.take(scored, order.placed_at, rate.terms)))
    return budget, turns


class Budget:
    """What caps still allow one customer, taken in the order of time (acceptance 24).

    All that was taken counts, also what was taken before the rule had a cap.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._points: dict[tuple[str, datetime | None], int] = {}
        self._times: dict[tuple[str, datetime | None], int] = {}

    def take(self, wanted: int, at: datetime, terms: Terms) -> int:
        """How many of `wanted` points the caps leave at this time; they are used up by it."""
        allowed = wanted
        caps = self._caps(at, terms) if wanted else []
        for window, points_cap, times_cap in caps:
            if times_cap is not None and self._times.get(window, 0) >= times_cap:
                allowed = 0
            if points_cap is not None:
                allowed = min(allowed, max(points_cap - self._points.get(window, 0), 0))
        if allowed:
            for window, _, _ in caps:
                self._points[window] = self._points.get(window, 0) + allowed
                self._times[window] = self._times.get(window, 0) + 1
        return allowed

    def _caps(self, at: datetime, terms: Terms) -> list[tuple[tuple[str, datetime | None], int | None, int | None]]:
        listed = (
            ("day", terms.points_per_day, terms.times_per_day),
            ("month", terms.points_per_month, terms.times_per_month),
            ("year", None, terms.times_per_year),
            ("ever", terms.points_ever, terms.times_ever),
        )
        return [
            ((unit, None if unit == "ever" else clock.period(at, unit, self._shop.timezone)[0]), most, times)
            for unit, most, times in listed
        ]


def _rate_of(award: Award) -> Rate:
    return Rate.from_json(award.snapshot["rate"])


def _settle(
    shop: Shop,
    order: Order,
    award: Award,
    given: int | None,
    program: Program,
    source: str,
    *,
    word: str | None = None,
) -> None:
    """Bring one award to what its order is worth; `given` overrules the score (caps, first order)."""
    rate, state = _rate_of(award), order.told
    scored = score(state, rate)
    reached = state.reached.get(rate.earn_at)
    wanted = scored.points if given is None else given
    snapshot = {
        "rate": award.snapshot["rate"],
        "base": str(scored.base),
        "factor": str(scored.factor),
        "number": order.number,
        "capped": wanted < scored.points,
    }
    target = Target(
        points=wanted,
        due_at=_due(shop, reached, rate.wait_days),
        word=word or _word(state),
        snapshot=snapshot,
    )
    points.settle(award, target, shortfall=program.rules.shortfall, source=source)


def _due(shop: Shop, reached: datetime | None, wait_days: int) -> datetime | None:
    """When points of an order that reached its status may be spent: whole days of the shop's zone later."""
    if reached is None or not wait_days:
        return reached
    return clock.start_of(clock.local_date(reached, shop.timezone) + timedelta(days=wait_days), shop.timezone)


def _word(state: OrderState) -> str:
    if state.status == "cancelled":
        return "order_cancelled"
    return "order_refunded" if state.refunds else "order_changed"


def _rate_now(shop: Shop, program: Program, rule: EarningRule, account: Account | None, at: datetime) -> Rate:
    settings = program.rules
    standing = tiers.standing(shop.id, account)
    return Rate(
        rule_id=rule.id,
        title=rule.title,
        points=rule.points,
        per_points=rule.rate_points,
        per=rule.rate_per,
        rounding=settings.rounding,
        tier=standing.multiplier if standing else ONE,
        campaign=campaign_multiplier(shop, at),
        combine=settings.combine,
        after_discounts=settings.base_after_discounts,
        with_shipping=settings.base_shipping,
        with_tax=settings.base_tax,
        with_gift_cards=settings.base_gift_cards,
        earn_at=settings.earn_at,
        wait_days=settings.wait_days,
        terms=rule.terms,
    )


def campaign_multiplier(shop: Shop, at: datetime) -> Decimal:
    """The highest multiplier of the campaigns running at `at`; 1 when there is none."""
    running = Campaign.of(shop).where(Campaign.starts_at <= at, Campaign.ends_at > at)
    return max((Decimal(campaign.multiplier) for campaign in running), default=ONE)


def quote(shop: Shop, customer: Customer | None, state: OrderState) -> int:
    """What an order like `state` would give this customer now: the ledger's own arithmetic (acceptance 12).

    Without what a first order gives once; None is a guest whom nobody knows yet.
    """
    program, now = programs.of(shop.id), clock.now()
    if not (_may_earn(customer, program) if customer else program.is_active and program.rules.guests_earn):
        return 0
    account = ledger.account_of(shop.id, customer.id) if customer else None
    total = 0
    for rule in _order_rules(shop):
        if rule.kind == "order" and _is_on(rule) and _is_for(rule, customer, account):
            scored = score(state, _rate_now(shop, program, rule, account, now)).points
            budget = _taking_turns(shop, rule, account)[0] if account and rule.terms.capped else Budget(shop)
            total += budget.take(scored, now, rule.terms)
    return total


# Actions that are no orders


@dataclass(frozen=True)
class Action:
    """Something a customer did. `id` is the doer's own id of it: the same id never pays twice."""

    kind: str
    id: str
    name: str | None = None
    value: Decimal | None = None
    at: datetime | None = None


def fire(shop: Shop, customer: Customer, action: Action, *, source: str) -> list[Transaction]:
    """Book what `action` gives under every rule for it; the booked rows (none: no rule, or a cap).

    Nothing is earned while the program is not active, by the excluded, or twice by the same action.
    """
    if not _may_earn(customer, programs.of(shop.id)):
        return []
    booked = []
    for rule in EarningRule.of(shop).where(EarningRule.kind == action.kind).order_by(EarningRule.position):
        if _is_on(rule) and _names(rule, action):
            row = _pay(shop, rule, customer, action, source)
            if row is not None:
                booked.append(row)
    return booked


def click(shop: Shop, customer: Customer, rule_id: str) -> EarningRule:
    """She opened a social page: points for the click, once (acceptance 26).

    Raises RuleNotClickable for every other kind of rule, NotFound when there is no such rule.
    """
    rule = EarningRule.need(shop, EarningRule.id == rule_id)
    if rule.kind != "social":
        raise RuleNotClickable()
    program = programs.need_active(shop.id)
    if _is_on(rule) and _may_earn(customer, program):
        _pay(shop, rule, customer, Action("social", "click"), "widget")
    return rule


def visit(shop: Shop, customer: Customer) -> int:
    """The day's first page visit; answers the points it gave now."""
    day = clock.local_date(clock.now(), shop.timezone).isoformat()
    rows = fire(shop, customer, Action("visit", day), source="widget")
    return sum(row.amount for row in rows)


def _is_on(rule: EarningRule) -> bool:
    return bool(rule.active and rule.archived_at is None and rule.terms.holds_at(clock.now()))


def _is_for(rule: EarningRule, customer: Customer | None, account: Account | None) -> bool:
    terms = rule.terms
    if not terms.guests and not (customer and customer.is_member):
        return False
    return not terms.tier_ids or bool(account and account.tier_id in terms.tier_ids)


def _names(rule: EarningRule, action: Action) -> bool:
    return rule.kind != "custom" or rule.terms.name == action.name


def _pay(shop: Shop, rule: EarningRule, customer: Customer, action: Action, source: str) -> Transaction | None:
    moment = action.at or clock.now()
    with atomic():
        account = ledger.open_account(shop.id, customer.id)
        ledger.locked(shop.id, account.id)
        if not _is_for(rule, customer, account):
            return None
        key = f"{rule.kind}:{rule.id}:{customer.id}"
        if rule.kind not in ONCE_KINDS:
            key += f":{action.id}"
        if Transaction.one(shop, Transaction.source == source, Transaction.key == key) is not None:
            return None
        wanted = rule.points if rule.points is not None else _by_value(rule, action)
        given = _within_caps(shop, rule, account, wanted, moment)
        if given <= 0:
            return None
        cause = Cause(rule.kind, rule.id, snapshot={"points": given, "title": rule.title})
        return ledger.post(shop.id, account.id, "earn", given, source=source, key=key, cause=cause, at=moment)


def _by_value(rule: EarningRule, action: Action) -> int:
    if action.value is None:
        return 0
    return min(int(action.value * rule.rate_points / rule.rate_per), POINTS_MAX)


def _within_caps(shop: Shop, rule: EarningRule, account: Account, wanted: int, at: datetime) -> int:
    """What the rule's caps leave of `wanted`; the account is locked, so parallel calls take turns."""
    budget, terms = Budget(shop), _standard_caps(rule)
    earlier = Transaction.of(shop, Transaction.amount, Transaction.event_at).where(
        Transaction.account_id == account.id, Transaction.cause_id == rule.id, Transaction.kind == "earn"
    )
    for amount, event_at in earlier.order_by(Transaction.sequence).tuples():
        budget.take(amount, event_at, terms)
    return budget.take(wanted, at, terms)


def _standard_caps(rule: EarningRule) -> Terms:
    """What each kind is capped at by its nature, whatever the owner says."""
    terms = rule.terms
    if rule.kind in ONCE_KINDS:
        return replace(terms, times_ever=1)
    if rule.kind == "visit":
        return replace(terms, times_per_day=1)
    return terms


# Birthdays (acceptance 25)


def set_birthday(customer: Customer, birthday: date) -> None:
    """Note her birthday; raises BadRequest for a day that is not in the past of the last 120 years."""
    today = clock.now().date()
    if not today.replace(year=today.year - 120, day=min(today.day, 28)) < birthday <= today:
        raise BadRequest("A birthday is a day in the past.", field="birthday")
    if customer.birthday != birthday.isoformat():
        customers.update(customer, birthday=birthday.isoformat(), birthday_set_at=clock.now())


def pay_birthdays(shop: Shop) -> int:
    """Pay the birthdays of today and of up to six days that a stopped server missed; answers how many.

    A date set within the 30 days before pays next year; between two payments lie at least 360 days, so an
    edited date never pays twice.
    """
    rules = [rule for rule in EarningRule.of(shop).where(EarningRule.kind == "birthday") if _is_on(rule)]
    program = programs.of(shop.id)
    if not rules or not program.is_active:
        return 0
    today = clock.local_date(clock.now(), shop.timezone)
    paid = 0
    for day in (today - timedelta(days=back) for back in range(7)):
        for customer in _born_on(shop, day):
            if _may_earn(customer, program) and _birthday_is_payable(shop, customer, day):
                at = min(clock.start_of(day, shop.timezone), clock.now())
                rows = [_pay(shop, rule, customer, Action("birthday", str(day.year), at=at), "job") for rule in rules]
                paid += any(row is not None for row in rows)
    return paid


def next_birthday(shop: Shop, customer: Customer) -> datetime | None:
    """The next birthday that pays; None while no date is set."""
    if not customer.birthday:
        return None
    born = date.fromisoformat(customer.birthday)
    today = clock.local_date(clock.now(), shop.timezone)
    for year in (today.year, today.year + 1, today.year + 2):
        day = _anniversary(born, year)
        if day >= today and _birthday_is_payable(shop, customer, day):
            return clock.start_of(day, shop.timezone)
    return None


def _anniversary(born: date, year: int) -> date:
    try:
        return born.replace(year=year)
    except ValueError:  # 29 February, in a year without one
        return date(year, 2, 28)


def _born_on(shop: Shop, day: date) -> Iterable[Customer]:
    days = [f"%-{day:%m-%d}"]
    if (day.month, day.day) == (2, 28) and _anniversary(date(2000, 2, 29), day.year) == day:
        days.append("%-02-29")
    fits = [Customer.birthday**pattern for pattern in days]
    matching = fits[0] if len(fits) == 1 else fits[0] | fits[1]
    return list(Customer.of(shop).where(matching, Customer.status == "member", Customer.merged_into.is_null()))


def _birthday_is_payable(shop: Shop, customer: Customer, day: date) -> bool:
    set_at = customer.birthday_set_at
    if set_at is not None and day - clock.local_date(set_at, shop.timezone) <= timedelta(days=BIRTHDAY_NOTICE_DAYS):
        return False
    account = ledger.account_of(shop.id, customer.id)
    if account is None:
        return True
    since = clock.start_of(day - timedelta(days=360), shop.timezone)
    paid = Transaction.of(shop).where(
        Transaction.account_id == account.id, Transaction.cause == "birthday", Transaction.event_at > since
    )
    return not paid.exists()


# What the shopper's list needs to know of each rule (acceptance 17, 18)


@dataclass(frozen=True)
class RuleState:
    """A rule as it stands for one customer now."""

    state: Literal["open", "done", "waiting"]
    opens_at: datetime | None = None


OPEN = RuleState("open")
DONE = RuleState("done")


def listed(shop: Shop, customer: Customer | None, account: Account | None) -> list[EarningRule]:
    """Active rules that are valid for this customer now, in the merchant's order (acceptance 17)."""
    rules = EarningRule.of(shop).where(
        EarningRule.active == True,
        EarningRule.archived_at.is_null(),
    )
    return [
        rule
        for rule in rules.order_by(EarningRule.position, EarningRule.created_at)
        if rule.terms.holds_at(clock.now()) and (customer is None or _is_for(rule, customer, account))
    ]


def states(shop: Shop, customer: Customer, account: Account | None, rules: list[EarningRule]) -> dict[str, RuleState]:
    """How each rule stands for her; one query however long her history is."""
    done = _done_counts(shop, account) if account else {}
    return {rule.id: _state(shop, customer, rule, done.get(rule.id, {})) for rule in rules}


def _done_counts(shop: Shop, account: Account) -> dict[str, dict[str, int]]:
    now = clock.now()
    starts = {unit: clock.period(now, unit, shop.timezone)[0] for unit in ("day", "month", "year")}
    columns = {
        f"{what}_{unit}": fn.SUM(Case(None, [(Transaction.event_at >= start, value)], 0))
        for unit, start in starts.items()
        for what, value in (("times", 1), ("points", Transaction.amount))
    }
    columns |= {"times_ever": fn.COUNT(Transaction.sequence), "points_ever": fn.SUM(Transaction.amount)}
    rows = (
        Transaction.of(shop, Transaction.cause_id, *[value.alias(name) for name, value in columns.items()])
        .where(Transaction.account_id == account.id, Transaction.kind == "earn", Transaction.amount > 0)
        .group_by(Transaction.cause_id)
    )
    return {row.pop("cause_id"): {name: int(value) for name, value in row.items()} for row in rows.dicts()}


def _state(shop: Shop, customer: Customer, rule: EarningRule, done: dict[str, int]) -> RuleState:
    if rule.kind == "birthday":
        opens = next_birthday(shop, customer)
        return RuleState("waiting", opens) if opens else OPEN
    terms = _standard_caps(rule)
    if (rule.kind == "join" and customer.is_member) or _is_full(done, "ever", terms.times_ever, terms.points_ever):
        return DONE
    for unit, times, most in (
        ("year", terms.times_per_year, None),
        ("month", terms.times_per_month, terms.points_per_month),
        ("day", terms.times_per_day, terms.points_per_day),
    ):
        if _is_full(done, unit, times, most):
            return RuleState("waiting", clock.period(clock.now(), unit, shop.timezone)[1])
    return OPEN


def _is_full(done: dict[str, int], unit: str, times: int | None, most: int | None) -> bool:
    return (times is not None and done.get(f"times_{unit}", 0) >= times) or (
        most is not None and done.get(f"points_{unit}", 0) >= most
    )


def save_rule(shop: Shop, handle: str, **facts: Any) -> EarningRule:
    """Make the rule called `handle`, or change it; past rows keep what they were booked with."""
    rule = EarningRule.one(shop, EarningRule.handle == handle)
    moment = clock.now()
    if rule is None:
        rule = EarningRule(id=new_id(), shop_id=shop.id, handle=handle, settings={}, created_at=moment)
        new = True
    else:
        new = False
    for name, value in facts.items():
        setattr(rule, name, value)
    rule.updated_at = moment
    rule.revision = 1 if new else rule.revision + 1
    rule.save(force_insert=new)
    emit(ProgramChanged(shop.id))
    return rule


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return clock.iso(value)
    return list(value) if isinstance(value, tuple) else value
