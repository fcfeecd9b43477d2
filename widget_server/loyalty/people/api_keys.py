"""API keys for the shop's servers: stored hashed, limited in what they may do, from where and until when.

A key grants no right that it lacks itself, and what it granted ends with the secret that was used (contracts §16).
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from peewee import Check

from widget_server import clock, config
from widget_server.db import Json, Selection, ShopTable, Text, UtcDateTime, atomic, new_id, statement
from widget_server.errors import AddressNotAllowed, BadRequest, MoreThanOwnRights, SignedOut
from widget_server.loyalty.audit_log import Audited
from widget_server.tallies import Tally

SCOPES = ("read", "manage")  # each includes the ones before it
SERVICES = (  # of the admin API; a key may be limited to some of them
    *("program", "accounts", "tiers", "rewards", "coupons", "earning_rules", "transactions", "checkout", "imports"),
    *("social", "webhooks", "customers", "api_keys", "batches", "referrals", "orders", "awards", "reports"),
    *("settings", "adjustments", "secrets", "audit", "till", "changes", "test_clock"),
)

Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class Rights:
    """What a key may do. `services` maps a service to its scope (None: every service, by `scope`); `addresses` are
    networks (None: any); `expires_at` is when the key ends (None: never).
    """

    scope: str = "manage"
    services: Mapping[str, str] | None = None
    addresses: tuple[str, ...] | None = None
    expires_at: datetime | None = None

    def may(self, needed: str, service: str) -> bool:
        """True when the rights include `needed` (read or manage) for that service."""
        own = self.scope if self.services is None else self.services.get(service)
        return own is not None and _at_least(own, needed) and _at_least(self.scope, needed)

    def allow_from(self, address: str | None) -> bool:
        """True when a request from that network address may use the key."""
        if self.addresses is None:
            return True
        network = _network(address or "")
        return network is not None and any(_lies_in(network, one) for one in self._networks)

    def exceeded_by(self, other: "Rights") -> str | None:
        """Returns the name of a right that `other` has and these lack; None when these include all of them."""
        services = other.services if other.services is not None else dict.fromkeys(SERVICES, other.scope)
        if not _at_least(self.scope, other.scope):
            return "scope"
        if not all(self.may(scope, service) for service, scope in services.items()):
            return "services"
        if self.expires_at is not None and (other.expires_at is None or other.expires_at > self.expires_at):
            return "expires_at"
        if self.addresses is not None and (
            other.addresses is None
            or not all(any(_lies_in(one, own) for own in self._networks) for one in other._networks)
        ):
            return "addresses"
        return None

    @property
    def _networks(self) -> list[Network]:
        return [ip_network(one) for one in self.addresses or ()]


class ApiKey(Audited, ShopTable):
    """A key for the shop's servers. `id` is public; the secret is stored hashed and shown once."""

    id = Text(primary_key=True)
    name = Text()
    secret_hash = Text(unique=True)
    scope = Text(default="manage")
    created_at = UtcDateTime()
    last_used_at = UtcDateTime(null=True)
    last_used_from = Text(null=True)
    revoked_at = UtcDateTime(null=True)
    previous_hash = Text(null=True, index=True)
    previous_until = UtcDateTime(null=True)
    services = Json(null=True)
    expires_at = UtcDateTime(null=True)
    addresses = Json(null=True)

    class Meta:
        constraints = [Check("scope IN ('manage', 'read')")]

    @property
    def rights(self) -> Rights:
        """What the key may do, as one value built from its columns."""
        addresses = None if self.addresses is None else tuple(self.addresses)
        return Rights(self.scope, self.services, addresses, self.expires_at)

    def vouches_for(self, secret_hash: str | None, moment: datetime) -> bool:
        """True while the key is valid for this secret: the present one, or the previous one until `previous_until`.

        The same rule holds for what a secret granted: it ends with that secret (contracts §16).
        """
        if self.revoked_at is not None or (self.expires_at is not None and moment >= self.expires_at):
            return False
        is_earlier = secret_hash is not None and secret_hash == self.previous_hash
        return secret_hash == self.secret_hash or (is_earlier and moment < self.previous_until)


@dataclass(frozen=True)
class KeyInUse:
    """A key, and the hash of the secret that the caller used: what is granted now is bound to both."""

    key: ApiKey
    secret_hash: str


def create_key(
    shop_id: str, name: str, scope: str = "manage", *, rights: Rights | None = None, grantor: ApiKey | None = None
) -> tuple[ApiKey, str]:
    """Create an API key; returns it and its secret, which is shown only once. `rights` wins over `scope`.

    `grantor` is the key that creates it (None: the operator). Raises BadRequest naming the right that is invalid,
    MoreThanOwnRights naming the right that the grantor lacks.
    """
    wanted = cleaned(rights or Rights(scope))
    need_own(grantor, wanted)
    secret = _new_secret()
    key = ApiKey(
        id=new_id(),
        shop_id=shop_id,
        name=name,
        secret_hash=config.digest(secret),
        scope=wanted.scope,
        services=None if wanted.services is None else dict(wanted.services),
        addresses=None if wanted.addresses is None else list(wanted.addresses),
        expires_at=wanted.expires_at,
        created_at=clock.now(),
    )
    key.save(force_insert=True)
    return key, secret


def key_by_secret(secret: str, *, address: str | None = None) -> ApiKey:
    """Returns the API key with this secret, as `in_use` does. Raises SignedOut, AddressNotAllowed."""
    return in_use(secret, address=address).key


def in_use(secret: str, *, address: str | None = None) -> KeyInUse:
    """Returns the API key with this secret, and notes its use from `address`.

    Raises SignedOut when no valid key has it, AddressNotAllowed when `address` is not on the key's list.
    """
    hashed = config.digest(secret)
    key = _with_hash.first(hashed)
    if key is None or not key.vouches_for(hashed, clock.now()):
        raise SignedOut()
    need_address(key, address)
    _uses.note((key.shop_id, key.id), (clock.now(), address))
    return KeyInUse(key, hashed)


@statement
def _with_hash(hashed: str) -> Selection[ApiKey]:
    return ApiKey.everywhere().where((ApiKey.secret_hash == hashed) | (ApiKey.previous_hash == hashed)).limit(1)


def need_address(key: ApiKey, address: str | None) -> None:
    """Raises AddressNotAllowed unless the key's list allows a request from `address`."""
    if not key.rights.allow_from(address):
        raise AddressNotAllowed()


def need_own(grantor: ApiKey | None, wanted: Rights) -> None:
    """Raises MoreThanOwnRights when `wanted` exceeds the grantor's rights. None is the operator, who has all."""
    exceeded = grantor.rights.exceeded_by(wanted) if grantor is not None else None
    if exceeded is not None:
        raise MoreThanOwnRights(field=exceeded)


def keys(shop_id: str) -> list[ApiKey]:
    """The shop's API keys, newest first, revoked ones included."""
    return list(ApiKey.of(shop_id).order_by(ApiKey.created_at.desc(), ApiKey.id))


def rotate_key(
    shop_id: str, key_id: str, *, keep: timedelta = timedelta(0), grantor: ApiKey | None = None
) -> tuple[ApiKey, str]:
    """Give the key a fresh secret, shown only once; the previous one, and what it granted, stays valid for `keep`.

    Returns the key and the secret. Raises NotFound, and MoreThanOwnRights when the key may do more than `grantor`.
    """
    secret = _new_secret()
    with atomic():
        key = ApiKey.need(shop_id, ApiKey.id == key_id, ApiKey.revoked_at.is_null())
        need_own(grantor, key.rights)
        key.previous_hash, key.previous_until = key.secret_hash, clock.now() + keep
        key.secret_hash = config.digest(secret)
        key.save(only=[ApiKey.previous_hash, ApiKey.previous_until, ApiKey.secret_hash])
    return key, secret


def revoke_key(shop_id: str, key_id: str) -> None:
    """End the key now, and every token that it granted; raises NotFound."""
    key = ApiKey.need(shop_id, ApiKey.id == key_id)
    if key.revoked_at is None:
        key.revoked_at = clock.now()
        key.save(only=[ApiKey.revoked_at])


def cleaned(rights: Rights) -> Rights:
    """Returns the rights in the form that is stored; raises BadRequest naming the one that is invalid."""
    if rights.scope not in SCOPES:
        raise BadRequest(f"The scope is one of {', '.join(SCOPES)}.", field="scope")
    if rights.services is not None:
        if not rights.services:
            raise BadRequest("Name at least one service; for all of them leave the field out.", field="services")
        for service, scope in rights.services.items():
            if service not in SERVICES:
                raise BadRequest(f"{service!r} is not one of the services {', '.join(SERVICES)}.", field="services")
            if scope not in SCOPES or not _at_least(rights.scope, scope):
                raise BadRequest(f"The scope of {service} is {rights.scope} or lower.", field="services")
    if rights.expires_at is not None and rights.expires_at <= clock.now():
        raise BadRequest("The expiration date must be in the future.", field="expires_at")
    addresses = None if rights.addresses is None else tuple(_cleaned_addresses(rights.addresses))
    return Rights(rights.scope, rights.services, addresses, rights.expires_at)


def _cleaned_addresses(addresses: Iterable[str]) -> list[str]:
    networks = []
    for address in addresses:
        network = _network(address)
        if network is None:
            raise BadRequest(
                f"{address!r} is neither an IP address nor a network like 192.0.2.0/24.", field="addresses"
            )
        networks.append(str(network))
    if not networks:
        raise BadRequest("Name at least one address; for any leave the field out.", field="addresses")
    return list(dict.fromkeys(networks))


def _network(text: str) -> Network | None:
    """Returns an address or a network as a network, IPv4-mapped IPv6 addresses as IPv4; None when it is neither."""
    try:
        if "/" in text:
            return ip_network(text.strip())
        address = ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    return ip_network(getattr(address, "ipv4_mapped", None) or address)


def _lies_in(inner: Network, outer: Network) -> bool:
    if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network):
        return inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network) and inner.subnet_of(outer)


def _at_least(own: str, needed: str) -> bool:
    return SCOPES.index(own) >= SCOPES.index(needed)


def _new_secret() -> str:
    return f"sk_{secrets.token_urlsafe(32)}"


def _keep_use(key: tuple[str, str], use: tuple[datetime, str | None]) -> None:
    (shop_id, key_id), (at, address) = key, use
    ApiKey.change(shop_id, {ApiKey.last_used_at: at, ApiKey.last_used_from: address}, ApiKey.id == key_id)


_uses = Tally(_keep_use, merge=lambda earlier, later: later)
