"""The application that web processes load: made from the environment."""

from widget_server.app import create_app
from widget_server.config import Settings

application = create_app(Settings.from_env())
