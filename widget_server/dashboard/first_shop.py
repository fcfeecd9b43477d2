"""The set-up of an empty installation: the first shop and its owner, by the link that `serve` prints."""

from zoneinfo import available_timezones

from babel import Locale
from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, PasswordField, SelectField, URLField

from widget_server.dashboard.documents import page
from widget_server.dashboard.forms import REQUIRED, Form, Line, choices
from widget_server.dashboard.pages import Pages
from widget_server.dashboard.sign_in import let_in
from widget_server.loyalty.staff import first_shop
from widget_server.loyalty.staff.first_shop import NewShop
from widget_server.stores.platforms import PLATFORMS

pages = Pages("first_shop")

CURRENCIES = (
    *("EUR", "USD", "GBP", "CHF", "AUD", "BRL", "CAD", "CZK", "DKK", "HKD", "HUF", "ILS"),
    *("INR", "JPY", "KRW", "MXN", "NOK", "NZD", "PLN", "RON", "SEK", "SGD", "TRY", "ZAR"),
)
SHOPPERS_LANGUAGES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "ar": "العربية"}
PLATFORM_NAMES = {"generic": _l("My own shop, or another platform"), "shopify": "Shopify", "woocommerce": "WooCommerce"}
GUESSES = {"de": ("EUR", "Europe/Berlin"), "en": ("USD", "America/New_York")}


class FirstShopForm(Form):
    """The shop, and the account of its owner."""

    FIELDS = {"origin": "address", "password_hash": "password"}
    shop_name = Line(_l("Name of the shop"), validators=[REQUIRED])
    address = URLField(_l("Address of the shop"), validators=[REQUIRED], description=_l("As https://shop.example"))
    platform = SelectField(
        _l("Platform"), choices=choices({name: PLATFORM_NAMES.get(name, name) for name in PLATFORMS})
    )
    currency = SelectField(_l("Currency"), choices=choices({name: name for name in CURRENCIES}))
    timezone = SelectField(_l("Time zone"), choices=choices({name: name for name in sorted(available_timezones())}))
    locale = SelectField(_l("Language of most shoppers"), choices=choices(SHOPPERS_LANGUAGES))
    owner = Line(_l("Your name"), render_kw={"autocomplete": "name"})
    email = EmailField(_l("Your e-mail"), validators=[REQUIRED], render_kw={"autocomplete": "username"})
    password = PasswordField(_l("Password"), validators=[REQUIRED], render_kw={"autocomplete": "new-password"})


@pages.open("/setup")
def setup() -> ResponseReturnValue:
    """Create the first shop and its owner, who is signed in and led on."""
    token = request.args.get("link", "")
    first_shop.check(token)
    locale: Locale | None = get_locale()
    language = locale.language if locale else "en"
    currency, zone = GUESSES.get(language, GUESSES["en"])
    form = FirstShopForm(currency=currency, timezone=zone, locale=language)
    if form.accepts():
        with form.refusals():
            new = NewShop(
                name=form.shop_name.data or "",
                origin=str(form.address.data),
                currency=form.currency.data,
                timezone=form.timezone.data,
                locale=form.locale.data,
                platform=form.platform.data,
            )
            shop, account = first_shop.create(
                token, new, email=str(form.email.data), name=form.owner.data or "", password=str(form.password.data)
            )
            return let_in(account, shop.id, onward="/dashboard/start")
    return page("start/shop.html", form=form)
