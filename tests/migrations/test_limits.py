"""An installation keeps its sessions when it is brought up to 0012; codes that wait have to be asked for again."""

from datetime import timedelta
from typing import Any

import pytest
from playhouse.migrations import Runner

from tests.test_migrate import _insert, _start_over
from widget_server import clock, config, db, migrate
from widget_server.errors import CodeExpired
from widget_server.loyalty.people import sessions, sign_in_codes
from widget_server.loyalty.people.devices import Device

BEFORE = "0011_deliveries"


@pytest.fixture
def earlier(database: str) -> dict[str, Any]:
    """A shop, a session and a code under way, as the version before kept them."""
    _start_over()
    Runner(db.database.obj, directory=str(migrate.MIGRATIONS)).up(target=BEFORE)
    _insert("shop", id="s", name="S", embed_key="e", platform="generic", currency="EUR", timezone="UTC", locale="en")
    ends = clock.iso(clock.now() + timedelta(minutes=10))
    _insert("session", id=config.digest("token"), shop_id="s", customer_id="ann", expires_at=ends)
    facts = {"email": "ann@example.com", "email_key": "ann@example.com", "code_hash": "h", "used_at": None}
    link = config.digest("link")
    _insert("sign_in_code", id=config.digest("challenge"), shop_id="s", link_hash=link, expires_at=ends, **facts)
    return facts


def test_sessions_stay_and_codes_are_asked_for_again(earlier: dict[str, Any]) -> None:
    migrate.upgrade()
    session = sessions.session_of("s", "token")
    assert (session.customer_id, session.browser, session.last_used_at) == ("ann", "", None)
    assert [row.id for row in sessions.open_sessions("s", "ann")] == [session.id]
    for old in (
        lambda: sign_in_codes.confirm_code("s", "challenge", "123456"),
        lambda: sign_in_codes.follow_link("link"),
    ):
        with pytest.raises(CodeExpired):
            old()
    asked = sign_in_codes.ask_code("s", "ann@example.com", {})
    assert sign_in_codes.confirm_code("s", asked.challenge, asked.code).email == "ann@example.com"
    assert not Device.everywhere().exists()
