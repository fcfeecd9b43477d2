"""Actions other than orders: books what joining, a birthday, a visit or a click gives under the shop's rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from widget_server import clock, ledger
from widget_server.db import Row, among, atomic
from widget_server.errors import RuleNotClickable
from widget_server.ledger import POINTS_MAX, Cause, Transaction
from widget_server.loyalty.earning import caps, rules
from widget_server.loyalty.earning.caps import Budget
from widget_server.loyalty.earning.kinds import KINDS, ORDER_KINDS
from widget_server.loyalty.earning.order_points import may_earn
from widget_server.loyalty.earning.rules import EarningRule, Figure
from widget_server.loyalty.people import customers, mailboxes
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop


@dataclass(frozen=True)
class Action:
    """Something a customer did. `id` is the sender's own id of the action: the same id never pays twice."""

    kind: str
    id: str
    name: str | None = None
    value: Decimal | None = None
    at: datetime | None = None


def fire(shop: Shop, customer: Customer, action: Action, *, source: str) -> list[Transaction]:
    """Book what `action` gives under every rule for it. Returns the booked rows (empty: no rule, or a cap).

    Nothing is earned while the program is not active (acceptance 16), by excluded customers (58), or twice by the same
    action. Raises BalanceTooLarge when the account can hold no more.
    """
    if not may_earn(customer, programs.of(shop.id)):
        return []
    booked = []
    for rule in EarningRule.of(shop).where(EarningRule.kind == action.kind).order_by(EarningRule.position):
        if rules.is_on(rule) and _names(rule, action):
            row = pay(shop, rule, customer, action, source)
            if row is not None:
                booked.append(row)
    return booked


def click(shop: Shop, customer: Customer, rule_id: str) -> EarningRule:
    """Pay the member once for opening a social page (acceptance 26). Returns the rule.

    Raises RuleNotClickable for every other kind of rule, NotFound when there is no such rule, ProgramNotActive, and
    BalanceTooLarge.
    """
    rule = EarningRule.need(shop, EarningRule.id == rule_id)
    if rule.kind != "social":
        raise RuleNotClickable()
    program = programs.need_active(shop.id)
    if rules.is_on(rule) and may_earn(customer, program):
        pay(shop, rule, customer, Action("social", "click"), "widget")
    return rule


def visit(shop: Shop, customer: Customer) -> int:
    """Pay the member's first page visit of the day. Returns the points it gave now. Raises BalanceTooLarge."""
    day = clock.local_date(clock.now(), shop.timezone).isoformat()
    rows = fire(shop, customer, Action("visit", day), source="widget")
    return sum(row.amount for row in rows)


def _names(rule: EarningRule, action: Action) -> bool:
    if KINDS[rule.kind].named_by is None:
        return True
    wanted, name = rule.name_of_action or None, action.name
    if rule.kind == "social":  # the case of a channel does not matter
        wanted, name = wanted and wanted.lower(), name and name.lower()
    return wanted == name


def pay(shop: Shop, rule: EarningRule, customer: Customer, action: Action, source: str) -> Transaction | None:
    """Book what one rule gives for `action`, within its caps (acceptance 24).

    Returns the booked row, or None when the rule gives nothing (not for this customer, paid before, a cap). Raises
    BalanceTooLarge.
    """
    moment = action.at or clock.now()
    with atomic():
        account = ledger.account_of(shop.id, customer.id)
        if account is not None:
            account = ledger.locked(shop.id, account.id)
        if not rules.is_for(rule, customer, account):
            return None
        figure = rule.figure_for(account.tier_id if account else None)
        wanted = _wanted(figure, action)
        if not wanted:
            return None
        if account is None:  # never opened for nothing (contracts §1)
            account = ledger.locked(shop.id, ledger.open_account(shop.id, customer.id).id)
        keys = [_key(rule, customer_id, action) for customer_id in customers.ids_of(customer)]
        if Transaction.one(shop, Transaction.source == source, Transaction.key.in_(keys)) is not None:
            return None
        given = _left_by_caps(shop, rule, {account.id: wanted}, moment)[account.id]
        if given <= 0:
            return None
        if KINDS[rule.kind].pays_once and not mailboxes.claim(shop, customer, f"{rule.kind}:{rule.id}"):
            return None
        cause = Cause(rule.kind, rule.id, snapshot=_snapshot(rule, figure, action, wanted, given))
        return ledger.post(shop.id, account.id, "earn", given, source=source, key=keys[0], cause=cause, at=moment)


@dataclass(frozen=True)
class _Offer:
    """What a rule gives one customer for an action, before its caps; `account` is locked."""

    customer: Customer
    account: Row
    figure: Figure
    wanted: int


def pay_many(shop: Shop, rule: EarningRule, customers: Sequence[Customer], action: Action, source: str) -> set[str]:
    """Do `pay` for many customers by a few statements; returns the ids of those who got points.

    The rule is not of a kind that pays once ever, and `ledger.can_gain` is true of the accounts of all of them.
    """
    moment = action.at or clock.now()
    offers = _not_booked(shop, rule, _offers(shop, rule, customers, action), action, source)
    left = _left_by_caps(shop, rule, {one.account.id: one.wanted for one in offers}, moment)
    gains = {
        one.customer.id: ledger.Gain(
            one.account,
            left[one.account.id],
            _key(rule, one.customer.id, action),
            Cause(rule.kind, rule.id, snapshot=_snapshot(rule, one.figure, action, one.wanted, left[one.account.id])),
        )
        for one in offers
        if left[one.account.id] > 0
    }
    ledger.earn_many(shop.id, list(gains.values()), source=source, at=moment)
    return set(gains)


def _offers(shop: Shop, rule: EarningRule, customers: Sequence[Customer], action: Action) -> list[_Offer]:
    accounts = ledger.locked_many(shop.id, [str(customer.account_id) for customer in customers])
    found = []
    for customer in customers:
        account = accounts[str(customer.account_id)]
        figure = rule.figure_for(account.tier_id)
        wanted = _wanted(figure, action)
        if wanted and rules.is_for(rule, customer, account):
            found.append(_Offer(customer, account, figure, wanted))
    return found


def _not_booked(shop: Shop, rule: EarningRule, offers: Sequence[_Offer], action: Action, source: str) -> list[_Offer]:
    """Returns the offers for which no row of the ledger has the key, of the customer or of one merged into them."""
    owner = {offer.customer.id: offer.customer.id for offer in offers}
    merged = Customer.of(shop, Customer.id, Customer.merged_into).where(among(Customer.merged_into, list(owner)))
    owner |= dict(merged.tuples())
    owner_of_key = {_key(rule, id, action): owner_id for id, owner_id in owner.items()}
    booked = Transaction.of(shop, Transaction.key).where(
        Transaction.source == source, among(Transaction.key, list(owner_of_key))
    )
    paid = {owner_of_key[key] for (key,) in booked.tuples()}
    return [offer for offer in offers if offer.customer.id not in paid]


def _snapshot(rule: EarningRule, figure: Figure, action: Action, wanted: int, given: int) -> dict[str, Any]:
    """What the ledger row stores of the rule and of the action, as both are now."""
    stored = {"points": given, "title": rule.title, "handle": rule.handle, "revision": rule.revision}
    if given < wanted:
        stored |= {"capped": True, "scored": wanted}
    if figure.per is not None:
        stored |= {"per_points": figure.points, "per": str(figure.per), "value": str(action.value or 0)}
    return stored


def _key(rule: EarningRule, customer_id: str, action: Action) -> str:
    """The request key of what a rule gives one customer row of a person for `action`."""
    once = f"{rule.kind}:{rule.id}:{customer_id}"
    return once if KINDS[rule.kind].pays_once else f"{once}:{action.id}"


def _wanted(figure: Figure, action: Action) -> int:
    if figure.per is None:
        return figure.points
    return min(int((action.value or 0) * figure.points / figure.per), POINTS_MAX)


def _left_by_caps(shop: Shop, rule: EarningRule, wanted: Mapping[str, int], at: datetime) -> dict[str, int]:
    """Returns what the rule's caps leave of the points that each account should get, by account id.

    The accounts are locked, so parallel calls run in turn.
    """
    terms = caps.of_rule(rule)
    since = caps.since(terms, at, shop.timezone)
    if since is None:
        return dict(wanted)
    budgets = {account_id: Budget(shop) for account_id in wanted}
    earlier = Transaction.of(shop, Transaction.account_id, Transaction.amount, Transaction.event_at).where(
        among(Transaction.account_id, list(wanted)),
        Transaction.cause_id == rule.id,
        Transaction.event_at >= since,
        Transaction.amount > 0,
    )
    for account_id, amount, event_at in earlier.order_by(Transaction.event_at, Transaction.sequence).tuples():
        budgets[account_id].take(amount, event_at, terms)
    return {account_id: budgets[account_id].take(points, at, terms) for account_id, points in wanted.items()}


def count_once(shop: Shop, account_id: str, moved: set[str]) -> None:
    """Two accounts were merged: claw back what a rule gave to both and would have given to one person once.

    `moved` are the ids of the rows that came from the merged account. The rows of each rule are counted by the time of
    the event, under the rule's caps as they are now; what the caps leave is kept. Only what both accounts together got
    too much is clawed back: points that one account got before the rule had a cap stay (acceptance 59).
    """
    shortfall = programs.of(shop.id).rules.shortfall
    for rule in EarningRule.of(shop).where(EarningRule.kind.not_in(ORDER_KINDS)):
        given = _given(shop, rule, account_id)
        own, others = [[one for one in given if (one.id in moved) is theirs] for theirs in (False, True)]
        if not (own and others):
            continue
        apart, together = {**_kept(shop, rule, own), **_kept(shop, rule, others)}, _kept(shop, rule, given)
        for row in given:
            surplus = apart[row.id] - together[row.id]
            if surplus > 0:
                ledger.claw_back(
                    shop.id,
                    account_id,
                    surplus,
                    source="job",
                    key=f"paid-twice:{row.id}",
                    cause=Cause("merged", rule.id, snapshot={"title": rule.title}),
                    reverses_id=row.id,
                    shortfall=shortfall,
                )


def _given(shop: Shop, rule: EarningRule, account_id: str) -> list[Row]:
    """The transactions in which a rule gave an account points, by the time of the event."""
    columns = (Transaction.id, Transaction.amount, Transaction.event_at)
    rows = Transaction.of(shop, *columns).where(
        Transaction.account_id == account_id, Transaction.cause_id == rule.id, Transaction.amount > 0
    )
    return list(rows.order_by(Transaction.event_at, Transaction.sequence).objects(Row))


def _kept(shop: Shop, rule: EarningRule, given: list[Row]) -> dict[str, int]:
    """The points that the rule leaves of each row, by row id: under its caps, and for birthdays one a year."""
    budget, terms, kept, birthday = Budget(shop), caps.of_rule(rule), dict[str, int](), caps.EVER
    for row in given:
        if rule.kind == "birthday" and row.event_at - birthday < caps.BIRTHDAY_GAP:
            kept[row.id] = 0
            continue
        birthday = row.event_at
        kept[row.id] = budget.take(row.amount, row.event_at, terms)
    return kept
