"""A new server secret: after one command everything is under it and nothing is lost; a wrong one is refused at once."""

from dataclasses import replace
from typing import Any

import pytest
from cryptography.fernet import InvalidToken

from tests.make import SECRET, World, everything_kept, refused
from tests.test_cli import Shell, refusal, shell
from widget_server import config, data_keys, job_queue, ledger, migrate, secret_rotation
from widget_server.data_keys import DataKey
from widget_server.delivery import endpoints, signatures
from widget_server.errors import BadRequest, WrongSecretKey
from widget_server.loyalty.people import api_keys, mailboxes, sessions
from widget_server.loyalty.program import shops

__all__ = ["shell"]

NEW = "a-new-secret-of-the-server-which-nobody-has-seen-yet"
WRONG = "another-secret-that-never-opened-anything-of-this-one"


def under(secret: str, *old: str) -> None:
    """Begin anew with this secret, as a process does."""
    known = replace(config.current(), secret_key=secret, old_secret_keys=old)
    config.use(known, data_keys.stored)


def shop_with_everything(world: World) -> dict[str, Any]:
    """Something of each kind that is sealed, hashed or chained, as it reads now."""
    ann = world.member()
    ann.is_given(100)
    shops.connect(world.shop, "https://fern.example", {"token": "shpat_hush"})
    endpoint = endpoints.create(world.shop.id, url="https://fern.example/hook", event_types=["*"])
    signatures.key_of(world.shop.id)
    _, secret = api_keys.create_key(world.shop.id, "till")
    return {
        "session": ann.token,
        "api_key": secret,
        "endpoint": endpoint.id,
        "mailbox": mailboxes.digest("ann@example.com"),
    }


def readings(world: World, facts: dict[str, Any]) -> dict[str, Any]:
    """What must read the same under another secret."""
    shop = shops.by_id(world.shop.id)
    return {
        "identity": shop.identity_secret,
        "webhook": shop.webhook_secret,
        "api keys of the shop": shop.api_keys,
        "endpoint": endpoints.Endpoint.need(shop, endpoints.Endpoint.id == facts["endpoint"]).secrets,
        "signing key": signatures.public_key(signatures.key_of(shop.id)),
        "letters": [
            config.unseal(job.payload["sealed"]) for job in job_queue.Job.everywhere() if "sealed" in job.payload
        ],
        "session": sessions.session_of(shop.id, facts["session"]).customer_id,
        "api key": api_keys.key_by_secret(facts["api_key"]).id,
        "mailbox": mailboxes.digest("ann@example.com"),
        "books": list(ledger.audit()),
    }


def test_everything_reads_the_same_under_a_new_secret(world: World) -> None:
    secret_rotation.check_secret()
    facts = shop_with_everything(world)
    before = readings(world, facts)
    assert before["letters"] and before["books"] == []
    under(NEW, SECRET)
    assert readings(world, facts) == before  # the server may be started before the command is run
    secret_rotation.rotate()
    under(NEW)
    assert readings(world, facts) == before
    world.visitor().is_given(50)  # the chain goes on
    assert list(ledger.audit()) == []


def test_nothing_that_is_kept_opens_with_the_old_secret(world: World) -> None:
    secret_rotation.check_secret()
    shop_with_everything(world)
    old_keys = config.keys_of("shared-secrets")
    under(NEW, SECRET)
    secret_rotation.rotate()
    under(SECRET)
    refused(secret_rotation.check_secret, WrongSecretKey)
    for sealed in (value for value in everything_kept().splitlines() if value.startswith("gAAAA")):
        for key in (*old_keys, config.made_of(SECRET, "shared-secrets"), config.made_of(SECRET, "data-keys")):
            with pytest.raises(InvalidToken):
                config.fernet(key).decrypt(sealed.encode())
    under(NEW)


def test_it_may_be_run_again_and_begins_from_any_former_secret(world: World) -> None:
    facts = shop_with_everything(world)
    before = readings(world, facts)
    under(NEW, WRONG, SECRET)
    for _ in range(2):
        secret_rotation.rotate()
        assert readings(world, facts) == before
    under(NEW)
    assert readings(world, facts) == before
    no = refused(secret_rotation.rotate, BadRequest)
    assert no.field == "WIDGET_OLD_SECRET_KEYS"


def test_what_fails_half_way_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    secret_rotation.check_secret()
    facts = shop_with_everything(world)
    before = readings(world, facts)
    under(NEW, SECRET)

    def power_cut() -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="power cut"):
        patch.setattr(ledger, "rechain", power_cut)
        secret_rotation.rotate()
    under(SECRET)
    assert readings(world, facts) == before


def test_a_process_that_did_not_hear_of_it_loses_nothing(world: World) -> None:
    """A web process that runs on seals with the key it knows; the present one still opens that."""
    secret_rotation.check_secret()
    config.seal("warms up")
    stale = dict(config._opened)
    under(NEW, SECRET)
    secret_rotation.rotate()
    fresh = config.seal("fresh")
    config._opened.update(stale)
    late = config.seal("late")
    assert config.unseal(fresh) == "fresh"  # it looks again when it cannot open something
    config.forget_keys()
    assert config.unseal(late) == "late"


def test_every_sealed_column_is_named_so(world: World) -> None:
    """The name is how the rotation finds it."""
    shop_with_everything(world)
    for table in migrate.TABLES:
        for column in table._meta.sorted_fields:
            values = table.everywhere(column).where(column.is_null(False)).tuples()
            sealed = any(str(value).startswith("gAAAA") for (value,) in values)
            assert not sealed or column.name.endswith("_sealed") or column is DataKey.wrapped, column


def test_each_key_begins_as_what_earlier_versions_made_of_the_secret(world: World) -> None:
    before = {purpose: config.derived_key(purpose) for purpose in config.AT_REST}
    secret_rotation.check_secret()
    config.forget_keys()
    assert {purpose: config.derived_key(purpose) for purpose in config.AT_REST} == before
    assert before["tokens"] == config.made_of(SECRET, "tokens")


def test_an_installation_that_was_upgraded_under_a_new_secret_keeps_what_it_had(world: World) -> None:
    facts = shop_with_everything(world)
    before = readings(world, facts)
    assert not DataKey.everywhere().exists()
    under(NEW, SECRET)
    secret_rotation.check_secret()
    assert readings(world, facts) == before


# The shell


@pytest.mark.parametrize("command", [["shop", "list"], ["audit"], ["serve"], ["worker"], ["secret", "rotate"]])
def test_each_command_refuses_a_wrong_secret_in_words(world: World, shell: Shell, command: list[str]) -> None:
    assert shell("shop", "list").exit_code == 0
    line = refusal(shell(*command, WIDGET_SECRET_KEY=WRONG, WIDGET_OLD_SECRET_KEYS=WRONG[::-1]))
    assert "This database was sealed with another WIDGET_SECRET_KEY" in line
    assert "widget-server secret rotate" in line


def test_one_command_ends_with_everything_under_the_new_secret(world: World, shell: Shell) -> None:
    facts = shop_with_everything(world)
    before = readings(world, facts)
    done = shell("secret", "rotate", WIDGET_SECRET_KEY=NEW, WIDGET_OLD_SECRET_KEYS=f"{WRONG}, {SECRET}")
    assert done.exit_code == 0, done.output
    assert "start the server" in done.output
    assert shell("audit", WIDGET_SECRET_KEY=NEW, WIDGET_OLD_SECRET_KEYS="").output == "The books balance.\n"
    under(NEW)
    assert readings(world, facts) == before
