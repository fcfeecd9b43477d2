"""An installation keeps its secrets, keys and tokens when it is brought up to 0009."""

from datetime import timedelta
from typing import Any

import pytest
from playhouse.migrations import Runner

from tests.make import SECRET
from tests.test_migrate import _insert, _start_over
from widget_server import clock, config, data_keys, db, migrate, secret_rotation
from widget_server.errors import SignedOut, WrongSecretKey
from widget_server.loyalty.people import access_tokens, api_keys, mailboxes
from widget_server.loyalty.program import shops


@pytest.fixture
def earlier(database: str) -> dict[str, Any]:
    """A shop with a key and its tokens, as the version before kept them."""
    _start_over()
    Runner(db.database.obj, directory=str(migrate.MIGRATIONS)).up(target="0007_feed")
    sealed = {f"{kind}_secret_sealed": config.seal(f"the {kind} secret") for kind in shops.SECRET_KINDS}
    facts = {"platform": "generic", "currency": "EUR", "timezone": "UTC", "locale": "en"}
    _insert("shop", id="s", name="S", embed_key="e", **facts, **sealed)
    _insert("api_key", id="k", shop_id="s", secret_hash=config.digest("sk_till"), scope="manage", revoked_at=None)
    ends = clock.iso(clock.now() + timedelta(hours=1))
    for use in ("access", "refresh"):
        whose = {"identity": "app", "key_id": "k", "customer_id": None}
        _insert("access_token", id=config.digest(f"at_{use}"), shop_id="s", use=use, expires_at=ends, **whose)
    return {"mailbox": mailboxes.digest("ann@example.com")}


def test_secrets_keys_and_tokens_stay_good_until_their_key_is_rotated(earlier: dict[str, Any]) -> None:
    migrate.upgrade()
    secret_rotation.check_secret()
    shop = shops.by_id("s")
    assert (shop.identity_secret, shop.webhook_secret) == ("the identity secret", "the webhook secret")
    assert mailboxes.digest("ann@example.com") == earlier["mailbox"]
    assert api_keys.key_by_secret("sk_till").rights == api_keys.Rights()
    assert access_tokens.holder_of("at_access").identity == "app"
    assert access_tokens.regrant("at_refresh").refresh == "at_refresh"
    api_keys.rotate_key("s", "k")
    for use in ("access", "refresh"):
        with pytest.raises(SignedOut):
            access_tokens.holder_of(f"at_{use}", use=use)


def test_an_upgrade_under_another_secret_is_noticed(earlier: dict[str, Any]) -> None:
    migrate.upgrade()
    settings = config.current()
    config.use(config.Settings(secret_key=SECRET[::-1], instance=settings.instance), data_keys.stored)
    with pytest.raises(WrongSecretKey):
        secret_rotation.check_secret()
    assert not data_keys.DataKey.everywhere().exists()  # nothing is kept of a wrong one
