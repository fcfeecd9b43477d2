"""What a shop's theme and back office need: the script tag, and the addresses of its webhooks (contracts §3, §6)."""

from widget_server import config
from widget_server.loyalty.program.shops import Shop
from widget_server.stores.platforms import PLATFORMS


def script_tag(shop: Shop) -> str:
    """Returns the one line that a theme needs."""
    return f'<script async src="{script_src(shop)}"></script>'


def script_src(shop: Shop) -> str:
    """Returns the address of the script that the tag loads."""
    return f"{config.current().base_url}/widget.js?shop={shop.embed_key}"


def webhook_urls(shop: Shop) -> dict[str, str]:
    """Returns the addresses that the shop sends to, by topic, with the calls of its own checkout."""
    platform, base = PLATFORMS[shop.platform], config.current().base_url
    topics = (*platform.TOPICS, *platform.CALLS)
    return {topic: f"{base}/stores/{shop.platform}/{shop.id}/{topic}" for topic in topics}
