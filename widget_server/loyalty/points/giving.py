"""Giving points to a customer by hand, who may have no account yet."""

from widget_server import ledger
from widget_server.db import atomic
from widget_server.errors import NotFound
from widget_server.ledger import Transaction
from widget_server.loyalty.people import customers
from widget_server.loyalty.points import adjustments
from widget_server.loyalty.points.adjustments import NO_ANNOTATION, Annotation
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop


def give(
    shop: Shop, customer_id: str, points: int, *, source: str, key: str, annotation: Annotation = NO_ANNOTATION
) -> Transaction:
    """Give points to a customer on behalf of staff; their account is opened with the first points (contracts §1).

    The id of a merged customer gives to the one they were merged into. The same `key` returns the first row. Raises
    NotFound (also when the customer was erased), BadRequest unless `points` is positive, KeyReused, ProgramNotActive,
    CustomerExcluded and BalanceTooLarge; then no account is opened either.
    """
    with atomic():
        customer = customers.live(customers.by_id(shop.id, customer_id))
        if customer.erased_at is not None:
            raise NotFound("This customer was erased.")
        account = ledger.account_of(shop.id, customer.id)
        if account is None:
            programs.need_active(shop.id)
            account = ledger.open_account(shop.id, customer.id)
        return adjustments.earn_points(shop, account.id, points, source=source, key=key, annotation=annotation)


def change_balance(
    shop: Shop,
    customer_id: str,
    *,
    source: str,
    key: str,
    by: int | None = None,
    to_balance: int | None = None,
    revision: int | None = None,
    annotation: Annotation = NO_ANNOTATION,
) -> Transaction | None:
    """Change a customer's balance, by an amount or to a balance (which wins), like `adjustments.adjust`.

    A customer without an account has a balance of 0; `revision` is None for them. Returns None when the balance is
    already reached. Raises NotFound (also when the customer was erased), NotEnoughPoints, StaleRevision, KeyReused and
    BalanceTooLarge; then no account is opened either.
    """
    with atomic():
        customer = customers.live(customers.by_id(shop.id, customer_id))
        if customer.erased_at is not None:
            raise NotFound("This customer was erased.")
        if ledger.account_of(shop.id, customer.id) is None and not (by if to_balance is None else to_balance):
            return None
        account = ledger.open_account(shop.id, customer.id)
        return adjustments.adjust(
            shop, account.id, source=source, key=key, by=by, to_balance=to_balance, revision=revision,
            annotation=annotation,
        )  # fmt: skip
