"""Earning: books what orders give under the shop's rules.

An order is scored by its state: what it should give is computed again and the difference is booked, so that
repeated, late or reordered messages do not matter (acceptance 23). Rule and rate are stored on the award when the
order first earns; later edits never change what was given (59).
"""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from widget_server import clock, editions, ledger
from widget_server.db import atomic
from widget_server.ledger import Account
from widget_server.loyalty.earning import new_customers, rules, taxes
from widget_server.loyalty.earning.caps import Budget
from widget_server.loyalty.earning.kinds import ORDER_KINDS
from widget_server.loyalty.earning.order_states import Line, OrderState
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.earning.rules import EarningRule
from widget_server.loyalty.earning.scoring import ONE, Rate, score
from widget_server.loyalty.people import customers
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import awards, tiers
from widget_server.loyalty.points.awards import Award, Target
from widget_server.loyalty.points.tiers import Standing
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.programs import Program, ProgramSettings
from widget_server.loyalty.program.shops import Shop


def score_order(shop: Shop, order_id: str, *, source: str) -> None:
    """Book the difference between what this order gave and what it should give by its state. Raises NotFound.

    Rules with caps and the first-order rule depend on the customer's other orders: those are computed in the sequence
    in which they were placed, whatever the sequence in which their messages arrived.
    """
    with atomic():
        order = Order.need(shop, Order.id == order_id)
        if order.ineligible_reason or order.customer_id is None:
            return
        program, customer = programs.of(shop.id), customers.by_id(shop.id, order.customer_id)
        _lock_concerned(shop, order)
        account = ledger.account_of(shop.id, customer.id)
        own: dict[str, Award] = {}
        for given in list(Award.of(shop).where(Award.order_id == order.id, Award.part == "main")):
            if account is not None and given.account_id == account.id:
                own[given.rule_id] = given
            else:
                _settle(shop, order, given, 0, program, source, reason="order_changed")
        for rule in _order_rules(shop):
            award: Award | None = own.get(rule.id)
            if award is None and open_for(rule, order.placed_at, customer, account, program):
                rate = rate_now(shop, program, rule, account, order.placed_at)
                if account is not None or score(order.merged, rate).points:
                    account = account or ledger.open_account(shop.id, customer.id)  # never for 0 points (contracts §1)
                    award = _first_award(shop, rule, order, account, rate)
            if award is not None:
                _score_rule(shop, program, rule, order, award, source)
        if account is not None:
            ledger.note_activity(shop.id, account.id, min(order.placed_at, clock.now()))


def _lock_concerned(shop: Shop, order: Order) -> None:
    """Lock the accounts that have or had the order: parallel orders run in turn, so caps hold (acceptance 24)."""
    had = Award.of(shop, Award.account_id).where(Award.order_id == order.id)
    own = Account.of(shop, Account.id).where(Account.customer_id == order.customer_id)
    concerned = Account.id.in_(had | own)  # as one list of ids: an index finds each
    for (account_id,) in list(Account.of(shop, Account.id).where(concerned).order_by(Account.id).tuples()):
        ledger.locked(shop.id, account_id)


def _order_rules(shop: Shop) -> list[EarningRule]:
    return list(EarningRule.of(shop).where(EarningRule.kind.in_(ORDER_KINDS)).order_by(EarningRule.position))


def may_earn(customer: Customer, program: Program) -> bool:
    """False for the excluded (acceptance 58), guests if only members earn, and while the program is inactive (16)."""
    if customer.excluded or customer.erased_at or not program.is_active:
        return False
    return bool(customer.is_member or program.rules.guests_earn)


def open_for(
    rule: EarningRule, placed_at: datetime, customer: Customer, account: Account | None, program: Program
) -> bool:
    """Returns whether an order placed at this time, without an award of this rule, may earn under it now."""
    return bool(
        rule.active
        and rule.archived_at is None
        and rule.terms.holds_at(placed_at)
        and may_earn(customer, program)
        and rules.is_for(rule, customer, account)
    )


def _first_award(shop: Shop, rule: EarningRule, order: Order, account: Account, rate: Rate) -> Award:
    """Create the award that stores the rate with which this order is scored from now on (acceptance 59)."""
    ledger.locked(shop.id, account.id)
    award = awards.new_award(
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
        for one, own, given in _taking_turns(shop, rule, account)[1]:
            _settle(shop, one, own, given, program, source)
    else:
        _settle(shop, order, award, None, program, source)


def _score_first(shop: Shop, program: Program, rule: EarningRule, account: Account, source: str) -> None:
    """Only a new customer's first paid order gives these points; first by the time when it was placed."""
    alive = Order.of(shop).where(Order.customer_id == account.customer_id, Order.status != "cancelled")
    by_age, rules = alive.order_by(Order.placed_at, Order.external_id), program.rules
    first = next((one for one in by_age.iterator() if rules.stands(one.merged, rules.paid_at)), None)
    if first is not None and _bought_before(shop, program, rule, account, first):
        first = None
    mine = Award.of(shop).where(Award.rule_id == rule.id, Award.account_id == account.id)
    giving = [award.order_id for award in mine.where(Award.points > 0)]
    concerned = [*giving, first.id] if first else giving
    for award in list(mine.where(Award.part == "main", Award.order_id.in_(concerned))):
        if first is not None and award.order_id == first.id:
            _settle(shop, first, award, None, program, source)
        else:
            _settle(shop, Order.need(shop, Order.id == award.order_id), award, 0, program, source)


def _bought_before(shop: Shop, program: Program, rule: EarningRule, account: Account, first: Order) -> bool:
    """Whether the customer paid for an earlier order than `first`, not counting those that this rule was about.

    These have an award of it, but for cancelled ones that were worth no points before there was an account.
    """
    about = Award.of(shop, Award.order_id).where(Award.rule_id == rule.id, Award.account_id == account.id)
    customer = customers.by_id(shop.id, account.customer_id)
    cancelled = Order.of(shop, Order.id, Order.placed_at).where(
        Order.customer_id == customer.id, Order.status == "cancelled", Order.ineligible_reason.is_null()
    )
    apart = [award.order_id for award in about]
    apart += [one.id for one in cancelled if open_for(rule, one.placed_at, customer, account, program)]
    return new_customers.has_bought(shop, customer, first.placed_at, apart_from=apart)


def rescore_first_order(shop: Shop, customer: Customer, *, source: str) -> None:
    """Score the first-order rules again, after a new fact about whether the customer had bought before."""
    account = ledger.account_of(shop.id, customer.id)
    if account is None:
        return
    with atomic():
        account = ledger.locked(shop.id, account.id)
        for rule in _order_rules(shop):
            if rule.kind == "first_order":
                _score_first(shop, programs.of(shop.id), rule, account, source)


def _taking_turns(shop: Shop, rule: EarningRule, account: Account) -> tuple["Budget", list[tuple[Order, Award, int]]]:
    """An account's orders under a rule, by the time they were placed, each with the points that the caps leave."""
    mine = Award.of(shop).where(Award.rule_id == rule.id, Award.account_id == account.id, Award.part == "main")
    rows = {award.order_id: award for award in mine}
    budget, turns = Budget(shop), []
    for order in Order.of(shop).where(Order.id.in_(list(rows))).order_by(Order.placed_at, Order.external_id):
        rate = _rate_of(rows[order.id])
        scored = score(order.merged, rate).points if order.customer_id == account.customer_id else 0
        turns.append((order, rows[order.id], budget.take(scored, order.placed_at, rate.terms)))
    return budget, turns


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
    reason: str | None = None,
) -> None:
    """Book one award up or down to what its order is worth; `given` overrides the score (caps, first order).

    What the order is worth beyond its value when it reached its status waits in a second award (part `later`).
    """
    rate, state = _rate_of(award), order.merged
    scored = score(state, rate)
    wanted = scored.points if given is None else given
    now, rest = split(state, rate, wanted)
    snapshot = {
        "rate": award.snapshot["rate"],
        "base": str(scored.base),
        "factor": str(scored.factor),
        "number": order.number,
        "capped": wanted < scored.points,
        "scored": scored.points,
        "given": wanted,
    }
    shortfall = program.rules.shortfall
    target = Target(now, due(shop, state.reached.get(rate.earn_at), rate.wait_days), reason or _reason(state), snapshot)
    awards.settle(award, target, shortfall=shortfall, source=source)
    later = awards.later_part(award)
    if later is None and rest:
        later = awards.new_award(
            shop.id,
            award.account_id,
            cause=award.cause,
            rule_id=award.rule_id,
            order_id=order.id,
            at=award.event_at,
            part="later",
        )
    if later is not None:
        awards.settle(later, replace(target, points=rest, due_at=None), shortfall=shortfall, source=source)


def split(state: OrderState, rate: Rate, wanted: int) -> tuple[int, int]:
    """Returns the part of `wanted` points that the order has earned by its status, and the part that waits for it."""
    now = min(wanted, standing_points(state, rate, wanted))
    return now, wanted - now


def standing_points(state: OrderState, rate: Rate, wanted: int) -> int:
    """How many of `wanted` points an order has earned by reaching its status (contracts §8).

    All of them, unless its status fell back below the rate's: then what the newest state that had reached it is
    worth now, or none where such an order waits again. What was added since then is not paid for yet.
    """
    had = state.having(rate.earn_at)
    if had is None or had is state or state.is_void:
        return wanted
    return 0 if rate.after_fallback == "wait" else score(state.as_of_now(had), rate).points


def due(shop: Shop, reached: datetime | None, wait_days: int) -> datetime | None:
    """Returns when points of an order that reached its status can be spent: whole days of the shop's zone later."""
    if reached is None or not wait_days:
        return reached
    return clock.start_of(clock.local_date(reached, shop.timezone) + timedelta(days=wait_days), shop.timezone)


def _reason(state: OrderState) -> str:
    if state.is_void:
        return "order_cancelled"
    return "order_refunded" if state.given_back else "order_changed"


def rate_now(shop: Shop, program: Program, rule: EarningRule, account: Account | None, at: datetime) -> Rate:
    """The rate of an order of this account, placed at `at`, by the rule and the settings as they are now."""
    standing, campaign = tiers.standing(shop.id, account), rules.campaign_multiplier(shop, at)
    return rate_of(program.rules, rule, account.tier_id if account else None, standing, campaign)


def rate_of(
    settings: ProgramSettings, rule: EarningRule, tier_id: str | None, standing: Standing | None, campaign: Decimal
) -> Rate:
    """Returns the rate of a rule for a customer of this tier and standing; `campaign` is the campaigns' multiplier."""
    figure = rule.figure_for(tier_id)
    multiplier = standing.multiplier if standing and not rule.has_own(tier_id) else ONE
    return Rate(
        rule_id=rule.id,
        title=rule.title,
        points=figure.points if figure.per is None else None,
        per_points=figure.points if figure.per is not None else None,
        per=figure.per,
        rounding=settings.rounding,
        tier=multiplier,
        campaign=campaign,
        combine=settings.combine,
        after_discounts=settings.base_after_discounts,
        with_shipping=settings.base_shipping,
        with_tax=settings.base_tax,
        with_gift_cards=settings.base_gift_cards,
        earn_at=settings.earns_at,
        wait_days=settings.wait_days,
        terms=rule.terms,
        after_fallback=settings.after_fallback,
        handle=rule.handle,
        revision=rule.revision,
    )


def example(shop: Shop, settings: ProgramSettings, price: Decimal) -> int:
    """Returns the points that an order of one product for `price` would give a new member under these settings.

    Also while the program is not active; without the points of a first order, tiers of their own, and caps.
    """
    program, now = editions.changeable(programs.of(shop.id)), clock.now()
    program.settings = settings.as_json()  # not saved
    tax = taxes.inside(settings, price, shop.currency)
    line = Line("1", "", 1, price - tax, tax=tax)
    state = OrderState("", "", "paid", shop.currency, now, now, lines=(line,), tax=tax, total=price)
    of_members = [rule for rule in _order_rules(shop) if rule.kind == "order" and not rule.terms.tier_ids]
    rates = [rate_now(shop, program, rule, None, now) for rule in of_members if rules.is_on(rule)]
    return sum(score(state, rate).points for rate in rates)


def quote(shop: Shop, customer: Customer | None, state: OrderState) -> int:
    """The points that an order like `state` would give this customer now, computed as for a booking (acceptance 12).

    Without the points of a first order; `customer` is None for an unknown guest.
    """
    program, now = programs.of(shop.id), clock.now()
    if not (may_earn(customer, program) if customer else program.is_active and program.rules.guests_earn):
        return 0
    account = ledger.account_of(shop.id, customer.id) if customer else None
    total = 0
    for rule in _order_rules(shop):
        if rule.kind == "order" and rules.is_on(rule) and rules.is_for(rule, customer, account):
            scored = score(state, rate_now(shop, program, rule, account, now)).points
            budget = _taking_turns(shop, rule, account)[0] if account and rule.terms.capped else Budget(shop)
            total += budget.take(scored, now, rule.terms)
    return total
