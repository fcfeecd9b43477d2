"""Access tokens of Shopify's Admin API: the permanent one of a former custom app, or one by client id and secret.

An app of the Dev Dashboard has a client id and a secret. They are exchanged for a token that lives a day (the client
credentials grant). A connected shop's token is stored sealed, for every process of this server.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from widget_server import clock, config
from widget_server.loyalty.earning import feeds
from widget_server.stores.calls import Api, NotReached, Refused, ask_by_form

PATH = "/admin/oauth/access_token"
RENEW_BEFORE = timedelta(hours=1)
ACCESS_ENDED = "ACCESS_ENDED"  # a code of ours: this app has no access to the shop any more
REASONS = {
    "app_not_installed": "the app is not installed in this shop: install it from the Dev Dashboard",
    "shop_not_permitted": "the app belongs to another organization: create it in the Dev Dashboard of this shop's own",
    "invalid_client": "the client secret is not valid: copy it again from the app's settings",
    "application_cannot_be_found": "there is no app with this client id: copy it again from the app's settings",
}
UNKNOWN_REASON = "the app was uninstalled, or its secret was changed"


class Token(NamedTuple):
    """An access token and its end; None: it has none."""

    text: str
    ends_at: datetime | None


def current(api: Api) -> str:
    """Returns a valid access token; a stored one is renewed RENEW_BEFORE its end.

    Raises NotReached, and Refused with ACCESS_ENDED when Shopify gives this app no token.
    """
    if "token" in api.keys:
        return api.keys["token"]
    known = _stored(api)
    if known is not None and known.ends_at is not None and clock.now() < known.ends_at - RENEW_BEFORE:
        return known.text
    return _renew(api)


def after_refusal(api: Api, refused: str) -> str | None:
    """Returns another token after Shopify refused this one: what another process stored meanwhile, or a new one.

    None: there is no other. Raises NotReached, and Refused with ACCESS_ENDED.
    """
    if "token" in api.keys:
        return None
    known = _stored(api)
    if known is not None and known.text != refused:
        return known.text
    return _renew(api)


def _stored(api: Api) -> Token | None:
    sealed, ends_at = feeds.token(api.shop_id) if api.shop_id else (None, None)
    return Token(config.unseal(sealed), ends_at) if sealed else None


def _renew(api: Api) -> str:
    made = _grant(api)
    if api.shop_id:
        feeds.keep_token(api.shop_id, config.seal(made.text), made.ends_at)
    return made.text


def _grant(api: Api) -> Token:
    """Returns a new token by client id and secret. Raises NotReached, Refused."""
    fields = {
        "grant_type": "client_credentials",
        "client_id": api.keys["client_id"],
        "client_secret": api.keys["client_secret"],
    }
    try:
        granted = ask_by_form(api.url + PATH, fields)
    except Refused as no:
        reason = REASONS.get(no.code, UNKNOWN_REASON)
        raise Refused(f"gives this app no access: {reason} ({no.detail})", ACCESS_ENDED, no.status) from None
    match granted:
        case {"access_token": str(text), "expires_in": int(seconds)}:
            return Token(text, clock.now() + timedelta(seconds=seconds))
    raise NotReached("returned no access token")
