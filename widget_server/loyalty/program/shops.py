"""Shops: one merchant's site each, its origins, its shared secrets, and how its widget looks."""

import base64
import json
import re
import secrets
import unicodedata
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Literal, get_args
from urllib.parse import urlsplit

from peewee import Check

from widget_server import clock, config
from widget_server.db import (
    Bool,
    Json,
    Selection,
    ShopTable,
    Table,
    Text,
    UtcDateTime,
    atomic,
    insert_once,
    lock_rows,
    new_id,
    statement,
)
from widget_server.editions import kept
from widget_server.errors import BadRequest, LastOrigin, LastSecret, NotFound, TooManySecrets
from widget_server.events import ShopConnected, ShopDisconnected, emit
from widget_server.json_types import JsonObject
from widget_server.loyalty import audit_log
from widget_server.loyalty.audit_log import Audited
from widget_server.tallies import Tally

API_KEY = re.compile(r"[\x21-\x7e]{1,500}")
CURRENCY = re.compile(r"[A-Z]{3}")
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f.]*:[0-9a-f:.]+")
LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
SecretKind = Literal["identity", "webhook"]
SECRET_KINDS: tuple[SecretKind, ...] = get_args(SecretKind)
SECRETS_MAX = 2  # per kind: the old one and its replacement
SECRET_LENGTH_MIN = 16
SHOWN_CHARACTERS = 4
WEBHOOK_PREFIX = "whsec_"
NAME_LENGTH_MAX = 100
NEWS_EVERY = timedelta(minutes=1)  # precision of the time of the last webhook
SEEN_EVERY = timedelta(hours=1)


class Shop(Audited, Table):
    """One merchant's site; its secrets are ShopSecrets.

    `last_news_at` is when the shop last sent a signed request, to the minute (contracts §13). `widget_seen_at` is when
    a browser last loaded the script tag, to the hour, and `widget_seen_on` the origin of that page, where it says so.
    `token_accepted_at` is when an identity token of the shop last signed a customer in, to the hour.
    `staff_need_factor` means that its staff must have a second factor to use the dashboard.
    """

    id = Text(primary_key=True)
    name = Text()
    embed_key = Text(unique=True)
    platform = Text(default="generic")
    currency = Text()
    timezone = Text()
    locale = Text()
    widget = Json()
    api_url = Text(null=True)
    api_keys_sealed = Text(null=True)
    daily_done = Text(null=True)
    last_news_at = UtcDateTime(null=True)
    widget_seen_at = UtcDateTime(null=True)
    widget_seen_on = Text(null=True)
    token_accepted_at = UtcDateTime(null=True)
    staff_need_factor = Bool(default=False)
    created_at = UtcDateTime()

    @property
    def identity_secret(self) -> str:
        """The newest secret that the shop signs its identity tokens with."""
        return secrets_of(self.id, "identity")[0].secret

    @property
    def webhook_secret(self) -> str:
        """The newest secret that the shop signs its webhooks with."""
        return secrets_of(self.id, "webhook")[0].secret

    @property
    def is_connected(self) -> bool:
        """True while this server has keys to the shop's own API, through which it creates each code at the checkout."""
        return self.api_url is not None

    @property
    def api_keys(self) -> dict[str, str]:
        """The keys to the shop's own API; empty while it is not connected."""
        return json.loads(config.unseal(self.api_keys_sealed)) if self.api_keys_sealed else {}

    @property
    def look(self) -> "WidgetSettings":
        """The widget's settings, with defaults for what is not set."""
        return WidgetSettings(**self.widget)

    @property
    def origins(self) -> list[str]:
        """The origins that may show the widget, as browsers write them; the first is the shop's home."""
        return [row.origin for row in _origins.rows(self.id)]


class ShopSecret(Audited, ShopTable):
    """A secret that the shop signs with: its identity tokens or its webhooks. Two of a kind may be valid at once."""

    id = Text(primary_key=True)
    kind = Text()
    secret_sealed = Text()
    created_at = UtcDateTime()

    class Meta:
        indexes = ((("shop_id", "kind"), False),)
        constraints = [Check("kind IN ('identity', 'webhook')")]

    @property
    def secret(self) -> str:
        """The secret in plain text."""
        return config.unseal(self.secret_sealed)

    @property
    def begins_with(self) -> str:
        """Its first SHOWN_CHARACTERS characters, by which an owner distinguishes the secrets."""
        prefix = WEBHOOK_PREFIX if self.secret.startswith(WEBHOOK_PREFIX) else ""
        return self.secret[: len(prefix) + SHOWN_CHARACTERS]


class Origin(Audited, ShopTable):
    """A page origin on which the shop's widget may be shown (acceptance 9)."""

    id = Text(primary_key=True)
    origin = Text()
    created_at = UtcDateTime()

    class Meta:
        indexes = ((("shop_id", "origin"), True),)


@dataclass(frozen=True)
class WidgetSettings:
    """How the launcher and the panel look, and where their buttons lead (acceptance 6, 11, 13)."""

    colour: str = "#1b6b4a"
    mode: Literal["light", "dark", "auto"] = "light"
    side: Literal["end", "start"] = "end"
    offset_x: int = 24
    offset_y: int = 24
    z_index: int = 2147483000
    label: str | None = None
    icon: bool = True
    icon_file: str | None = None
    hidden: bool = False
    hide_on_mobile: bool = False
    hide_on_desktop: bool = False
    hide_paths: tuple[str, ...] = ()
    show_paths: tuple[str, ...] = ()
    sign_in: Literal["widget", "shop"] = "widget"
    sign_in_url: str | None = None
    sign_up_url: str | None = None
    apply_url: str | None = None
    needs_consent: bool = False
    identity_digest: bool = False
    till_code: bool = False
    when_paused: Literal["hide", "soon"] = "soon"
    strings: dict[str, dict[str, str]] = field(default_factory=dict)

    def as_json(self) -> JsonObject:
        """Returns the settings by field name, as they are stored."""
        return asdict(self)


def create(
    *,
    name: str,
    origins: list[str],
    currency: str,
    timezone: str,
    locale: str,
    platform: str = "generic",
    webhook_secret: str | None = None,
) -> Shop:
    """Create a shop with fresh secrets. Raises BadRequest naming the field that is wrong."""
    if not name.strip():
        raise BadRequest("A shop needs a name.", field="name")
    if not CURRENCY.fullmatch(currency):
        raise BadRequest("A currency has three capital letters, as EUR.", field="currency")
    _check_locale(locale)
    try:
        clock.zone(timezone)
    except ValueError as unknown:
        raise BadRequest(str(unknown), field="timezone") from unknown
    if not origins:
        raise BadRequest("A shop needs at least one origin.", field="origin")
    cleaned = [clean_origin(origin) for origin in origins]
    with atomic():
        shop = Shop(
            id=new_id(),
            name=name.strip(),
            embed_key=f"pk_{secrets.token_hex(12)}",
            platform=platform,
            currency=currency,
            timezone=timezone,
            locale=locale,
            widget=WidgetSettings().as_json(),
            created_at=clock.now(),
        )
        shop.save(force_insert=True)
        add_secret(shop.id, "identity")
        add_secret(shop.id, "webhook", webhook_secret)
        for origin in dict.fromkeys(cleaned):
            add_origin(shop, origin)
        return shop


def change(shop: Shop, *, name: str, locale: str) -> None:
    """Change the shop's name and the language of mails to customers without one of their own.

    The currency and the time zone stay: amounts and closed days are stored in them. Raises BadRequest naming the field.
    """
    if not 0 < len(name.strip()) <= NAME_LENGTH_MAX:
        raise BadRequest(f"A name has 1 to {NAME_LENGTH_MAX} characters.", field="name")
    _check_locale(locale)
    shop.name, shop.locale = name.strip(), locale
    shop.save(only=[Shop.name, Shop.locale])


def _check_locale(locale: str) -> None:
    if not LOCALE.fullmatch(locale):
        raise BadRequest("A locale looks like en or de-AT.", field="locale")


def secrets_of(shop_id: str, kind: SecretKind | None = None) -> list[ShopSecret]:
    """Returns the shop's secrets, or those of one kind, newest first: each of them is valid."""
    found = ShopSecret.of(shop_id)
    if kind is not None:
        found = found.where(ShopSecret.kind == kind)
    return list(found.order_by(ShopSecret.created_at.desc(), ShopSecret.id))


def add_secret(shop_id: str, kind: SecretKind, secret: str | None = None) -> tuple[ShopSecret, str]:
    """Add a valid secret of a kind, `secret` or a fresh one; returns its row and the text, which is shown only once.

    Raises BadRequest when it is too short, TooManySecrets when there are SECRETS_MAX already.
    """
    if kind not in SECRET_KINDS:
        raise BadRequest(f"The kind is one of {', '.join(SECRET_KINDS)}.", field="kind")
    if secret is not None and len(secret) < SECRET_LENGTH_MIN:
        raise BadRequest(f"A secret has {SECRET_LENGTH_MIN} characters or more.", field="secret")
    plain = secret or (secrets.token_urlsafe(48) if kind == "identity" else _webhook_secret())
    with atomic():
        lock_rows(Shop.select().where(Shop.id == shop_id)).get()
        if len(secrets_of(shop_id, kind)) >= SECRETS_MAX:
            raise TooManySecrets()
        made = ShopSecret(
            id=new_id(), shop_id=shop_id, kind=kind, secret_sealed=config.seal(plain), created_at=clock.now()
        )
        made.save(force_insert=True)
    return made, plain


def remove_secret(shop_id: str, secret_id: str) -> None:
    """Delete the secret: what is signed with it is refused from now on. Raises NotFound, LastSecret."""
    with atomic():
        lock_rows(Shop.select().where(Shop.id == shop_id)).get()
        gone = ShopSecret.need(shop_id, ShopSecret.id == secret_id)
        if len(secrets_of(shop_id, gone.kind)) == 1:
            raise LastSecret()
        ShopSecret.remove(shop_id, ShopSecret.id == secret_id)


def replace_secrets(shop_id: str, kind: SecretKind) -> str:
    """Make a fresh secret the only one of its kind, for a shop that uses none yet; returns it, shown only once."""
    with atomic():
        lock_rows(Shop.select().where(Shop.id == shop_id)).get()
        for one in secrets_of(shop_id, kind):
            ShopSecret.remove(shop_id, ShopSecret.id == one.id)
        return add_secret(shop_id, kind)[1]


def add_origin(shop: Shop, origin: str) -> None:
    """Let pages of `origin` show the shop's widget; no change when they may already. Raises BadRequest."""
    row = {"id": new_id(), "shop_id": shop.id, "origin": clean_origin(origin), "created_at": clock.now()}
    with atomic():
        if insert_once(Origin, row):
            audit_log.note(shop.id, "create", "origin", row["id"], after={"origin": row["origin"]})


def remove_origin(shop: Shop, origin: str) -> None:
    """Show the widget no longer on pages of `origin`. Raises NotFound, LastOrigin."""
    with atomic():
        lock_rows(Shop.select().where(Shop.id == shop.id)).get()
        gone = Origin.need(shop, Origin.origin == origin)
        if Origin.of(shop).count() == 1:
            raise LastOrigin()
        Origin.remove(shop, Origin.id == gone.id)


def connect(shop: Shop, api_url: str, keys: dict[str, str]) -> None:
    """Store the keys to the shop's own API: from now on each new code is created there too.

    Raises BadRequest naming the address or the key that is invalid.
    """
    address, sealed = clean_api_url(api_url), config.seal(json.dumps(clean_api_keys(keys)))
    with atomic():
        shop.api_url, shop.api_keys_sealed = address, sealed
        shop.save(only=[Shop.api_url, Shop.api_keys_sealed])
        emit(ShopConnected(shop.id))


def disconnect(shop: Shop) -> None:
    """Delete the keys to the shop's own API; the codes that were created there stay."""
    with atomic():
        shop.api_url = shop.api_keys_sealed = None
        shop.save(only=[Shop.api_url, Shop.api_keys_sealed])
        emit(ShopDisconnected(shop.id))


def clean_api_url(url: str) -> str:
    """Returns the address of a shop's own API without a slash at its end.

    Raises BadRequest unless it is https, or http on loopback, since keys are sent there.
    """
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    safe = parts.scheme == "https" or (parts.scheme == "http" and config.is_loopback(host))
    if not safe or not HOST.fullmatch(host) or parts.query or parts.fragment or "@" in parts.netloc:
        raise BadRequest(f"{url!r} is not an address like https://shop.example.", field="api_url")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def clean_api_keys(keys: dict[str, str]) -> dict[str, str]:
    """Returns the keys unchanged; raises BadRequest naming one that an HTTP header cannot carry."""
    for name, key in keys.items():
        if not API_KEY.fullmatch(key):
            raise BadRequest("It is empty, or has a character that a key cannot have.", field=name)
    return keys


def note_news(shop: Shop) -> None:
    """Note that the shop sent a signed request now; writes at most once in NEWS_EVERY."""
    moment = clock.now()
    if shop.last_news_at is None or moment - shop.last_news_at >= NEWS_EVERY:
        Shop.update(last_news_at=moment).where(Shop.id == shop.id).execute()


def note_widget(shop: Shop, origin: str | None) -> None:
    """Note that a page of this origin loaded the script tag now; written later, at most once in SEEN_EVERY."""
    moment = clock.now()
    if shop.widget_seen_at is None or moment - shop.widget_seen_at >= SEEN_EVERY:
        _seen.note(shop.id, (moment, origin))


def _keep_seen(shop_id: str, seen: tuple[datetime, str | None]) -> None:
    Shop.update(widget_seen_at=seen[0], widget_seen_on=seen[1]).where(Shop.id == shop_id).execute()


def note_token(shop_id: str) -> None:
    """Note that an identity token of the shop was accepted now; written later, at most once in SEEN_EVERY."""
    _accepted.note(shop_id, clock.now())


def _keep_accepted(shop_id: str, moment: datetime) -> None:
    is_old = Shop.token_accepted_at.is_null() | (Shop.token_accepted_at <= moment - SEEN_EVERY)
    Shop.update(token_accepted_at=moment).where(Shop.id == shop_id, is_old).execute()


_accepted = Tally(_keep_accepted, merge=lambda earlier, later: later)
_seen = Tally(_keep_seen, merge=lambda earlier, later: later)


def note_daily(shop: Shop, day: str) -> None:
    """Note that the daily work of the shop's local `day`, an ISO date, is done."""
    Shop.update(daily_done=day).where(Shop.id == shop.id).execute()


def clean_origin(origin: str) -> str:
    """Returns `origin` as browsers write it; raises BadRequest when it is not scheme://host[:port].

    It is written into the panel's Content-Security-Policy, so nothing but a host may pass.
    """
    try:
        parts = urlsplit(origin.strip())
        host, port = _ascii_host(parts.hostname or ""), parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    beside = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in ("http", "https") or not HOST.fullmatch(host) or beside:
        raise BadRequest(f"{origin!r} is not an origin like https://shop.example.", field="origin")
    named = f"[{host}]" if ":" in host else host
    port_is_default = (parts.scheme, port) in (("https", 443), ("http", 80))
    return f"{parts.scheme}://{named}" + (f":{port}" if port and not port_is_default else "")


def _ascii_host(host: str) -> str:
    """Returns a Unicode host as browsers send it (xn--...). Python's "idna" would turn weiß.de into weiss.de."""
    labels = unicodedata.normalize("NFC", host).split(".")
    return ".".join(one if one.isascii() else f"xn--{one.encode('punycode').decode()}" for one in labels)


def by_id(shop_id: str) -> Shop:
    """Returns the shop with this id, which is not secret; raises NotFound."""
    shop = _with_id.first(shop_id)
    if shop is None:
        raise unknown()
    return shop


@statement
def _with_id(shop_id: str) -> Selection[Shop]:
    return Shop.select().where(Shop.id == shop_id)


def unknown() -> NotFound:
    """Returns the refusal for a key that no shop has."""
    return NotFound("There is no such shop here.")


@kept
def _origins(shop_id: str) -> Selection[Origin]:
    return Origin.of(shop_id).order_by(Origin.created_at, Origin.origin)


def _webhook_secret() -> str:
    """Returns a fresh secret in the form of the Standard Webhooks libraries: whsec_ and base64."""
    return WEBHOOK_PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()
