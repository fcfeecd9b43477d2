"""Accounts: `/loyalty-accounts/v1` (wix-api §1, §4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from peewee import SQL

from widget_server import ledger
from widget_server.admin.customers import MEMBER_ID
from widget_server.admin.routes import MANAGE, MEMBER, READ, SOURCE, Service, request_key, said
from widget_server.admin.wire import accounts as shapes
from widget_server.admin.wire.accounts import Surroundings, account, annotation, counters
from widget_server.errors import (
    AccountExists,
    BalanceTooLarge,
    CustomerExcluded,
    NotEnoughPoints,
    NotFound,
    ProgramNotActive,
    QueryTooSlow,
    StaleRevision,
)
from widget_server.ledger import Account
from widget_server.loyalty import reports
from widget_server.loyalty.people import customers
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import adjustments, batches, expiry
from widget_server.loyalty.points.expiry import ExpiryColumns
from widget_server.loyalty.program.shops import Shop
from widget_server.web import query
from widget_server.web.callers import Caller
from widget_server.web.query import Entity, Field
from widget_server.web.query.fields import whole_milliseconds
from widget_server.web.query.parsing import read_object

service = Service("accounts", "/loyalty-accounts/v1", "Accounts")

CREATED = Field(Account.created_at, "time", aggregatable=True)
ACTIVITY = Field(Account.last_activity_at, "time", aggregatable=True)
UPDATED = Field(Account.updated_at, "time", aggregatable=True)
COUNTERS = {
    f"points.{name}": Field(getattr(Account, name), "int", aggregatable=True)
    for name in ("balance", "earned", "adjusted", "redeemed", "expired")
}
SELECTED = ("filter", "search", "sort", "cursorPaging", "paging")  # any search is accepted; its paging has no effect
EMAIL = Field(Customer.email, "text", nullable=True, searchable=True)
NAME = Field(Customer.name, "text", nullable=True, searchable=True)


def entity(shop: Shop) -> Entity:
    """Returns the fields of a shop's accounts (wix-api §4); query and search accept the same ones."""
    return _entity(expiry.expiry_columns(shop))


def _entity(expires: ExpiryColumns) -> Entity:
    return Entity(
        "account",
        {
            "id": Field(Account.id, "id"),
            "contactId": Field(Account.customer_id, "id"),
            "memberId": Field(MEMBER_ID, "id", nullable=True),
            "contact.id": Field(Account.customer_id, "id", aggregatable=True),
            "contact.email": EMAIL,
            "contact.name": NAME,
            "contact.displayName": NAME,
            "createdDate": CREATED,
            "updatedDate": UPDATED,
            "lastActivityDate": ACTIVITY,
            "tier.id": Field(Account.tier_id, "id", nullable=True, aggregatable=True),
            **COUNTERS,
            "pointsExpiration.expirationDate": Field(
                expires.since,
                "time",
                nullable=True,
                at_least=expires.at_least,
                to_shown=expires.to_shown,
                aggregatable=True,
            ),
            "pointsExpiration.expiringPointsAmount": Field(expires.points, "int", nullable=True),
        },
        (Field(Account.id, "id"),),
        CREATED,
    )


NONE = SQL("NULL")
KNOWN = _entity(ExpiryColumns(NONE, NONE, whole_milliseconds, whole_milliseconds))  # of no shop: for openapi.json


@dataclass(frozen=True)
class BulkAdjust(shapes.BulkAdjust):
    """Which accounts to change, and to which balance or by which amount."""

    search: Annotated[dict[str, object] | None, query.selected(KNOWN)] = None


@service.route(
    "POST",
    "/accounts",
    MANAGE,
    takes=shapes.NewAccount,
    returns=shapes.AccountResponse,
    refuses=(NotFound, ProgramNotActive, AccountExists),
)
def create_account(caller: Caller, body: shapes.NewAccount) -> shapes.AccountResponse:
    """Create an account with 0 points for a customer who has none; the program must be active."""
    return {"account": shown(caller.shop, adjustments.create_account(caller.shop, body.contact_id))}


@service.route(
    "GET", "/accounts", READ, query=shapes.AccountsQuery, returns=shapes.AccountsListed, refuses=(QueryTooSlow,)
)
def list_accounts(caller: Caller, body: shapes.AccountsQuery) -> shapes.AccountsListed:
    """List the accounts of these contacts, or all accounts; newest first."""
    begins = body.cursor is None  # a cursor holds the filter of its first page
    chosen = {"contactId": {"$in": body.contact_ids}} if body.contact_ids and begins else None
    requested = {"filter": chosen, "cursorPaging": {"limit": body.limit, "cursor": body.cursor}}
    found = query.page(entity(caller.shop), _select(caller.shop), requested, shop_id=caller.shop.id, where="")
    return {"accounts": _all_shown(caller.shop, found.rows), "paging_metadata": query.metadata_v2(found)}


@service.route("POST", "/accounts/query", READ, takes=query.query_body(KNOWN), returns=shapes.AccountsPage)
def query_accounts(caller: Caller, body: query.QueryBody) -> shapes.AccountsPage:
    """Query accounts by filter and order."""
    found = query.page(entity(caller.shop), _select(caller.shop), body.query, shop_id=caller.shop.id)
    return {"loyalty_accounts": _all_shown(caller.shop, found.rows), "paging_metadata": query.metadata(found)}


@service.route(
    "POST", "/accounts/search", READ, takes=query.searched(KNOWN, aggregated=True), returns=shapes.AccountsFound
)
def search_accounts(caller: Caller, body: query.SearchBody) -> shapes.AccountsFound:
    """Search accounts by filter, order and free text in name and e-mail; aggregations cover all matches."""
    search = dict(body.search or {})
    aggregations, zone = search.pop("aggregations", None), query.time_zone(search.pop("timeZone", None), "search")
    kind, select = entity(caller.shop), _select(caller.shop)
    summary = query.summary(kind, aggregations, zone)
    found = query.page(kind, select, search, shop_id=caller.shop.id, where="search", summary=summary)
    accounts, metadata = _all_shown(caller.shop, found.rows), query.metadata(found)
    if not aggregations:
        return {"accounts": accounts, "paging_metadata": metadata}
    aggregated = summary.of(select.where(found.chosen))
    return {"accounts": accounts, "paging_metadata": metadata, "aggregation_data": aggregated}


@service.route("POST", "/accounts/count", READ, takes=query.counted(KNOWN), returns=shapes.Count)
def count_accounts(caller: Caller, body: query.CountBody) -> shapes.Count:
    """Count accounts by filter and free text."""
    condition = query.selection(entity(caller.shop), body.filter, body.search)
    return {"count": query.count(_select(caller.shop, Account.id).where(condition))}


@service.route("POST", "/accounts/bulk-adjust", MANAGE, takes=BulkAdjust, returns=shapes.JobStarted)
def bulk_adjust(caller: Caller, body: BulkAdjust) -> shapes.JobStarted:
    """Change, in the background, the balances of all accounts that a search finds at this moment."""
    search = read_object(body.search, SELECTED, "search")
    condition = query.selection(entity(caller.shop), search.get("filter"), search.get("search"), where="search")
    batch = batches.bulk_adjust(
        caller.shop,
        _select(caller.shop, Account.id).where(condition),
        source=SOURCE,
        key=request_key(),
        by=body.amount,
        to_balance=body.balance,
        annotation=said(caller, body),
    )
    return {"async_job_id": batch.id}


@service.route("GET", "/accounts/program-totals", READ, returns=shapes.AccountTotals)
def get_program_totals(caller: Caller) -> shapes.AccountTotals:
    """Get the counters summed over all accounts, and the number of accounts in each tier."""
    totals = reports.program_totals(caller.shop)
    tiers: list[shapes.TierTotal] = [{"id": tier_id, "number_of_accounts": count} for tier_id, count in totals.tiers]
    return {"points": counters(totals), "tier_totals": tiers}


@service.route("GET", "/accounts/my-account", MEMBER, returns=shapes.AccountResponse, refuses=(NotFound,))
def get_my_account(caller: Caller) -> shapes.AccountResponse:
    """Get the account of the calling member."""
    return {"account": shown(caller.shop, _account_of(caller.shop, caller.member))}


@service.route(
    "GET", "/accounts/fetch-by", READ, query=shapes.SecondaryId, returns=shapes.AccountResponse, refuses=(NotFound,)
)
def get_account_by_secondary_id(caller: Caller, body: shapes.SecondaryId) -> shapes.AccountResponse:
    """Get the account of a contact or of a member."""
    customer = customers.by_id(caller.shop.id, body.customer_id)
    if body.member_id is not None and not customer.is_member:
        raise NotFound("There is no such member here.")
    return {"account": shown(caller.shop, _account_of(caller.shop, customer))}


@service.route(
    "GET", "/accounts/<string(length=36):account_id>", READ, returns=shapes.AccountResponse, refuses=(NotFound,)
)
def get_account(caller: Caller, account_id: str) -> shapes.AccountResponse:
    """Get one account."""
    return {"account": shown(caller.shop, Account.need(caller.shop, Account.id == account_id))}


@service.route(
    "POST",
    "/accounts/<string(length=36):account_id>/adjust-points",
    MANAGE,
    takes=shapes.AdjustPoints,
    returns=shapes.AccountMoved,
    refuses=(NotFound, StaleRevision, NotEnoughPoints, BalanceTooLarge),
)
def adjust_points(caller: Caller, body: shapes.AdjustPoints, account_id: str) -> shapes.AccountMoved:
    """Change a balance by an amount or to a value, never below 0.

    The customer can read `description`; only staff can read `reason`.
    """
    Account.need(caller.shop, Account.id == account_id)
    row = adjustments.adjust(
        caller.shop,
        account_id,
        source=SOURCE,
        key=request_key(),
        by=body.amount,
        to_balance=body.balance,
        revision=body.revision,
        annotation=said(caller, body),
    )
    return _moved(caller.shop, account_id, row)


@service.route(
    "POST",
    "/accounts/<string(length=36):account_id>/earn-points",
    MANAGE,
    takes=shapes.EarnPoints,
    returns=shapes.AccountMoved,
    refuses=(NotFound, ProgramNotActive, CustomerExcluded, BalanceTooLarge),
)
def earn_points(caller: Caller, body: shapes.EarnPoints, account_id: str) -> shapes.AccountMoved:
    """Give points for an action, once per `idempotencyKey`; a repeat returns the first transaction."""
    Account.need(caller.shop, Account.id == account_id)
    row = adjustments.earn_points(
        caller.shop,
        account_id,
        body.amount,
        source=SOURCE,
        key=body.idempotency_key,
        annotation=annotation(body),
    )
    return _moved(caller.shop, account_id, row)


def _select(shop: Shop, *columns: Any) -> Any:
    return Account.of(shop, *(columns or (Account, Customer))).join(Customer, on=(Customer.id == Account.customer_id))


def _account_of(shop: Shop, customer: Customer) -> Account:
    row = ledger.account_of(shop.id, customer.id)
    if row is None:
        raise NotFound("This customer has no account.")
    return row


def _moved(shop: Shop, account_id: str, row: ledger.Transaction | None) -> shapes.AccountMoved:
    now = Account.need(shop, Account.id == (row.account_id if row else account_id))
    return {"account": shown(shop, now), "transaction_id": row.id if row else None}


def shown(shop: Shop, row: Account) -> shapes.LoyaltyAccount:
    """Returns one account of the shop as the wire has it."""
    return account(row, customers.by_id(shop.id, row.customer_id), Surroundings.of(shop))


def _all_shown(shop: Shop, rows: Iterable[Any]) -> list[shapes.LoyaltyAccount]:
    around = Surroundings.of(shop)
    return [account(row, row.customer, around, alone=False) for row in rows]
