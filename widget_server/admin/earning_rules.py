"""Earning rules: `/loyalty-earning-rules/v1` (wix-api §1; Wix's own addresses have `/_api` before it)."""

from typing import Any

from widget_server.admin.routes import MANAGE, READ, Service, bulk, naming
from widget_server.admin.wire import earning_rules as shapes
from widget_server.admin.wire.earning_rules import (
    CUSTOM,
    CUSTOM_TITLES,
    OUR_APP,
    earning_rule,
    facts,
    figures_of,
    trigger_of,
)
from widget_server.loyalty.earning import rules
from widget_server.loyalty.earning.rules import OWN_APP, Trigger
from widget_server.web.callers import Caller
from widget_server.web.wire import Empty

service = Service("earning_rules", "/loyalty-earning-rules/v1", "Earning rules")


@service.route("POST", "/earning-rules", MANAGE, takes=shapes.RuleBody, returns=shapes.RuleBody)
def create_rule(caller: Caller, body: Any) -> dict[str, Any]:
    """A new rule. A trigger of another app fires on the custom action of its activity's name."""
    with naming({}, under="earningRule"):
        return {"earning_rule": _made(caller, body["earning_rule"])}


@service.route("POST", "/bulk/earning-rules/create", MANAGE, takes=shapes.NewRules, returns=shapes.RulesMade)
def bulk_create_rules(caller: Caller, body: Any) -> dict[str, Any]:
    """Up to 100 rules; one that is refused leaves the others be."""
    return bulk(body["earning_rules"], lambda one: _made(caller, one))


@service.route("POST", "/earning-rules/custom", MANAGE, takes=shapes.NewCustomRule, returns=shapes.RuleBody)
def create_custom_rule(caller: Caller, body: Any) -> dict[str, Any]:
    """A rule of a built-in kind: birthdays, or following a social channel (`channel`, facebook unless told)."""
    word = CUSTOM[body["type"]]
    activity = f"{word}:{body.get('channel', 'facebook').lower()}" if word == "social" else word
    sent = body["earning_rule"]
    with naming({}, under="earningRule"):
        row = rules.create(
            caller.shop,
            Trigger(OWN_APP, activity),
            figures_of(sent),
            title=sent.get("title", CUSTOM_TITLES[body["type"]]),
            source_app_id=OUR_APP,
        )
    return {"earning_rule": earning_rule(row)}


@service.route("GET", "/earning-rules/rules", READ, query=shapes.RuleFilter, returns=shapes.Rules)
def list_rules(caller: Caller, body: Any) -> dict[str, Any]:
    """Every rule, in the merchant's order, or those of one app or activity."""
    rows = rules.listed_all(caller.shop, body.get("trigger_app_id"), body.get("trigger_activity_type"))
    return {"earning_rules": [earning_rule(one) for one in rows]}


@service.route("GET", "/earning-rules/<string(length=36):rule_id>", READ, returns=shapes.RuleBody)
def get_rule(caller: Caller, rule_id: str) -> dict[str, Any]:
    """One rule."""
    return {"earning_rule": earning_rule(rules.need(caller.shop, rule_id))}


@service.route(
    "PUT", "/earning-rules/<string(length=36):rule_id>", MANAGE, takes=shapes.RuleChange, returns=shapes.RuleBody
)
def update_rule(caller: Caller, body: Any, rule_id: str) -> dict[str, Any]:
    """Change what is sent, by the revision that was read, if one is sent; past rows keep what they were booked with."""
    sent = body["earning_rule"]
    now = rules.need(caller.shop, rule_id).trigger
    with naming({}, under="earningRule"):
        row = rules.change(caller.shop, rule_id, sent.get("revision"), trigger=trigger_of(sent, now), **facts(sent))
    return {"earning_rule": earning_rule(row)}


@service.route(
    "DELETE", "/earning-rules/<string(length=36):rule_id>", MANAGE, query=shapes.MaybeRevision, returns=Empty
)
def delete_rule(caller: Caller, body: Any, rule_id: str) -> dict[str, Any]:
    """The rule earns no more; what it gave stays."""
    rules.remove(caller.shop, rule_id, body.get("revision"))
    return {}


@service.route("DELETE", "/automation-earning-rules/<string(length=36):rule_id>", MANAGE, returns=Empty)
def delete_automation_rule(caller: Caller, rule_id: str) -> dict[str, Any]:
    """The same for a rule of a built-in kind."""
    rules.remove(caller.shop, rule_id, None)
    return {}


def _made(caller: Caller, sent: dict[str, Any]) -> dict[str, Any]:
    return earning_rule(rules.create(caller.shop, trigger_of(sent), **facts(sent)))  # type: ignore[arg-type]
