"""The demo customer's coupons in the widget: one used, one returned, one still available."""

from typing import Any

from demo_shop.bodies import now
from demo_shop.carts import price
from demo_shop.customers import Customer
from demo_shop.shop import Shop

_BASKET = {"p1": 1, "p4": 1}


def fill(shop: Shop, customer: Customer) -> None:
    """Buy the coupons as the panel does; repeating it adds nothing. Raises loyalty.Unreachable."""
    body = {"token": shop.loyalty.vouch(customer.as_buyer(), now())}
    token = shop.loyalty.as_shopper("session/identity", body, key="wallet")["token"]
    _use(shop, customer, _redeem(shop, token, "free_shipping"))
    returned = _redeem(shop, token, "percent")
    shop.loyalty.as_shopper(f"my-rewards/{returned['id']}/return", {}, token=token, key="wallet-return")
    _redeem(shop, token, "amount")
    shop.loyalty.as_shopper("session/sign-out", {}, token=token)


def _redeem(shop: Shop, token: str, kind: str) -> dict[str, Any]:
    """Buy the first reward of this kind; returns its coupon."""
    rewards = shop.loyalty.as_shopper("redeem", token=token)["rewards"]
    reward = next(one for one in rewards if one["kind"] == kind)
    bought = shop.loyalty.as_shopper("redeem", {"reward_id": reward["id"]}, token=token, key=f"wallet-{kind}")
    coupon: dict[str, Any] = bought["coupon"]
    return coupon


def _use(shop: Shop, customer: Customer, coupon: dict[str, Any]) -> None:
    buyer, cart = customer.as_buyer(), price(_BASKET)
    checked = shop.coupons.check(coupon["code"], buyer, cart.subtotal, cart.line_bodies())
    order_id = shop.orders.number_for("wallet")
    shop.orders.place(order_id, price(_BASKET, [checked]), buyer, at=now(), coupon_codes=[checked.code])
    shop.orders.pay(order_id, now())
    shop.outbox.flush()
