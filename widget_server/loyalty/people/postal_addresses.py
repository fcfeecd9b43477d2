"""Postal addresses: stored only as a keyed digest, which shows whether two orders share one (acceptance 44)."""

import unicodedata
from dataclasses import dataclass

from widget_server import config

KEPT_DAYS = 180  # how long after an order its digests are stored (orders.forget_addresses)


@dataclass(frozen=True)
class PostalAddress:
    """The parts of an address that distinguish it; the rest, such as the city, follows from them."""

    name: str
    address1: str
    address2: str
    postcode: str
    country: str

    @property
    def digest(self) -> str | None:
        """The keyed digest of the address; None when a part is missing.

        Case, accents, punctuation and blanks do not count, nor how the street is divided between the two lines.
        """
        parts = [_folded(one) for one in (self.name, self.address1 + self.address2, self.postcode, self.country)]
        if not all(parts):
            return None
        return config.keyed_digest("postal-addresses", "\n".join(parts))


def _folded(text: str) -> str:
    """Returns only the letters and digits, in one case and without accents."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in letters if one.isalnum())
