"""The settings from the environment (README lists every name), and the keys that the server uses.

All other code reads settings from `current()`. Keys for data in the database are stored there too, wrapped by the
server's secret (data_keys.py); keys that sign short-lived values are derived from the secret itself.
"""

import base64
import hashlib
import hmac
import ipaddress
import os
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from widget_server.errors import BadRequest

MAIL_SCHEMES = ("file", "smtp", "smtps", "smtp+starttls")
COUNT_MAX = 10**9  # the limit of every integer setting

# the purposes of the keys. Stored data cannot be read or looked up without the keys of the first kind
AtRest = Literal["shared-secrets", "tokens", "mailboxes", "postal-addresses", "ledger-chain", "journal", "deliveries"]
Signing = Literal["cookies", "cursor", "import-files", "challenges", "session-links", "visitor-tokens", "backtest"]
AT_REST: tuple[AtRest, ...] = get_args(AtRest)
StoredKeys = Callable[[AtRest], list[bytes]]


@dataclass(frozen=True)
class Settings:
    """The settings of one running server. `instance` is the folder for files that are local to this machine."""

    database_url: str = ""
    secret_key: str = ""
    old_secret_keys: tuple[str, ...] = ()
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
    security_contact: str = ""
    audit_days: int = 730
    key_rate: int = 6000

    @classmethod
    def from_env(cls) -> "Settings":
        """Read the environment; a missing or empty setting gets its default (an SQLite file in instance/).

        Raises BadRequest with the name of an integer setting that is not a valid integer.
        """
        settings, faults = read_env()
        if faults:
            raise faults[0]
        return settings

    @property
    def widget_origin(self) -> str:
        """Scheme, host and port of the server, as browsers write an origin."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"


NAMES = frozenset(f"WIDGET_{one.name.upper()}" for one in fields(Settings)) - {"WIDGET_DATABASE_URL"}


def read_env() -> tuple[Settings, list[BadRequest]]:
    """Returns the settings, and one error for each integer setting that is invalid; such a setting has its default."""
    faults: list[BadRequest] = []

    def count(name: str, default: int, *, least: int = 0) -> int:
        text = os.environ.get(name) or str(default)
        if text.isdecimal() and least <= int(text) <= COUNT_MAX:
            return int(text)
        faults.append(BadRequest(f"{text!r} is not a whole number from {least} to {COUNT_MAX}.", field=name))
        return default

    env = os.environ
    instance = Path(env.get("WIDGET_INSTANCE") or "instance").resolve()
    settings = Settings(
        database_url=env.get("DATABASE_URL") or f"sqlite:///{instance / 'loyalty.db'}",
        secret_key=env.get("WIDGET_SECRET_KEY", ""),
        old_secret_keys=tuple(filter(None, map(str.strip, env.get("WIDGET_OLD_SECRET_KEYS", "").split(",")))),
        base_url=(env.get("WIDGET_BASE_URL") or "http://127.0.0.1:8000").rstrip("/"),
        instance=instance,
        mail_url=env.get("WIDGET_MAIL_URL") or f"file://{instance / 'mail'}",
        mail_from=env.get("WIDGET_MAIL_FROM") or "loyalty@localhost",
        debug=_is_on("WIDGET_DEBUG"),
        proxies=count("WIDGET_PROXIES", 0),
        statement_timeout_ms=count("WIDGET_STATEMENT_TIMEOUT_MS", 15_000),
        allow_private_webhooks=_is_on("WIDGET_ALLOW_PRIVATE_WEBHOOKS"),
        webhook_timeout_ms=count("WIDGET_WEBHOOK_TIMEOUT_MS", 10_000, least=1),
        webhook_days=count("WIDGET_WEBHOOK_DAYS", 30),
        webhook_pause_divisor=count("WIDGET_WEBHOOK_PAUSE_DIVISOR", 1, least=1),
        security_contact=env.get("WIDGET_SECURITY_CONTACT", ""),
        key_rate=count("WIDGET_KEY_RATE", 6000),
        audit_days=count("WIDGET_AUDIT_DAYS", 730, least=1),
    )
    return settings, faults


def is_loopback(host: str) -> bool:
    """True for a host name of this machine itself, where plain http is safe."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _is_on(name: str) -> bool:
    return os.environ.get(name, "") not in ("", "0", "false")


_current: list[Settings] = []
_stored: list[StoredKeys] = []
_opened: dict[AtRest, list[bytes]] = {}


def use(settings: Settings, stored_keys: StoredKeys | None = None) -> None:
    """Use `settings` in this process from now on.

    `stored_keys` returns the keys in the database for a purpose, newest first; without it there are none.
    """
    _current[:] = [settings]
    _stored[:] = [stored_keys] if stored_keys else []
    forget_keys()


def current() -> Settings:
    """The settings of this process; raises RuntimeError before `use()`."""
    if not _current:
        raise RuntimeError("no settings in use: call config.use() first")
    return _current[0]


def forget_keys() -> None:
    """Clear the cached keys: those in the database have changed and are read again when needed."""
    _opened.clear()


def made_of(secret: str, purpose: str) -> bytes:
    """Derive the 32-byte key of one purpose from a server's secret; each purpose has a different key."""
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).digest()


def keys_of(purpose: AtRest) -> list[bytes]:
    """The keys for stored data of one purpose, newest first: those in the database, or else the initial key.

    Raises WrongSecretKey when the server's secret cannot decrypt them.
    """
    if purpose not in _opened:
        stored = _stored[0](purpose) if _stored else []
        _opened[purpose] = stored or [made_of(current().secret_key, purpose)]
    return _opened[purpose]


def derived_key(purpose: AtRest | Signing) -> bytes:
    """The 32-byte key of one purpose: for stored data the newest key in the database, else derived from the secret.

    A signing key changes with the server's secret; everything signed before becomes invalid.
    """
    if purpose in AT_REST:
        return keys_of(purpose)[0]
    return made_of(current().secret_key, purpose)


def seal(plain: str) -> str:
    """Encrypt a shared secret for storage in the database; returns Fernet text."""
    return _fernet().encrypt(plain.encode()).decode()


def unseal(sealed: str) -> str:
    """The shared secret that `seal` encrypted; raises cryptography's InvalidToken for another key."""
    try:
        return _fernet().decrypt(sealed.encode()).decode()
    except InvalidToken:
        forget_keys()  # another process may have renewed them
        return _fernet().decrypt(sealed.encode()).decode()


def _fernet() -> MultiFernet:
    return MultiFernet([fernet(key) for key in keys_of("shared-secrets")])


def fernet(key: bytes) -> Fernet:
    """The Fernet cipher for a key of 32 bytes."""
    return Fernet(base64.urlsafe_b64encode(key))


def keyed_digest(purpose: AtRest, text: str | bytes, key: bytes | None = None) -> str:
    """The keyed hash of `text` in hex, stored instead of the text; `key` replaces the newest key of the purpose."""
    made = _keyed(key or derived_key(purpose)).copy()
    made.update(text.encode() if isinstance(text, str) else text)
    return made.hexdigest()


@lru_cache(maxsize=64)
def _keyed(key: bytes) -> hmac.HMAC:
    """The keyed hash of nothing, which is copied for each text: half of the time of a short one is for the key."""
    return hmac.new(key, digestmod="sha256")


def digest(token: str) -> str:
    """The keyed hash, in hex, that is stored for a token, key or code of high entropy."""
    return keyed_digest("tokens", token)
