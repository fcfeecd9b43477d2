"""The first steps of a new shop: its program, the platform, and activation. Each step shows what is done."""

from flask.typing import ResponseReturnValue
from flask_babel import format_currency
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField
from wtforms.validators import NumberRange

from widget_server.dashboard import setting_words as words
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, page, to
from widget_server.dashboard.forms import REQUIRED, Form, Line, PngFile, WholeNumber, choices
from widget_server.dashboard.pages import Pages
from widget_server.db import atomic
from widget_server.loyalty import first_program
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.first_program import FirstProgram
from widget_server.loyalty.program import point_pictures, programs, shops
from widget_server.loyalty.rewards.rewards import Reward
from widget_server.loyalty.staff.roles import Action
from widget_server.stores import installation

pages = Pages("start", "/start")

GENEROUS = (2, 3, 5, 10)  # percent of sales
UNITS = [NumberRange(0, 10_000)]


class ProgramForm(Form):
    """The first program; amounts are in units of the shop's currency."""

    name = Line(_l("Name of the program"), validators=[REQUIRED])
    points_name = Line(_l("Name of the points"), description=_l("Empty: points, in the shopper's language."))
    icon = PngFile(words.NAMES["icon"], description=words.HINTS["icon"])
    generosity = RadioField(_l("What an order gives"), choices=choices({str(one): str(one) for one in GENEROUS}))
    reward_units = WholeNumber(_l("The first reward"), validators=[REQUIRED, NumberRange(1, 10_000)])
    joining_units = WholeNumber(_l("For joining"), validators=[REQUIRED, *UNITS])
    referral_units = WholeNumber(_l("For a referral, to both friends"), validators=[REQUIRED, *UNITS])

    @property
    def chosen(self) -> FirstProgram:
        """The program that was typed."""
        return FirstProgram(
            name=self.name.data or "",
            points_name=self.points_name.data,
            generosity=int(self.generosity.data),
            reward_units=self.reward_units.data or 1,
            joining_units=self.joining_units.data or 0,
            referral_units=self.referral_units.data or 0,
        )

    def describe(self, currency: str) -> None:
        """Say in the shop's currency what each choice costs."""
        unit = first_program.unit_of(currency)
        one = format_currency(unit, currency)
        costs = {
            str(percent): _(
                "%(points)s points for each %(unit)s. 100 points = %(unit)s, %(percent)s %% of sales",
                points=percent,
                unit=one,
                percent=percent,
            )
            for percent in GENEROUS
        }
        self.generosity.choices = choices(costs)
        self.reward_units.description = _(
            "Times %(unit)s off. Each %(unit)s costs 100 points, so that the reward costs what it is worth.", unit=one
        )
        self.joining_units.description = _("Times 100 points, which are worth %(unit)s. 0: nothing.", unit=one)
        self.referral_units.description = _(
            "Times %(unit)s off, after the friend's first paid order. 0: no referral program.", unit=one
        )


@pages.page("", Action.SETTINGS)
def start(staff: StaffCaller) -> ResponseReturnValue:
    """Lead to the first step that is not done."""
    if not Reward.of(staff.shop).exists():
        return to("start.program")
    return to("start.platform")


@pages.form("/program", Action.PROGRAM)
def program(staff: StaffCaller) -> ResponseReturnValue:
    """Choose the first program: names, what an order gives, the first reward, joining and referrals."""
    if staff.program.status != "draft":
        return to("start.platform")
    form = ProgramForm(
        name=staff.program.name, points_name=staff.program.points_name, generosity="5",
        reward_units=5, joining_units=1, referral_units=5,
    )  # fmt: skip
    form.describe(staff.shop.currency)
    if form.accepts():
        with form.refusals():
            with atomic():
                first_program.save(staff.shop, form.chosen)
                if form.icon.data:
                    point_pictures.upload(staff.shop, form.icon.content)
            return to("start.platform")
    return page("start/program.html", form=form)


@pages.page("/platform", Action.SETTINGS)
def platform(staff: StaffCaller) -> ResponseReturnValue:
    """Show what the shop needs, and whether it was seen: the script tag, and the first order."""
    return _platform(staff)


@pages.act("/secrets", Action.SETTINGS)
def secrets(staff: StaffCaller) -> ResponseReturnValue:
    """Replace the secrets of a shop that is not active yet, and show them once."""
    if staff.program.status != "draft":
        return done(_("The program runs already: change its secrets under Secrets."), "start.platform")
    fresh = {kind: shops.replace_secrets(staff.shop.id, kind) for kind in shops.SECRET_KINDS}
    return _platform(staff, fresh)


@pages.act("/activate", Action.PROGRAM)
def activate(staff: StaffCaller) -> ResponseReturnValue:
    """Activate the program: from now on points are earned and redeemed."""
    programs.activate(staff.shop.id)
    return done(_("The program is active: your customers can earn and redeem points."), "menu.home")


def _platform(staff: StaffCaller, fresh: dict[shops.SecretKind, str] | None = None) -> ResponseReturnValue:
    newest = Order.of(staff.shop).order_by(Order.placed_at.desc()).first()
    return page(
        "start/platform.html",
        tag=installation.script_tag(staff.shop),
        urls=installation.webhook_urls(staff.shop),
        fresh=fresh,
        order=newest,
    )
