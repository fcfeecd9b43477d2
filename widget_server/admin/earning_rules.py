"""Earning rules: `/loyalty-earning-rules/v1` (wix-api §1; Wix's own addresses have `/_api` before it)."""

from widget_server.admin.routes import MANAGE, READ, Service, bulk, naming
from widget_server.admin.wire.earning_rules import (
    CUSTOM,
    CUSTOM_TITLES,
    OUR_APP,
    LoyaltyEarningRule,
    MaybeRevision,
    NewCustomRule,
    NewRule,
    NewRules,
    RuleChange,
    RuleFilter,
    RuleResponse,
    RulesResponse,
    changed_trigger,
    earning_rule,
    figures_of,
    trigger_of,
)
from widget_server.errors import NotFound, StaleRevision, TierUnknown
from widget_server.loyalty.earning import rules
from widget_server.loyalty.earning.rules import OWN_APP, Trigger
from widget_server.loyalty.program.shops import Shop
from widget_server.web.callers import Caller
from widget_server.web.wire import BulkResults, Empty

service = Service("earning_rules", "/loyalty-earning-rules/v1", "Earning rules")

RULE = "/earning-rules/<string(length=36):rule_id>"


@service.route("POST", "/earning-rules", MANAGE, takes=NewRule, returns=RuleResponse, refuses=(TierUnknown,))
def create_rule(caller: Caller, body: NewRule) -> RuleResponse:
    """Create a rule; the trigger of another app fires on the custom action named as its activity."""
    with naming({}, under="earningRule"):
        return {"earning_rule": _made(caller.shop, body.earning_rule)}


@service.route(
    "POST",
    "/bulk/earning-rules/create",
    MANAGE,
    takes=NewRules,
    returns=BulkResults[LoyaltyEarningRule],
    refuses=(TierUnknown,),
)
def bulk_create_rules(caller: Caller, body: NewRules) -> BulkResults[LoyaltyEarningRule]:
    """Create up to 100 rules; one that is refused does not affect the others."""
    return bulk(body.earning_rules, lambda one: _made(caller.shop, one))


@service.route(
    "POST", "/earning-rules/custom", MANAGE, takes=NewCustomRule, returns=RuleResponse, refuses=(TierUnknown,)
)
def create_custom_rule(caller: Caller, body: NewCustomRule) -> RuleResponse:
    """Create a birthday rule, or one for following a social channel (`channel`, by default facebook)."""
    kind = CUSTOM[body.type]
    activity = f"{kind}:{(body.channel or 'facebook').lower()}" if kind == "social" else kind
    title = body.earning_rule.get("title", CUSTOM_TITLES[body.type])
    with naming({}, under="earningRule"):
        row = rules.create(
            caller.shop,
            Trigger(OWN_APP, activity),
            figures_of(body.earning_rule),
            title=title,
            source_app_id=OUR_APP,
        )
    return {"earning_rule": earning_rule(row)}


@service.route("GET", "/earning-rules/rules", READ, query=RuleFilter, returns=RulesResponse)
def list_rules(caller: Caller, query: RuleFilter) -> RulesResponse:
    """List every rule in the merchant's order, or those of one app or activity."""
    rows = rules.listed_all(caller.shop, query.trigger_app_id, query.trigger_activity_type)
    return {"earning_rules": [earning_rule(one) for one in rows]}


@service.route("GET", RULE, READ, returns=RuleResponse, refuses=(NotFound,))
def get_rule(caller: Caller, rule_id: str) -> RuleResponse:
    """Get one rule."""
    return {"earning_rule": earning_rule(rules.need(caller.shop, rule_id))}


@service.route(
    "PUT", RULE, MANAGE, takes=RuleChange, returns=RuleResponse, refuses=(NotFound, StaleRevision, TierUnknown)
)
def update_rule(caller: Caller, body: RuleChange, rule_id: str) -> RuleResponse:
    """Change the fields that are sent; `revision`, if sent, is the one that was read.

    Past rows keep the figures they were booked with.
    """
    sent = body.earning_rule
    now = rules.need(caller.shop, rule_id).trigger
    with naming({}, under="earningRule"):
        row = rules.change(
            caller.shop,
            rule_id,
            sent.get("revision"),
            title=sent.get("title"),
            active=sent.get("status"),
            trigger=changed_trigger(sent, now),
            figures=figures_of(sent) or None,
            source_app_id=sent.get("source_app_id"),
        )
    return {"earning_rule": earning_rule(row)}


@service.route("DELETE", RULE, MANAGE, query=MaybeRevision, returns=Empty, refuses=(NotFound, StaleRevision))
def delete_rule(caller: Caller, query: MaybeRevision, rule_id: str) -> Empty:
    """Delete a rule; the points it gave stay."""
    rules.remove(caller.shop, rule_id, query.revision)
    return {}


@service.route(
    "DELETE",
    "/automation-earning-rules/<string(length=36):rule_id>",
    MANAGE,
    returns=Empty,
    refuses=(NotFound,),
)
def delete_automation_rule(caller: Caller, rule_id: str) -> Empty:
    """Delete a rule of a built-in kind."""
    rules.remove(caller.shop, rule_id, None)
    return {}


def _made(shop: Shop, sent: LoyaltyEarningRule) -> LoyaltyEarningRule:
    row = rules.create(
        shop,
        trigger_of(sent),
        figures_of(sent),
        title=sent["title"],
        active=sent["status"],
        source_app_id=sent["source_app_id"],
    )
    return earning_rule(row)
