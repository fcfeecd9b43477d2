"""The webhooks of a WooCommerce shop to this server: created, named, repaired and deleted through its REST API.

A webhook is ours when its address ends like one of ours, on whatever host: this server may have moved. Those of others
are not touched. WooCommerce shows the secret of a webhook to nobody, so that each of ours is written anew each time.
"""

from dataclasses import dataclass, field

from widget_server import config
from widget_server.loyalty.program.shops import Shop
from widget_server.stores.calls import Api, Refused
from widget_server.stores.woocommerce import api as woocommerce_api
from widget_server.stores.woocommerce.api import Row
from widget_server.stores.woocommerce.rights import explained
from widget_server.stores.woocommerce.webhooks import TOPICS


@dataclass
class Webhooks:
    """What became of our webhooks, by topic; `deleted` counts those that were superfluous.

    `refused` is why a webhook could not be written, as a sentence that begins with a verb of the shop; None when all
    are in order.
    """

    made: list[str] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    deleted: int = 0
    refused: str | None = None


def ensure(shop: Shop, api: Api) -> Webhooks:
    """Make each of our webhooks exist once, active, at our address and with the present secret.

    Run again, it changes nothing. A refusal of the shop is in the result. Raises NotReached.
    """
    done = Webhooks()
    try:
        there = ours(shop, woocommerce_api.webhooks(api))
        for topic in TOPICS:
            rows = sorted(there.get(topic, []), key=lambda row: row.get("status") != "active")
            _ensure_one(shop, api, topic, rows, done)
        for row in there.get("", []):
            _delete(api, row, done)
    except Refused as refused:
        done.refused = str(explained(refused))
    return done


def _ensure_one(shop: Shop, api: Api, topic: str, rows: list[Row], done: Webhooks) -> None:
    wanted = {"name": name_of(topic), "status": "active", "topic": topic, "delivery_url": address_of(shop, topic)}
    facts: Row = {**wanted, "secret": shop.webhook_secret}
    if not rows:
        woocommerce_api.make_webhook(api, facts)
        done.made.append(topic)
        return
    woocommerce_api.change_webhook(api, rows[0].get("id"), facts)
    is_same = all(rows[0].get(name) == value for name, value in wanted.items())
    (done.kept if is_same else done.repaired).append(topic)
    for row in rows[1:]:
        _delete(api, row, done)


def _delete(api: Api, row: Row, done: Webhooks) -> None:
    woocommerce_api.delete_webhook(api, row.get("id"))
    done.deleted += 1


def remove(shop: Shop, api: Api) -> int:
    """Delete our webhooks; returns how many there were. Raises NotReached, Refused."""
    rows = [row for rows in ours(shop, woocommerce_api.webhooks(api)).values() for row in rows]
    for row in rows:
        woocommerce_api.delete_webhook(api, row.get("id"))
    return len(rows)


def ours(shop: Shop, rows: list[Row]) -> dict[str, list[Row]]:
    """Returns our webhooks among these by the topic in their address; "" for a topic that is not one."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        _, is_ours, topic = str(row.get("delivery_url")).partition(_path_of(shop))
        if is_ours:
            found.setdefault(topic if topic in TOPICS else "", []).append(row)
    return found


def name_of(topic: str) -> str:
    """Returns the name of a webhook, as its owner sees it: Loyalty: order created."""
    return f"Loyalty: {topic.replace('.', ' ')}"


def address_of(shop: Shop, topic: str) -> str:
    """Returns the address that the shop sends this topic to."""
    return f"{config.current().base_url}{_path_of(shop)}{topic}"


def _path_of(shop: Shop) -> str:
    return f"/stores/{shop.platform}/{shop.id}/"
