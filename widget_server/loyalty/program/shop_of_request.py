"""The shop of a request, found together with the edition of its program, which it notes for the rest of the request."""

from peewee import JOIN

from widget_server import editions
from widget_server.db import Selection, statement
from widget_server.editions import Edition
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop


def by_embed_key(embed_key: str) -> Shop:
    """Returns the shop whose script tag has this key; raises NotFound."""
    return _noted(_with_key.together(embed_key))


def by_id(shop_id: str) -> Shop:
    """Returns the shop with this id; raises NotFound."""
    return _noted(_with_id.together(shop_id))


def _with_edition() -> Selection[Shop]:
    """Returns the query of shops, each with its edition, whose columns follow."""
    both = Shop.select(*Shop._meta.sorted_fields, Edition.id, Edition.number)
    return both.join(Edition, JOIN.LEFT_OUTER, on=(Edition.id == Shop.id))


@statement
def _with_key(embed_key: str) -> Selection[Shop]:
    return _with_edition().where(Shop.embed_key == embed_key)


@statement
def _with_id(shop_id: str) -> Selection[Shop]:
    return _with_edition().where(Shop.id == shop_id)


def _noted(found: list[tuple[Shop, Edition | None]]) -> Shop:
    if not found:
        raise shops.unknown()
    shop, edition = found[0]
    if edition is not None:
        editions.note(shop.id, edition.number)
    return shop
