"""Helpers that every adapter shares: read a platform's JSON body field by field, write in the contract's format."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from urllib.parse import parse_qs, urlsplit

from widget_server.json_types import Json
from widget_server.stores.contract import AddressBody
from widget_server.stores.messages import MalformedMessage

ZERO = Decimal(0)
CENT = Decimal("0.01")
_FINEST = Decimal("0.0001")
_DIGITS_MAX = 12
_ID_DIGITS_MAX = 40
_REFERRAL_LENGTH_MAX = 64


# -- reading a body -------------------------------------------------------------------------------


def _no_number(name: str) -> None:
    raise ValueError(name)


def _clean(text: str) -> str:
    """Returns the text without characters that no database stores: NUL and lone surrogates."""
    return text.encode("utf-8", "replace").decode().replace("\0", "").strip()


@dataclass(frozen=True)
class Fields:
    """One JSON object of a body, read field by field.

    Absent and null are the same. A value of the wrong kind raises MalformedMessage, whose reason names the path of
    the field and never repeats its content. Numbers with a point are Decimals.
    """

    values: Mapping[str, object]
    path: str = ""

    @classmethod
    def of(cls, body: bytes) -> "Fields":
        """Returns the body's JSON object; raises MalformedMessage when it is anything else."""
        try:
            values = json.loads(body, parse_float=Decimal, parse_constant=_no_number)
        except (ValueError, ArithmeticError, RecursionError) as error:
            raise MalformedMessage("the body is not JSON") from error
        if not isinstance(values, dict):
            raise MalformedMessage("the body is not an object")
        return cls(values)

    def odd(self, name: str, wanted: str) -> MalformedMessage:
        """Returns the MalformedMessage for one field, to be raised."""
        return MalformedMessage(f"{self.path}{name} is not {wanted}")

    def must_lack(self, *names: str) -> None:
        """Raises MalformedMessage when one of `names` is present: a deletion does not describe the deleted object."""
        for name in names:
            if self.values.get(name):
                raise self.odd(name, "absent, as in a deletion")

    def text(self, name: str) -> str | None:
        """Returns text, or a whole number written out (ids pass 2^53, some come as 8.6e+17); None when empty.

        Raises MalformedMessage on a value of another kind.
        """
        value = self.values.get(name)
        if isinstance(value, Decimal) and value.adjusted() < _ID_DIGITS_MAX and value == int(value):
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if value is not None and not isinstance(value, str):
            raise self.odd(name, "text")
        return _clean(value or "") or None

    def required(self, name: str) -> str:
        """Returns the same as `text`; raises MalformedMessage when it is empty."""
        value = self.text(name)
        if value is None:
            raise self.odd(name, "there")
        return value

    def money(self, name: str, default: Decimal | None = None) -> Decimal:
        """Returns an amount in the order's currency, to four decimals.

        Raises MalformedMessage when the value is not an amount, or absent without `default`.
        """
        value = self.values.get(name)
        if default is not None and (value is None or value == ""):
            return default
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise self.odd(name, "money")
        try:
            amount = Decimal(value)
        except ArithmeticError as error:
            raise self.odd(name, "money") from error
        if not amount.is_finite() or amount.adjusted() > _DIGITS_MAX:
            raise self.odd(name, "money")
        return amount.quantize(_FINEST) + 0  # + 0 turns -0 into 0

    def count(self, name: str) -> int:
        """Returns the quantity; goods sold by weight (1.5) are rounded up to whole pieces. Raises MalformedMessage."""
        return int(self.money(name).to_integral_value(ROUND_CEILING))

    def flag(self, name: str) -> bool:
        """True only for the JSON value true."""
        return self.values.get(name) is True

    def moment(self, *names: str) -> str | None:
        """Returns the first of these times that is present, in UTC with Z; one without a zone is taken as UTC.

        Raises MalformedMessage when it is not a time.
        """
        for name in names:
            value = self.values.get(name)
            if value is None or value == "":
                continue
            if not isinstance(value, str):
                raise self.odd(name, "a time")
            try:
                when = datetime.fromisoformat(value)
                when = when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC)
            except (ValueError, OverflowError) as error:
                raise self.odd(name, "a time") from error
            return when.isoformat().replace("+00:00", "Z")
        return None

    def required_moment(self, *names: str) -> str:
        """Returns the same as `moment`; raises MalformedMessage when none is present."""
        when = self.moment(*names)
        if when is None:
            raise self.odd(names[0], "there")
        return when

    def part(self, name: str) -> "Fields | None":
        """Returns the object in this field, None without one; PHP writes an empty one as [].

        Raises MalformedMessage.
        """
        value = self.values.get(name)
        if value is None or value == []:
            return None
        if not isinstance(value, dict):
            raise self.odd(name, "an object")
        return Fields(value, f"{self.path}{name}.")

    def items(self, name: str) -> list["Fields"]:
        """Returns the objects listed in this field. Raises MalformedMessage on another kind of value."""
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.odd(name, "a list of objects")
        return [Fields(item, f"{self.path}{name}[{index}].") for index, item in enumerate(value)]


# -- writing in the contract's format -------------------------------------------------------------


def amount_text(amount: Decimal) -> str:
    """Returns an amount as decimal text, two decimals at least and four at most."""
    text = f"{amount:.4f}"
    return text[:-2] if text.endswith("00") else text.rstrip("0")


def wire(body: Mapping[str, object]) -> dict[str, Json]:
    """Returns a body of the contract as JSON: each amount in it is decimal text."""
    return {name: _wire(value) for name, value in body.items()}


def _wire(value: object) -> Json:
    if isinstance(value, Decimal):
        return amount_text(value)
    if isinstance(value, dict):
        return wire(value)
    if isinstance(value, list):
        return [_wire(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{type(value).__name__} is no word of the contract")


def settle(total: Decimal, goods: Decimal, discount: Decimal, tax: Decimal) -> tuple[Decimal, Decimal]:
    """Returns (discount, shipping) so that total = goods - discount + shipping + tax; `tax` is 0 when goods include it.

    A charge beyond goods and tax is shipping (with tips, duties and fees: they earn nothing by default). A charge
    below them is a discount that no line names.
    """
    rest = total - (goods - discount) - tax
    return max(min(goods, discount - min(rest, ZERO)), ZERO), max(rest, ZERO)


def codes_listed(order: Fields, name: str) -> list[str] | None:
    """Returns the codes that an order lists in this field; None for a body without the list: the codes are unknown."""
    if order.values.get(name) is None:
        return None
    return [code for row in order.items(name) if (code := row.text("code"))]


def full_name(person: Fields | None) -> str | None:
    """Returns first and last name in one; None when both are empty."""
    if person is None:
        return None
    return " ".join(filter(None, (person.text("first_name"), person.text("last_name")))) or None


def postal_address(order: Fields, name: str, theirs: Mapping[str, str]) -> AddressBody | None:
    """Returns the address in this field; `theirs` has the platform's names where they differ from the contract's.

    None when it cannot be read: an order is not parked because of its address.
    """
    try:
        address = order.part(name)
        if address is None:
            return None
        return {
            "name": full_name(address) or address.text("name"),
            "address1": address.text(theirs.get("address1", "address1")),
            "address2": address.text(theirs.get("address2", "address2")),
            "city": address.text(theirs.get("city", "city")),
            "postcode": address.text(theirs.get("postcode", "postcode")),
            "region": address.text(theirs.get("region", "region")),
            "country": address.text(theirs.get("country", "country")),
        }
    except MalformedMessage:
        return None


def referral_code(text: str | None) -> str | None:
    """Returns the referral code that a shopper's browser stored; None when empty or too long to be one of ours."""
    code = _clean(text or "")
    return code if 0 < len(code) <= _REFERRAL_LENGTH_MAX else None


def referral_in(address: str | None) -> str | None:
    """Returns the code in a landing page's `?ref=`; None without one."""
    try:
        codes = parse_qs(urlsplit(address or "").query).get("ref", [""])
    except ValueError:
        return None
    return referral_code(codes[0])


def header(headers: Mapping[str, str], name: str) -> str:
    """Returns a header by its name in any case; empty text without one."""
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")


def matches(secret: str, body: bytes, signature: str) -> bool:
    """True when `signature` is the base64 HMAC-SHA256 of the raw body, compared in constant time."""
    if not secret:
        return False  # anybody can sign with an empty secret
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return hmac.compare_digest(base64.b64encode(digest), signature.encode("utf-8", "replace"))


def total_of(items: Iterable[Fields], name: str) -> Decimal:
    """Returns the sum of one amount over these objects; an absent amount counts as 0. Raises MalformedMessage."""
    return sum((item.money(name, ZERO) for item in items), ZERO)
