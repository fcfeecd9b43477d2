"""The floor of `callers.py`: a Flask route that returns a small JSON, behind the gateway of the real server."""

from flask import Flask

from widget_server.gateway import Gateway

THREADS = 8  # as in widget_server/wsgi.py, which cannot be imported without a server's settings


def site() -> Gateway:
    """Returns the application for the web server."""
    app = Flask("bare")

    @app.get("/")
    def bare() -> dict[str, int]:
        return {"balance": 1240}

    return Gateway(app, THREADS)
