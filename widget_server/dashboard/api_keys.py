"""API keys: what each may do, from where and until when; a secret is shown once, in the response that made it."""

from datetime import timedelta

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, RadioField, SelectField, SelectMultipleField, TextAreaField
from wtforms.validators import Length
from wtforms.widgets import CheckboxInput, ListWidget

from widget_server import clock
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, page
from widget_server.dashboard.forms import OPTIONAL, REQUIRED, Form, Line, choices
from widget_server.dashboard.pages import Pages
from widget_server.loyalty.people import api_keys
from widget_server.loyalty.people.api_keys import SERVICES, ApiKey, Rights
from widget_server.loyalty.staff.roles import Action

pages = Pages("api_keys", "/api-keys")

SCOPE_NAMES = {"manage": _l("Read and change"), "read": _l("Read only")}
KEEP_NAMES = {"0": _l("At once"), "1": _l("After one hour"), "24": _l("After one day"), "72": _l("After three days")}


class KeyForm(Form):
    """A new key: what it may do, from where, until when."""

    FIELDS = {"expires_at": "last_day"}
    name = Line(_l("Name"), validators=[REQUIRED, Length(max=100)], description=_l("Where you will use it."))
    scope = RadioField(_l("It may"), choices=choices(SCOPE_NAMES), default="manage")
    services = SelectMultipleField(
        _l("Only these services"),
        choices=choices({name: name for name in SERVICES}),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    addresses = TextAreaField(
        _l("Only from these addresses"),
        description=_l("IP addresses or networks like 192.0.2.0/24, one a line. Empty: from anywhere."),
        render_kw={"rows": 3},
    )
    last_day = DateField(_l("Last day"), validators=[OPTIONAL], description=_l("Empty: it never ends."))

    def rights(self, timezone: str) -> Rights:
        """Returns what was chosen; the key ends with its last day in the shop's zone."""
        day = self.last_day.data
        return Rights(
            str(self.scope.data),
            dict.fromkeys(self.services.data or (), str(self.scope.data)) or None,
            tuple(line.strip() for line in (self.addresses.data or "").splitlines() if line.strip()) or None,
            None if day is None else clock.start_of(day + timedelta(days=1), timezone),
        )


class RotateForm(Form):
    """When the earlier secret ends."""

    keep = SelectField(_l("The earlier secret ends"), choices=choices(KEEP_NAMES), default="24")


@pages.page("", Action.SETTINGS)
def key_list(staff: StaffCaller) -> ResponseReturnValue:
    """List every key: those that work, and those that ended."""
    rows = api_keys.keys(staff.shop.id)
    now = clock.now()
    ended = [
        row for row in rows if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now)
    ]
    return page(
        "api_keys/list.html", keys=[row for row in rows if row not in ended], ended=ended, scopes=SCOPE_NAMES, now=now
    )


@pages.form("/new", Action.SETTINGS)
def create(staff: StaffCaller) -> ResponseReturnValue:
    """Create a key, and show its secret once."""
    form = KeyForm()
    if form.accepts():
        with form.refusals():
            rights = form.rights(staff.shop.timezone)
            row, secret = api_keys.create_key(staff.shop.id, form.name.data or "", rights=rights)
            return page("api_keys/shown.html", key=row, secret=secret)
    return page("api_keys/new.html", form=form)


@pages.form("/<key_id>/rotate", Action.SETTINGS)
def rotate(staff: StaffCaller, key_id: str) -> ResponseReturnValue:
    """Give a key a new secret, and show it once."""
    row, form = _living(staff, key_id), RotateForm()
    if form.accepts():
        with form.refusals():
            made, secret = api_keys.rotate_key(staff.shop.id, row.id, keep=timedelta(hours=int(form.keep.data)))
            return page("api_keys/shown.html", key=made, secret=secret)
    return page("api_keys/rotate.html", form=form, key=row)


@pages.form("/<key_id>/end", Action.SETTINGS)
def end(staff: StaffCaller, key_id: str) -> ResponseReturnValue:
    """End a key, after a question."""
    row, form = _living(staff, key_id), Form()
    if form.accepts():
        api_keys.revoke_key(staff.shop.id, row.id)
        return done(_("The key “%(name)s” has ended.", name=row.name), "api_keys.key_list")
    return page("api_keys/end.html", form=form, key=row)


def _living(staff: StaffCaller, key_id: str) -> ApiKey:
    """Returns a key that has not been ended; raises NotFound."""
    return ApiKey.need(staff.shop, ApiKey.id == key_id, ApiKey.revoked_at.is_null())
