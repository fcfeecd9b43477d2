"""The points package: the layer between a person's points and the ledger, which books them.

- `awards`: points of an order that may wait, and their corrections; `adjustments`: points given or changed by hand.
- `lots`, `expiry`: how old points are and when they expire; `tiers`: which tier an account's points reach.
- `batches`: many accounts at once; `batch_lists`, `batch_items`: whose they are, and what became of each; `dry_runs`:
  what that would do. By a file: `loyalty/imports/`.

Where a refund takes points back: `stores/*` reads the message, `earning/orders.py` keeps the order's new state,
`earning/order_points.py` scores it again, `points/awards.py` books the difference, `ledger/` writes the row.
"""
