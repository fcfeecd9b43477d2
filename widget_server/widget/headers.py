"""Headers of our documents: what they may load, and who may frame them."""

from flask import Response, redirect
from werkzeug import Response as WerkzeugResponse

from widget_server.loyalty.program.shops import Shop

COMMON = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
ISOLATED = {  # a page with Cross-Origin-Embedder-Policy shows no frame without them; who may frame is said by the CSP
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=()"


def framed(response: Response, shop: Shop, *, script_hash: str | None = None) -> Response:
    """A document for a frame on the shop's pages: only its origins may show it, only our files run in it."""
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
    """A page of its own, without any script, which nobody may frame; its form may lead on to the shop."""
    targets = " ".join(["'self'", *leads_to.origins]) if leads_to else "'none'"
    response = Response(page, status)
    response.headers.update(COMMON)
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; form-action {targets}; frame-ancestors 'none'; base-uri 'none'"
    )
    return response


def onward(address: str, status: int) -> WerkzeugResponse:
    """The way on to a page of the shop's, which must not learn where the shopper comes from."""
    response = redirect(address, status)
    response.headers.update(COMMON)
    return response
