"""The catalogue: a fixed list of products and their collections."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Product:
    """One product; `drawing` names the picture in templates/drawings.html."""

    id: str
    name: str
    price: Decimal
    collections: tuple[str, ...]
    drawing: str
    words: str
    gift_card: bool = False


@dataclass(frozen=True)
class Collection:
    """A named collection of products."""

    id: str
    name: str
    title: str


COLLECTIONS = {
    shelf.id: shelf
    for shelf in (
        Collection("plants", "Plants", "Plants for north-facing rooms"),
        Collection("ceramics", "Ceramics", "Ceramics from a small kiln"),
        Collection("mugs", "Mugs", "Mugs, thrown by hand"),
        Collection("gifts", "Gifts", "Something to give"),
    )
}

_SHELF = (
    ("p1", "Button fern", "18.00", "plants", "fern", "Small round leaves on wiry stems. Keeps to the shade."),
    ("p2", "Stoneware pot, sand", "32.00", "ceramics", "pot", "Unglazed outside, sealed inside. 16 cm wide."),
    ("p3", "Sansevieria", "24.00", "plants", "blades", "Forgives a dark hall and a month without water."),
    ("p4", "Stoneware mug", "19.80", "ceramics mugs", "mug", "Holds 300 ml and stays warm for a chapter."),
    ("p5", "Hart’s tongue", "21.50", "plants", "tongue", "Long glossy fronds from damp stone walls."),
    (
        "p6",
        "Hanging planter",
        "41.00",
        "ceramics",
        "hanging",
        "Three cords, one bowl, and a hook for the beam.",
    ),
    ("p7", "Ivy, trailing", "14.90", "plants", "ivy", "Climbs what you give it and hangs from the rest."),
    ("p8", "Espresso cups, two", "28.40", "ceramics mugs", "cups", "A pair in moss glaze, 80 ml each."),
    ("p9", "Maidenhair fern", "26.00", "plants", "maidenhair", "Lace on black stems. Wants mist."),
    ("p10", "Watering can", "36.50", "gifts", "can", "Zinc, one litre, a spout thin as a pencil."),
    ("p11", "Moss bowl", "48.00", "plants gifts", "bowl", "A small forest floor under no glass at all."),
    ("p12", "Gift card", "25.00", "gifts", "card", "Comes by e-mail with a few words of yours."),
)

PRODUCTS = {
    id: Product(id, name, Decimal(price), tuple(shelves.split()), drawing, words, gift_card=drawing == "card")
    for id, name, price, shelves, drawing, words in _SHELF
}


def on_shelf(collection_id: str) -> list[Product]:
    """The products of one collection, in the order of the catalogue."""
    return [product for product in PRODUCTS.values() if collection_id in product.collections]
