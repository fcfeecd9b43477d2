"""A shop's plugin connects and disconnects itself: by a connection code, and by a signed message (contracts §29)."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from widget_server import config, job_queue
from widget_server.db import atomic
from widget_server.errors import BadRequest
from widget_server.job_queue import JobName
from widget_server.loyalty import audit_log
from widget_server.loyalty.audit_log import Actor
from widget_server.loyalty.program import connection_codes, shops
from widget_server.loyalty.program.shops import Shop
from widget_server.stores import codes, connecting, installation
from widget_server.stores.calls import Api, NotReached, Refused

PLUGIN = Actor("server", name="WooCommerce plugin")
FIELDS = {"api_url": "store_url", "key": "consumer_key", "secret": "consumer_secret", "origin": "store_url"}


@dataclass(frozen=True)
class Linked:
    """What the plugin needs to know of this server, and the secrets that it signs with."""

    script_tag: str
    script_src: str
    embed_key: str
    identity_secret: str
    webhook_secret: str
    origin: str
    widget_url: str
    shop_name: str
    referral_param: str


def link(shop_id: str, token: str, store_url: str, keys: dict[str, str]) -> Linked:
    """Connect a shop by a connection code: check its keys, store them, allow its address, and queue its webhooks.

    The code is used up only when the keys are good. Raises WrongCredentials for the code, and BadRequest naming the
    field that is wrong, also when the shop cannot be reached or refuses the keys.
    """
    connection_codes.need(shop_id, token)
    shop = shops.by_id(shop_id)
    with audit_log.acting(PLUGIN):
        try:
            api = Api(shops.clean_api_url(store_url), shops.clean_api_keys(keys))
            connecting.need_public(api.url)
            codes.check(shop.platform, api)
            origin = shops.clean_origin(_origin_of(api.url))
        except BadRequest as wrong:
            raise BadRequest(wrong.message, field=FIELDS.get(wrong.field or "", wrong.field)) from None
        except NotReached as no:
            raise BadRequest(f"The shop {no}.", field="store_url") from None
        except Refused as no:
            raise BadRequest(f"The shop {no}.", field="consumer_key") from None
        with atomic():
            connection_codes.use_up(shop.id, token)
            shops.connect(shop, api.url, api.keys)
            shops.add_origin(shop, origin)
            # by a job: a small shop may be busy with this very request, and cannot respond to others
            job_queue.enqueue(JobName.REPAIR_WEBHOOKS, {"shop_id": shop.id})
        return _linked(shop, origin)


def unlink(shop: Shop, store_url: str) -> bool:
    """Delete the webhooks and keys of this shop; False, and no change, when another address than this one is connected.

    A copy of the shop, for tests, has its secrets too: that it is deleted ends nothing. Raises BadRequest (store_url).
    """
    try:
        address = shops.clean_api_url(store_url)
    except BadRequest as wrong:
        raise BadRequest(wrong.message, field="store_url") from None
    if shop.api_url != address:
        return False
    with audit_log.acting(PLUGIN):
        connecting.disconnect(shop)
    return True


def _linked(shop: Shop, origin: str) -> Linked:
    base = config.current().base_url
    return Linked(
        script_tag=installation.script_tag(shop),
        script_src=installation.script_src(shop),
        embed_key=shop.embed_key,
        identity_secret=shop.identity_secret,
        webhook_secret=shop.webhook_secret,
        origin=origin,
        widget_url=base,
        shop_name=shop.name,
        referral_param="ref",
    )


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
