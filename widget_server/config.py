"""What the operator sets, by environment (README lists every name), and the keys that the server works with.

`current()` is the one place the rest of the house reads settings from. Keys of what is kept in the database are kept
there too, wrapped by the server's secret (data_keys.py); keys that sign what soon ends are made of the secret itself.
"""

import base64
import hashlib
import hmac
import ipaddress
import os
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from widget_server.errors import BadRequest

MAIL_SCHEMES = ("file", "smtp", "smtps", "smtp+starttls")
COUNT_MAX = 10**9  # of a setting that is a whole number

# what the keys are for. Nothing that is kept can be read or found again without the keys of the first kind
AtRest = Literal["shared-secrets", "tokens", "mailboxes", "postal-addresses", "ledger-chain", "journal", "deliveries"]
Signing = Literal["cookies", "cursor", "import-files", "challenges", "session-links", "visitor-tokens"]
AT_REST: tuple[AtRest, ...] = get_args(AtRest)
StoredKeys = Callable[[AtRest], list[bytes]]


@dataclass(frozen=True)
class Settings:
    """One running server's settings. `instance` is the folder for what is local to this machine."""

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
        """Read the environment; what is missing or empty takes the embedded default (an SQLite file in instance/).

        Raises BadRequest naming a setting that is not the whole number it should be.
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
    """What the environment sets, and each setting that is not the whole number it should be, which has its default."""
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
    """True for a name that never leaves this machine, where plain http is fine."""
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
    """Make `settings` the ones in force for this process.

    `stored_keys` returns the keys that the database has for a purpose, newest first; without it there are none.
    """
    _current[:] = [settings]
    _stored[:] = [stored_keys] if stored_keys else []
    forget_keys()


def current() -> Settings:
    """The settings in force; raises RuntimeError before `use()`."""
    if not _current:
        raise RuntimeError("no settings in use: call config.use() first")
    return _current[0]


def forget_keys() -> None:
    """The keys in the database have changed: read them anew when they are needed."""
    _opened.clear()


def made_of(secret: str, purpose: str) -> bytes:
    """32 bytes for one purpose, made from a server's secret; purposes never share a key."""
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).digest()


def keys_of(purpose: AtRest) -> list[bytes]:
    """The keys of what is kept for one purpose, newest first: those in the database, or the one it begins with.

    Raises WrongSecretKey when the server's secret does not open them.
    """
    if purpose not in _opened:
        stored = _stored[0](purpose) if _stored else []
        _opened[purpose] = stored or [made_of(current().secret_key, purpose)]
    return _opened[purpose]


def derived_key(purpose: AtRest | Signing) -> bytes:
    """32 bytes for one purpose: of what is kept the newest key in the database, else made from the server's secret.

    A key that signs is made anew with the server's secret, and what was signed before ends.
    """
    if purpose in AT_REST:
        return keys_of(purpose)[0]
    return made_of(current().secret_key, purpose)


def seal(plain: str) -> str:
    """Encrypt a shared secret for the database."""
    return _fernet().encrypt(plain.encode()).decode()


def unseal(sealed: str) -> str:
    """The shared secret that `seal` encrypted; raises cryptography's InvalidToken under another server key."""
    try:
        return _fernet().decrypt(sealed.encode()).decode()
    except InvalidToken:
        forget_keys()  # another process may have renewed them
        return _fernet().decrypt(sealed.encode()).decode()


def _fernet() -> MultiFernet:
    return MultiFernet([fernet(key) for key in keys_of("shared-secrets")])


def fernet(key: bytes) -> Fernet:
    """What encrypts with these 32 bytes."""
    return Fernet(base64.urlsafe_b64encode(key))


def keyed_digest(purpose: AtRest, text: str | bytes, key: bytes | None = None) -> str:
    """The keyed hash, in hex, by which `text` is known without being kept; by `key` when it is an earlier one."""
    said = text.encode() if isinstance(text, str) else text
    return hmac.new(key or derived_key(purpose), said, hashlib.sha256).hexdigest()


def digest(token: str) -> str:
    """How a token, key or code of high entropy is kept at rest: its keyed hash, in hex."""
    return keyed_digest("tokens", token)
