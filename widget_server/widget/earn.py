"""Earn points: the rules, and the few of them that a browser may fire (acceptance 17, 18, 25, 26)."""

from typing import Any

from flask import jsonify
from flask.typing import ResponseReturnValue

from widget_server import ledger
from widget_server.loyalty.earning import actions, birthdays, rules, social
from widget_server.loyalty.people import customers
from widget_server.loyalty.program import programs
from widget_server.web import auth, limits
from widget_server.web.auth import Shopper
from widget_server.web.bodies import json_body
from widget_server.widget import requests, shapes, views
from widget_server.widget.routes import Endpoints

earn = Endpoints("earn", "earn", "Earn points")


@earn.get("")
@earn.response(200, shapes.EarnList)
def listed() -> ResponseReturnValue:
    """Active rules valid for the member now, in the merchant's order."""
    me = auth.member()
    account = ledger.account_of(me.shop.id, me.customer.id)
    return jsonify(rules=views.earn.rules_for(me.shop, programs.of(me.shop.id), me.customer, account))


@earn.post("/<rule_id>/click")
@earn.response(200, shapes.Clicked)
def click(rule_id: str) -> ResponseReturnValue:
    """The member opened a social page; points for the click, once."""
    me = auth.member()
    limits.CLICK.count(me.customer.id)
    rule = social.click(me.shop, me.customer, rule_id)
    return jsonify(balance=_balance(me), rule=views.earn.rule(me.shop, me.customer, rule))


@earn.post("/visit")
@earn.response(200, shapes.Visited)
def visit() -> ResponseReturnValue:
    """The day's first visit."""
    me = auth.member()
    limits.VISIT.count(me.customer.id)
    return jsonify(points=actions.visit(me.shop, me.customer), balance=_balance(me))


@earn.post("/birthday")
@earn.takes(requests.BirthdayAsk)
@earn.response(200, shapes.BirthdaySet)
def birthday() -> ResponseReturnValue:
    """The member's birthday: once a year from now on, if it is more than 30 days away."""
    me = auth.member()
    limits.BIRTHDAY.count(me.customer.id)
    birthdays.tell(me.customer, json_body(requests.BirthdayAsk())["birthday"])
    customer = customers.by_id(me.shop.id, me.customer.id)
    account = ledger.account_of(me.shop.id, customer.id)
    rule = next((one for one in rules.listed(me.shop, customer, account) if one.kind == "birthday"), None)
    return jsonify(
        member=views.member.member(customer),
        rule=views.earn.rule(me.shop, customer, rule) if rule is not None else None,
    )


def _balance(me: Shopper) -> dict[str, Any]:
    return views.my_balance.balance(me.shop, programs.of(me.shop.id), ledger.account_of(me.shop.id, me.customer.id))
