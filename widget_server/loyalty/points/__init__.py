"""The points room: what stands between a person's points and the ledger, which books them.

- `awards`: points of an order that may wait, and their corrections; `adjustments`: points that are given or edited.
- `lots`, `expiry`: how old points are and when they go; `tiers`: what points make of a customer.
- `batches`, `imports` (with `csv_files` and `stored_files`): many accounts at once.

Where a refund takes points back: `stores/*` reads the message, `earning/orders.py` keeps the order's new state,
`earning/order_points.py` scores it again, `points/awards.py` books the difference, `ledger/` writes the row.
"""
