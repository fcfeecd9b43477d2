"""Carts: product quantities and coupon codes, and their totals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from demo_shop.bodies import LineBody
from demo_shop.catalogue import PRODUCTS, Product
from demo_shop.coupons import Coupon, Discount
from demo_shop.money import ZERO, money, spread

SHIPPING = Decimal("4.90")
FREE_SHIPPING_FROM = Decimal("60.00")
QUANTITY_MOST = 20


@dataclass(frozen=True)
class CartLine:
    """A quantity of one product; prices are without tax, and this shop adds none."""

    id: str
    product: Product
    quantity: int
    discount: Decimal = ZERO

    @property
    def subtotal(self) -> Decimal:
        """Returns the price of the line before discounts."""
        return self.product.price * self.quantity

    @property
    def net(self) -> Decimal:
        """Returns the price of the line after its discounts."""
        return self.subtotal - self.discount

    def body(self) -> LineBody:
        """Returns the line in the format of the signed messages."""
        return {
            "id": self.id,
            "product_id": self.product.id,
            "collection_ids": list(self.product.collections),
            "name": self.product.name,
            "quantity": self.quantity,
            "subtotal": str(self.subtotal),
            "discount": str(self.discount),
            "tax": str(ZERO),
            "gift_card": self.product.gift_card,
        }


@dataclass(frozen=True)
class Cart:
    """Lines and shipping: total = subtotal - discount + shipping + tax."""

    lines: tuple[CartLine, ...]
    shipping: Decimal

    @property
    def quantity(self) -> int:
        """Returns the number of items in all lines."""
        return sum(line.quantity for line in self.lines)

    @property
    def subtotal(self) -> Decimal:
        """Returns the price of all goods before discounts."""
        return sum((line.subtotal for line in self.lines), ZERO)

    @property
    def discount(self) -> Decimal:
        """Returns the sum of all discounts of all lines."""
        return sum((line.discount for line in self.lines), ZERO)

    @property
    def tax(self) -> Decimal:
        """Returns 0: this shop adds no tax to its prices."""
        return ZERO

    @property
    def total(self) -> Decimal:
        """Returns the amount that the customer has to pay."""
        return self.subtotal - self.discount + self.shipping + self.tax

    @property
    def points_base(self) -> Decimal:
        """The amount that can earn points: goods after discounts, without gift cards."""
        return sum((line.net for line in self.lines if not line.product.gift_card), ZERO)

    def line_bodies(self) -> list[LineBody]:
        """The lines in the format of the signed messages."""
        return [line.body() for line in self.lines]


def price(quantities: Mapping[str, int], coupons: Sequence[Coupon] = ()) -> Cart:
    """Returns the cart of these quantities by product id; valid coupons are applied in order."""
    lines = [
        CartLine(str(place), PRODUCTS[product_id], quantity)
        for place, (product_id, quantity) in enumerate(quantities.items(), 1)
    ]
    discounts = [coupon.discount for coupon in coupons if coupon.valid and coupon.discount]
    for discount in discounts:
        lines = _discounted(lines, discount)
    free = any(discount.type == "free_shipping" for discount in discounts)
    return Cart(tuple(lines), ZERO if free else _shipping(lines))


def _discounted(lines: Sequence[CartLine], discount: Discount) -> list[CartLine]:
    """The lines with one more discount, spread over them; never below 0, never on a gift card."""
    discountable = [ZERO if line.product.gift_card else line.net for line in lines]
    match discount.type:
        case "amount":
            off = min(discount.amount, sum(discountable, ZERO))
        case "percent":
            off = money(sum(discountable, ZERO) * min(discount.percent, Decimal(100)) / 100)
        case "free_product":
            discountable = [
                min(weight, line.product.price) if line.product.id == discount.product_id else ZERO
                for weight, line in zip(discountable, lines, strict=True)
            ]
            off = sum(discountable, ZERO)
        case "free_shipping":
            off = ZERO
    shares = spread(off, discountable)
    return [replace(line, discount=line.discount + share) for line, share in zip(lines, shares, strict=True)]


def _shipping(lines: Sequence[CartLine]) -> Decimal:
    """The shipping cost; 0 for gift cards only, and from FREE_SHIPPING_FROM on."""
    parcel = sum((line.net for line in lines if not line.product.gift_card), ZERO)
    has_goods = any(not line.product.gift_card for line in lines)
    return SHIPPING if has_goods and parcel < FREE_SHIPPING_FROM else ZERO
