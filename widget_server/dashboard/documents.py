"""Documents: a template rendered with what every page shows, and the headers of every page.

Scripts run only with the nonce of the response, and texts never become scripts (Trusted Types).
"""

import secrets
from dataclasses import dataclass

from flask import Flask, Response, flash, g, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug import Response as WerkzeugResponse

from widget_server.dashboard import navigation
from widget_server.loyalty.staff.roles import Action
from widget_server.web import built_files

UNPROCESSABLE = 422


@dataclass(frozen=True)
class Link:
    """Where a link leads, and its text."""

    address: str
    name: str


def register(app: Flask) -> None:
    """Give templates the names of built files, and the nonce of the response."""
    app.jinja_env.globals.update(asset=built_files.name, Action=Action)


def page(template: str, *, status: int = 200, **values: object) -> Response:
    """Returns a template of templates/dashboard/ with the frame of every page.

    A `form` among the values that has errors makes the status 422.
    """
    nonce, staff = secrets.token_urlsafe(16), g.get("staff")
    if getattr(values.get("form"), "errors", None):
        status = UNPROCESSABLE
    entries = navigation.groups(staff) if staff is not None and not staff.must_set_up else []
    text = render_template(
        f"dashboard/{template}", nonce=nonce, staff=staff, entries=entries, bar=navigation.bar(entries), **values
    )
    return with_headers(make_response(text, status), nonce)


def fragment(template: str, **values: object) -> Response:
    """Returns a part of a page, which htmx puts into it; it contains no script."""
    return with_headers(make_response(render_template(f"dashboard/{template}", staff=g.get("staff"), **values)), None)


def with_headers(response: Response, nonce: str | None) -> Response:
    """Returns the response with the dashboard's headers; `nonce` lets the page's own scripts run."""
    policy = (
        "default-src 'none'",
        f"script-src 'nonce-{nonce}'" if nonce else "script-src 'none'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types dashboard",
    )
    response.headers["Content-Security-Policy"] = "; ".join(policy)
    response.headers["Referrer-Policy"] = "same-origin"  # the check of forms over https needs it
    response.headers["Cache-Control"] = "no-store"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "camera=(self), geolocation=(), microphone=(), payment=()"
    return response


def done(message: str, endpoint: str, **values: str | int | None) -> WerkzeugResponse:
    """Returns a redirect to a page of the dashboard, which shows `message` once."""
    flash(message)
    return to(endpoint, **values)


def to(endpoint: str, **values: str | int | None) -> WerkzeugResponse:
    """Returns a redirect to a page of the dashboard: `to("customers.customer_list")`."""
    return redirect(url_for(f"dashboard_{endpoint}", **values), 303)  # type: ignore[arg-type]  # ids of the path


def no_content() -> ResponseReturnValue:
    """Returns an empty response, for a script that needs none."""
    return with_headers(make_response("", 204), None)
