"""WIDGET_SECRET_KEY was changed: a server that cannot open its database says so, and after a rotation all goes on."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import InvalidToken
from flask.testing import FlaskClient
from standardwebhooks import Webhook

from tests.make import SECRET, World, everything_kept
from tests.test_cli import Shell, shell
from tests.test_serve import Server, env, free_port, until
from widget_server import clock, config, data_keys, secret_rotation
from widget_server.errors import WrongSecretKey
from widget_server.loyalty.people import api_keys

__all__ = ["shell"]

NEW = "a-new-secret-of-the-server-which-nobody-has-seen-yet"
PROGRAM = "/loyalty-programs/v1/program"


def test_under_another_secret_nothing_is_served(world: World, database: str, tmp_path: Path) -> None:
    secret_rotation.check_secret()
    changed = env(database, WIDGET_SECRET_KEY=NEW)
    server = Server("serve", "--port", str(free_port()), log=tmp_path / "changed.log", **changed)
    try:
        until(lambda: server.process.poll() is not None, "it ends")
        assert server.process.returncode == 1
        assert "This database was sealed with another WIDGET_SECRET_KEY" in server.said
        assert "Traceback" not in server.said
    finally:
        server.end()


def must_be_noticed(shell: Shell) -> None:
    """A command under one secret, and then one under another."""
    assert shell("shop", "list").exit_code == 0
    assert shell("shop", "list", WIDGET_SECRET_KEY=NEW).exit_code == 1


def test_a_changed_secret_is_noticed(world: World, shell: Shell) -> None:
    must_be_noticed(shell)


def test_twin_a_database_that_is_not_tried(world: World, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_rotation, "check_secret", lambda: None)
    with pytest.raises(AssertionError):
        must_be_noticed(shell)


class Customers:
    """Who relies on the secret: a server with an API key, a page with an identity token, a shop that signs webhooks."""

    def __init__(self, world: World, client: FlaskClient) -> None:
        self.world, self.client = world, client
        self.api_key = api_keys.create_key(world.shop.id, "server")[1]
        self.member = world.member()
        self.webhook_secret = world.shop.webhook_secret

    def statuses(self) -> list[int]:
        """How each of them is served."""
        moment, body = clock.now(), '{"id": "kc"}'
        signed = {
            "webhook-id": f"msg_{next(self.world.numbers)}",
            "webhook-timestamp": str(int(moment.timestamp())),
        }
        signed["webhook-signature"] = Webhook(self.webhook_secret).sign(signed["webhook-id"], moment, body)
        at_widget = {"X-Loyalty-Shop": self.world.shop.embed_key}
        hers = {**at_widget, "Authorization": f"Bearer {self.member.token}"}
        path = f"/stores/generic/{self.world.shop.id}/customer"
        identity = {"token": self.world.token(sub="kc")}
        return [
            self.client.get(PROGRAM, headers={"Authorization": self.api_key}).status_code,
            self.client.post("/widget/session/identity", json=identity, headers=at_widget).status_code,
            self.client.post(path, data=body, content_type="application/json", headers=signed).status_code,
            self.client.get("/widget/my-balance", headers=hers).status_code,
        ]


def change_secret(world: World, client: FlaskClient) -> None:
    """The secret leaked; the operator rotates it and takes the old one out."""
    secret_rotation.check_secret()
    known = Customers(world, client)
    assert known.statuses() == [200] * 4
    leaked = [config.made_of(SECRET, "shared-secrets"), *config.keys_of("shared-secrets")]
    config.use(replace(config.current(), secret_key=NEW, old_secret_keys=(SECRET,)), data_keys.stored)
    secret_rotation.rotate()
    config.use(replace(config.current(), secret_key=NEW, old_secret_keys=()), data_keys.stored)
    assert known.statuses() == [200] * 4
    for sealed in (value for value in everything_kept().splitlines() if value.startswith("gAAAA")):
        assert not any(_opens(key, sealed) for key in (*leaked, config.made_of(SECRET, data_keys.WRAPPING)))


def _opens(key: bytes, sealed: str) -> bool:
    try:
        config.fernet(key).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def test_after_a_rotation_all_goes_on_and_the_leaked_secret_opens_nothing(world: World, client: FlaskClient) -> None:
    change_secret(world, client)


@pytest.mark.parametrize(
    ("module", "guard", "former"),
    [
        (data_keys, "wrap_anew", lambda: None),
        (secret_rotation, "sealed_values", lambda: iter(())),
        (data_keys, "renew", lambda purpose: None),
    ],
)
def test_twin_a_rotation_that_leaves_something_under_the_old_secret(
    world: World, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, module: object, guard: str, former: object
) -> None:
    monkeypatch.setattr(module, guard, former)
    with pytest.raises((AssertionError, WrongSecretKey)):
        change_secret(world, client)
    config.use(replace(config.current(), secret_key=NEW, old_secret_keys=(SECRET,)), data_keys.stored)  # for the books
