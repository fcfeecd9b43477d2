"""Former codes: referral codes that a member had in another app, which keep working here (contracts §22)."""

import re

from widget_server import clock
from widget_server.db import Condition, ShopTable, Text, UtcDateTime, among, insert_once, new_id
from widget_server.loyalty.people.forgetting import Forgotten

PATTERN = re.compile(r"[^\s<>\"'&?#/\\]{2,40}")  # what a `?ref=` and the panel's field can hold


class FormerCode(ShopTable):
    """One code of another app: `code` as it was written there, `code_key` its form without case.

    `batch_id` is the import that stored it, whose undoing removes it.
    """

    id = Text(primary_key=True)
    customer_id = Text()
    code = Text()
    code_key = Text()
    batch_id = Text(null=True, index=True)
    created_at = UtcDateTime()

    class Meta:
        indexes = ((("shop_id", "code_key"), True), (("shop_id", "customer_id"), False))


def key_of(code: str) -> str:
    """Returns the form by which a code is compared: codes are equal whatever their case."""
    return code.strip().upper()


def find(shop_id: str, code: str) -> FormerCode | None:
    """Returns the former code of the shop with this code, ignoring case; None when there is none."""
    return FormerCode.one(shop_id, FormerCode.code_key == key_of(code))


def owners(shop_id: str, keys: set[str]) -> dict[str, str]:
    """Returns the customer ids of these codes (`key_of`), by code; unknown codes are left out."""
    rows = FormerCode.of(shop_id, FormerCode.code_key, FormerCode.customer_id).where(among(FormerCode.code_key, keys))
    return dict(rows.tuples()) if keys else {}


def of_customers(shop_id: str, ids: list[str]) -> list[FormerCode]:
    """Returns the former codes of these customers, the oldest first."""
    rows = FormerCode.of(shop_id).where(FormerCode.customer_id.in_(ids))
    return list(rows.order_by(FormerCode.created_at, FormerCode.id))


def add(shop_id: str, customer_id: str, code: str, *, batch_id: str | None = None) -> bool:
    """Store a code of another app for the customer. Returns False when another customer of the shop has it.

    The caller has checked that it is no code of ours (`customers.by_referral_code`).
    """
    row = {"id": new_id(), "shop_id": shop_id, "customer_id": customer_id, "code": code, "code_key": key_of(code)}
    if insert_once(FormerCode, {**row, "batch_id": batch_id, "created_at": clock.now()}):
        return True
    known = find(shop_id, code)
    return known is not None and bool(known.customer_id == customer_id)


def move(shop_id: str, source_id: str, target_id: str) -> None:
    """Give the former codes of a merged customer to the one they were merged into."""
    FormerCode.change(shop_id, {FormerCode.customer_id: target_id}, FormerCode.customer_id == source_id)


def remove(shop_id: str, code_id: str) -> None:
    """Delete a former code: its code leads to nobody from now on. Raises NotFound."""
    FormerCode.need(shop_id, FormerCode.id == code_id)
    FormerCode.remove(shop_id, FormerCode.id == code_id)


def remove_of_batch(shop_id: str, batch_id: str) -> None:
    """Delete the former codes that an import stored, when it is undone."""
    FormerCode.remove(shop_id, FormerCode.batch_id == batch_id)


def forget(person: Forgotten) -> None:
    """Delete the former codes of an erased person."""
    theirs: Condition = FormerCode.customer_id.in_(person.ids)
    FormerCode.remove(person.shop_id, theirs)
