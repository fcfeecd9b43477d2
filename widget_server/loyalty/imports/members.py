"""What a row of the mode members changes on its customer: only what is not known here yet."""

from datetime import timedelta

from widget_server import clock
from widget_server.errors import BadRequest
from widget_server.loyalty.imports import people
from widget_server.loyalty.imports.reading import MemberFacts
from widget_server.loyalty.people import customer_edits, customers, former_codes, mailing, recognition
from widget_server.loyalty.people.customers import Customer, Person
from widget_server.loyalty.points import tier_grants, tiers
from widget_server.loyalty.program.shops import Shop


def apply(shop: Shop, customer_id: str, facts: MemberFacts, *, batch_id: str) -> str | None:
    """Store the facts on the customer; returns the code of a problem, in which case nothing was stored.

    Names, numbers and birthdays only fill blanks, since the customer or the shop may have given newer ones; labels are
    added; consent is given, never taken back. The owner of a verified address becomes a member (`people.joins`). No
    letter follows.
    """
    with mailing.quiet():
        return _apply(shop, customer_id, facts, batch_id)


def _apply(shop: Shop, customer_id: str, facts: MemberFacts, batch_id: str) -> str | None:
    customer = customers.refresh(customers.by_id(shop.id, customer_id))
    code = facts.referral_code
    is_new = bool(code) and customers.by_referral_code(shop.id, str(code)) is None
    if is_new and not former_codes.add(shop.id, customer.id, str(code), batch_id=batch_id):
        return "referral_code_taken"
    if facts.labels:
        try:
            customer = customer_edits.edit(shop.id, customer.id, labels=[*customer.labels, *facts.labels])
        except BadRequest:
            return "labels_invalid"
    recognition.note(customer, _person(customer, facts))
    if people.joins(customer):
        customers.join(customer)
    _grant_tier(shop, customer, facts)
    return None


def _grant_tier(shop: Shop, customer: Customer, facts: MemberFacts) -> None:
    """Grant the tier of the row, until its day or for the length of a tier's window; the base tier needs no grant."""
    tier = people.tiers_by_name(shop).get(facts.tier.lower()) if facts.tier else None
    if tier is not None:
        today = clock.local_date(clock.now(), shop.timezone)
        window_ends = tiers.program_settings(shop).day_it_leaves(today) - timedelta(days=1)
        tier_grants.grant(shop, customer.id, tier.id, facts.tier_until or window_ends)


def _person(customer: Customer, facts: MemberFacts) -> Person:
    """Returns the facts as those of somebody else than the customer: they only fill blanks."""
    consents = facts.accepts_marketing and customer.facts_as_of is None
    return Person(
        name=facts.name, phone=facts.phone, birthday=facts.birthday, accepts_marketing=True if consents else None
    )
