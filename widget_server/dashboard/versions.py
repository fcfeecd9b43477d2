"""What changed in the program, when and by whom; and taking a change back."""

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from widget_server.dashboard import version_words
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, page
from widget_server.dashboard.forms import Form
from widget_server.dashboard.pages import Pages
from widget_server.loyalty import taking_back, versions
from widget_server.loyalty.staff.roles import Action

pages = Pages("versions", "/program/versions")


@pages.page("", Action.SEE)
def version_list(staff: StaffCaller) -> ResponseReturnValue:
    """List the changes, newest first."""
    after_id, noun = request.args.get("after") or None, request.args.get("noun", "")
    nouns = (noun,) if noun in versions.TABLES else tuple(versions.TABLES)
    found = versions.listed(staff.shop, after_id=after_id, nouns=nouns)
    older = found[-1].entry.id if len(found) == versions.PAGE else None
    return page("program/versions.html", versions=found, words=version_words, noun=noun, older=older, after=after_id)


@pages.form("/<entry_id>/take-back", Action.PROGRAM)
def take_back(staff: StaffCaller, entry_id: str) -> ResponseReturnValue:
    """Take a change back, after showing what that writes; or say why it cannot be taken back."""
    version, form = versions.need(staff.shop, entry_id), Form()
    if form.accepts():
        with form.refusals():
            taking_back.take_back(staff.shop, entry_id)
            return done(
                _("The change is taken back. Points that were booked stay as they are."), "versions.version_list"
            )
    return page("program/take_back.html", form=form, version=version, words=version_words)
