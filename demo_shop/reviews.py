"""Reviews: one per customer and product. Writing one is an action that may earn points."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from demo_shop.bodies import stamp
from demo_shop.customers import Customer
from demo_shop.database import Database
from demo_shop.outbox import Outbox


class ReviewedAlready(Exception):
    """The customer has already reviewed this product."""


@dataclass(frozen=True)
class Review:
    """One review, as shown on the product's page."""

    name: str
    stars: int
    words: str
    written_at: str


class Reviews:
    """Stores and lists reviews."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._database = database
        self._outbox = outbox

    def write(self, customer: Customer, product_id: str, *, stars: int, words: str, at: datetime) -> None:
        """Store the review and send its action; raises ReviewedAlready."""
        row = (product_id, customer.number, stars, words, stamp(at))
        try:
            with self._outbox.transaction() as connection:
                number = connection.execute(
                    "INSERT INTO reviews (product_id, customer_number, stars, words, written_at) "
                    "VALUES (?, ?, ?, ?, ?)",
                    row,
                ).lastrowid
                action = {
                    "id": f"review-{number}",
                    "type": "review",
                    "customer": customer.as_buyer(),
                    "occurred_at": stamp(at),
                    "value": None,
                }
                self._outbox.add(connection, "action", f"customer:{customer.id}", action)
        except sqlite3.IntegrityError:
            raise ReviewedAlready from None

    def of_product(self, product_id: str) -> list[Review]:
        """The product's reviews, newest first, with the author's first name only."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT name, stars, words, written_at FROM reviews JOIN customers "
                "ON customers.number = customer_number WHERE product_id = ? ORDER BY written_at DESC",
                (product_id,),
            ).fetchall()
        return [Review(**{**dict(row), "name": row["name"].split()[0]}) for row in rows]
