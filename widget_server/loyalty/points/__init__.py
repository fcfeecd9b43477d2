"""The points package: what stands between a person's points and the ledger, which books them.

- `awards`: points of an order that may wait, and their corrections; `adjustments`: points that are given or edited.
- `lots`, `expiry`: how old points are and when they go; `tiers`: which tier an account's points reach.
- `batches`: many accounts at once. `imports`: the same by a file, which reads from the bottom: `stored_files` and
  `csv_files`, `uploads`, `import_columns`, `imports` (its row and its life), `import_rows` (what it books).

Where a refund takes points back: `stores/*` reads the message, `earning/orders.py` keeps the order's new state,
`earning/order_points.py` scores it again, `points/awards.py` books the difference, `ledger/` writes the row.
"""
