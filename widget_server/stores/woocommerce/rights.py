"""What the keys to a WooCommerce shop may do, and what to do about a refusal, as a sentence for the owner."""

from widget_server.stores.calls import Refused

NO_WRITE = "The API key provided does not have write permissions."  # its code is the same as for any wrong key
NO_ROUTE = "rest_no_route"
UNKNOWN_KEY = ("Consumer key is invalid", "Consumer secret is invalid")
MANAGER = ("woocommerce_rest_cannot_",)


def may_only_read(no: Refused) -> bool:
    """True when a refusal means that the keys may read but not write."""
    return NO_WRITE in no.detail or no.code == "woocommerce_rest_cannot_edit"


def explained(no: Refused) -> Refused:
    """Returns the refusal with what to do about it, before the shop's own words; its code stays."""
    advice = _advice(no)
    return Refused(f"{advice} (it {no.detail})", no.code) if advice else no


def _advice(no: Refused) -> str:
    if NO_WRITE in no.detail:
        return (
            "lets the keys read but not write: choose Read/Write for them (WooCommerce, Settings, Advanced, REST API)"
        )
    if any(words in no.detail for words in UNKNOWN_KEY):
        return "does not know these keys: copy the consumer key and the consumer secret again"
    if no.code.startswith(MANAGER) and no.detail.startswith("answered 401"):
        return "received no valid keys: copy them again, and let its web server pass the header Authorization on"
    if no.code.startswith(MANAGER):
        return "does not let the keys manage it: make them for a user who is a shop manager or an administrator"
    if no.code == NO_ROUTE:
        return "has no WooCommerce API at this address: enter the address of the site, as https://shop.example"
    return ""
