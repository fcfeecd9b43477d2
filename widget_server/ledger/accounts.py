"""Accounts: find, create and lock them, and update the columns that do not follow from their rows."""

from collections.abc import Iterable
from datetime import datetime

from peewee import Field

from widget_server import clock
from widget_server.db import (
    Condition,
    Row,
    Selection,
    UtcDateTime,
    among,
    atomic,
    database,
    execute_many,
    in_transaction,
    insert_many,
    insert_once,
    lock_rows,
    new_id,
    statement,
)
from widget_server.events import AccountCreated, emit
from widget_server.ledger.tables import Account

MOVED = ("id", "customer_id", "balance", "debt", "sequence", "head", "unspent_since", "tier_id")


def account_of(shop_id: str, customer_id: str) -> Account | None:
    """Returns the customer's account; None when there is none yet."""
    return _account_of.first(shop_id, customer_id)


@statement
def _account_of(shop_id: str, customer_id: str) -> Selection[Account]:
    return _of(shop_id, customer_id)


def _of(shop_id: str, customer_id: str) -> Selection[Account]:
    return Account.of(shop_id).where(Account.customer_id == customer_id).limit(1)


def open_account(shop_id: str, customer_id: str) -> Account:
    """Returns the customer's account; creates it when there is none: at joining or with the first points."""
    with in_transaction():
        account = account_of(shop_id, customer_id)
        if account is not None:
            return account
        moment = clock.now()
        facts = {"id": new_id(), "shop_id": shop_id, "customer_id": customer_id}
        if insert_once(Account, {**facts, "created_at": moment, "last_activity_at": moment, "updated_at": moment}):
            emit(AccountCreated(shop_id, facts["id"], customer_id))
        return Account.need(shop_id, Account.customer_id == customer_id)


def open_accounts(shop_id: str, customer_ids: Iterable[str]) -> dict[str, str]:
    """Returns account ids by customer id; creates the accounts that are missing."""
    wanted, moment = set(customer_ids), clock.now()

    def known(ids: set[str]) -> dict[str, str]:
        rows = Account.of(shop_id, Account.customer_id, Account.id).where(among(Account.customer_id, ids))
        return dict(rows.tuples())

    with atomic():
        found = known(wanted)
        facts = {"shop_id": shop_id, "created_at": moment, "last_activity_at": moment, "updated_at": moment}
        made = {one: Row(id=new_id(), customer_id=one, **facts) for one in wanted - set(found)}
        insert_many(Account, made.values(), unless_there=True)
        found |= known(set(made))
        for customer_id, account in made.items():
            if found[customer_id] == account.id:
                emit(AccountCreated(shop_id, account.id, customer_id))
        return found


def locked(shop_id: str, account_id: str) -> Account:
    """Returns the current account, locked until the transaction ends. Lock several in the order of their ids.

    Raises Account.DoesNotExist when the shop has no such account.
    """
    row = Account.locked_one(shop_id, Account.id == account_id)
    if row is None:
        raise Account.DoesNotExist(account_id)  # type: ignore[attr-defined]  # peewee makes this class
    return row


def locked_of(shop_id: str, customer_id: str) -> Account | None:
    """Returns the customer's current account, locked until the transaction ends; None when there is none yet."""
    return _locked_of.first(shop_id, customer_id)


@statement
def _locked_of(shop_id: str, customer_id: str) -> Selection[Account]:
    return lock_rows(_of(shop_id, customer_id))


def locked_many(shop_id: str, account_ids: Iterable[str]) -> dict[str, Row]:
    """Returns accounts by id, with the columns that a `Move` needs; locked by ascending id until the transaction ends.

    Ids without an account in the shop are left out.
    """
    time = UtcDateTime().python_value
    rows = {}
    for values in Account.locked_values(shop_id, sorted(account_ids), MOVED):
        row = rows[values[0]] = Row(**dict(zip(MOVED, values, strict=True)))
        row.unspent_since = time(row.unspent_since)
    return rows


def move_pending(shop_id: str, account_id: str, by: int) -> None:
    """Add `by` points to the account's `pending`: awards began to wait (+) or ended waiting (-)."""
    if by:
        Account.change(shop_id, {Account.pending: Account.pending + by}, Account.id == account_id)


def set_tier(shop_id: str, account_id: str, tier_id: str | None, points: int, until: datetime | None) -> None:
    """Set the account's tier and its points in the tier period; a change increases the revision."""
    standing = {Account.tier_id: tier_id, Account.tier_points: points, Account.tier_until: until}
    Account.change(
        shop_id,
        {**standing, Account.revision: Account.revision + 1, Account.updated_at: clock.now()},
        Account.id == account_id,
        (Account.tier_points != points) | _differs(Account.tier_id, tier_id) | _differs(Account.tier_until, until),
    )


def set_tiers(shop_id: str, standings: Iterable[tuple[str, str | None, int, datetime | None]]) -> None:
    """Does `set_tier` for many locked accounts: each with its id, tier, points and end, of which some differ."""
    rows, time = list(standings), UtcDateTime().db_value
    Account.will_write(shop_id, [account_id for account_id, *_ in rows])
    mark, moment = database.param, time(clock.now())
    execute_many(
        f'UPDATE "account" SET "tier_id" = {mark}, "tier_points" = {mark}, "tier_until" = {mark},'  # noqa: S608
        f' "revision" = "revision" + 1, "updated_at" = {mark} WHERE "id" = {mark} AND "shop_id" = {mark}',
        [(tier_id, points, time(until), moment, account_id, shop_id) for account_id, tier_id, points, until in rows],
    )
    Account.wrote({"shop_id": shop_id, "id": account_id} for account_id, *_ in rows)


def grant_tier(shop_id: str, account_id: str, tier_id: str | None, until: datetime | None) -> None:
    """Set the tier that staff granted until then; None for both: no tier is granted. The caller rechecks the tier."""
    Account.change(shop_id, {Account.granted_tier_id: tier_id, Account.granted_until: until}, Account.id == account_id)


def note_activity(shop_id: str, account_id: str, at: datetime | None = None) -> None:
    """Set the last activity, for an order or a sign-in; it never moves backwards."""
    moment = at or clock.now()
    Account.change(
        shop_id,
        {Account.last_activity_at: moment},
        Account.id == account_id,
        Account.last_activity_at < moment,
    )


def set_activity(shop_id: str, customer_id: str, at: datetime) -> None:
    """Set the customer's last activity back to `at`: later bookings were not their own activity."""
    Account.change(shop_id, {Account.last_activity_at: at}, Account.customer_id == customer_id)


def note_unspent_since(shop_id: str, account_id: str, since: datetime | None) -> None:
    """Set the time of the oldest unspent points; None when no points can expire. The caller has locked the account."""
    Account.change(shop_id, {Account.unspent_since: since}, Account.id == account_id)


def _differs(column: Field, value: object) -> Condition:
    """The SQL condition that the column has another value; NULL counts as a value."""
    return column.is_null(value is not None) | (column != value)
