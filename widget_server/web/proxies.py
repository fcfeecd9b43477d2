"""What proxies before the server say of the browser: believed as far as WIDGET_PROXIES says, never further."""

import logging

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix

log = logging.getLogger(__name__)


def trust(app: Flask, count: int) -> None:
    """Take the browser's address and scheme from the last `count` proxies; with none, say once that there is one."""
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]
        return
    said: list[bool] = []

    def warn() -> None:
        if not said and "X-Forwarded-For" in request.headers:
            said.append(True)
            log.warning(
                "a request came with X-Forwarded-For, which is not believed while WIDGET_PROXIES is 0: behind a proxy "
                "set it to 1, otherwise all shoppers share one address and its limits"
            )

    app.before_request(warn)
