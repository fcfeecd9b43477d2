"""The earning package: from what happened in the shop to the points it gives.

- `orders` stores the newest state of each order (`order_states`), `order_goods` computes which of its money counts,
  `feeds` is the connection to the shop's API.
- `rules` is what the owner defines, `rule_states` its state for a member, `caps` and `scoring` its arithmetic.
- `order_points` scores an order under all rules; `actions` books all other actions: `birthdays`, `social` and visits.
- `new_customers`: who bought before; `taxes`: the tax in a shown price; `deliveries`: which bodies arrived before.
"""
