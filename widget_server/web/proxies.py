"""The X-Forwarded headers of proxies before the server: trusted only for as many proxies as WIDGET_PROXIES says."""

import logging

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix

log = logging.getLogger(__name__)


def trust(app: Flask, count: int) -> None:
    """Take the browser's address and scheme from the last `count` proxies; with 0, warn once if there is a proxy."""
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]
        return
    warned: list[bool] = []

    def warn() -> None:
        if not warned and "X-Forwarded-For" in request.headers:
            warned.append(True)
            log.warning(
                "a request came with X-Forwarded-For, which is not believed while WIDGET_PROXIES is 0: behind a proxy "
                "set it to 1, otherwise all shoppers share one address and its limits"
            )

    app.before_request(warn)
