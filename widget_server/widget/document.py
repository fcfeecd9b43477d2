"""Headers of our documents: what they may load, and who may frame them."""

from flask import Response

from widget_server.loyalty.shops import Shop

COMMON = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
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
    response.headers.update({**COMMON, "Permissions-Policy": PERMISSIONS})
    response.headers["Content-Security-Policy"] = "; ".join(policy)
    return response


def plain(page: str, status: int = 200) -> Response:
    """A page of its own, without any script, which nobody may frame."""
    response = Response(page, status)
    response.headers.update(COMMON)
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; form-action *; frame-ancestors 'none'; base-uri 'none'"
    )
    return response
