"""The rewards package: what points buy, and the coupons that result.

- `rewards` is what the owner defines; `redeeming` sells one, `gifts` gives one; the result is a row in `coupons`.
- `issuing` creates coupons and tracks their codes in a connected shop; `codes` decides whether a cart may use one;
  `coupon_orders` is which orders carry a code, which decides its status; `checkout` serves the calls of Wix's checkout.
"""
