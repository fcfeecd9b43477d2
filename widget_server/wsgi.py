"""The application that web processes load: made from the environment."""

from widget_server.app import create_app
from widget_server.config import Settings
from widget_server.gateway import Gateway

THREADS = 8

settings = Settings.from_env()
application = Gateway(create_app(settings), THREADS, proxies=settings.proxies)
