"""Codes: whether a cart may use one, which order does (contracts §4), and how they are generated and parsed."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from widget_server import clock, ledger, money
from widget_server.db import Selection, atomic, statement
from widget_server.errors import CouponNotUsable, NotFound
from widget_server.job_queue import JobName
from widget_server.ledger import Cause
from widget_server.loyalty.earning import orders
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.people import customers, emails
from widget_server.loyalty.people.customers import CODE_ALPHABET
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import coupon_orders, coupons
from widget_server.loyalty.rewards.coupon_orders import CouponOrder, OrderFacts
from widget_server.loyalty.rewards.coupons import IMPORTED, USABLE, Coupon, CouponChanges

CODE_LENGTH, CODE_GROUP = 12, 4


@dataclass(frozen=True)
class Cart:
    """The cart for which a shop checks a code; a field that the shop did not send is None."""

    currency: str | None
    subtotal: Decimal | None
    collection_ids: frozenset[str]
    product_ids: frozenset[str]
    customer_external_id: str | None = None
    customer_email: str | None = None


@dataclass(frozen=True)
class Verdict:
    """Whether a code may be used with a cart; when it may not, `reason` is a stable name.

    `amount` is what a coupon of kind amount takes off this cart: whole coins, never more than the cart's subtotal.
    """

    coupon: Coupon | None
    reason: str | None
    amount: Decimal | None = None

    @property
    def valid(self) -> bool:
        """True when the cart may use the code."""
        return self.reason is None


def check(shop: Shop, code: str, cart: Cart) -> Verdict:
    """Returns whether this cart may use this code, and what it takes off (acceptance 37)."""
    coupon = by_code(shop, code)
    if coupon is None:
        return Verdict(None, "unknown")
    return Verdict(coupon, _objection(shop, coupon, cart), _amount_off(shop, coupon, cart))


def use(shop: Shop, code: str, order_ref: str, *, order_number: str | None = None) -> Coupon:
    """Book that the order `order_ref` uses the code, one order per code. A repeat for the same order returns the same.

    A call for an order that is known as cancelled is stored, and counts once the order is alive again. Raises NotFound,
    and CouponNotUsable with its reason: `used` while another living order carries the code.
    """
    with atomic():
        coupon = _need_code(shop, code)
        status = coupons.status_now(coupon)
        if status not in USABLE and (status, coupon.order_ref) != ("used", order_ref):
            raise CouponNotUsable(reason=status)
        return _call(shop, coupon, order_ref, order_number, f"store:{shop.platform}")


def claim(shop: Shop, coupon: Coupon, order_ref: str, number: str, *, source: str) -> Coupon:
    """Book that the order was placed with this coupon, whatever its status: it joins the orders that carry it.

    Points that were given back are spent again. Raises NotFound.
    """
    with atomic():
        return _call(shop, coupons.locked(shop.id, coupon.id), order_ref, number, source)


def release(shop: Shop, code: str, order_ref: str, *, source: str) -> Coupon:
    """Undo a call of `use` or `claim`; `_set_free` decides the status of the coupon (acceptance 38).

    Nothing changes unless a call named this order, nor while the order's own list names the code. Raises NotFound.
    """
    with atomic():
        coupon = _need_code(shop, code)
        known = coupon_orders.find(shop, coupon.id, order_ref)
        if known is None or not known.called:
            return coupon
        coupon_orders.note(shop, coupon.id, order_ref, coupon_end=coupon.expires_at, called=False)
        return _settle(shop, coupon, source=source)


def follow_order(shop: Shop, order: Order, *, source: str) -> None:
    """Update every coupon that an order names, or named, after the order's new state (contracts §9).

    An order without a list of codes changes none; a new list removes only what an earlier list had named.
    """
    state, ref = order.merged, ref_of(order)
    named, carried = _named(shop, state.coupon_codes or ()), _named(shop, state.carried)
    facts: OrderFacts = {
        "number": order.number,
        "since": order.placed_at,
        "living": coupon_orders.is_living(order.status),
    }
    with atomic():
        for coupon_id in sorted({*named, *carried, *coupon_orders.coupons_of(shop, ref)}):
            coupon = coupons.locked(shop.id, coupon_id)
            if state.coupon_codes is not None:
                facts["listed"] = coupon_id in named
            row, begins = coupon_orders.note(
                shop, coupon_id, ref, coupon_end=coupon.expires_at, carried=coupon_id in carried, **facts
            )
            _settle(shop, coupon, source=source, late=row if begins and not row.carries else None)


def ref_of(order: Order) -> str:
    """The `order_ref` by which coupons know an order: `<platform>:<its id>`."""
    return f"{order.platform}:{order.external_id}"


def _call(shop: Shop, coupon: Coupon, order_ref: str, number: str | None, source: str) -> Coupon:
    """Book a call that names the locked coupon for this order; a known order gives its own number, time and status."""
    platform, _, external_id = order_ref.partition(":")
    order, known = orders.find(shop, platform, external_id), coupon_orders.find(shop, coupon.id, order_ref)
    facts: OrderFacts = {
        "called": True,
        "number": number,
        "since": known.since if known else clock.now(),
        "living": True,
    }
    if order is not None:
        living = coupon_orders.is_living(order.status)
        facts |= {"number": order.number, "since": order.placed_at, "living": living}
    coupon_orders.note(shop, coupon.id, order_ref, coupon_end=coupon.expires_at, **facts)
    return _settle(shop, coupon, source=source)


def _settle(shop: Shop, coupon: Coupon, *, source: str, late: CouponOrder | None = None) -> Coupon:
    """Give the coupon, which is locked, the status that follows from the orders that carry it.

    `late` is an order that carried it while alive, but no longer does in its first message to arrive: it takes the
    coupon and releases it, as if each message had arrived in time.
    """
    rows = coupon_orders.of_coupon(shop, coupon.id)
    holder = coupon_orders.holder(rows)
    if holder is not None:
        return _take(coupon, holder, source)
    if late is not None and coupon.status in (*USABLE, "issuing", "expired"):
        coupon = _take(coupon, late, source)
    if coupon.status == "used":
        coupon = _set_free(shop, coupon, coupon_orders.holding(rows), source)
    coupon_orders.let_go(shop, coupon.id)
    return coupon


def _take(coupon: Coupon, by: CouponOrder, source: str) -> Coupon:
    """Mark the coupon as used by the order. If its points were given back, they are spent again: never both."""
    changes: CouponChanges = {"order_ref": by.order_ref, "order_number": by.number}
    if coupon.status == "revoked":
        return coupon
    if coupon.status == "used":
        known = {name: getattr(coupon, name) for name in changes}
        return coupon if known == changes else coupons.move(coupon, "used", **changes)
    if coupon.status in ("returned", "failed"):
        if coupon.order_ref is None:  # the points were given back for another reason than the end of an order
            changes["when_free"] = "returned"
        _charge_again(coupon, source)
    changes["ended_at"] = clock.now()
    return coupons.move(coupon, "used", **changes)


def _set_free(shop: Shop, coupon: Coupon, held_by: list[CouponOrder], source: str) -> Coupon:
    """Free a coupon that no living order carries: usable again, or points back, as the program says (38).

    One that had expired before any of these orders took it stays expired. One that expired meanwhile gets the time
    that was left, through the end of that local day.
    """
    when_free, ref = coupon.when_free, coupon.order_ref
    coupon.order_ref = coupon.order_number = coupon.ended_at = coupon.applied_at = coupon.when_free = None
    if when_free == "returned":
        return _give_points_back(coupon, source)
    if when_free == "revoked":
        return coupons.move(coupon, "revoked", ended_at=clock.now())
    if held_by and not any(order.came_in_time for order in held_by):
        return coupons.move(coupon, "expired", ended_at=coupon.expires_at)
    if programs.of(shop.id).rules.coupon_after_cancel == "points" and coupon.transaction_id:
        coupon.order_ref = ref
        return _give_points_back(coupon, source)
    if customers.by_id(shop.id, coupon.customer_id).erased_at:  # it has no owner any more
        return coupons.move(coupon, "revoked")
    for due in filter(None, (order.life_due for order in held_by)):
        last_day = clock.local_date(clock.now() + due, shop.timezone)
        coupon.expires_at = max(coupon.expires_at, clock.start_of(last_day + timedelta(days=1), shop.timezone))
    if shop.is_connected and coupon.origin != IMPORTED:  # its platform may still count the use
        return coupons.move(coupon, "issuing", code_job=coupons.promise(JobName.ISSUE_CODE, coupon, anew=True))
    return coupons.move(coupon, "active")


def by_code(shop: Shop, code: str) -> Coupon | None:
    """The coupon with this code; case, blanks and dashes do not matter."""
    return Coupon.one(shop, Coupon.code_key == key_of(code))


def key_of(code: str) -> str:
    """The normal form of a code, equal for all its spellings."""
    return code.replace("-", "").replace(" ", "").upper()


def fresh_code(shop: Shop) -> str:
    """Returns an unused code of 12 symbols without look-alikes: 30^12 codes, so none can be guessed (acceptance 37).

    In groups of four, as people read it; all surfaces use this spelling, since a checkout compares dashes too.
    """
    while True:
        symbols = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
        code = "-".join(symbols[at : at + CODE_GROUP] for at in range(0, CODE_LENGTH, CODE_GROUP))
        if not _of_code.tuples(shop.id, key_of(code)):
            return code


@statement
def _of_code(shop_id: str, code_key: str) -> Selection[Coupon]:
    return Coupon.of(shop_id, Coupon.id).where(Coupon.code_key == code_key)


def _need_code(shop: Shop, code: str) -> Coupon:
    coupon = by_code(shop, code)
    if coupon is None:
        raise NotFound("There is no such code here.")
    return coupons.locked(shop.id, coupon.id)


def _named(shop: Shop, listed: Iterable[str]) -> set[str]:
    """The ids of our coupons among the codes of an order."""
    return {coupon.id for code in listed if (coupon := by_code(shop, code)) is not None}


def _give_points_back(coupon: Coupon, source: str) -> Coupon:
    key = f"release:{coupon.id}:{coupon.revision}"  # an order may be cancelled, come back, be cancelled
    return coupons.give_points_back(coupon, "returned", key=key, source=source, reason="returned")


def _charge_again(coupon: Coupon, source: str) -> None:
    """Spend the points again; what the balance cannot pay becomes debt, or a negative balance, as the program says."""
    account = ledger.open_account(coupon.shop_id, coupon.customer_id)
    account = ledger.locked(coupon.shop_id, account.id)
    key = f"used-after-return:{coupon.id}:{coupon.revision}"
    cause = Cause("redeemed", coupon.id, snapshot={"title": coupon.title})
    covered = min(coupon.cost_points, max(account.balance, 0))
    if covered:
        ledger.post(coupon.shop_id, account.id, "redeem", -covered, source=source, key=key, cause=cause)
    if coupon.cost_points > covered:
        ledger.claw_back(
            coupon.shop_id,
            account.id,
            coupon.cost_points - covered,
            source=source,
            key=f"{key}:rest",
            cause=cause,
            reverses_id=coupon.refund_id,
            shortfall=programs.of(coupon.shop_id).rules.shortfall,
        )
    coupon.refund_id = coupon.failure = coupon.failure_detail = None


def _objection(shop: Shop, coupon: Coupon, cart: Cart) -> str | None:
    status = coupons.status_now(coupon)
    if status not in USABLE:
        return status
    if not coupon.shareable and not _is_owner(shop, coupon, cart):
        return "not_yours"
    if cart.currency is not None and cart.currency != shop.currency:
        return "other_currency"
    if coupon.minimum_subtotal is not None and (cart.subtotal or 0) < coupon.minimum_subtotal:
        return "below_minimum"
    wanted = {one["id"] for one in coupon.collections}
    if wanted and not wanted & cart.collection_ids:
        return "other_collection"
    if coupon.kind == "free_product" and coupon.product_id and coupon.product_id not in cart.product_ids:
        return "product_missing"
    return None


def _amount_off(shop: Shop, coupon: Coupon, cart: Cart) -> Decimal | None:
    if coupon.amount is None:
        return None
    whole = money.whole_coins(coupon.amount, shop.currency)
    return whole if cart.subtotal is None else min(whole, cart.subtotal)


def _is_owner(shop: Shop, coupon: Coupon, cart: Cart) -> bool:
    """Whether the buyer may be the owner: unknown, or matched by the shop's id or by one of the owner's e-mails."""
    if cart.customer_external_id is None and not cart.customer_email:
        return True
    owner = customers.by_id(shop.id, coupon.customer_id)
    if cart.customer_external_id is not None and owner.external_id is not None:
        buyer = customers.by_external_id(shop.id, cart.customer_external_id)
        return buyer is not None and bool(buyer.id == owner.id)
    typed = emails.key_of(cart.customer_email)
    return bool(typed) and typed in map(emails.key_of, orders.known_emails(shop, owner))
