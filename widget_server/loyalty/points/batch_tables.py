"""The tables of batches: one change of many accounts, and its items."""

from typing import Literal

from peewee import SQL, Check, CompositeKey

from widget_server.db import Int, ShopTable, Text, UtcDateTime

Mode = Literal["add", "set"]


class Batch(ShopTable):
    """One change of many accounts. `points` are added to each balance or, by `mode`, set as the balance; None: each
    item has its own. `succeeded`, `failed` and `skipped` (nothing to change) add up to `total` when it is done;
    `undone` and `kept` count what undoing did. `reached` is the last line that was processed, in the order of lines; of
    a file in the order of accounts, with `reached_account` (batch_lines.py). A history is booked in two turns: what was
    given in `turn` 0, what was spent in `turn` 1; others have None.
    """

    id = Text(primary_key=True)
    kind = Text()
    mode = Text()
    points = Int(null=True)
    status = Text(default="running")
    source = Text()
    key = Text()
    staff = Text(null=True)
    app_id = Text(null=True)
    reason = Text(null=True)
    comment = Text(null=True)
    total = Int(default=0)
    succeeded = Int(default=0)
    failed = Int(default=0)
    skipped = Int(default=0)
    undone = Int(default=0)
    kept = Int(default=0)
    reached = Int(default=0)
    reached_account = Text(default="")
    turn = Int(null=True)
    created_at = UtcDateTime()
    ended_at = UtcDateTime(null=True)
    undone_at = UtcDateTime(null=True)

    class Meta:
        indexes = ((("shop_id", "source", "key"), True), (("shop_id", "created_at"), False))
        constraints = [
            Check("kind IN ('bulk', 'import')"),
            Check("mode IN ('add', 'set')"),
            Check("status IN ('running', 'done', 'failed', 'undoing', 'undone')"),
        ]


class BatchItem(ShopTable):
    """One account of a batch: waiting -> done | skipped | failed; done -> undone | kept; the code says why.

    `customer_id` is that of a customer who had no account when the batch was listed: it is opened with the points.
    `event_at` is the day of a row of history, whose `note` is the comment until it is booked. `made_id` is the coupon
    that the line made; such a line moves no points.
    """

    batch_id = Text()
    line = Int()
    account_id = Text(null=True)
    points = Int(null=True)
    status = Text(default="waiting")
    code = Text(null=True)
    customer_id = Text(null=True)
    event_at = UtcDateTime(null=True)
    note = Text(null=True)
    made_id = Text(null=True)

    class Meta:
        primary_key = CompositeKey("batch_id", "line")
        clustered = True
        constraints = [Check("status IN ('waiting', 'done', 'skipped', 'failed', 'undone', 'kept')")]


HAS_NOTE = SQL("note IS NOT NULL")
BatchItem.add_index(BatchItem.index(BatchItem.shop_id, where=HAS_NOTE, name="batchitem_note"))
