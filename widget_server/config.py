"""What the operator sets, by environment (README lists every name), and the keys made from the secret.

`current()` is the one place the rest of the house reads them from.
"""

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

from widget_server.errors import BadRequest

WEAK_SECRETS = frozenset({"", "changeme", "change-me", "secret", "dev", "development", "password", "test", "default"})
SECRET_LENGTH_MIN = 32
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")
MAIL_SCHEMES = ("file", "smtp", "smtps", "smtp+starttls")


@dataclass(frozen=True)
class Settings:
    """One running server's settings. `instance` is the folder for what is local to this machine."""

    database_url: str = ""
    secret_key: str = ""
    base_url: str = "http://127.0.0.1:8000"
    instance: Path = field(default_factory=lambda: Path("instance"))
    mail_url: str = ""
    mail_from: str = "loyalty@localhost"
    debug: bool = False
    proxies: int = 0
    statement_timeout_ms: int = 15_000
    allow_private_webhooks: bool = False
    webhook_timeout_ms: int = 10_000
    webhook_days: int = 30
    webhook_pause_divisor: int = 1
    key_rate: int = 6000

    @classmethod
    def from_env(cls) -> "Settings":
        """Read the environment; what is missing or empty takes the embedded default (an SQLite file in instance/).

        Raises BadRequest naming a setting that is not the whole number it should be.
        """
        env = os.environ
        instance = Path(env.get("WIDGET_INSTANCE") or "instance").resolve()
        return cls(
            database_url=env.get("DATABASE_URL") or f"sqlite:///{instance / 'loyalty.db'}",
            secret_key=env.get("WIDGET_SECRET_KEY", ""),
            base_url=(env.get("WIDGET_BASE_URL") or "http://127.0.0.1:8000").rstrip("/"),
            instance=instance,
            mail_url=env.get("WIDGET_MAIL_URL") or f"file://{instance / 'mail'}",
            mail_from=env.get("WIDGET_MAIL_FROM") or "loyalty@localhost",
            debug=_is_on("WIDGET_DEBUG"),
            proxies=_count("WIDGET_PROXIES", 0),
            statement_timeout_ms=_count("WIDGET_STATEMENT_TIMEOUT_MS", 15_000),
            allow_private_webhooks=_is_on("WIDGET_ALLOW_PRIVATE_WEBHOOKS"),
            webhook_timeout_ms=_count("WIDGET_WEBHOOK_TIMEOUT_MS", 10_000, least=1),
            webhook_days=_count("WIDGET_WEBHOOK_DAYS", 30),
            webhook_pause_divisor=_count("WIDGET_WEBHOOK_PAUSE_DIVISOR", 1, least=1),
            key_rate=_count("WIDGET_KEY_RATE", 6000),
        )

    def weaknesses(self) -> list[str]:
        """Why these settings must not serve shoppers, each with its mend; empty when they may."""
        found = []
        if self.secret_key.lower() in WEAK_SECRETS or len(self.secret_key) < SECRET_LENGTH_MIN:
            found.append(
                f"WIDGET_SECRET_KEY is missing, a default or shorter than {SECRET_LENGTH_MIN} characters: "
                "set it to the output of `python -c 'import secrets; print(secrets.token_urlsafe(48))'`."
            )
        if self.debug:
            found.append("WIDGET_DEBUG is on: unset it.")
        address = urlsplit(self.base_url)
        if address.scheme != "https" and not is_loopback(address.hostname or ""):
            found.append(f"WIDGET_BASE_URL {self.base_url} is not https: plain http is fine on loopback only.")
        if self.mail_url and self.mail_url.partition("://")[0] not in MAIL_SCHEMES:
            known = ", ".join(f"{scheme}://" for scheme in MAIL_SCHEMES)
            found.append(f"WIDGET_MAIL_URL begins with none of {known}: no mail would leave.")
        return found

    @property
    def widget_origin(self) -> str:
        """Scheme, host and port of the server, as browsers write an origin."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"


def is_loopback(host: str) -> bool:
    """True for a name that never leaves this machine, where plain http is fine."""
    return host in LOOPBACK_HOSTS or host.endswith(".localhost")


def _is_on(name: str) -> bool:
    return os.environ.get(name, "") not in ("", "0", "false")


def _count(name: str, default: int, *, least: int = 0) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdecimal() or int(text) < least:
        raise BadRequest(f"{text!r} is not a whole number{f' from {least} up' if least else ''}.", field=name)
    return int(text)


_current: list[Settings] = []


def use(settings: Settings) -> None:
    """Make `settings` the ones in force for this process."""
    _current[:] = [settings]


def current() -> Settings:
    """The settings in force; raises RuntimeError before `use()`."""
    if not _current:
        raise RuntimeError("no settings in use: call config.use() first")
    return _current[0]


def derived_key(purpose: str) -> bytes:
    """32 bytes for one purpose, made from the server's secret; purposes never share a key."""
    return hmac.new(current().secret_key.encode(), purpose.encode(), hashlib.sha256).digest()


def seal(plain: str) -> str:
    """Encrypt a shared secret for the database."""
    return _fernet().encrypt(plain.encode()).decode()


def unseal(sealed: str) -> str:
    """The shared secret that `seal` encrypted; raises cryptography's InvalidToken under another server key."""
    return _fernet().decrypt(sealed.encode()).decode()


def _fernet() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(derived_key("shared-secrets")))


def digest(token: str) -> str:
    """How a token, key or code of high entropy is kept at rest: its keyed hash, in hex."""
    return hmac.new(derived_key("tokens"), token.encode(), hashlib.sha256).hexdigest()
