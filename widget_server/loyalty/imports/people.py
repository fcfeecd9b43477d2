"""Whom the rows of a file are about, and what a row cannot have because of what the shop has already."""

from collections.abc import Sequence

from widget_server.db import Row, among, plain_rows
from widget_server.loyalty.imports.reading import ReadRow
from widget_server.loyalty.people import former_codes
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import tiers
from widget_server.loyalty.points.tiers import Tier
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import codes, takeover

People = dict[str, Row | Customer | None]  # by the key of an address; None: several, no entry: nobody


def find(shop: Shop, emails: set[str]) -> People:
    """Returns the customer of each address; None for several ones, no entry for an unknown address.

    Its verified owner; else a guest who only typed it, since only the owner can see that row; else the one
    whom the shop registered with it.
    """
    rows: dict[str, list[Row]] = {}
    living = (Customer.merged_into.is_null(), Customer.erased_at.is_null())
    names = ("id", "email_key", "email_verified", "external_id", "status", "left_at", "excluded", "created_at")
    needed = [getattr(Customer, name) for name in names]
    people = Customer.of(shop, *needed).where(among(Customer.email_key, emails), *living)
    for person in plain_rows(people.order_by(Customer.created_at, Customer.id)):
        rows.setdefault(person.email_key, []).append(person)
    found: People = {}
    for email, same in rows.items():
        owners = (one for one in same if one.email_verified)
        typed = (one for one in same if one.external_id is None)
        registered = same[0] if len(same) == 1 else None
        found[email] = next(owners, None) or next(typed, None) or registered
    return found


def check(shop: Shop, rows: Sequence[ReadRow], found: People, *, creates: bool) -> None:
    """Set the problem of each row whose person is not clear, or whose tier or code the shop does not allow."""
    for row in rows:
        if row.problem is None and found.get(row.email) is None and (row.email in found or not creates):
            row.problem = "email_ambiguous" if row.email in found else "email_unknown"
    left = [row for row in rows if row.problem is None]
    _check_tiers(shop, left)
    _check_referral_codes(shop, left, found)
    _check_coupons(shop, left)


def joins(person: Row | Customer | None) -> bool:
    """Whether a file of members makes this customer a member: the owner of a verified address who never left.

    Others become members when they prove their address (contracts §5).
    """
    if person is None:
        return False
    return bool(person.email_verified and person.status != "member" and not person.left_at and not person.excluded)


def tiers_by_name(shop: Shop) -> dict[str, Tier]:
    """Returns the shop's tiers by their names in lower case."""
    return {tier.name.lower(): tier for tier in tiers.listed(shop.id)}


def base_name(shop: Shop) -> str:
    """Returns the name of the base tier in lower case; empty while it has none."""
    return str(tiers.program_settings(shop).base_name or "").lower()


def _check_tiers(shop: Shop, rows: Sequence[ReadRow]) -> None:
    wanted = [row for row in rows if row.member and row.member.tier]
    if wanted:
        known = {*tiers_by_name(shop), base_name(shop)} - {""}
        for row in wanted:
            if row.member and row.member.tier and row.member.tier.lower() not in known:
                row.problem = "tier_unknown"


def _check_referral_codes(shop: Shop, rows: Sequence[ReadRow], found: People) -> None:
    """A code of ours is never shadowed, and no former code changes its owner."""
    wanted = {
        former_codes.key_of(row.member.referral_code): row for row in rows if row.member and row.member.referral_code
    }
    if not wanted:
        return
    ours = Customer.of(shop, Customer.referral_code, Customer.id).where(among(Customer.referral_code, set(wanted)))
    owners = former_codes.owners(shop.id, set(wanted)) | dict(ours.tuples())
    for key, row in wanted.items():
        person = found.get(row.email)
        if key in owners and (person is None or owners[key] != person.id):
            row.problem = "referral_code_taken"


def _check_coupons(shop: Shop, rows: Sequence[ReadRow]) -> None:
    wanted = {codes.key_of(row.coupon.code): row for row in rows if row.coupon}
    for key in takeover.taken(shop, set(wanted)):
        wanted[key].problem = "code_taken"
