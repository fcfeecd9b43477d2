"""What shops send: the bodies of docs/contracts.md §4, read into the domain's types.

Unknown fields are ignored: a platform may send more than we need.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar, cast

from marshmallow import EXCLUDE, ValidationError, fields, post_load, validate

from widget_server import clock
from widget_server.json_types import Json, JsonObject
from widget_server.loyalty.earning.order_states import STATUSES, Line, OrderState, Refund, RefundLine
from widget_server.loyalty.people import emails
from widget_server.loyalty.people.customers import Person
from widget_server.loyalty.people.postal_addresses import PostalAddress
from widget_server.loyalty.rewards.codes import Cart
from widget_server.web.typed_schemas import ShapeSchema, schema_for, schema_of

T = TypeVar("T")

MONEY_MAX = Decimal(10) ** 12
CURRENCY = validate.Regexp(r"^[A-Z]{3}$", error="A currency has three capital letters.")
SHORT = validate.Length(max=200)
Code = Annotated[str, validate.Length(min=1, max=200)]


class Money(fields.Decimal):
    """A decimal amount, 0 <= amount < 10^12, at most 8 places; written as text on the wire."""

    below_zero = False

    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: Any) -> Decimal:
        if isinstance(value, bool | float):
            value = str(value)
        amount = super()._deserialize(value, attr, data, **kwargs)
        if amount is None or not amount.is_finite() or not abs(amount) < MONEY_MAX:
            raise ValidationError("An amount, as decimal text.")
        if amount < 0 and not self.below_zero:
            raise ValidationError("An amount from 0 up, as decimal text.")
        if int(amount.as_tuple().exponent) < -8:
            raise ValidationError("At most eight decimal places.")
        return amount


class SignedMoney(Money):
    """A decimal amount that may be below zero."""

    below_zero = True


class Time(fields.Field[datetime]):
    """An ISO 8601 time with its offset, as aware UTC."""

    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: Any) -> datetime:
        try:
            moment = clock.parse(value if isinstance(value, str) else "")
        except (ValueError, OverflowError) as wrong:
            raise ValidationError("A time as 2026-03-10T12:00:00Z.") from wrong
        if not 1970 < moment.year < 2200:
            raise ValidationError("A time between 1971 and 2199.")
        return moment


class Id(fields.Field[str]):
    """An id of the shop's own: text, or a whole number that is kept as text."""

    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int) or not 0 < len(str(value)) <= 200:
            raise ValidationError("An id: text of 1 to 200 characters.")
        return str(value)


class StoreBody(ShapeSchema):
    """A request body of a shop: unknown fields are ignored."""

    nullable = True
    plain = {str: fields.String, bool: fields.Boolean}

    class Meta:
        unknown = EXCLUDE


@dataclass(frozen=True)
class PersonFacts:
    """A customer as an order or an action names them; an invalid e-mail address (emails.py) is ignored."""

    id: Annotated[str | None, Id()] = None
    email: str | None = None
    email_verified: bool | None = False
    name: Annotated[str | None, SHORT] = None
    phone: Annotated[str | None, SHORT] = None

    def as_person(self) -> Person | None:
        """Returns the person with these facts; None when there is neither an id nor a valid e-mail address."""
        email = emails.find(self.email)
        if self.id is None and email is None:
            return None
        return Person(
            external_id=self.id,
            email=email.typed if email else None,
            email_verified=bool(self.email_verified) and email is not None,
            name=self.name or None,
            phone=self.phone or None,
        )


class Postal(fields.Field[PostalAddress]):
    """A postal address. Malformed parts are ignored: no order is refused because of its address."""

    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: Any) -> PostalAddress:
        parts = value if isinstance(value, dict) else {}
        names = ("name", "address1", "address2", "postcode", "country")
        return PostalAddress(**{name: str(parts[name]) if parts.get(name) is not None else "" for name in names})


class LineSchema(StoreBody):
    """A line of an order or a cart; one below zero is a discount of the order (contracts §8)."""

    id = Id(required=True)
    product_id = Id(load_default=None, allow_none=True)
    collection_ids = fields.List(Id(), load_default=list, allow_none=True)
    name = fields.String(load_default="", allow_none=True)
    quantity = fields.Integer(load_default=1, validate=validate.Range(min=-(10**9), max=10**9))
    subtotal = SignedMoney(required=True)
    discount = SignedMoney(load_default=Decimal(0))
    tax = SignedMoney(load_default=Decimal(0))
    gift_card = fields.Boolean(load_default=False)

    @post_load
    def _line(self, value: dict[str, Any], **_: Any) -> Line:
        value["collection_ids"] = tuple(value["collection_ids"] or ())
        return Line(**{**value, "name": value["name"] or ""})


class RefundLineSchema(StoreBody):
    """The refunded goods of one line."""

    line_id = Id(required=True)
    quantity = fields.Integer(load_default=0, validate=validate.Range(min=-(10**9), max=10**9))
    amount = SignedMoney(required=True)

    @post_load
    def _refund_line(self, value: dict[str, Any], **_: Any) -> RefundLine:
        return RefundLine(**value)


class RefundSchema(StoreBody):
    """A refund."""

    id = Id(required=True)
    amount = Money(required=True)
    shipping = Money(load_default=Decimal(0))
    tax = Money(load_default=Decimal(0))
    lines = fields.List(fields.Nested(RefundLineSchema), load_default=list)
    created_at = Time(load_default=None, allow_none=True)
    provisional = fields.Boolean(load_default=False)
    parts_known = fields.Boolean(load_default=False)

    @post_load
    def _refund(self, value: dict[str, Any], **_: Any) -> Refund:
        return Refund(**{**value, "lines": tuple(value["lines"])})


class OrderSchema(StoreBody):
    """The whole state of an order; loads as (OrderState, Person or None)."""

    id = Id(required=True)
    number = Id(load_default=None, allow_none=True)
    parent_id = Id(load_default=None, allow_none=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    currency = fields.String(required=True, validate=CURRENCY)
    source = fields.String(load_default="web", allow_none=True)
    placed_at = Time(required=True)
    modified_at = Time(load_default=None, allow_none=True)
    revision = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(min=0, max=10**15))
    customer = fields.Nested(schema_of(PersonFacts, StoreBody), load_default=None, allow_none=True)
    lines = fields.List(fields.Nested(LineSchema), load_default=list, validate=validate.Length(max=2000))
    shipping = Money(load_default=Decimal(0))
    discount = Money(load_default=Decimal(0))
    loose_discount = Money(load_default=None, allow_none=True)
    tax = SignedMoney(load_default=Decimal(0))
    tax_included = fields.Boolean(load_default=None, allow_none=True)
    total = SignedMoney(load_default=None)
    payment_due = fields.Boolean(load_default=False)
    coupon_codes = fields.List(
        fields.String(validate=SHORT), load_default=None, allow_none=True, validate=validate.Length(max=50)
    )
    landing_referral = fields.String(load_default=None, allow_none=True)
    refunds = fields.List(fields.Nested(RefundSchema), load_default=list, validate=validate.Length(max=2000))
    refunds_complete = fields.Boolean(load_default=False)
    billing_address = Postal(load_default=None, allow_none=True)
    shipping_address = Postal(load_default=None, allow_none=True)

    @post_load
    def _order(self, value: dict[str, Any], **_: Any) -> tuple[OrderState, Person | None]:
        customer: PersonFacts | None = value.pop("customer")
        buyer = customer.as_person() if customer is not None else None
        addresses = (value.pop("billing_address"), value.pop("shipping_address"))
        if buyer is not None:
            digests = {address.digest for address in addresses if address is not None} - {None}
            buyer = replace(buyer, address_digests=tuple(sorted(digests)))
        for name in ("lines", "refunds"):
            value[name] = tuple(value[name])
        value["coupon_codes"] = None if value["coupon_codes"] is None else tuple(value["coupon_codes"])
        value["number"] = value["number"] or value["id"]
        if value["parent_id"] in ("0", value["id"]):
            value["parent_id"] = None
        value["source"] = value["source"] or "web"
        if value["total"] is None:  # nothing to derive it from: the tax is on top, the default
            value |= {"total": Decimal(0), "tax_included": bool(value["tax_included"])}
        value["modified_at"] = value["modified_at"] or value["placed_at"]
        return OrderState(**value), buyer


@dataclass(frozen=True)
class CustomerFacts(PersonFacts):
    """A customer of the shop, as of `modified_at`."""

    id: Annotated[str, Id()]
    birthday: Annotated[date | None, fields.Date()] = None
    accepts_marketing: bool | None = None
    referral_code: str | None = None
    registered_at: Annotated[datetime | None, Time()] = None
    modified_at: Annotated[datetime | None, Time()] = None
    paying: bool | None = None
    deleted: bool = False

    def as_person(self) -> Person | None:
        """Returns the person with the facts of their account; None without an id and an e-mail address."""
        person = super().as_person()
        return person and replace(
            person,
            birthday=self.birthday,
            accepts_marketing=self.accepts_marketing,
            registered_at=self.registered_at,
            paying=self.paying,
            of_account=True,
            as_of=self.modified_at,
        )


@dataclass(frozen=True)
class ActionFacts:
    """Something a customer did at the shop."""

    id: Annotated[str, Id()]
    type: Annotated[str, validate.Length(min=1, max=100)]
    customer: PersonFacts
    occurred_at: Annotated[datetime | None, Time()] = None
    value: Annotated[Decimal | None, Money()] = None


@dataclass(frozen=True)
class CheckBody:
    """The request of a shop to check a code for a cart."""

    code: Code
    customer: Annotated[JsonObject | None, fields.Dict()] = None
    currency: Annotated[str | None, CURRENCY] = None
    subtotal: Annotated[Decimal | None, Money()] = None
    lines: Annotated[list[JsonObject] | None, fields.List(fields.Dict())] = field(default_factory=list)

    @property
    def cart(self) -> Cart:
        """Returns the cart that the code is to be used with."""
        lines, who = self.lines or [], self.customer or {}
        collections = {str(name) for line in lines for name in _listed(line.get("collection_ids"))}
        return Cart(
            currency=self.currency,
            subtotal=self.subtotal,
            collection_ids=frozenset(collections),
            product_ids=frozenset(str(line["product_id"]) for line in lines if line.get("product_id")),
            customer_external_id=str(who["id"]) if who.get("id") is not None else None,
            customer_email=str(who["email"]) if who.get("email") else None,
        )


@dataclass(frozen=True)
class UseBody:
    """The request to use a code for an order, or to release it."""

    code: Code
    order_id: Annotated[str, Id()]


def read(shape: type[T], value: JsonObject) -> T:
    """Returns a shop's body as this dataclass. Raises ValidationError."""
    kind: type = shape
    return cast(T, schema_for(kind, StoreBody).load(value))


def read_order(value: JsonObject) -> tuple[OrderState, Person | None]:
    """Returns the state of an order, and its buyer. Raises ValidationError."""
    return cast(tuple[OrderState, Person | None], OrderSchema().load(value))


def read_refund(value: JsonObject) -> Refund:
    """Returns one refund. Raises ValidationError."""
    return cast(Refund, RefundSchema().load(value))


def _listed(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list) else ()
