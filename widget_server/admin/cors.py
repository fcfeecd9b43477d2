"""Browsers that call from a shop's own pages: storefronts that use the SDK as a visitor or a member (wix-api §3).

Cookies are ignored: a page may do what its token may. It may read responses when its origin is on a shop's list.
"""

from flask import Flask, Response, g, request

from widget_server.loyalty.program.shops import Origin
from widget_server.web.errors import ADMIN_PATHS

ALLOWED = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Idempotency-Key, wix-site-id, wix-account-id, x-wix-bi-gateway, X-Wix-Consistent"
    ),
    "Access-Control-Expose-Headers": "X-Wix-Request-Id, X-Wix-Consistent, Retry-After",
    "Access-Control-Max-Age": "7200",
}


def register(app: Flask) -> None:
    """Adds the CORS headers to responses; preflight requests (OPTIONS) are handled by the routes themselves."""
    app.before_request(_look_at_page)
    app.after_request(_tell_browser)


def _look_at_page() -> None:
    origin = request.headers.get("Origin")
    if origin is not None and request.path.startswith(ADMIN_PATHS):
        g.page_may_read = Origin.everywhere().where(Origin.origin == origin).exists()


def _tell_browser(response: Response) -> Response:
    if request.path.startswith(ADMIN_PATHS):
        response.vary.add("Origin")
        if g.get("page_may_read"):
            response.headers.update({"Access-Control-Allow-Origin": request.headers["Origin"], **ALLOWED})
    return response
