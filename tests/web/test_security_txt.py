"""security.txt: a finder of a vulnerability reads whom to tell."""

from datetime import datetime, timedelta

from flask.testing import FlaskClient

from tests.make import World
from widget_server import clock, config


def test_it_names_the_operator_and_when_it_ends(world: World, client: FlaskClient) -> None:
    response = client.get("/.well-known/security.txt")
    assert response.mimetype == "text/plain"
    lines = dict(line.split(": ", 1) for line in response.text.splitlines())
    assert lines["Contact"] == "mailto:loyalty@localhost"  # the sender of mails, until the operator says otherwise
    ends = datetime.fromisoformat(lines["Expires"])
    assert timedelta(days=100) < ends - clock.now() < timedelta(days=365)
    assert lines["Canonical"] == "http://widget.localhost:8000/.well-known/security.txt"


def test_the_contact_is_a_setting(world: World, client: FlaskClient) -> None:
    known = config.current()
    values = {name: getattr(known, name) for name in type(known).__dataclass_fields__}
    config.use(config.Settings(**{**values, "security_contact": "https://fern.example/security"}))
    assert "Contact: https://fern.example/security\n" in client.get("/.well-known/security.txt").text
