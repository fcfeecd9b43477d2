"""Customers: `/loyalty-customers/v1`, our addition to Wix's API (contracts §7, acceptance 54, 58)."""

from collections.abc import Iterable
from typing import Any

from flask import current_app
from peewee import JOIN, Case

from widget_server import ledger
from widget_server.admin.routes import MANAGE, READ, Service, bulk, naming
from widget_server.admin.wire import customers as shapes
from widget_server.admin.wire import merges
from widget_server.admin.wire import timeline as timelines
from widget_server.admin.wire.customers import STATUSES, customer, facts, person, remarks
from widget_server.admin.wire.tier_grants import GrantTier, TierGrantResponse, tier_grant
from widget_server.db import atomic
from widget_server.errors import CustomerExists, EmailInvalid, NotFound
from widget_server.ledger import Account
from widget_server.loyalty.history import timeline
from widget_server.loyalty.people import customer_edits, customers, merging, privacy, sessions
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import tier_grants
from widget_server.loyalty.program.shops import Shop
from widget_server.web import query
from widget_server.web.callers import Caller
from widget_server.web.query import Entity, Field, word_of
from widget_server.web.wire import BulkResults, Empty

service = Service("customers", "/loyalty-customers/v1", "Customers")

MEMBER_ID = Case(None, [(Customer.status == "member", Customer.id)], None)
CREATED = Field(Customer.created_at, "time", aggregatable=True)
ENTITY = Entity(
    "customer",
    {
        "id": Field(Customer.id, "id"),
        "email": Field(Customer.email, "text", nullable=True, searchable=True),
        "name": Field(Customer.name, "text", nullable=True, searchable=True),
        "phone": Field(Customer.phone, "text", nullable=True),
        "externalId": Field(Customer.external_id, "text", nullable=True),
        "status": Field(Customer.status, "enum", to_stored=word_of(STATUSES)),
        "emailVerified": Field(Customer.email_verified, "bool"),
        "excluded": Field(Customer.excluded, "bool"),
        "labels": Field(Customer.labels, "texts", sortable=False),
        "referralCode": Field(Customer.referral_code, "text", nullable=True),
        "accountId": Field(Account.id, "id", nullable=True),
        "points.balance": Field(Account.balance, "int", nullable=True),
        "tier.id": Field(Account.tier_id, "id", nullable=True),
        "joinedDate": Field(Customer.joined_at, "time", nullable=True),
        "createdDate": CREATED,
        "updatedDate": Field(Customer.updated_at, "time"),
    },
    (Field(Customer.id, "id"),),
    CREATED,
)


@service.route(
    "POST",
    "/customers",
    MANAGE,
    takes=shapes.NewCustomer,
    returns=shapes.CustomerResponse,
    refuses=(EmailInvalid, CustomerExists),
)
def create_customer(caller: Caller, body: shapes.NewCustomer) -> shapes.CustomerResponse:
    """Create a customer, by default a VISITOR; only a MEMBER gets an account now."""
    with naming({}, under="customer"):
        return {"customer": _made(caller.shop, body.customer)}


@service.route(
    "POST",
    "/bulk/customers/create",
    MANAGE,
    takes=shapes.NewCustomers,
    returns=BulkResults[shapes.Customer],
    refuses=(EmailInvalid, CustomerExists),
)
def bulk_create_customers(caller: Caller, body: shapes.NewCustomers) -> BulkResults[shapes.Customer]:
    """Create up to 100 customers; one that is refused does not affect the others."""
    return bulk(body.customers, lambda one: _made(caller.shop, one))


@service.route("POST", "/customers/query", READ, takes=query.query_body(ENTITY), returns=shapes.CustomersPage)
def query_customers(caller: Caller, body: query.QueryBody) -> shapes.CustomersPage:
    """Query customers by filter and order."""
    found = query.page(ENTITY, _listed(caller.shop), body.query, shop_id=caller.shop.id)
    return {"customers": _all_shown(found.rows), "paging_metadata": query.metadata(found)}


@service.route("POST", "/customers/search", READ, takes=query.searched(ENTITY), returns=shapes.CustomersPage)
def search_customers(caller: Caller, body: query.SearchBody) -> shapes.CustomersPage:
    """Search customers by filter, order and free text in name and e-mail."""
    found = query.page(ENTITY, _listed(caller.shop), body.search, shop_id=caller.shop.id, where="search")
    return {"customers": _all_shown(found.rows), "paging_metadata": query.metadata(found)}


@service.route("GET", "/customers/<customer_id>", READ, returns=shapes.CustomerResponse, refuses=(NotFound,))
def get_customer(caller: Caller, customer_id: str) -> shapes.CustomerResponse:
    """Get one customer; the id of a merged one returns the customer it was merged into."""
    return {"customer": _shown(caller.shop, customers.live(customers.by_id(caller.shop.id, customer_id)))}


@service.route(
    "PATCH",
    "/customers/<customer_id>",
    MANAGE,
    takes=shapes.UpdateCustomer,
    returns=shapes.CustomerResponse,
    refuses=(NotFound, EmailInvalid, CustomerExists),
)
def update_customer(caller: Caller, body: shapes.UpdateCustomer, customer_id: str) -> shapes.CustomerResponse:
    """Change the fields that are sent; the `excluded` neither earn nor redeem.

    A new e-mail address is not verified, unless `emailVerified` is sent with it.
    """
    with naming({}, under="customer"), atomic():
        row = customer_edits.edit(caller.shop.id, customer_id, **facts(body.customer))
        customers.set_status(row, body.customer.get("status", row.status))
    return {"customer": _shown(caller.shop, row)}


@service.route("DELETE", "/customers/<customer_id>", MANAGE, returns=Empty, refuses=(NotFound,))
def erase_customer(caller: Caller, customer_id: str) -> Empty:
    """Erase the customer's personal data; the ledger stays, without a name."""
    privacy.erase(caller.shop, customers.by_id(caller.shop.id, customer_id))
    return {}


@service.route(
    "POST", "/customers/<customer_id>/export", MANAGE, returns=shapes.CustomerExport, keyed=False, refuses=(NotFound,)
)
def export_customer(caller: Caller, customer_id: str) -> shapes.CustomerExport:
    """Export all that the customer may read about themselves; the export is noted in the audit log."""
    row = customers.live(customers.by_id(caller.shop.id, customer_id))
    return {"export": current_app.json.loads(current_app.json.dumps(privacy.export(caller.shop, row)))}


@service.route("POST", "/customers/<customer_id>/sign-out", MANAGE, returns=Empty, refuses=(NotFound,))
def sign_out_customer(caller: Caller, customer_id: str) -> Empty:
    """Sign the customer out of every browser, and delete their devices."""
    row = customers.live(customers.by_id(caller.shop.id, customer_id))
    sessions.close_all(caller.shop.id, row.id)
    return {}


@service.route(
    "POST",
    "/customers/<customer_id>/merge",
    MANAGE,
    takes=shapes.MergeRequest,
    returns=shapes.CustomerResponse,
    refuses=(NotFound,),
)
def merge_customer(caller: Caller, body: shapes.MergeRequest, customer_id: str) -> shapes.CustomerResponse:
    """Merge this customer into another of the same person: all moves there, points with their history."""
    with naming({"into_id": "intoId"}):
        merging.merge(caller.shop, customer_id, body.into_id)
    return {"customer": _shown(caller.shop, customers.live(customers.by_id(caller.shop.id, body.into_id)))}


@service.route(
    "GET",
    "/customers/<customer_id>/merge-preview",
    READ,
    query=merges.MergePreviewQuery,
    returns=merges.MergePreviewResponse,
    refuses=(NotFound,),
)
def preview_merge(caller: Caller, body: merges.MergePreviewQuery, customer_id: str) -> merges.MergePreviewResponse:
    """Get what a merge of this customer into another would do, without doing it."""
    with naming({"into_id": "intoId"}):
        return {"preview": merges.preview(merging.preview(caller.shop, customer_id, body.into_id))}


@service.route(
    "GET",
    "/customers/<customer_id>/timeline",
    READ,
    query=timelines.TimelineQuery,
    returns=timelines.TimelinePage,
    refuses=(NotFound,),
)
def get_timeline(caller: Caller, body: timelines.TimelineQuery, customer_id: str) -> timelines.TimelinePage:
    """List what happened to a customer's points, newest first: bookings, waiting points, orders that gave nothing.

    Each entry says why it has its points, and who moved them.
    """
    row = customers.live(customers.by_id(caller.shop.id, customer_id))
    account = ledger.account_of(caller.shop.id, row.id)
    with naming({"cursor": "cursorPaging.cursor"}):
        limit = body.limit or timeline.PAGE
        return timelines.page(timeline.page(caller.shop, row, account, cursor=body.cursor, limit=limit))


@service.route(
    "GET",
    "/customers/<customer_id>/tier-grant",
    READ,
    returns=TierGrantResponse,
    refuses=(NotFound,),
)
def get_tier_grant(caller: Caller, customer_id: str) -> TierGrantResponse:
    """Get the tier that staff granted to the customer, if any."""
    row = customers.live(customers.by_id(caller.shop.id, customer_id))
    return tier_grant(tier_grants.of_account(caller.shop, ledger.account_of(caller.shop.id, row.id)))


@service.route(
    "POST",
    "/customers/<customer_id>/tier-grant",
    MANAGE,
    takes=GrantTier,
    returns=TierGrantResponse,
    refuses=(NotFound,),
)
def create_tier_grant(caller: Caller, body: GrantTier, customer_id: str) -> TierGrantResponse:
    """Grant the customer at least this tier until the end of a day, whatever was earned."""
    wanted = body.tier_grant
    with naming({}, under="tierGrant"):
        account = tier_grants.grant(caller.shop, customer_id, wanted.tier_id, wanted.last_day)
    return tier_grant(tier_grants.of_account(caller.shop, account))


@service.route("DELETE", "/customers/<customer_id>/tier-grant", MANAGE, returns=Empty, refuses=(NotFound,))
def end_tier_grant(caller: Caller, customer_id: str) -> Empty:
    """End the granted tier of the customer, whose tier is then the one that was earned."""
    tier_grants.end(caller.shop, customer_id)
    return {}


def _made(shop: Shop, sent: shapes.Customer) -> shapes.Customer:
    with atomic():
        row = customer_edits.create(shop.id, person(sent), status=sent.get("status", "visitor"))
        row = customer_edits.edit(shop.id, row.id, **remarks(sent))
        return _shown(shop, row)


def _select(shop: Shop) -> Any:
    joined = Customer.of(shop, Customer, Account.id, Account.balance, Account.tier_id)
    return joined.join(Account, JOIN.LEFT_OUTER, on=(Account.customer_id == Customer.id), attr="account")


def _listed(shop: Shop) -> Any:
    """Selects the customers that are neither erased nor merged into another."""
    return _select(shop).where(Customer.merged_into.is_null(), Customer.erased_at.is_null())


def _shown(shop: Shop, row: Customer) -> shapes.Customer:
    return _all_shown(_select(shop).where(Customer.id == row.id))[0]


def _all_shown(rows: Iterable[Any]) -> list[shapes.Customer]:
    return [customer(row, account_id(row)) for row in rows]


def account_id(row: object) -> str | None:
    """Returns the id of the account that a customer was selected with, if there is one."""
    return getattr(getattr(row, "account", None), "id", None)
