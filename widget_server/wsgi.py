"""The application that web processes load, configured by the environment."""

import threading

from widget_server import tallies
from widget_server.app import create_app
from widget_server.config import Settings
from widget_server.gateway import THREADS, Gateway

END_SECONDS = 5

settings = Settings.from_env()
stop = threading.Event()
flushing = threading.Thread(target=tallies.keep_flushing, args=(stop,), name="tallies", daemon=True)


def end() -> None:
    """Write the tallies, which are only in memory, before the process stops."""
    stop.set()
    flushing.join(END_SECONDS)


application = Gateway(create_app(settings), THREADS, proxies=settings.proxies, at_end=end)
flushing.start()
