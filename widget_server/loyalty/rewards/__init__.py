"""The rewards package: what points buy, and what becomes of it.

- `rewards` is what the owner defines; `redeeming` sells one, `gifts` gives one, and a `coupons` row is what results.
- `issuing` makes the code in a connected shop; `codes` is whether a cart may use one; `coupon_orders` is which
  orders carry a code, from which its status follows; `checkout` is the same through the calls of Wix's checkout.
"""
