"""Endpoints: the receivers that a shop registered, the event types each wants, and its secrets."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypedDict, Unpack

from peewee import Check

from widget_server import clock, config
from widget_server.db import Int, Json, ShopTable, Text, UtcDateTime, atomic, lock_rows, new_id
from widget_server.delivery import addresses, payloads, signatures
from widget_server.errors import BadRequest, StaleRevision
from widget_server.loyalty import audit_log
from widget_server.loyalty.audit_log import Audited

EVERY_TYPE = "*"
ENDPOINTS_MAX = 50
DESCRIPTION_LENGTH_MAX = 500
OLD_SECRET_HOURS = 24


class Endpoint(Audited, ShopTable):
    """One receiver. `event_types` is a list of types, or ["*"]; the `last_*` columns describe its latest calls."""

    id = Text(primary_key=True)
    url = Text()
    format = Text(default="standard")
    event_types = Json()
    description = Text(default="")
    status = Text(default="active")
    secret_sealed = Text(null=True)
    old_secret_sealed = Text(null=True)
    old_secret_until = UtcDateTime(null=True)
    last_status = Int(null=True)
    last_answer_at = UtcDateTime(null=True)
    last_success_at = UtcDateTime(null=True)
    revision = Int(default=1)
    created_at = UtcDateTime()
    updated_at = UtcDateTime()

    class Meta:
        indexes = ((("shop_id", "created_at"), False),)
        constraints = [Check("format IN ('standard', 'wix')"), Check("status IN ('active', 'disabled')")]

    @property
    def secret(self) -> str | None:
        """The secret that signs the `standard` format; None in the `wix` format, which uses the shop's RSA key."""
        return config.unseal(self.secret_sealed) if self.secret_sealed else None

    @property
    def secrets(self) -> list[str]:
        """The valid secrets: for a day after a rotation the old one signs too, so that no message is lost."""
        found = [self.secret] if self.secret else []
        if self.old_secret_sealed and self.old_secret_until > clock.now():
            found.append(config.unseal(self.old_secret_sealed))
        return found

    def wants(self, type: str) -> bool:
        """True when this receiver wants events of this type."""
        return EVERY_TYPE in self.event_types or type in self.event_types


def create(
    shop_id: str, *, url: str, format: str = "standard", event_types: list[str] | None = None, description: str = ""
) -> Endpoint:
    """Register a receiver; its `secret` may be shown. Raises BadRequest naming the invalid field."""
    if format not in payloads.RENDERERS:
        raise BadRequest(f"The format is one of {', '.join(payloads.RENDERERS)}.", field="format")
    if format == "wix":
        signatures.key_of(shop_id)
    moment = clock.now()
    endpoint = Endpoint(
        id=new_id(),
        shop_id=shop_id,
        format=format,
        secret_sealed=config.seal(signatures.new_secret()) if format == "standard" else None,
        created_at=moment,
        updated_at=moment,
    )
    _set(endpoint, {"url": url, "event_types": event_types or [EVERY_TYPE], "description": description})
    with atomic():
        if Endpoint.of(shop_id).count() >= ENDPOINTS_MAX:
            raise BadRequest(f"A shop has up to {ENDPOINTS_MAX} receivers.", field="url")
        endpoint.save(force_insert=True)
    return endpoint


class Facts(TypedDict, total=False):
    """The fields of a receiver that may be changed."""

    url: str
    event_types: list[str]
    description: str
    status: str


def change(shop_id: str, endpoint_id: str, *, revision: int | None = None, **facts: Unpack[Facts]) -> Endpoint:
    """Change `url`, `event_types`, `description` or `status`; a disabled receiver keeps its queue but gets nothing new.

    Raises NotFound, BadRequest naming the field, StaleRevision when `revision` is not the current one.
    """
    with atomic():
        endpoint = _locked(shop_id, endpoint_id)
        if revision not in (None, endpoint.revision):
            raise StaleRevision()
        _set(endpoint, facts)
        return _changed(endpoint, facts)


def rotate_secret(shop_id: str, endpoint_id: str) -> Endpoint:
    """Set a new secret; the old one signs too for OLD_SECRET_HOURS. Raises NotFound, BadRequest in `wix` format."""
    with atomic():
        endpoint = _locked(shop_id, endpoint_id)
        if endpoint.format == "wix":
            raise BadRequest("This format is verified with the shop's public key: rotate that key.", field="format")
        facts = {
            "old_secret_sealed": endpoint.secret_sealed,
            "old_secret_until": clock.now() + timedelta(hours=OLD_SECRET_HOURS),
            "secret_sealed": config.seal(signatures.new_secret()),
        }
        for name, value in facts.items():
            setattr(endpoint, name, value)
        return _changed(endpoint, facts)


def listed(shop_id: str) -> list[Endpoint]:
    """Returns the shop's receivers, oldest first."""
    return list(Endpoint.of(shop_id).order_by(Endpoint.created_at, Endpoint.id))


def _locked(shop_id: str, endpoint_id: str) -> Endpoint:
    """Returns the receiver with its row locked; raises NotFound."""
    lock_rows(Endpoint.of(shop_id, Endpoint.id).where(Endpoint.id == endpoint_id)).first()
    return Endpoint.need(shop_id, Endpoint.id == endpoint_id)


def _set(endpoint: Endpoint, facts: Mapping[str, object]) -> None:
    for name, value in facts.items():
        setattr(endpoint, name, CLEANERS[name](value, endpoint.format))


def _changed(endpoint: Endpoint, facts: Mapping[str, object]) -> Endpoint:
    """Write only these facts: a sender may record the last response at the same time."""
    values = {name: getattr(endpoint, name) for name in facts}
    values |= {"revision": Endpoint.revision + 1, "updated_at": clock.now()}
    before = Endpoint.need(endpoint.shop_id, Endpoint.id == endpoint.id)
    Endpoint.change(endpoint.shop_id, values, Endpoint.id == endpoint.id)
    after = Endpoint.need(endpoint.shop_id, Endpoint.id == endpoint.id)
    audit_log.note_difference(before, after)
    return after


def _clean_url(url: str, format: str) -> str:
    addresses.parse(url)
    return url


def _clean_types(types: list[str], format: str) -> list[str]:
    known = payloads.types(format)
    unknown = [type for type in types if type not in (EVERY_TYPE, *known)]
    if unknown or not types:
        known_types = ", ".join((EVERY_TYPE, *known))
        raise BadRequest(f"The types of events are among {known_types}.", field="event_types", unknown=unknown)
    return list(dict.fromkeys(types))


def _clean_description(text: str, format: str) -> str:
    if len(text) > DESCRIPTION_LENGTH_MAX:
        raise BadRequest(f"A description has up to {DESCRIPTION_LENGTH_MAX} characters.", field="description")
    return text


def _clean_status(status: str, format: str) -> str:
    if status not in ("active", "disabled"):
        raise BadRequest("The status is active or disabled.", field="status")
    return status


CLEANERS: dict[str, Callable[[Any, str], Any]] = {
    "url": _clean_url,
    "event_types": _clean_types,
    "description": _clean_description,
    "status": _clean_status,
}
