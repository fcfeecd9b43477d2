"""The earning package: from what happened in the shop to the points it gives.

- `orders` keeps the newest state of each (`order_states`), `order_goods` what of it counts, `feeds` how its news come.
- `rules` is what the owner defines, `rule_states` how it stands for a member, `caps` and `scoring` its arithmetic.
- `order_points` scores an order under all rules; `actions` books what is no order: `birthdays`, `social` and visits.
- `new_customers`: who bought before; `taxes`: what a shown price holds; `deliveries`: which bodies came before.
"""
