"""Secrets that the shop signs with: two of a kind may be valid while it changes from one to the other."""

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, RadioField
from wtforms.validators import Length

from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, page
from widget_server.dashboard.forms import OPTIONAL, Form, choices
from widget_server.dashboard.pages import Pages
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import SECRET_KINDS, SECRETS_MAX, ShopSecret
from widget_server.loyalty.staff.roles import Action

pages = Pages("secrets", "/secrets")

KIND_NAMES = {
    "identity": _l("Identity: the shop signs who is signed in"),
    "webhook": _l("Webhooks: the shop signs its orders and customers"),
}


class SecretForm(Form):
    """A new secret: of which kind, and the shop's own or a fresh one."""

    kind = RadioField(_l("For"), choices=choices(KIND_NAMES), default="webhook")
    secret = PasswordField(
        _l("The shop's own secret"),
        validators=[OPTIONAL, Length(max=500)],
        description=_l("Only if your platform made one, as Shopify does. Empty: a fresh one is made."),
        render_kw={"autocomplete": "off"},
    )


@pages.page("", Action.SETTINGS)
def secret_list(staff: StaffCaller) -> ResponseReturnValue:
    """List every valid secret by its first characters."""
    groups = [(name, shops.secrets_of(staff.shop.id, kind)) for kind, name in _kinds()]
    return page("secrets/list.html", groups=groups, most=SECRETS_MAX)


@pages.form("/add", Action.SETTINGS)
def add(staff: StaffCaller) -> ResponseReturnValue:
    """Add a secret; a fresh one is shown once."""
    form = SecretForm()
    if form.accepts():
        with form.refusals():
            kind = next(kind for kind in SECRET_KINDS if kind == form.kind.data)
            row, plain = shops.add_secret(staff.shop.id, kind, form.secret.data or None)
            if form.secret.data:
                return done(
                    _("The secret is added. The earlier one stays valid until you remove it."), "secrets.secret_list"
                )
            return page("secrets/shown.html", row=row, plain=plain, name=KIND_NAMES[kind])
    return page("secrets/add.html", form=form)


@pages.form("/<secret_id>/remove", Action.SETTINGS)
def remove(staff: StaffCaller, secret_id: str) -> ResponseReturnValue:
    """Remove a secret, after a question; the last one of a kind stays."""
    row, form = ShopSecret.need(staff.shop, ShopSecret.id == secret_id), Form()
    if form.accepts():
        with form.refusals():
            shops.remove_secret(staff.shop.id, secret_id)
            return done(_("The secret is removed: what is signed with it is refused."), "secrets.secret_list")
    return page("secrets/remove.html", form=form, row=row, name=KIND_NAMES[row.kind])


def _kinds() -> list[tuple[shops.SecretKind, str]]:
    return [(kind, KIND_NAMES[kind]) for kind in SECRET_KINDS]
