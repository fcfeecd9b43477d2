"""The shop: its name and language, where the widget may be shown, its script tag, and how long data is kept."""

from dataclasses import dataclass

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import StringField

from widget_server import config
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, page
from widget_server.dashboard.forms import REQUIRED, REQUIRED_TEXT, Form, Line
from widget_server.dashboard.pages import Pages
from widget_server.delivery import outbox
from widget_server.loyalty.earning import deliveries, feeds
from widget_server.loyalty.imports import uploads
from widget_server.loyalty.people import access_tokens, devices, sessions
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Origin
from widget_server.loyalty.staff import sessions as staff_sessions
from widget_server.loyalty.staff.roles import Action
from widget_server.stores import installation
from widget_server.stores.platforms import PLATFORMS

pages = Pages("settings", "/settings")

PLATFORM_NAMES = {
    "generic": _l("Any other shop, by our own contract"),
    "shopify": "Shopify",
    "woocommerce": "WooCommerce",
}


class ShopForm(Form):
    """What of a shop may change."""

    name = Line(_l("Name"), validators=[REQUIRED], description=_l("It is the sender of mails, and stands in them."))
    locale = Line(
        _l("Language"),
        validators=[REQUIRED],
        description=_l("For mails to customers who have no language of their own, as en or de-AT."),
        render_kw={"autocapitalize": "off", "spellcheck": "false"},
    )


class OriginForm(Form):
    """An address on which the widget may be shown."""

    origin = Line(_l("Address"), validators=[REQUIRED_TEXT], render_kw={"placeholder": "https://shop.example"})


class RemoveOriginForm(Form):
    """The address that is removed."""

    origin = StringField(_l("Address"), validators=[REQUIRED])


@dataclass(frozen=True)
class Kept:
    """A kind of data, how long it is kept, and why or what ends it."""

    what: str
    how_long: str
    note: str = ""


@pages.form("", Action.SETTINGS)
def settings(staff: StaffCaller) -> ResponseReturnValue:
    """Show the shop, and change its name and language."""
    form = ShopForm(name=staff.shop.name, locale=staff.shop.locale)
    if form.accepts():
        with form.refusals():
            shops.change(staff.shop, name=form.name.data or "", locale=form.locale.data or "")
            return done(_("Saved."), "settings.settings")
    return _settings(staff, form=form)


@pages.form("/origins/add", Action.SETTINGS)
def add_origin(staff: StaffCaller) -> ResponseReturnValue:
    """Let another address show the widget."""
    form = OriginForm()
    if form.accepts():
        with form.refusals():
            shops.add_origin(staff.shop, form.origin.data or "")
            return done(_("The widget may be shown there now."), "settings.settings")
    return page("settings/origin.html", form=form)


@pages.act("/origins/remove", Action.SETTINGS)
def remove_origin(staff: StaffCaller) -> ResponseReturnValue:
    """Show the widget no longer on an address."""
    form = RemoveOriginForm()
    if form.accepts():
        with form.refusals():
            shops.remove_origin(staff.shop, str(form.origin.data))
            return done(_("The widget is not shown there any more."), "settings.settings")
    return _settings(staff, origin_form=form)


@pages.page("/retention", Action.SETTINGS)
def retention(staff: StaffCaller) -> ResponseReturnValue:
    """Show how long each kind of data is kept."""
    return page("settings/retention.html", kept=_kept())


def _settings(
    staff: StaffCaller, *, form: ShopForm | None = None, origin_form: RemoveOriginForm | None = None
) -> ResponseReturnValue:
    shop = staff.shop
    return page(
        "settings/shop.html",
        form=form or ShopForm(formdata=None, name=shop.name, locale=shop.locale),
        origin_form=origin_form,
        status=422 if origin_form is not None else 200,
        origins=list(Origin.of(shop).order_by(Origin.created_at, Origin.origin)),
        tag=installation.script_tag(shop),
        urls=installation.webhook_urls(shop),
        platform=PLATFORM_NAMES.get(shop.platform, shop.platform),
        can_connect=PLATFORMS[shop.platform].CODES is not None,
        feed=feeds.facts(shop),
    )


def _kept() -> list[Kept]:
    settings = config.current()
    return [
        Kept(_("Customers, orders, coupons, the ledger of points"), _("Until erased"),
             _("Erasing a customer removes their data at once. Amounts, times and ids stay, without a name.")),
        Kept(_("Visitors who never joined"), _("Until erased"), _("They are erased like customers.")),
        Kept(_("The audit log"), _days(settings.audit_days), "WIDGET_AUDIT_DAYS"),
        Kept(_("Uploaded files of imports"), _days(uploads.KEPT_DAYS)),
        Kept(_("Messages to receivers that arrived"), _days(settings.webhook_days), "WIDGET_WEBHOOK_DAYS"),
        Kept(_("Messages to receivers that were given up"), _days(outbox.DEAD_DAYS),
             _("A message is given up after %(days)s days.", days=outbox.GIVE_UP_DAYS)),
        Kept(_("Digests of received webhooks, to recognise repeats"), _days(deliveries.REMEMBERED.days)),
        Kept(_("Sessions of customers"), _days(sessions.SESSION_DAYS), _("Deleted seven days after their end.")),
        Kept(_("Tokens of customers"), _days(access_tokens.REFRESH_TOKEN_DAYS),
             _("Deleted seven days after their end.")),
        Kept(_("Devices that customers signed in from"), _days(devices.DEVICE_DAYS), _("After the last sign-in.")),
        Kept(_("Sessions of staff"), _days(staff_sessions.SESSION_DAYS)),
        Kept(_("Browsers that staff signed in from"), _days(staff_sessions.DEVICE_DAYS), _("After the last sign-in.")),
    ]  # fmt: skip


def _days(count: int) -> str:
    return str(ngettext("%(num)s day", "%(num)s days", count))
