"""Earn points: the rules, and the few of them that a browser may trigger (acceptance 17, 18, 25, 26)."""

from widget_server import ledger
from widget_server.errors import ProgramNotActive, RuleNotClickable
from widget_server.loyalty.earning import actions, birthdays, rules, social
from widget_server.loyalty.people import customers
from widget_server.loyalty.program import programs
from widget_server.web import limits
from widget_server.web.auth import Shopper
from widget_server.widget import views
from widget_server.widget.direct import Query
from widget_server.widget.requests import BirthdayBody
from widget_server.widget.routes import CURSOR, MEMBER, Endpoints
from widget_server.widget.shapes.earn import EarnList
from widget_server.widget.shapes.member import BirthdaySet, Clicked, Visited
from widget_server.widget.shapes.my_balance import Balance

earn = Endpoints("earn", "earn", "Earn points")


@earn.read("", returns=EarnList, parameters=(CURSOR,))
def listed(me: Shopper, query: Query) -> EarnList:
    """A page of the active rules that are valid for the member now, in the merchant's order.

    Raises BadRequest for a malformed cursor.
    """
    program, cursor = programs.of(me.shop.id), query.get("cursor")
    return views.earn.page(me.shop, program, me.customer, me.account, cursor=cursor)


@earn.route(
    "POST",
    "/<rule_id>/click",
    MEMBER,
    returns=Clicked,
    refuses=(RuleNotClickable, ProgramNotActive),
    limit=limits.CLICK,
)
def click(me: Shopper, rule_id: str) -> Clicked:
    """Give points, once, for the click that opened a social page."""
    rule = social.click(me.shop, me.customer, rule_id)
    return {"balance": _balance(me), "rule": views.earn.rule(me.shop, me.customer, rule)}


@earn.route("POST", "/visit", MEMBER, returns=Visited, limit=limits.VISIT)
def visit(me: Shopper) -> Visited:
    """Give points for the day's first visit; later visits give 0."""
    return {"points": actions.visit(me.shop, me.customer), "balance": _balance(me)}


@earn.route("POST", "/birthday", MEMBER, takes=BirthdayBody, returns=BirthdaySet, limit=limits.BIRTHDAY)
def birthday(me: Shopper, body: BirthdayBody) -> BirthdaySet:
    """Set the birthday, which gives points once a year; if it is within 30 days, from next year on."""
    birthdays.tell(me.customer, body.birthday)
    customer = customers.by_id(me.shop.id, me.customer.id)
    account = ledger.account_of(me.shop.id, customer.id)
    rule = next((one for one in rules.listed(me.shop, customer, account) if one.kind == "birthday"), None)
    return {
        "member": views.member.member(customer),
        "rule": views.earn.rule(me.shop, customer, rule) if rule is not None else None,
    }


def _balance(me: Shopper) -> Balance:
    return views.my_balance.balance(me.shop, programs.of(me.shop.id), ledger.account_of(me.shop.id, me.customer.id))
