"""Trying a draft on the shop's own past orders: an edited rule before it is saved, or a program file.

A large shop is replayed in several requests: the page has the figures so far, sealed, and a button that goes on.
"""

from dataclasses import dataclass
from decimal import Decimal

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, TextAreaField
from wtforms.validators import Length

from widget_server.dashboard import earning_rules
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import page
from widget_server.dashboard.forms import REQUIRED, Form, choices
from widget_server.dashboard.pages import Pages
from widget_server.dashboard.rule_forms import rule_form
from widget_server.dashboard.words import change, money, points
from widget_server.errors import NotFound, Refusal
from widget_server.loyalty.backtest import trials
from widget_server.loyalty.backtest.drafts import Draft
from widget_server.loyalty.backtest.figures import Figures
from widget_server.loyalty.earning import rules
from widget_server.loyalty.earning.kinds import ORDER_KINDS
from widget_server.loyalty.staff.roles import Action
from widget_server.program_file import entries
from widget_server.program_file.drafts import of_file, with_rule
from widget_server.program_file.schema import parse

pages = Pages("backtest", "/backtest")

FILE_MAX = 200_000
NEW = "new"
OWN = ("csrf_token", "progress", "months", "again")  # fields of these pages, which are not of the draft
MONTHS = {"1": _l("Last month"), "3": _l("Last 3 months"), "6": _l("Last 6 months"), "12": _l("Last 12 months")}


class FileForm(Form):
    """A program file to try."""

    text = TextAreaField(
        _l("Program file"),
        validators=[REQUIRED, Length(max=FILE_MAX)],
        description=_l("What it leaves out stays as it is. Nothing is saved."),
        render_kw={"rows": 16, "spellcheck": "false", "class": "code"},
    )
    months = SelectField(_l("Try it on"), choices=choices(MONTHS), default="3")


@dataclass(frozen=True)
class Comparison:
    """One figure: today, under the draft, and the difference where it is a number."""

    name: str
    today: str
    draft: str
    difference: str = ""


@pages.form("", Action.PROGRAM)
def backtest(staff: StaffCaller) -> ResponseReturnValue:
    """Try a program file on past orders."""
    form = FileForm()
    if form.accepts():
        try:
            draft = of_file(staff.shop, parse(str(form.text.data)))
        except Refusal as refusal:
            where = f"{refusal.field}: " if refusal.field else ""
            form.text.errors = [f"{where}{refusal.message}"]
        else:
            return result(staff, draft, url_for("dashboard_backtest.backtest"), saves_at=None)
    return page("backtest/file.html", form=form)


@pages.act("/rules/<rule_id>", Action.PROGRAM)
def try_rule(staff: StaffCaller, rule_id: str) -> ResponseReturnValue:
    """Try the form of a rule, as it was sent, on past orders; `new` is one that is not stored. Raises NotFound."""
    rule = None if rule_id == NEW else rules.need(staff.shop, rule_id)
    kind = rule.kind if rule is not None else request.form.get("kind", "")
    if kind not in ORDER_KINDS:
        raise NotFound()
    form = rule_form(staff.shop, kind, rule)
    if form.accepts():
        with form.refusals():
            handle = entries.handle_of_rule(staff.shop, rule, kind)
            draft = with_rule(staff.shop, handle, entries.read_rule(staff.shop, handle, form.entry()))
            address = earning_rules.address_of(kind, rule)
            return result(staff, draft, address, saves_at=address)
    return earning_rules.form_page(staff, form, rule)


def result(staff: StaffCaller, draft: Draft, back: str, *, saves_at: str | None, mark: str = "") -> ResponseReturnValue:
    """Returns the page of a backtest: it replays a slice, and shows the figures so far.

    `back` is where nothing is kept of it; `saves_at` is where the form of the draft is saved, if there is one.
    `mark` stands for a draft that no field of the request describes.
    """
    months = int(text) if (text := request.form.get("months", "")) in MONTHS else trials.MONTHS_USUAL
    kept = [(name, value) for name, value in request.form.items(multi=True) if name not in OWN]
    trial = trials.go_on(staff.shop, draft, [mark, kept], months, request.form.get("progress", ""))
    return page(
        "backtest/result.html",
        rows=_rows(trial.today, trial.draft, staff.shop.currency),
        found=trial.found,
        since=trial.since,
        months=str(months),
        spans=MONTHS,
        kept=kept,
        progress=trial.progress,
        back=back,
        saves_at=saves_at,
    )


def _rows(before: Figures, after: Figures, currency: str) -> list[Comparison]:
    found = [
        _points(_("Points given"), before.points, after.points),
        _points(_("of which still wait"), before.pending, after.pending),
        _points(_("Customers who earn"), before.customers, after.customers),
        _money(_("Liability: the worth of these points"), before.liability, after.liability, currency),
        _money(_("Cost if all are spent on the best reward"), before.reward_cost, after.reward_cost, currency),
    ]
    if before.percent is not None or after.percent is not None:
        found.append(Comparison(_("That cost, of the sales"), _percent(before.percent), _percent(after.percent)))
    names = list(dict.fromkeys([*before.tiers, *after.tiers]))
    if len(names) > 1:
        found += [
            _points(
                _("Customers in %(tier)s", tier=name or _("the base tier")),
                before.tiers.get(name, 0),
                after.tiers.get(name, 0),
            )
            for name in names
        ]
    return found


def _points(name: str, today: int, draft: int) -> Comparison:
    return Comparison(name, points(today), points(draft), change(draft - today))


def _money(name: str, today: Decimal | None, draft: Decimal | None, currency: str) -> Comparison:
    difference = "" if today is None or draft is None else money(draft - today, currency)
    return Comparison(name, money(today, currency), money(draft, currency), difference)


def _percent(value: Decimal | None) -> str:
    return "–" if value is None else f"{value} %"
