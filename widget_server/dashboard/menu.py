"""The first page, and all entries of the menu as a page for phones."""

from flask import redirect
from flask.typing import ResponseReturnValue

from widget_server.dashboard import navigation
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import page, to
from widget_server.dashboard.pages import Pages
from widget_server.loyalty.staff.roles import Action

pages = Pages("menu")


@pages.page("/", Action.SEE)
def home(staff: StaffCaller) -> ResponseReturnValue:
    """Lead to the first page of the menu."""
    groups = navigation.groups(staff)
    return redirect(groups[0].entries[0].address, 303) if groups else to("profile.profile")


@pages.page("/menu", Action.SEE)
def menu(staff: StaffCaller) -> ResponseReturnValue:
    """Show every page that the role may see."""
    return page("menu.html")
