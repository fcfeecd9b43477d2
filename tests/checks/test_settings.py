"""Settings: what must not serve shoppers is refused with its mend, what is doubtful is said."""

import secrets
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.make import SECRET, tries
from widget_server import config
from widget_server.checks import settings as checks
from widget_server.config import Settings

FINE = Settings(
    secret_key=SECRET,
    base_url="https://widget.example",
    proxies=1,
    mail_url="smtps://mail.example",
    mail_from="loyalty@fern.example",
)


def found(host: str | None = None, **changed: Any) -> list[tuple[bool, str]]:
    """What is found when `changed` is set beside good settings: whether it is fatal, and its text."""
    values = {name: getattr(FINE, name) for name in Settings.__dataclass_fields__}
    return [(one.is_fatal, one.text) for one in checks.find(Settings(**{**values, **changed}), host)]


def test_good_settings_have_nothing_to_find() -> None:
    assert found() == found("0.0.0.0") == []


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "changeme",
        "short",
        "x" * 31,
        "x" * 64,
        "ab" * 32,
        "password" * 8,
        "LoyaltyLoyaltyLoyaltyLoyaltyLoyalty",
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnop",
        "0123456789" * 5,
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "$(python -c 'import secrets; print(secrets.token_urlsafe(48))')",
        "${WIDGET_SECRET_KEY_FROM_THE_VAULT}",
        "`openssl rand -hex 32` and some more",
        "my secret my secret my secret my secret my secret",
    ],
)
def test_a_weak_secret_must_not_serve(secret: str) -> None:
    ((is_fatal, text),) = found(secret_key=secret)
    assert is_fatal and "WIDGET_SECRET_KEY" in text and "secrets.token_urlsafe" in text
    assert not secret or len(secret) < 32 or secret not in text  # the log never repeats it


@given(some.binary(min_size=48, max_size=48))
@tries(200)
def test_what_random_makes_is_never_called_guessable(seed: bytes) -> None:
    del seed
    assert not checks.is_guessable(secrets.token_urlsafe(48))
    assert not checks.is_guessable(secrets.token_hex(32))


@pytest.mark.parametrize(
    ("address", "fine"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000", True),
        ("http://localhost", True),
        ("http://widget.localhost:8000", True),
        ("http://widget.example", False),
        ("http://localhost.example", False),
        ("http://evil-localhost", False),
        ("https://widget.example", True),
        ("https://widget.example:8443", True),
        ("https://widget.example/loyalty", False),
        ("https://widget.example?x=1", False),
        ("https://widget.example#top", False),
        ("https://widget.example:0", False),
        ("https://widget.example:99999", False),
        ("https://ann:secret@widget.example", False),
        ("https://$HOST", False),
        ("https://", False),
        ("widget.example", False),
        ("ftp://widget.example", False),
        ("//widget.example", False),
    ],
)
def test_the_base_url_is_an_address_that_browsers_reach(address: str, fine: bool) -> None:  # contracts §3
    refused = [text for is_fatal, text in found(base_url=address) if is_fatal]
    assert (refused == []) is fine
    assert all("WIDGET_BASE_URL" in text and "ann:secret" not in text for text in refused)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "loyalty.internal"])
def test_a_server_for_others_has_an_address_that_others_reach(host: str) -> None:
    (is_fatal, text), *_ = found(host, base_url="http://127.0.0.1:8000")
    assert is_fatal and "--host" in text and "WIDGET_BASE_URL" in text
    assert not [text for is_fatal, text in found("127.0.0.1", base_url="http://127.0.0.1:8000") if is_fatal]


@pytest.mark.parametrize(
    ("changed", "named", "is_fatal"),
    [
        ({"debug": True}, "WIDGET_DEBUG", True),
        ({"mail_url": "smpt://mail.example"}, "WIDGET_MAIL_URL", True),
        ({"mail_url": "smtp://"}, "WIDGET_MAIL_URL", True),
        ({"mail_url": "smtps://mail.example:port"}, "WIDGET_MAIL_URL", True),
        ({"mail_url": "file:///var/mail/loyalty"}, "WIDGET_MAIL_URL", True),
        ({"mail_url": "smtp://ann:secret@mail.example"}, "WIDGET_MAIL_URL", False),
        ({"mail_from": "loyalty@localhost"}, "WIDGET_MAIL_FROM", False),
        ({"mail_from": "Fern <loyalty@fern>"}, "WIDGET_MAIL_FROM", False),
        ({"security_contact": "ann"}, "WIDGET_SECURITY_CONTACT", True),
        ({"security_contact": "http://fern.example"}, "WIDGET_SECURITY_CONTACT", True),
        ({"proxies": 99}, "WIDGET_PROXIES", True),
        ({"proxies": 6}, "WIDGET_PROXIES", True),
        ({"proxies": 0}, "WIDGET_PROXIES", False),
        ({"statement_timeout_ms": 0}, "WIDGET_STATEMENT_TIMEOUT_MS", True),
        ({"statement_timeout_ms": 1}, "WIDGET_STATEMENT_TIMEOUT_MS", True),
        ({"statement_timeout_ms": 10**9}, "WIDGET_STATEMENT_TIMEOUT_MS", True),
        ({"webhook_timeout_ms": 10**6}, "WIDGET_WEBHOOK_TIMEOUT_MS", True),
        ({"allow_private_webhooks": True}, "WIDGET_ALLOW_PRIVATE_WEBHOOKS", False),
        ({"webhook_pause_divisor": 50}, "WIDGET_WEBHOOK_PAUSE_DIVISOR", False),
    ],
)
def test_each_is_named_with_its_mend(changed: dict[str, Any], named: str, is_fatal: bool) -> None:
    ((fatal, text),) = found(**changed)
    assert named in text and fatal is is_fatal
    assert "secret" not in text.lower()


@pytest.mark.parametrize("url", ["smtps://mail.example", "smtps://u:p@mail.example", "smtp+starttls://m:587"])
def test_these_ways_of_mail_are_fine(url: str) -> None:
    assert found(mail_url=url) == []


def test_on_one_machine_mails_may_go_to_a_folder() -> None:
    assert found(mail_url="file:///m", base_url="http://localhost:8000") == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("WIDGET_PROXY", "WIDGET_PROXIES"), ("WIDGET_SECRETKEY", "WIDGET_SECRET_KEY"), ("WIDGET_XYZZY", None)],
)
def test_a_setting_that_nobody_reads_is_refused(monkeypatch: pytest.MonkeyPatch, typed: str, meant: str | None) -> None:
    monkeypatch.setenv(typed, "1")
    ((is_fatal, text),) = found()
    assert is_fatal and typed in text and (meant is None or meant in text)


def test_every_field_is_read_from_a_setting_of_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = dict.fromkeys(config.NAMES, "7") | {"WIDGET_INSTANCE": str(tmp_path)}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    read, faults = config.read_env()
    assert not faults
    for name in Settings.__dataclass_fields__:
        assert getattr(read, name) != getattr(Settings(), name), name
