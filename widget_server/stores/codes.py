"""Codes in a shop's own checkout: created and deleted by jobs through the API of its platform (acceptance 30, 37, 39).

Each job may run again after a crash: a code of ours that already exists in the shop counts as created, a missing one
as deleted. The shop is called outside any transaction; `loyalty/rewards/issuing.py` then records the result for the
coupon.
"""

from widget_server.json_types import JsonObject
from widget_server.loyalty.earning import orders
from widget_server.loyalty.people import customers
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import coupons, issuing
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.stores.calls import PRODUCT_UNAVAILABLE, Api, NotReached, Recipient, Refused, api_of
from widget_server.stores.platforms import Codes, codes_of

Payload = JsonObject


def keys_of(platform: str) -> dict[str, str]:
    """Returns the keys of the platform's API, each with the platform's own name for it.

    Raises BadRequest if it has none.
    """
    return codes_of(platform).KEYS


def other_keys_of(platform: str) -> dict[str, str]:
    """Returns the keys that do instead of `keys_of`, of an app that was made under former rules; {} without any."""
    return codes_of(platform).OTHER_KEYS


def is_other_key(platform: str, key: str) -> bool:
    """Returns whether this is one of `other_keys_of`, by its looks."""
    return bool(other_keys_of(platform)) and codes_of(platform).is_other_key(key)


def check(platform: str, api: Api) -> None:
    """Check that the keys give access to codes in the shop's API. Raises NotReached, Refused."""
    codes_of(platform).check(api)


def issue(payload: Payload) -> None:
    """Job: create a code in the shop's checkout. `anew` in the payload: an order had used it, and was cancelled.

    Raises NotReached, for the queue to try again.
    """
    shop, coupon = _named(payload)
    if coupon.status != "issuing":
        return
    try:
        if shop.is_connected:
            _make(shop, coupon, again=bool(payload["anew"]))
    except Refused as refused:
        failure = PRODUCT_UNAVAILABLE if refused.code == PRODUCT_UNAVAILABLE else "shop_refused"
        issuing.code_refused(shop, coupon.id, failure, refused.detail)
    else:
        issuing.code_made(shop, coupon.id)


def return_for_points(payload: Payload) -> None:
    """Job: delete the code in the shop, then return its points. Raises NotReached, for the queue to try again."""
    shop, coupon = _named(payload)
    if not coupons.is_returning(coupon):
        return
    try:
        used = shop.is_connected and not _kill_unused(shop, coupon)
    except Refused as refused:
        issuing.code_not_killed(shop, coupon.id, "shop_refused", refused.detail)
        return
    if used:  # its order has not reached us yet
        issuing.code_not_killed(shop, coupon.id, "already_used", "the shop counts a use of the code")
    else:
        issuing.code_dead(shop, coupon.id, key=str(payload["key"]), source=str(payload["source"]))


def kill(payload: Payload) -> None:
    """Job: delete in the shop a code that may no longer be used. Raises NotReached, Refused."""
    shop, coupon = _named(payload)
    if not shop.is_connected or coupon.status not in coupons.DEAD or coupon.origin == coupons.IMPORTED:
        return  # a code that another app made is the shop's own
    maker, api = _maker(shop)
    found = maker.find(api, coupon.code)
    # one that was never created may be the shop's own; an issued one is ours even if the shop gave it another name
    if found and (found.coupon_id == coupon.id or coupon.status != "failed"):
        maker.delete(api, found)


def _named(payload: Payload) -> tuple[Shop, Coupon]:
    shop = shops.by_id(str(payload["shop_id"]))
    return shop, Coupon.need(shop, Coupon.id == payload["coupon_id"])


def _maker(shop: Shop) -> tuple[Codes, Api]:
    return codes_of(shop.platform), api_of(shop)


def _make(shop: Shop, coupon: Coupon, *, again: bool) -> None:
    maker, api = _maker(shop)
    if again and not maker.GIVES_USES_BACK and (old := maker.find(api, coupon.code)):
        maker.delete(api, old)
    try:
        maker.make(api, coupon, _recipient(shop, coupon), shop.currency)
    except Refused as refused:
        if refused.code != maker.TAKEN:
            raise
        found = maker.find(api, coupon.code)
        if found is None:
            raise NotReached("says that the code exists, but does not return it") from None
        if found.coupon_id != coupon.id:
            raise Refused("another discount of the shop has this code") from None


def _recipient(shop: Shop, coupon: Coupon) -> Recipient:
    owner = customers.by_id(shop.id, coupon.customer_id)
    return Recipient(owner.external_id, tuple(orders.known_emails(shop, owner)))


def _kill_unused(shop: Shop, coupon: Coupon) -> bool:
    """Returns False, and deletes nothing, when the code was used already."""
    maker, api = _maker(shop)
    found = maker.find(api, coupon.code)
    if found and not found.used:
        maker.delete(api, found)
    return not (found and found.used)
