"""The Earn points tab: pages of the rules, as a member or a guest sees them."""

from decimal import Decimal

from widget_server import clock, ledger
from widget_server.ledger import Account
from widget_server.loyalty.earning import rule_states, rules, scoring
from widget_server.loyalty.earning.kinds import KINDS, Unit
from widget_server.loyalty.earning.rule_states import OPEN, RuleState
from widget_server.loyalty.earning.rules import EarningRule, Figure
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import tiers
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop
from widget_server.widget import list_pages
from widget_server.widget.list_pages import Place
from widget_server.widget.shapes.earn import EarnList, Limit, Rate
from widget_server.widget.shapes.earn import EarnRule as Shown


def page(
    shop: Shop,
    program: Program,
    customer: Customer,
    account: Account | None,
    *,
    cursor: str | None = None,
    pages: int = 1,
) -> EarnList:
    """Returns rules valid for the member now, in the merchant's order, with their state (acceptance 17, 18).

    Raises BadRequest for a malformed cursor.
    """
    found = list_pages.page(rules.listed(shop, customer, account), _place, cursor=cursor, pages=pages)
    states = rule_states.states(shop, customer, account, found.items)
    return {"rules": _rules(shop, program, account, found.items, states), "next_cursor": found.next_cursor}


def guest_page(shop: Shop, program: Program, *, cursor: str | None = None) -> EarnList:
    """Returns rules as a guest sees them, all of them open. Raises BadRequest for a malformed cursor."""
    found = list_pages.page(rules.listed(shop, None, None), _place, cursor=cursor)
    # a guest cannot act on these, and ids do not compress
    shown: list[Shown] = [{**one, "id": ""} for one in _rules(shop, program, None, found.items, {})]
    return {"rules": shown, "next_cursor": found.next_cursor}


def _place(one: EarningRule) -> Place:
    return list_pages.in_merchants_order(one.position, one.created_at)


def rule(shop: Shop, customer: Customer, one: EarningRule) -> Shown:
    """Returns one rule with its current state for the member."""
    account = ledger.account_of(shop.id, customer.id)
    states = rule_states.states(shop, customer, account, [one])
    return _rules(shop, programs.of(shop.id), account, [one], states)[0]


def _rules(
    shop: Shop, program: Program, account: Account | None, listed: list[EarningRule], states: dict[str, RuleState]
) -> list[Shown]:
    standing, tier_id = tiers.standing(shop.id, account), account.tier_id if account else None
    campaign = rules.campaign_multiplier(shop, clock.now())
    of_tier = standing.multiplier if standing else Decimal(1)

    def multiplier(one: EarningRule) -> Decimal | None:
        """Returns the multiplier of an order's points, without the products' own factors; None when it is 1."""
        tier = Decimal(1) if one.has_own(tier_id) else of_tier
        both = scoring.combined([tier, campaign], program.rules.combine)
        return both if both != 1 and KINDS[one.kind].per == "order" else None

    return [_rule(one, one.figure_for(tier_id), program, states.get(one.id, OPEN), multiplier(one)) for one in listed]


def _rule(one: EarningRule, figure: Figure, program: Program, state: RuleState, multiplier: Decimal | None) -> Shown:
    terms = one.terms
    return {
        "id": one.id,
        "kind": one.kind,
        "title": one.title,
        "description": one.description,
        "points": figure.points if figure.per is None else None,
        "rate": rate(figure.points, figure.per),
        "rounding": program.rules.rounding,
        "before_tax": figure.per is not None and program.rules.prices_include_tax and not program.rules.base_tax,
        "multiplier": multiplier,
        "minimum_subtotal": terms.minimum_subtotal,
        "url": terms.url,
        "channel": terms.channel,
        "limit": _limit(one),
        "state": state.state,
        "opens_at": state.opens_at,
    }


def rate(points: int | None, per: Decimal | None) -> Rate | None:
    """Returns a rate of `points` for each `per` in the shop's currency; None for fixed points."""
    return None if points is None or per is None else {"points": points, "per": per}


def _limit(one: EarningRule) -> Limit | None:
    terms, by_nature = one.terms, KINDS[one.kind].limit
    own: tuple[tuple[int | None, Unit], ...] = (
        (terms.times_per_day, "day"),
        (terms.times_per_month, "month"),
        (terms.times_per_year, "year"),
        (terms.times_ever, "ever"),
    )
    for times, period in (by_nature,) if by_nature is not None else own:
        if times is not None:
            return {"times": times, "period": period}
    return None
