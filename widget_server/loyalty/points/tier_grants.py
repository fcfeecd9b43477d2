"""Tiers that staff grant until a day, whatever the customer has earned (acceptance 51).

A grant is a lowest tier: a customer who earns a higher one has that. `tiers.recheck` respects it, on each booking and
nightly.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from widget_server import clock, ledger
from widget_server.db import atomic
from widget_server.errors import BadRequest, NotFound
from widget_server.json_types import JsonObject
from widget_server.ledger import Account
from widget_server.loyalty import audit_log
from widget_server.loyalty.people import customers
from widget_server.loyalty.points import tiers
from widget_server.loyalty.points.tiers import Tier
from widget_server.loyalty.program.shops import Shop

DAYS_MAX = 3660


@dataclass(frozen=True)
class Grant:
    """A granted tier, and the last day of it in the shop's time zone."""

    tier: Tier
    last_day: date


def of_account(shop: Shop, account: Account | None) -> Grant | None:
    """Returns the grant that holds now; None when there is none."""
    if account is None or account.granted_until is None or account.granted_until <= clock.now():
        return None
    tier = Tier.one(shop, Tier.id == account.granted_tier_id)
    return None if tier is None else Grant(tier, _last_day(shop, account))


def grant(shop: Shop, customer_id: str, tier_id: str, last_day: date) -> Account:
    """Grant the customer a tier until the end of `last_day`, instead of an earlier grant; opens an account.

    Returns the account. Raises NotFound (customer, tier), and BadRequest (last_day) for a day that has passed or is
    more than DAYS_MAX days away.
    """
    today = clock.local_date(clock.now(), shop.timezone)
    if not today <= last_day <= today + timedelta(days=DAYS_MAX):
        raise BadRequest(f"A day from today on, within {DAYS_MAX} days.", field="last_day")
    tier = tiers.need(shop, tier_id)
    with atomic():
        customer = customers.live(customers.by_id(shop.id, customer_id))
        if customer.erased_at is not None:
            raise NotFound("This customer was erased.")
        account = ledger.locked(shop.id, ledger.open_account(shop.id, customer.id).id)
        before = _noted(shop, account)
        until = clock.start_of(last_day + timedelta(days=1), shop.timezone)
        ledger.grant_tier(shop.id, account.id, tier.id, until)
        return _rechecked(shop, account.id, "grant", before)


def end(shop: Shop, customer_id: str) -> Account | None:
    """End the customer's grant now: the tier is the one that was earned. Returns the account; None without one.

    Raises NotFound.
    """
    with atomic():
        customer = customers.live(customers.by_id(shop.id, customer_id))
        account = ledger.account_of(shop.id, customer.id)
        if account is None or account.granted_until is None:
            return account
        account = ledger.locked(shop.id, account.id)
        before = _noted(shop, account)
        ledger.grant_tier(shop.id, account.id, None, None)
        return _rechecked(shop, account.id, "end", before)


def move(shop: Shop, source: Account, target: Account) -> None:
    """Move the grant of a merged account; of two, the higher tier stays, of one tier the later end."""
    found = {one.id: of_account(shop, one) for one in (source, target)}
    ours, theirs = found[target.id], found[source.id]
    if theirs is not None and (ours is None or _rank(theirs) > _rank(ours)):
        ledger.grant_tier(shop.id, target.id, source.granted_tier_id, source.granted_until)
    ledger.grant_tier(shop.id, source.id, None, None)


def _rank(one: Grant) -> tuple[int, date]:
    return one.tier.required_points, one.last_day


def _last_day(shop: Shop, account: Account) -> date:
    return clock.local_date(account.granted_until - timedelta(microseconds=1), shop.timezone)


def _noted(shop: Shop, account: Account) -> JsonObject | None:
    """Returns the grant as the audit log has it."""
    if account.granted_until is None:
        return None
    return {"tier_id": account.granted_tier_id, "last_day": _last_day(shop, account).isoformat()}


def _rechecked(shop: Shop, account_id: str, verb: str, before: JsonObject | None) -> Account:
    tiers.recheck(shop, account_id)
    account = Account.need(shop, Account.id == account_id)
    audit_log.note(shop.id, verb, "tier_grant", account.id, before=before, after=_noted(shop, account))
    return account
