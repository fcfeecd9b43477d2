"""HTTP headers of our documents: what they may load, and which pages may frame them."""

from flask import Response, redirect
from werkzeug import Response as WerkzeugResponse

from widget_server.loyalty.program.shops import Shop

COMMON = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
ISOLATED = {  # a page with Cross-Origin-Embedder-Policy shows no frame without them; the CSP restricts who may frame
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=()"


def framed(response: Response, shop: Shop, *, script_hash: str | None = None) -> Response:
    """Returns the document with headers for a frame: only the shop's origins may show it, only our files run in it."""
    inline = f" '{script_hash}'" if script_hash else ""
    policy = (
        "default-src 'none'",
        f"script-src 'self'{inline}",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        f"frame-ancestors {' '.join(shop.origins)}",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
    )
    response.headers.update({**COMMON, **ISOLATED, "Permissions-Policy": PERMISSIONS})
    response.headers["Content-Security-Policy"] = "; ".join(policy)
    return response


def plain(page: str, status: int = 200, *, leads_to: Shop | None = None) -> Response:
    """Returns a page without scripts that nobody may frame; its form may redirect to the origins of `leads_to`."""
    targets = " ".join(["'self'", *leads_to.origins]) if leads_to else "'none'"
    response = Response(page, status)
    response.headers.update(COMMON)
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; form-action {targets}; frame-ancestors 'none'; base-uri 'none'"
    )
    return response


def onward(address: str, status: int) -> WerkzeugResponse:
    """Returns a redirect to a page of the shop, without a referrer."""
    response = redirect(address, status)
    response.headers.update(COMMON)
    return response
