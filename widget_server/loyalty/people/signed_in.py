"""Who is signed in at a panel: the shop, the member and their account, found by one statement."""

from dataclasses import dataclass

from peewee import JOIN

from widget_server import config, editions
from widget_server.db import Selection, statement
from widget_server.editions import Edition
from widget_server.errors import SignedOut
from widget_server.ledger import Account
from widget_server.loyalty.people import sessions
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.people.sessions import Session
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop


@dataclass(frozen=True)
class SignedIn:
    """A member at a panel of a shop; `customer` and `account` are as they were when they were read."""

    shop: Shop
    customer: Customer
    account: Account | None


def at_panel(embed_key: str, token: str) -> SignedIn:
    """Returns the member with this session token in the shop with this embed key, and notes the shop's edition.

    Raises NotFound for an unknown shop, and SignedOut, also for a customer who is no longer a member.
    """
    found = _found.together(embed_key, config.digest(token))
    if not found:
        raise shops.unknown()
    shop, edition, session, customer, account = found[0]
    if edition is not None:
        editions.note(shop.id, edition.number)
    if session is None:
        raise SignedOut()
    sessions.use(session)
    if customer is None or not customer.is_member or customer.erased_at:
        raise SignedOut()
    return SignedIn(shop, customer, account)


@statement
def _found(embed_key: str, session_id: str) -> Selection[Shop]:
    use = (Session.id, Session.shop_id, Session.customer_id, Session.expires_at, Session.last_used_at)
    columns = [field for table in (Customer, Account) for field in table._meta.sorted_fields]
    query = Shop.select(*Shop._meta.sorted_fields, Edition.id, Edition.number, *use, *columns)
    for table, holds in (
        (Edition, Edition.id == Shop.id),
        (Session, (Session.id == session_id) & (Session.shop_id == Shop.id)),
        (Customer, (Customer.id == Session.customer_id) & (Customer.shop_id == Shop.id)),
        (Account, (Account.customer_id == Customer.id) & (Account.shop_id == Shop.id)),
    ):
        query = query.join_from(Shop, table, JOIN.LEFT_OUTER, on=holds)
    return query.where(Shop.embed_key == embed_key)
