"""Saved views: a filter and an order of the list of customers, under a name that all staff of the shop see."""

from collections.abc import Mapping

from widget_server import clock
from widget_server.db import Json, ShopTable, Text, UtcDateTime, atomic, insert_once, new_id
from widget_server.errors import BadRequest
from widget_server.loyalty import audit_log
from widget_server.loyalty.people import directory_filters, folding, lines
from widget_server.loyalty.people.directory_filters import Filter, Order
from widget_server.loyalty.people.forgetting import Forgotten
from widget_server.loyalty.program.shops import Shop

NAME_LENGTH_MAX = 60
VIEWS_MAX = 50


class SavedView(ShopTable):
    """A named view. `query` has the texts of its filter and order (directory_filters)."""

    id = Text(primary_key=True)
    name = Text()
    name_key = Text()
    query = Json()
    created_at = UtcDateTime()

    class Meta:
        indexes = ((("shop_id", "name_key"), True),)


def save(shop: Shop, name: str, query: Mapping[str, str]) -> SavedView:
    """Store the filter and order of `query` under this name; a view with the same name, in any case, is replaced.

    Raises BadRequest for an empty or too long name, one view too many, or a `query` that is not a filter.
    """
    name = name.strip()
    lines.check("name", name)
    if not 0 < len(name) <= NAME_LENGTH_MAX:
        raise BadRequest(f"The name of a view has 1 to {NAME_LENGTH_MAX} characters.", field="name")
    chosen, order = directory_filters.read(query), directory_filters.read_order(query)
    texts = directory_filters.written(chosen) | directory_filters.written_order(order)
    with atomic():
        key = folding.fold(name)
        others = SavedView.of(shop, SavedView.id).where(SavedView.name_key != key)
        if others.count() >= VIEWS_MAX:
            raise BadRequest(f"A shop has at most {VIEWS_MAX} views.", field="name")
        facts = {"id": new_id(), "shop_id": shop.id, "created_at": clock.now()}
        if not insert_once(SavedView, {**facts, "name": name, "name_key": key, "query": texts}):
            SavedView.change(shop, {"name": name, "query": texts}, SavedView.name_key == key)
        view = SavedView.need(shop, SavedView.name_key == key)
        audit_log.note(shop.id, "save", "saved_view", view.id)
        return view


def all_of(shop: Shop) -> list[SavedView]:
    """Returns the shop's views, by name."""
    return list(SavedView.of(shop).order_by(SavedView.name_key))


def content(view: SavedView) -> tuple[Filter, Order]:
    """Returns the filter and the order of a view."""
    return directory_filters.read(view.query), directory_filters.read_order(view.query)


def delete(shop: Shop, view_id: str) -> None:
    """Remove a view; raises NotFound."""
    with atomic():
        view = SavedView.need(shop, SavedView.id == view_id)
        SavedView.remove(shop, SavedView.id == view.id)
        audit_log.note(shop.id, "delete", "saved_view", view.id)


def forget(person: Forgotten) -> None:
    """Remove views that name this person: in their name, or as the text that they search for."""
    for view in list(SavedView.of(person.shop_id)):
        if person.is_named_in(view.name) or any(map(person.is_named_in, view.query.values())):
            SavedView.remove(person.shop_id, SavedView.id == view.id)
