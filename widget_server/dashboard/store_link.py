"""Shop connection: the code for the shop's plugin, what is well and what is not, and the import of past orders."""

from datetime import datetime
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField
from wtforms.validators import Optional

from widget_server import clock
from widget_server.dashboard import words
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, fragment, page, to
from widget_server.dashboard.forms import Form
from widget_server.dashboard.pages import Pages
from widget_server.errors import BadRequest
from widget_server.loyalty.earning import feeds, store_imports
from widget_server.loyalty.program import connection_codes
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.staff.roles import Action
from widget_server.stores import check_words, checking, connecting, importing
from widget_server.stores.calls import NotReached
from widget_server.stores.platforms import PLATFORMS
from widget_server.web import limits

pages = Pages("store_link", "/shop-connection")

STATE_NAMES = {"ok": _l("Well"), "note": _l("To know"), "wrong": _l("Wrong")}
STATUS_NAMES = {"running": _l("Running"), "done": _l("Done"), "stopped": _l("Stopped")}


class ImportForm(Form):
    """From which day past orders are read."""

    since = DateField(
        _l("Orders placed since"),
        validators=[Optional()],
        description=_l("Empty: since the day from which orders count. Earlier orders give no points."),
    )


@pages.page("", Action.SETTINGS)
def connection(staff: StaffCaller) -> ResponseReturnValue:
    """Show the connection to the shop, how to make it, and the import."""
    return _shown(staff.shop)


@pages.act("/code", Action.SETTINGS)
def code(staff: StaffCaller) -> ResponseReturnValue:
    """Make a code for the shop's plugin, which is shown once."""
    return page("store_link/code.html", code=connection_codes.make(staff.shop))


@pages.act("/check", Action.SETTINGS)
def check(staff: StaffCaller) -> ResponseReturnValue:
    """Check the shop from its script tag to a test code at its checkout, and show what was found."""
    limits.CHECK_SHOP.count(staff.shop.id)
    _need_public(staff.shop)
    return _shown(staff.shop, findings=checking.check(staff.shop))


@pages.act("/webhooks", Action.SETTINGS)
def repair(staff: StaffCaller) -> ResponseReturnValue:
    """Create or repair the webhooks in the shop."""
    limits.CHECK_SHOP.count(staff.shop.id)
    _need_public(staff.shop)
    return done(_repaired_words(staff.shop), "store_link.connection")


@pages.page("/import", Action.SETTINGS)
def progress(staff: StaffCaller) -> ResponseReturnValue:
    """Show how far the import came; while it runs, the page asks for this part."""
    if "HX-Request" not in request.headers:
        return to("store_link.connection")
    return fragment("store_link/_progress.html", **_progress(staff.shop))


@pages.act("/import/start", Action.SETTINGS)
def start(staff: StaffCaller) -> ResponseReturnValue:
    """Count past orders and customers, or import them."""
    form = ImportForm()
    if form.accepts():
        with form.refusals():
            _need_public(staff.shop)
            day = form.since.data
            since = None if day is None else clock.start_of(day, staff.shop.timezone)
            is_trial = request.form.get("do") == "try"
            importing.begin_as_job(staff.shop, "trial" if is_trial else "import", since)
            return done(
                _("Counting has started.") if is_trial else _("The import has started."), "store_link.connection"
            )
    return _shown(staff.shop, form=form)


def _shown(
    shop: Shop, *, form: ImportForm | None = None, findings: list[checking.Finding] | None = None
) -> ResponseReturnValue:
    last = store_imports.of(shop)
    day = None if last is None else clock.local_date(last.since, shop.timezone)
    return page(
        "store_link/connection.html",
        form=form or ImportForm(formdata=None, since=day),
        checked=findings is not None,
        findings=[(one, STATE_NAMES[one.state], check_words.sentence(one, _moment)) for one in findings or []],
        has_code=shop.platform == connection_codes.PLATFORM,
        can_connect=PLATFORMS[shop.platform].CODES is not None,
        is_watched=shop.platform in feeds.WATCHED,
        **_progress(shop),
    )


def _progress(shop: Shop) -> dict[str, Any]:
    last = store_imports.of(shop)
    return {"last": last, "found": last and last.facts, "statuses": STATUS_NAMES}


def _moment(value: datetime) -> str:
    return words.moment(value)


def _need_public(shop: Shop) -> None:
    """Raises BadRequest when the connected shop is at an address of this server's own network, or at none."""
    if shop.is_connected:
        try:
            connecting.need_public(str(shop.api_url))
        except NotReached as no:
            raise BadRequest(_("The shop %(reason)s.", reason=no), field="api_url") from no


def _repaired_words(shop: Shop) -> str:
    """Create or repair the webhooks; returns what became of them as a sentence. Raises BadRequest."""
    try:
        done = connecting.ensure_webhooks(shop)
    except NotReached as no:
        return str(_("The webhooks were not repaired: the shop %(reason)s.", reason=no))
    if done.refused:
        return str(_("The webhooks were not repaired: the shop %(reason)s.", reason=done.refused))
    return str(
        _(
            "Webhooks made: %(made)s, repaired: %(repaired)s, in order: %(kept)s.",
            made=len(done.made),
            repaired=len(done.repaired),
            kept=len(done.kept),
        )
    )
