"""Webhooks: the receivers of events, what was delivered to each, and sending again."""

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import RadioField, SelectMultipleField, URLField
from wtforms.validators import Length
from wtforms.widgets import CheckboxInput, ListWidget

from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, page
from widget_server.dashboard.forms import REQUIRED, Form, Line, choices
from widget_server.dashboard.pages import Pages
from widget_server.delivery import deliveries, endpoints, outbox, payloads, signatures
from widget_server.delivery.endpoints import DESCRIPTION_LENGTH_MAX, EVERY_TYPE, Endpoint
from widget_server.loyalty.staff.roles import Action

pages = Pages("webhooks", "/webhooks")

STATUS_NAMES = {"new": _l("Waiting"), "waiting": _l("Waiting"), "sent": _l("Delivered"), "dead": _l("Given up")}
FORMAT_NAMES = {
    "standard": _l("Standard Webhooks, with a secret"),
    "wix": _l("As Wix sends them, with the shop's key"),
}
NUMBER_MAX = 2**63 - 1


class EndpointForm(Form):
    """A receiver: its address, and the events it gets. Nothing chosen means all of them."""

    url = URLField(_l("Address"), validators=[REQUIRED, Length(max=2000)], render_kw={"placeholder": "https://"})
    description = Line(_l("Description"), validators=[Length(max=DESCRIPTION_LENGTH_MAX)])
    event_types = SelectMultipleField(
        _l("Events"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput(), validate_choice=False
    )

    @property
    def types(self) -> list[str]:
        """The chosen types; none chosen: every one, future ones included."""
        return list(self.event_types.data or ()) or [EVERY_TYPE]


class NewEndpointForm(EndpointForm):
    """A new receiver, with its format, which stays."""

    format = RadioField(_l("Format"), choices=choices(FORMAT_NAMES), default="standard")


@pages.page("", Action.SETTINGS)
def endpoint_list(staff: StaffCaller) -> ResponseReturnValue:
    """List every receiver with its last response."""
    return page("webhooks/list.html", endpoints=endpoints.listed(staff.shop.id))


@pages.form("/new", Action.SETTINGS)
def create(staff: StaffCaller) -> ResponseReturnValue:
    """Add a receiver, and show its secret once."""
    form = NewEndpointForm()
    if form.accepts():
        with form.refusals():
            row = endpoints.create(
                staff.shop.id,
                url=str(form.url.data),
                format=str(form.format.data),
                event_types=form.types,
                description=form.description.data or "",
            )
            return _shown(row)
    return page("webhooks/new.html", form=form, types=_all_types())


@pages.page("/<endpoint_id>", Action.SETTINGS)
def endpoint(staff: StaffCaller, endpoint_id: str) -> ResponseReturnValue:
    """Show a receiver and its deliveries, newest first."""
    row, failed = _need(staff, endpoint_id), request.args.get("show") == "failed"
    below = request.args.get("below", type=int)
    if below is not None and not 0 <= below <= NUMBER_MAX:
        below = None
    found = deliveries.listed(
        staff.shop.id, endpoint_id, failed=failed, below=below, limit=deliveries.PAGE_SIZE + 1
    )  # fmt: skip
    return page(
        "webhooks/endpoint.html",
        endpoint=row,
        deliveries=found[: deliveries.PAGE_SIZE],
        after=found[deliveries.PAGE_SIZE - 1].message.number if len(found) > deliveries.PAGE_SIZE else None,
        below=below,
        failed=failed,
        statuses=STATUS_NAMES,
        formats=FORMAT_NAMES,
        public_key=signatures.public_key(signatures.key_of(staff.shop.id)) if row.format == "wix" else None,
    )


@pages.form("/<endpoint_id>/edit", Action.SETTINGS)
def edit(staff: StaffCaller, endpoint_id: str) -> ResponseReturnValue:
    """Change a receiver's address, description and events."""
    row = _need(staff, endpoint_id)
    chosen = [] if EVERY_TYPE in row.event_types else row.event_types
    form = EndpointForm(url=row.url, description=row.description, event_types=chosen)
    if form.accepts():
        with form.refusals():
            facts = endpoints.Facts(
                url=str(form.url.data), description=form.description.data or "", event_types=form.types
            )
            endpoints.change(staff.shop.id, endpoint_id, **facts)
            return done(_("Saved."), "webhooks.endpoint", endpoint_id=endpoint_id)
    return page("webhooks/edit.html", form=form, endpoint=row, types=payloads.types(row.format))


@pages.act("/<endpoint_id>/pause", Action.SETTINGS)
def pause(staff: StaffCaller, endpoint_id: str) -> ResponseReturnValue:
    """Send a receiver nothing new; what waits for it stays."""
    endpoints.change(staff.shop.id, endpoint_id, status="disabled")
    return done(_("Paused: events from now on are not sent to it."), "webhooks.endpoint", endpoint_id=endpoint_id)


@pages.act("/<endpoint_id>/resume", Action.SETTINGS)
def resume(staff: StaffCaller, endpoint_id: str) -> ResponseReturnValue:
    """Send events to a receiver again."""
    endpoints.change(staff.shop.id, endpoint_id, status="active")
    return done(_("Events are sent to it again."), "webhooks.endpoint", endpoint_id=endpoint_id)


@pages.act("/<endpoint_id>/test", Action.SETTINGS)
def test(staff: StaffCaller, endpoint_id: str) -> ResponseReturnValue:
    """Send a test message; the list below shows the response."""
    deliveries.send_test(staff.shop.id, endpoint_id)
    text = _("A test message is on its way. Reload the page to see the response.")
    return done(text, "webhooks.endpoint", endpoint_id=endpoint_id)


@pages.form("/<endpoint_id>/secret", Action.SETTINGS)
def rotate_secret(staff: StaffCaller, endpoint_id: str) -> ResponseReturnValue:
    """Make a new secret, after a question, and show it once; the earlier one signs too for a day."""
    row, form = _need(staff, endpoint_id), Form()
    if form.accepts():
        with form.refusals():
            return _shown(endpoints.rotate_secret(staff.shop.id, endpoint_id))
    return page("webhooks/rotate.html", form=form, endpoint=row)


@pages.form("/<endpoint_id>/key", Action.SETTINGS)
def rotate_key(staff: StaffCaller, endpoint_id: str) -> ResponseReturnValue:
    """Make a new key pair of the shop, after a question: every receiver of the Wix format needs its public half."""
    row, form = _need(staff, endpoint_id), Form()
    if form.accepts():
        signatures.rotate_key(staff.shop.id)
        return done(_("There is a new public key."), "webhooks.endpoint", endpoint_id=endpoint_id)
    return page("webhooks/rotate.html", form=form, endpoint=row)


@pages.act("/<endpoint_id>/replay/<event_id>", Action.SETTINGS)
def replay(staff: StaffCaller, endpoint_id: str, event_id: str) -> ResponseReturnValue:
    """Send one message again, with the same event id."""
    outbox.replay(staff.shop.id, endpoint_id, event_ids=[event_id])
    return done(_("The message is sent again."), "webhooks.endpoint", endpoint_id=endpoint_id)


@pages.act("/<endpoint_id>/replay-failed", Action.SETTINGS)
def replay_failed(staff: StaffCaller, endpoint_id: str) -> ResponseReturnValue:
    """Send every message again that was given up."""
    count = outbox.replay(staff.shop.id, endpoint_id, dead=True)
    text = ngettext("%(num)s message is sent again.", "%(num)s messages are sent again.", count)
    return done(text, "webhooks.endpoint", endpoint_id=endpoint_id)


@pages.form("/<endpoint_id>/remove", Action.SETTINGS)
def remove(staff: StaffCaller, endpoint_id: str) -> ResponseReturnValue:
    """Remove a receiver with its messages, after a question."""
    row, form = _need(staff, endpoint_id), Form()
    if form.accepts():
        outbox.remove(staff.shop.id, endpoint_id)
        return done(_("The receiver is removed."), "webhooks.endpoint_list")
    return page("webhooks/remove.html", form=form, endpoint=row)


def _shown(row: Endpoint) -> ResponseReturnValue:
    """Returns the page that shows the receiver's secret once; in the Wix format, the shop's public key."""
    key = None if row.secret else signatures.public_key(signatures.key_of(row.shop_id))
    return page("webhooks/shown.html", endpoint=row, secret=row.secret, public_key=key)


def _all_types() -> list[str]:
    return sorted({type for format in payloads.RENDERERS for type in payloads.types(format)})


def _need(staff: StaffCaller, endpoint_id: str) -> Endpoint:
    return Endpoint.need(staff.shop, Endpoint.id == endpoint_id)
