"""Files of other loyalty apps, recognised by their columns.

The headings are facts from public help pages; docs/import-formats.md names each page, and what could not be found
there. An owner may rename columns in some of these apps, so a mapping is only proposed, and can be changed by hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from widget_server.loyalty.imports.columns import plain


@dataclass(frozen=True)
class Format:
    """A file of another app: it has the headings of one of `signs`. `fields` are our fields by plain heading."""

    app: str
    signs: tuple[frozenset[str], ...]
    fields: dict[str, str] = field(default_factory=dict)


def _signs(*headings: str) -> frozenset[str]:
    return frozenset(map(plain, headings))


def _fields(**headings: str) -> dict[str, str]:
    return {plain(heading): name for name, listed in headings.items() for heading in listed.split("|")}


FORMATS = (
    # help.rivo.io, "Using CSV files with Rivo Loyalty": the template for loyalty data
    Format(
        "Rivo",
        (
            _signs("Email", "Points Balance", "Birthdate", "VIP Tier", "Activation Date"),
            _signs("Email", "Points Balance", "Credits Balance"),
        ),
        _fields(email="Email", points="Points Balance", birthday="Birthdate", tier="VIP Tier"),
    ),
    # support.yotpo.com, "Importing/Exporting Points and Customers" and "Importing or Adjusting Your Customers' Points"
    Format(
        "Yotpo",
        (
            _signs("Email", "Points Balance", "Points Spent"),
            _signs("Email", "Full Name", "Points Balance"),
            _signs("Email", "First Name", "Last Name", "Points Balance", "Referral Link"),
            _signs("Emails", "Points"),
        ),
        _fields(
            email="Email|Emails",
            points="Points Balance|Points",
            name="Full Name",
            first_name="First Name",
            last_name="Last Name",
            birthday="Birthday (MM/DD) or (MM/DD/YYYY)|Birthday (MM/DD)|Birthday (MM/DD/YYYY)|Birthday",
            referral_code="Referral Link",
        ),
    ),
    # dev.smile.io, "Customer object": the names of a customer's fields; help.smile.io, "Import points with a CSV file"
    Format(
        "Smile.io",
        (
            _signs("email", "points_balance", "referral_url"),
            _signs("email", "points_balance", "date_of_birth"),
            _signs("email", "points_balance", "state"),
        ),
        _fields(
            email="email",
            points="points_balance",
            first_name="first_name",
            last_name="last_name",
            birthday="date_of_birth",
            referral_code="referral_url",
            tier="vip_tier",
        ),
    ),
    # help.loyaltylion.com, "Managing members": what the app calls a member's points; columns can be renamed there
    Format(
        "LoyaltyLion",
        (
            _signs("Email", "Approved points"),
            _signs("Email", "Points approved"),
            _signs("customer ID", "emails", "points", "enrolled"),
            _signs("customer ID", "email", "points", "enrolled"),
        ),
        _fields(
            email="Email|Emails|Customer email",
            points="Approved points|Points approved|Points",
            name="Name|Customer name",
            birthday="Birthday|Birthdate",
            tier="Tier|Tier level|Current tier|Loyalty tier",
        ),
    ),
    # bonloyalty.com/docs, "Import data" and "Moving from Other Loyalty Apps to BON"
    Format(
        "BON Loyalty",
        (
            _signs("Email", "Points Balance", "Shopify ID"),
            _signs("Shopify Customer IDs", "Customer Emails", "Points"),
            _signs("Shopify Customer ID", "Customer Email", "Points"),
        ),
        _fields(email="Email|Customer Emails|Customer Email", points="Points Balance|Points"),
    ),
)


def recognised(header: Sequence[str]) -> Format | None:
    """Returns the first format whose headings the file has; None for any other file."""
    names = frozenset(map(plain, header))
    return next((one for one in FORMATS if any(signs <= names for signs in one.signs)), None)


def named(app: str | None) -> Format | None:
    """Returns the format of this app; None when there is none."""
    return next((one for one in FORMATS if one.app == app), None)
