"""The frame of all pages: the session cookie, CSRF tokens, and what an unknown address shows."""

from datetime import timedelta

from flask import Flask
from flask.typing import ResponseReturnValue

from widget_server import config
from widget_server.dashboard import callers, refusals
from widget_server.dashboard.pages import PREFIX, Pages, csrf
from widget_server.loyalty.staff.sessions import SESSION_DAYS
from widget_server.web import auth

pages = Pages("frame")


def register(app: Flask) -> None:
    """Set the cookie of staff sessions, which is sent to the dashboard's own addresses only, and load its holder."""
    app.config.update(
        SESSION_COOKIE_NAME="staff",
        SESSION_COOKIE_PATH=PREFIX,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.current().base_url.startswith("https:"),
        PERMANENT_SESSION_LIFETIME=timedelta(days=SESSION_DAYS),
        WTF_CSRF_CHECK_DEFAULT=False,  # only the dashboard has forms: `Pages` checks them
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
    )
    csrf.init_app(app)
    auth.manager_of(app).user_loader(callers.load)


@pages.open("/<path:rest>")
def unknown(rest: str) -> ResponseReturnValue:
    """Show that there is nothing at this address."""
    return refusals.nothing_here()
