"""The connection to the shop's own API: its keys are typed once, checked there, and never shown again."""

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, URLField

from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, page, to
from widget_server.dashboard.forms import REQUIRED, Form
from widget_server.dashboard.pages import Pages
from widget_server.errors import BadRequest
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.staff.roles import Action
from widget_server.stores import codes, connecting
from widget_server.stores.calls import NotReached, Refused
from widget_server.stores.connecting import Connected
from widget_server.stores.platforms import PLATFORMS
from widget_server.web import limits

pages = Pages("connection", "/settings/connection")

EXAMPLES = {"shopify": "https://name.myshopify.com", "woocommerce": "https://shop.example"}
KEY_LABELS = {  # by the platform's own name for a key
    "Admin API access token": _l("Admin API access token"),
    "Client ID": _l("Client ID"),
    "Client secret": _l("Client secret"),
    "Consumer key": _l("Consumer key"),
    "Consumer secret": _l("Consumer secret"),
}


class AddressForm(Form):
    """Where the API is. The form of a platform adds a field for each of its keys."""

    api_url = URLField(_l("Address of the shop"), validators=[REQUIRED])


@pages.form("", Action.SETTINGS)
def connect(staff: StaffCaller) -> ResponseReturnValue:
    """Connect the shop: check the keys at its API, then store them."""
    shop = staff.shop
    if PLATFORMS[shop.platform].CODES is None:
        return to("settings.settings")  # a generic shop calls this server itself
    labels, others = codes.keys_of(shop.platform), codes.other_keys_of(shop.platform)
    form = _form_of(labels, others)(api_url=shop.api_url or "")
    form.api_url.render_kw = {"placeholder": EXAMPLES.get(shop.platform, "https://shop.example")}
    if form.accepts():
        with form.refusals():
            limits.CHECK_SHOP.count(shop.id)
            keys = _typed(form, labels, others)
            connected = _connected(shop, str(form.api_url.data), keys)
            return done(_connected_words(connected), "settings.settings")
    return page("settings/connect.html", form=form, labels=list(labels), others=list(others))


@pages.act("/check", Action.SETTINGS)
def check(staff: StaffCaller) -> ResponseReturnValue:
    """Check the stored keys at the shop's API."""
    limits.CHECK_SHOP.count(staff.shop.id)
    try:
        connecting.need_public(str(staff.shop.api_url or ""))
        connecting.check(staff.shop)
    except (NotReached, Refused) as no:
        return done(_("The connection does not work: the shop %(reason)s.", reason=no), "settings.settings")
    return done(_("The connection works: the shop accepts the keys."), "settings.settings")


@pages.form("/end", Action.SETTINGS)
def end(staff: StaffCaller) -> ResponseReturnValue:
    """Delete the keys, after a question."""
    form = Form()
    if form.accepts():
        ended = connecting.disconnect(staff.shop)
        told = [_("Disconnected. Codes that were made in the shop stay there.")]
        if ended.left:
            told.append(_("Its webhooks may be left there: delete those named Loyalty by hand."))
        return done(" ".join(map(str, told)), "settings.settings")
    return page("settings/disconnect.html", form=form)


def _form_of(labels: dict[str, str], others: dict[str, str]) -> type[AddressForm]:
    """Returns the form with a field for each key of the platform; what was typed is never sent back.

    With `others`, which do instead, no single field is required.
    """
    off = {"autocomplete": "off"}
    keys = {
        name: PasswordField(KEY_LABELS.get(label, label), validators=[] if others else [REQUIRED], render_kw=off)
        for name, label in (labels | others).items()
    }
    return type("ConnectForm", (AddressForm,), keys)


def _typed(form: AddressForm, labels: dict[str, str], others: dict[str, str]) -> dict[str, str]:
    """Returns the keys that were typed: all of `labels`, or all of `others`."""
    for names in (others, labels):
        keys = {name: str(form[name].data or "") for name in names}
        if names and all(keys.values()):
            return keys
    return keys


def _connected(shop: Shop, api_url: str, keys: dict[str, str]) -> connecting.Connected:
    """Connect the shop. Raises BadRequest, also when the shop cannot be reached or refuses the keys."""
    try:
        connecting.need_public(api_url)
        return connecting.connect(shop, api_url, keys)
    except (NotReached, Refused) as no:
        raise BadRequest(_("Nothing was changed: the shop %(reason)s.", reason=no), field="api_url") from no


def _connected_words(connected: Connected) -> str:
    words, tax = [_("Connected: from now on each new code is made in the shop too.")], connected.tax
    reason = connected.unreached or (connected.webhooks and connected.webhooks.refused)
    if reason:
        words.append(_("Its webhooks could not be made: the shop %(reason)s.", reason=reason))
    if tax is not None:
        words.append(_("Changes of its orders are read every quarter of an hour, whether a webhook comes or not."))
        words.append(TAX_WORDS[tax.outcome])
    return " ".join(map(str, words))


TAX_WORDS = {
    "set": _l("The program now reads its prices with tax, as the shop shows them."),
    "kept": _l("What the program says of tax in prices stays as it was."),
    "by_hand": _l("The shop shows prices with tax, without a single rate: set the rate in the program."),
    "nothing": _l("The shop shows prices without tax: nothing to set."),
    "unreadable": _l("Its tax settings cannot be read with these keys: set tax in the program by hand."),
}
