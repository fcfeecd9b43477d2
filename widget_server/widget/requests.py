"""Request bodies that the panel and the shop's pages send; unknown fields are refused by name."""

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from marshmallow import ValidationError, fields
from marshmallow.validate import Length

from widget_server.web.texts import LINE, check_line
from widget_server.web.wire import Points

PRICE = "^[0-9]{1,9}([.][0-9]{1,6})?$"


class Price(fields.Decimal):
    """An amount of money from a page: a number or its text, below a billion."""

    def __init__(self) -> None:
        schema = {"type": ["string", "number"], "pattern": PRICE, "minimum": 0, "exclusiveMaximum": 10**9}
        super().__init__(metadata={**schema, "example": "19.80"})

    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: Any) -> Decimal:
        if isinstance(value, str):
            fits = bool(re.fullmatch(PRICE, value)) and not value.endswith("\n")
        else:
            fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 10**9
        if not fits:
            raise ValidationError("Not a valid number.")
        return Decimal(str(value))


Email = Annotated[str, fields.String(metadata={"example": "ann@shop.example"}), Length(max=254)]
Name = Annotated[str, fields.String(validate=[Length(max=100), check_line], metadata=LINE)]
Code = Annotated[str, Length(min=1, max=40)]
Device = Annotated[str, Length(max=100)]
ReferralCode = Annotated[str, Length(max=40)]
Password = Annotated[str, Length(max=200)]
Token = Annotated[str, Length(min=1, max=4000)]
ShopsId = Annotated[str, Length(max=200)]
Word = Annotated[str, Length(max=64)]


@dataclass(frozen=True, kw_only=True)
class BadgePrice:
    """A price whose points a badge shows; `tax` is the tax inside it, null: computed from the program's settings."""

    product_id: ShopsId | None = None
    collection_ids: list[ShopsId] = field(default_factory=list)
    price: Annotated[Decimal, Price()]
    tax: Annotated[Decimal | None, Price()] = None


@dataclass(frozen=True)
class IdentityBody:
    """The shop's identity token, to be exchanged for a session."""

    token: Token
    join: bool = False
    referral_code: ReferralCode | None = None


@dataclass(frozen=True)
class SignUpBody:
    """A request to join the program."""

    email: Email
    name: Name | None = None
    password: Password | None = None
    referral_code: ReferralCode | None = None
    accepts_marketing: bool = False


@dataclass(frozen=True)
class EmailBody:
    """The address that a one-time code is sent to."""

    email: Email
    referral_code: ReferralCode | None = None


@dataclass(frozen=True)
class VerificationBody:
    """The code that was mailed to a signed-in member's own address."""

    challenge: Token
    code: Code


@dataclass(frozen=True)
class ConfirmBody:
    """The mailed code, with the challenge it belongs to."""

    challenge: Token
    code: Code
    device: Device | None = None


@dataclass(frozen=True)
class SignInBody:
    """E-mail and password."""

    email: Email
    password: Password
    referral_code: ReferralCode | None = None
    device: Device | None = None


@dataclass(frozen=True)
class NewPasswordBody:
    """The mailed code, and the new password."""

    challenge: Token
    code: Code
    password: Password
    device: Device | None = None


@dataclass(frozen=True)
class BirthdayBody:
    """The member's date of birth."""

    birthday: date


@dataclass(frozen=True)
class RedeemBody:
    """A reward to buy; `points` chooses the cost of a sliding one."""

    reward_id: Annotated[str, Length(max=40)]
    points: Annotated[int | None, Points(low=1, high=10**9)] = None


@dataclass(frozen=True)
class CodeBody:
    """A friend's referral code that the member typed."""

    code: Code


@dataclass(frozen=True)
class ReplyBody:
    """What the member says of a referral that was not counted."""

    referral_id: Annotated[str, Length(max=40)]
    text: Annotated[str, Length(min=1, max=300)]


@dataclass(frozen=True)
class ApplyBody:
    """Whether the shop's page has reported that the code is in the cart; a body without the field means yes."""

    in_cart: bool = True


@dataclass(frozen=True)
class FriendCodeBody:
    """Texts of this visit that may be a friend's code, and the code that the page stores."""

    kept: Word | None = None
    found: Annotated[list[Word], Length(max=10)] = field(default_factory=list)


@dataclass(frozen=True)
class BadgesBody:
    """The prices on a page, at most 100, and the shop's identity token where nobody is signed in."""

    items: Annotated[list[BadgePrice], Length(max=100)] = field(default_factory=list)
    token: Token | None = None
