"""What the panel and the shop's pages send: each body, whose unknown fields are refused by name."""

import re
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, validate

from widget_server.web.wire import LINE, Flag, Points, check_line
from widget_server.widget.fields import PRICE, Body


class Price(fields.Decimal):
    """Money as a page knows it: a number or its text, below a billion."""

    def __init__(self, **options: Any) -> None:
        said = {"type": ["string", "number"], "pattern": PRICE, "minimum": 0, "exclusiveMaximum": 10**9}
        super().__init__(metadata={**said, "example": "19.80"}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        if isinstance(value, str):
            fits = bool(re.fullmatch(PRICE, value)) and not value.endswith("\n")
        else:
            fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 10**9
        if not fits:
            raise ValidationError("Not a valid number.")
        return Decimal(str(value))


class BadgePrice(Body):
    """A price on the page whose points a badge shows; `tax` is what of it is tax, null: as the program says."""

    product_id = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))
    collection_ids = fields.List(fields.String(validate=validate.Length(max=200)), load_default=list)
    price = Price(required=True)
    tax = Price(load_default=None, allow_none=True)


EMAIL = fields.String(required=True, validate=validate.Length(max=254), metadata={"example": "ann@shop.example"})


CODE = fields.String(required=True, validate=validate.Length(min=1, max=40))


DEVICE = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))


REFERRAL_CODE = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))


PASSWORD = fields.String(required=True, validate=validate.Length(max=200))


TOKEN = fields.String(required=True, validate=validate.Length(min=1, max=4000))


class Nothing(Body):
    """An empty object."""


class IdentityAsk(Body):
    """The shop's word, to be swapped for a session."""

    token = TOKEN
    join = Flag(load_default=False)
    referral_code = REFERRAL_CODE


class SignUpAsk(Body):
    """Somebody wants to join."""

    email = EMAIL
    name = fields.String(
        load_default=None, allow_none=True, validate=[validate.Length(max=100), check_line], metadata=LINE
    )
    password = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))
    referral_code = REFERRAL_CODE
    accepts_marketing = Flag(load_default=False)


class EmailAsk(Body):
    """A code to this address, please."""

    email = EMAIL
    referral_code = REFERRAL_CODE


class VerifyAsk(Body):
    """The code of the mail that was sent to a signed-in member's own address."""

    challenge = TOKEN
    code = CODE


class ConfirmAsk(Body):
    """The code of the mail."""

    challenge = TOKEN
    code = CODE
    device = DEVICE


class SignInAsk(Body):
    """E-mail and password."""

    email = EMAIL
    password = PASSWORD
    referral_code = REFERRAL_CODE
    device = DEVICE


class NewPasswordAsk(Body):
    """The code of the mail, and the new password."""

    challenge = TOKEN
    code = CODE
    password = PASSWORD
    device = DEVICE


class BirthdayAsk(Body):
    """The member's birthday."""

    birthday = fields.Date(required=True)


class RedeemAsk(Body):
    """A reward to buy; `points` chooses the cost of a sliding one."""

    reward_id = fields.String(required=True, validate=validate.Length(max=40))
    points = Points(low=1, high=10**9, load_default=None, allow_none=True)


class CodeAsk(Body):
    """A friend's code, typed by hand."""

    code = CODE


class ApplyAsk(Body):
    """Whether the shop's page has answered that the code is in the cart; panels that do not say so mean it."""

    in_cart = Flag(load_default=True)


class FriendCodeAsk(Body):
    """Words that came with this visit as a friend's code, and the code that the page keeps."""

    kept = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=64))
    found = fields.List(
        fields.String(validate=validate.Length(max=64)), load_default=list, validate=validate.Length(max=10)
    )


class BadgeAsk(Body):
    """The prices on a page."""

    items = fields.List(fields.Nested(BadgePrice), load_default=list, validate=validate.Length(max=100))
