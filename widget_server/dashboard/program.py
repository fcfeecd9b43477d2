"""The program: its names, what a point is worth, what orders give; and whether it is active."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms import BooleanField, DateField, RadioField
from wtforms.validators import Length, Optional

from widget_server import clock
from widget_server.dashboard import setting_words as words
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, fragment, no_content, page
from widget_server.dashboard.forms import (
    OPTIONAL,
    REQUIRED,
    REQUIRED_TEXT,
    Form,
    Line,
    PngFile,
    RevisedForm,
    WholeNumber,
    choices,
)
from widget_server.dashboard.number_fields import Amount, between
from widget_server.dashboard.pages import Pages
from widget_server.dashboard.words import money
from widget_server.loyalty.earning import order_points, rounding_examples
from widget_server.loyalty.earning.rules import campaign_multiplier
from widget_server.loyalty.program import point_pictures, programs
from widget_server.loyalty.program.programs import ProgramSettings
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.staff.roles import Action
from widget_server.program_file.fields import DAYS_MAX

pages = Pages("program", "/program")

EXAMPLE = Decimal("49.90")


@dataclass(frozen=True)
class Example:
    """What an order of `price` gives: the points, what they are worth, and that in percent of the price.

    `campaign` is the multiplier of the campaigns that run now, 1 for none.
    """

    price: Decimal
    points: int
    worth: Decimal | None
    percent: Decimal | None
    campaign: Decimal


def _switch(name: str) -> BooleanField:
    return BooleanField(words.NAMES[name], description=words.HINTS[name])


def _choice(name: str) -> RadioField:
    return RadioField(words.NAMES[name], choices=choices(words.CHOICES[name]))


class ProgramForm(RevisedForm):
    """The program with its settings, except expiry; each field has the name of its setting."""

    name = Line(words.NAMES["name"], validators=[REQUIRED_TEXT, Length(max=100)], description=words.HINTS["name"])
    points_name = Line(
        words.NAMES["points_name"], validators=[OPTIONAL, Length(max=40)], description=words.HINTS["points_name"]
    )
    point_value = Amount(words.NAMES["point_value"], description=words.HINTS["point_value"])
    base_after_discounts = _switch("base_after_discounts")
    base_shipping = _switch("base_shipping")
    base_tax = _switch("base_tax")
    base_gift_cards = _switch("base_gift_cards")
    prices_include_tax = _switch("prices_include_tax")
    tax_percent = Amount(
        words.NAMES["tax_percent"], validators=[OPTIONAL, between(0, 100)], description=words.HINTS["tax_percent"]
    )
    rounding = _choice("rounding")
    combine = _choice("combine")
    earn_at = _choice("earn_at")
    cash_on_delivery = _choice("cash_on_delivery")
    wait_days = WholeNumber(
        words.NAMES["wait_days"], validators=[REQUIRED, between(0, DAYS_MAX)], description=words.HINTS["wait_days"]
    )
    after_fallback = _choice("after_fallback")
    guests_earn = _switch("guests_earn")
    orders_from = DateField(words.NAMES["orders_from"], validators=[Optional()], description=words.HINTS["orders_from"])
    shortfall = _choice("shortfall")
    coupon_after_cancel = _choice("coupon_after_cancel")
    return_days = WholeNumber(
        words.NAMES["return_days"], validators=[OPTIONAL, between(0, DAYS_MAX)], description=words.HINTS["return_days"]
    )

    def settings(self, present: ProgramSettings) -> ProgramSettings:
        """Returns the settings that were typed; those that the form does not have stay."""
        typed: dict[str, Any] = {name: self[name].data for name in vars(present) if name in self}
        return replace(present, **typed)


class PictureForm(Form):
    """The picture of a point, as a file."""

    icon = PngFile(words.NAMES["icon"], validators=[REQUIRED], description=words.HINTS["icon"])


@pages.page("", Action.SEE)
def program(staff: StaffCaller) -> ResponseReturnValue:
    """Show the program, and what an order gives under its settings."""
    rules = staff.program.rules
    return page(
        "program/program.html",
        program=staff.program,
        picture=point_pictures.path(staff.program),
        groups={name: [(words.NAMES[one], _shown(one, rules)) for one in ones] for name, ones in words.GROUPS.items()},
        example=example_of(staff.shop, rules),
    )


@pages.form("/edit", Action.PROGRAM)
def edit(staff: StaffCaller) -> ResponseReturnValue:
    """Change the program; the revision that was read must be the present one."""
    present, form = staff.program, _form(staff)
    if form.accepts():
        with form.refusals():
            programs.update(
                staff.shop.id,
                revision=form.read_revision,
                name=form.name.data,
                points_name=form.points_name.data or "",
                settings=form.settings(present.rules),
            )
            if form.orders_from.data != present.rules.orders_from:
                return done(_("Saved. A job is scoring the orders again: it may take some minutes."), "program.program")
            return done(_("Saved. Points that were booked stay as they are."), "program.program")
    return page("program/edit.html", form=form, groups=words.GROUPS, example=example_of(staff.shop, present.rules))


@pages.form("/picture", Action.PROGRAM)
def picture(staff: StaffCaller) -> ResponseReturnValue:
    """Upload the picture of a point, which stands beside the balance in the widget."""
    form = PictureForm()
    if form.accepts():
        with form.refusals():
            point_pictures.upload(staff.shop, form.icon.content)
            return done(_("Saved. The widget shows the picture beside the balance."), "program.program")
    return page("program/picture.html", form=form, picture=point_pictures.path(staff.program))


@pages.act("/picture/remove", Action.PROGRAM)
def remove_picture(staff: StaffCaller) -> ResponseReturnValue:
    """Show no picture any more."""
    point_pictures.remove(staff.shop)
    return done(_("The points have no picture now."), "program.program")


@pages.act("/example", Action.PROGRAM)
def example(staff: StaffCaller) -> ResponseReturnValue:
    """Show what an order would give under the settings that are typed, while they are typed."""
    form = _form(staff)
    if not form.accepts():
        return no_content()
    found = example_of(staff.shop, form.settings(staff.program.rules))
    return fragment("program/_example.html", example=found)


@pages.form("/activate", Action.PROGRAM)
def activate(staff: StaffCaller) -> ResponseReturnValue:
    """Activate the program, after saying what begins."""
    form = Form()
    if form.accepts():
        with form.refusals():
            programs.activate(staff.shop.id)
            return done(_("The program is active."), "program.program")
    return page("program/activate.html", form=form, program=staff.program, grace=programs.PAUSE_GRACE_DAYS)


@pages.form("/pause", Action.PROGRAM)
def pause(staff: StaffCaller) -> ResponseReturnValue:
    """Pause the program, after saying what stops and what goes on (acceptance 16, 60)."""
    form = Form()
    if form.accepts():
        with form.refusals():
            programs.pause(staff.shop.id)
            return done(_("The program is paused."), "program.program")
    return page(
        "program/pause.html", form=form, hides=staff.shop.look.when_paused == "hide", grace=programs.PAUSE_GRACE_DAYS
    )


def example_of(shop: Shop, settings: ProgramSettings) -> Example:
    """Returns what an order of EXAMPLE gives a new member under these settings."""
    points = order_points.example(shop, settings, EXAMPLE)
    worth = None if settings.point_value is None else settings.point_value * points
    percent = None if worth is None else round(worth * 100 / EXAMPLE, 1)
    return Example(EXAMPLE, points, worth, percent, campaign_multiplier(shop, clock.now()))


def _form(staff: StaffCaller) -> ProgramForm:
    present = staff.program
    form = ProgramForm(
        revision=present.revision,
        name=present.name,
        points_name=present.points_name,
        **vars(present.rules),
    )
    form.rounding.choices = choices({way: _rounding(way, staff.shop.currency) for way in words.CHOICES["rounding"]})
    return form


def _rounding(way: str, currency: str) -> str:
    one = next(one for name, one in rounding_examples.examples().items() if name == way)
    return _(
        "%(name)s: at %(points)s points for each %(per)s, goods of %(goods)s give %(gives)s points",
        name=words.CHOICES["rounding"][way],
        points=one.points,
        per=money(one.per, currency),
        goods=money(one.goods, currency),
        gives=one.gives,
    )


def _shown(name: str, settings: ProgramSettings) -> str:
    value = getattr(settings, name)
    if name == "orders_from" and value is None:
        return _("The first activation")
    if name == "return_days" and value is None:
        return _("Never")
    return words.value(name, value)
