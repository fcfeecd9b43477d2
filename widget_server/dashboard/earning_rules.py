"""Ways to earn: the rules of the shop in the merchant's order, and the form of each."""

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from widget_server.dashboard import rule_words
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import Link, done, page, to
from widget_server.dashboard.forms import Form
from widget_server.dashboard.pages import Pages
from widget_server.dashboard.rule_forms import CAPS, FACTORS, GOODS, KIND_NAMES, WHO, RuleForm, rule_form
from widget_server.errors import NotFound
from widget_server.loyalty.earning import rules
from widget_server.loyalty.earning.kinds import KINDS
from widget_server.loyalty.earning.rules import EarningRule
from widget_server.loyalty.points import tiers
from widget_server.loyalty.staff.roles import Action
from widget_server.program_file import entries

pages = Pages("earning_rules", "/ways-to-earn")
LIST = "earning_rules.rule_list"


@pages.page("", Action.SEE)
def rule_list(staff: StaffCaller) -> ResponseReturnValue:
    """Show every rule in the merchant's order, with what it gives and whether it is active."""
    return page("earning_rules/list.html", rows=_rows(staff, rules.listed_all(staff.shop)))


@pages.page("/new", Action.PROGRAM)
def choose(staff: StaffCaller) -> ResponseReturnValue:
    """Choose the kind of a new rule; those that a shop has once are marked when it has them."""
    present = {rule.kind for rule in rules.listed_all(staff.shop)}
    names = {name: KIND_NAMES.get(name, name) for name in KINDS}
    return page("earning_rules/choose.html", names=names, present=present)


@pages.form("/new/<kind>", Action.PROGRAM)
def create(staff: StaffCaller, kind: str) -> ResponseReturnValue:
    """Create a rule of this kind. Raises NotFound for an unknown kind."""
    if kind not in KINDS:
        raise NotFound()
    form = rule_form(staff.shop, kind)
    if "again" not in request.form and form.accepts():
        with form.refusals():
            entries.save_rule(staff.shop, None, None, form.entry())
            return done(_("It is saved."), LIST)
    return form_page(staff, form, None)


@pages.form("/<rule_id>", Action.PROGRAM)
def edit(staff: StaffCaller, rule_id: str) -> ResponseReturnValue:
    """Change a rule. Raises NotFound."""
    rule = rules.need(staff.shop, rule_id)
    form = rule_form(staff.shop, rule.kind, rule)
    if "again" not in request.form and form.accepts():
        with form.refusals():
            entries.save_rule(staff.shop, rule, form.read_revision, form.entry())
            return done(_("It is saved."), LIST)
    return form_page(staff, form, rule)


@pages.act("/<rule_id>/turn", Action.PROGRAM)
def turn(staff: StaffCaller, rule_id: str) -> ResponseReturnValue:
    """Turn a rule on or off: to what the button said, so that pressing it twice does no harm. Raises NotFound."""
    active = request.form.get("active") == "1"
    rule = rules.change(staff.shop, rule_id, None, active=active)
    name = _row(staff, rule).name
    return done(_("%(name)s is active.", name=name) if active else _("%(name)s is off.", name=name), LIST)


@pages.act("/<rule_id>/move", Action.PROGRAM)
def move(staff: StaffCaller, rule_id: str) -> ResponseReturnValue:
    """Move a rule one place up or down in the list. Raises NotFound."""
    rules.move(staff.shop, rule_id, -1 if request.form.get("way") == "up" else 1)
    return to(LIST)


@pages.form("/<rule_id>/archive", Action.PROGRAM)
def archive(staff: StaffCaller, rule_id: str) -> ResponseReturnValue:
    """Archive a rule, after a question. Raises NotFound."""
    rule, form = rules.need(staff.shop, rule_id), Form()
    name = _row(staff, rule).name
    if form.accepts():
        with form.refusals():
            rules.remove(staff.shop, rule_id, None)
            return done(_("%(name)s is archived.", name=name), LIST)
    return page("earning_rules/archive.html", form=form, name=name)


def form_page(
    staff: StaffCaller, form: RuleForm, rule: EarningRule | None, *, draft: Link | None = None
) -> ResponseReturnValue:
    """Returns the page of the form, of a stored rule or of a new one; `draft` leads to the draft that has it."""
    kind = str(form.kind.data)
    groups = {"goods": (*GOODS, *FACTORS), "caps": CAPS, "who": WHO}
    address = request.path if draft else address_of(kind, rule)
    return page(
        "earning_rules/form.html",
        form=form,
        rule=rule,
        kind=KIND_NAMES.get(kind, kind),
        per_order=KINDS[kind].per == "order",
        address=address,
        groups=groups,
        stale=rule is not None and form.read_revision != rule.revision,
        back=draft and draft.address,
        back_name=draft and draft.name,
    )


def address_of(kind: str, rule: EarningRule | None) -> str:
    """Returns the address of the form of a stored rule, or of a new one of this kind."""
    if rule is None:
        return url_for("dashboard_earning_rules.create", kind=kind)
    return url_for("dashboard_earning_rules.edit", rule_id=rule.id)


def _row(staff: StaffCaller, rule: EarningRule) -> rule_words.RuleRow:
    return _rows(staff, [rule])[0]


def _rows(staff: StaffCaller, listed: list[EarningRule]) -> list[rule_words.RuleRow]:
    names = {tier.id: tier.name for tier in tiers.listed(staff.shop.id)}
    return [rule_words.row(rule, staff.shop.currency, names) for rule in listed]
