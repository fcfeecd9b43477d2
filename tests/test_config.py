"""What the operator sets, and the keys made from the secret."""

from pathlib import Path

import pytest
from cryptography.fernet import InvalidToken

from tests.make import SECRET
from widget_server import config
from widget_server.config import Settings
from widget_server.errors import BadRequest

GOOD = Settings(secret_key=SECRET, base_url="https://widget.example")


@pytest.fixture(autouse=True)
def _in_force() -> None:
    config.use(GOOD)


def test_without_an_environment_everything_is_local(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DATABASE_URL", "WIDGET_SECRET_KEY", "WIDGET_BASE_URL", "WIDGET_INSTANCE", "WIDGET_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_env()
    assert settings.database_url == f"sqlite:///{tmp_path / 'instance' / 'loyalty.db'}"
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.secret_key == ""
    assert not settings.debug


def test_the_environment_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://db/loyalty")
    monkeypatch.setenv("WIDGET_SECRET_KEY", SECRET)
    monkeypatch.setenv("WIDGET_BASE_URL", "https://widget.example/")
    monkeypatch.setenv("WIDGET_PROXIES", "2")
    monkeypatch.setenv("WIDGET_DEBUG", "1")
    settings = Settings.from_env()
    assert settings.database_url == "postgresql://db/loyalty"
    assert (settings.base_url, settings.proxies, settings.debug) == ("https://widget.example", 2, True)
    assert settings.widget_origin == "https://widget.example"


def test_webhooks_are_strict_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("ALLOW_PRIVATE_WEBHOOKS", "WEBHOOK_TIMEOUT_MS", "WEBHOOK_DAYS", "WEBHOOK_PAUSE_DIVISOR")

    def read() -> tuple[bool, int, int, int]:
        found = Settings.from_env()
        return (
            found.allow_private_webhooks,
            found.webhook_timeout_ms,
            found.webhook_days,
            found.webhook_pause_divisor,
        )

    for name in names:
        monkeypatch.delenv(f"WIDGET_{name}", raising=False)
    assert read() == (False, 10_000, 30, 1)
    for name, value in zip(names, ("1", "2000", "7", "50"), strict=True):
        monkeypatch.setenv(f"WIDGET_{name}", value)
    assert read() == (True, 2000, 7, 50)
    monkeypatch.setenv("WIDGET_ALLOW_PRIVATE_WEBHOOKS", "0")
    assert not read()[0]
    for name in ("WIDGET_WEBHOOK_TIMEOUT_MS", "WIDGET_WEBHOOK_PAUSE_DIVISOR"):
        with monkeypatch.context() as patch, pytest.raises(BadRequest) as refused:
            patch.setenv(name, "0")
            read()
        assert refused.value.field == name


def test_each_purpose_has_a_key_of_its_own() -> None:
    first = config.derived_key("cookies"), config.derived_key("cursor"), config.digest("token")
    assert len({*first}) == 3
    assert len(first[0]) == 32
    assert (config.derived_key("cookies"), config.derived_key("cursor"), config.digest("token")) == first
    config.use(Settings(secret_key=SECRET + "!"))
    assert config.derived_key("cookies") != first[0]
    assert config.digest("token") != first[2]


def test_a_sealed_secret_opens_under_the_same_server_key_only() -> None:
    sealed = config.seal("whsec_ä")
    assert "whsec" not in sealed
    assert config.unseal(sealed) == "whsec_ä"
    config.use(Settings(secret_key=SECRET + "!"))
    with pytest.raises(InvalidToken):
        config.unseal(sealed)
