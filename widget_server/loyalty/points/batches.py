"""Batches: one change of the points of many accounts, by staff or by an import, and how it is undone.

    running -> done | failed     done, failed -> undoing -> undone (and again, for accounts that were kept)

The accounts are listed when a batch starts. A job books them, some in each transaction, which also stores how far it
came: after a crash the server continues where it stopped, and books nobody twice. A transaction takes as many as fit
into holds.HOLD_SECONDS, so that others get the write lock. In the ledger the rows of a batch have one
request key (`batch:<id>`, when undone `undo:<id>`) with the item's line.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from peewee import ModelSelect, fn

from widget_server import clock, holds, job_queue, ledger
from widget_server.db import (
    Row,
    among,
    atomic,
    database,
    execute_many,
    insert_many,
    insert_once,
    lock_rows,
    new_id,
)
from widget_server.errors import BadRequest, BatchUnfinished, KeyReused, Refusal
from widget_server.events import BatchChanged, emit
from widget_server.job_queue import JobName
from widget_server.ledger import POINTS_MAX, Account, Cause, Move, MoveKind
from widget_server.loyalty import audit_log
from widget_server.loyalty.imports import stored_files
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.people.forgetting import Forgotten
from widget_server.loyalty.points import batch_items, batch_lists
from widget_server.loyalty.points.adjustments import NO_ANNOTATION, Adjustment, Annotation, adjustment
from widget_server.loyalty.points.batch_lines import BatchLines
from widget_server.loyalty.points.batch_tables import HAS_NOTE, Batch, BatchItem, Mode
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop

CHUNK = 500  # maximum of lines in a transaction
AT_LEAST = 50  # lines in a transaction: what each one costs besides its lines is worth it even on a busy machine
TURN_SECONDS = 2.0  # how long one job books, before others have their turn
ERRORS_MAX = 100
AT_WORK = (JobName.RUN_BATCH, JobName.LIST_IMPORT, JobName.LIST_BATCH)
REQUEST_FIELDS = ("kind", "mode", "points", "staff", "app_id", "reason", "comment")  # a repeat must have equal values
REASONS = {  # why an item was not booked, or not undone, for staff
    "not_enough_points": "The balance would fall below zero.",
    "amount_out_of_range": "That is more points than an account can hold.",
    "coupon_used": "An order has used this code meanwhile.",
    "merged": "This customer was merged into another one meanwhile.",
    "erased": "This customer was erased meanwhile.",
}


TAKE_BACK: list[Callable[[str, str], bool]] = []  # of shop and coupon; filled by reactions.py: coupons are above


def bulk_adjust(
    shop: Shop,
    accounts: "ModelSelect[Account] | Sequence[str]",
    *,
    source: str,
    key: str,
    by: int | None = None,
    to_balance: int | None = None,
    annotation: Annotation = NO_ANNOTATION,
    without_account: "ModelSelect[Customer] | None" = None,
) -> Batch:
    """Change the balances of many accounts, by an amount or to a balance (which wins), as a job (acceptance 54).

    `accounts` is a query of account ids, or a list of them; its present result is the batch. A long one becomes the
    items of the batch by a job; until then its `total` is 0. `without_account` is a
    query of customers: those who have no account get one with the points, unless there are no points to add. Of the
    `annotation` the batch stores both texts and their author. The same key again returns the first batch.

    Raises BadRequest naming the figure that is out of range, KeyReused when the key requested another change.
    """
    mode, points = change_of(by, to_balance)
    facts: dict[str, Any] = {"source": source, "key": key, "points": points, "annotation": annotation}
    if Batch.one(shop, Batch.source == source, Batch.key == key) is not None:
        return create(shop, "bulk", mode, **facts)[0]
    chosen = batch_lists.read(shop, accounts, without_account if points > 0 else None)
    with atomic():
        batch, is_new = create(shop, "bulk", mode, **facts)
        if is_new and chosen.file_id is not None:
            job_queue.enqueue(JobName.LIST_BATCH, {"batch_id": batch.id, "file_id": chosen.file_id})
        elif is_new:
            batch_lists.add(batch, chosen.first)
            start(batch)
        elif chosen.file_id is not None:
            stored_files.remove(shop.id, chosen.file_id)
        return batch


def list_chosen(batch_id: str, file_id: str) -> None:
    """The job that makes a long list of accounts the items of the batch, some in each transaction, and starts it.

    It continues where it stopped.
    """
    batch: Batch = Batch.everywhere().where(Batch.id == batch_id).get()
    if batch.status != "running" or batch.total:  # a worker listed all, but crashed before its job was deleted
        stored_files.remove(batch.shop_id, file_id)
        return
    pace = holds.Pace(smallest=AT_LEAST, largest=batch_lists.AT_ONCE)
    lines = batch_lists.stored(batch.shop_id, file_id, after=batch_lists.last_line(batch))
    some = list(islice(lines, pace.size))
    while True:
        with pace.measured(len(some)), atomic():
            batch = lock_rows(Batch.of(batch.shop_id).where(Batch.id == batch_id)).get()
            if batch.status != "running" or batch.total:  # another worker was faster
                return
            if not some:
                start(batch)
                break
            batch_lists.add(batch, some)
        some = list(islice(lines, pace.size))
    stored_files.remove(batch.shop_id, file_id)


def change_of(by: int | None, to_balance: int | None) -> tuple[Mode, int]:
    """Returns the mode of a change and its figure; raises BadRequest for one that is out of range."""
    points = by if to_balance is None else to_balance
    if points is None or abs(points) > POINTS_MAX or (to_balance is None and points == 0) or (to_balance or 0) < 0:
        name = "amount" if to_balance is None else "balance"
        raise BadRequest(f"{points} is not a possible change of points.", field=name)
    return ("add" if to_balance is None else "set"), points


def create(
    shop: Shop,
    kind: str,
    mode: Mode,
    *,
    source: str,
    key: str,
    annotation: Annotation,
    points: int | None = None,
    in_turns: bool = False,
) -> tuple[Batch, bool]:
    """Make a batch without items; returns it, and whether it is new. A repeated `key` returns the existing one.

    `in_turns`: its items are a history (see Batch).

    Raises KeyReused when the key made a different batch.
    """
    facts = {"kind": kind, "mode": mode, "points": points, "staff": annotation.staff, "app_id": annotation.app_id}
    facts |= {"reason": annotation.reason, "comment": annotation.comment}
    names = {"id": new_id(), "shop_id": shop.id, "source": source, "key": key, "created_at": clock.now()}
    is_new = insert_once(Batch, {**names, **facts, "turn": 0 if in_turns else None})
    batch = Batch.need(shop, Batch.source == source, Batch.key == key)
    if any(getattr(batch, name) != facts[name] for name in REQUEST_FIELDS):
        raise KeyReused()
    if is_new:
        audit_log.note(shop.id, "start", "batch", batch.id, after={"kind": kind, "mode": mode, "points": points})
    return batch, is_new


def start(batch: Batch) -> None:
    """Count the items, which are all listed now, and enqueue the job that books them."""
    items = BatchItem.of(batch.shop_id, BatchItem.status, fn.COUNT(BatchItem.line))
    counted = dict(items.where(BatchItem.batch_id == batch.id).group_by(BatchItem.status).tuples())
    batch.total, batch.failed, batch.succeeded = sum(counted.values()), counted.get("failed", 0), counted.get("done", 0)
    batch.save(only=[Batch.total, Batch.failed, Batch.succeeded])
    _tell(batch)
    _go_on(batch)


def fail(batch: Batch) -> None:
    """Mark the batch as failed; what was booked stays, and can be undone."""
    _end(batch, "failed")


def undo(shop: Shop, batch_id: str) -> Batch:
    """Book the exact opposite of each row, as a job. A repeat tries only the items that were kept.

    An account that has spent the points keeps them all: it is counted in `kept` and listed by `errors`, unless
    the program lets balances fall below zero. Raises BatchUnfinished, NotFound.
    """
    with atomic():
        batch = lock_rows(Batch.of(shop).where(Batch.id == batch_id)).first() or Batch.need(shop, Batch.id == batch_id)
        if batch.status in ("running", "undoing"):
            raise BatchUnfinished()
        if batch.status == "undone" and not batch.kept:
            return batch
        audit_log.note(shop.id, "undo", "batch", batch.id, before={"status": batch.status})
        batch.status, batch.reached, batch.reached_account, batch.kept = "undoing", 0, "", 0
        batch.turn = None if batch.turn is None else 1  # what was spent comes back before what was given goes
        batch.save(only=[Batch.status, Batch.reached, Batch.reached_account, Batch.kept, Batch.turn])
        _tell(batch)
        _go_on(batch)
        return batch


def errors(shop: Shop, batch_id: str, *, after_line: int = 0, limit: int = ERRORS_MAX) -> list[BatchItem]:
    """Returns the items that were not booked, or not undone, by line."""
    items = BatchItem.of(shop).where(
        BatchItem.batch_id == batch_id, BatchItem.line > after_line, BatchItem.status.in_(("failed", "kept"))
    )
    return list(items.order_by(BatchItem.line).limit(limit))


def run(batch_id: str) -> None:
    """The job that books, or undoes, the next items of a batch, for TURN_SECONDS; then it enqueues itself again."""
    pace, until = holds.Pace(smallest=AT_LEAST, largest=CHUNK), time.monotonic() + TURN_SECONDS
    lines, goes_on = BatchLines(), True
    while goes_on:
        lines.read(Batch.everywhere().where(Batch.id == batch_id).get())
        with pace.measured(pace.size), atomic():
            goes_on = _step(batch_id, lines, pace.size, until)


def _step(batch_id: str, lines: BatchLines, size: int, until: float) -> bool:
    """Book, or undo, the next `size` items in the open transaction; returns whether this job goes on with others."""
    batch: Batch = lock_rows(Batch.everywhere().where(Batch.id == batch_id)).get()
    act = {"running": _book, "undoing": _undo}.get(batch.status)
    if act is None:  # a worker finished the last items, but crashed before its job was deleted
        return False
    places = lines.take(batch, size)
    if places is None:  # another worker was faster
        return True
    if places:
        items = batch_items.at(batch, places)
        _open_accounts(batch, items)
        act(batch, items)
    if lines.is_over and not _takes_next_turn(batch):
        _end(batch, "done" if batch.status == "running" else "undone")
        return False
    batch_items.save_progress(batch)
    is_over = time.monotonic() > until
    if is_over:
        _go_on(batch)
    return not is_over


def _takes_next_turn(batch: Batch) -> bool:
    """Begin the second turn of a history, if the first one is over; returns whether it begins."""
    second = {"running": 1, "undoing": 0}[batch.status]
    if batch.turn in (None, second):
        return False
    batch.turn, batch.reached, batch.reached_account = second, 0, ""
    return True


def forget(person: Forgotten) -> None:
    """Empty the texts of batches and their items that were about this person alone, or that name them."""
    named = BatchItem.account_id.in_(person.account_ids)
    for word in person.words:
        named |= BatchItem.note.contains(word)
    BatchItem.change(person.shop_id, {BatchItem.note: None}, HAS_NOTE, named)
    has_text = Batch.reason.is_null(False) | Batch.comment.is_null(False)
    theirs = BatchItem.of(person.shop_id, BatchItem.batch_id).where(
        BatchItem.account_id.in_(person.account_ids) | BatchItem.customer_id.in_(person.ids)
    )
    alone = {
        row.id for row in Batch.of(person.shop_id, Batch.id).where(has_text, Batch.total == 1, Batch.id.in_(theirs))
    }
    for batch in list(Batch.of(person.shop_id).where(has_text)):
        if batch.id in alone or person.is_named_in(batch.reason) or person.is_named_in(batch.comment):
            Batch.change(person.shop_id, {Batch.reason: None, Batch.comment: None}, Batch.id == batch.id)


def give_up() -> None:
    """Mark batches whose jobs failed in all their tries as failed: so they can be undone, or undone again."""
    jobs = job_queue.Job.everywhere().where(job_queue.Job.name.in_(AT_WORK))
    for job in list(jobs.where(job_queue.Job.status == "dead")):
        with atomic():
            under_way = (Batch.id == job.payload["batch_id"], Batch.status.in_(("running", "undoing")))
            batch: Batch | None = lock_rows(Batch.everywhere().where(*under_way)).first()
            others = jobs.where(job_queue.Job.status == "waiting", job_queue.Job.payload == job.payload)
            if batch is None or others.exists():
                continue
            if batch.status == "undoing":
                batch.kept = batch.succeeded - batch.undone
            _end(batch, "failed" if batch.status == "running" else "undone")


def _open_accounts(batch: Batch, items: Sequence[Row]) -> None:
    """Open the accounts of customers who had none when the batch was listed; one who is gone meanwhile has failed."""
    without = {item.customer_id: item for item in items if item.account_id is None and item.status == "waiting"}
    without.pop(None, None)
    if not without:
        return
    rows = Customer.of(batch.shop_id, Customer.id, Customer.merged_into, Customer.erased_at)
    gone = {row.id: row for row in rows.where(among(Customer.id, without)).objects(Row)}
    here = [id for id, row in gone.items() if row.merged_into is None and row.erased_at is None]
    accounts = ledger.open_accounts(batch.shop_id, here)
    for customer_id, item in without.items():
        item.account_id = accounts.get(customer_id)
        if item.account_id is None:
            item.status, item.code = "failed", "merged" if gone[customer_id].merged_into else "erased"
    mark = database.param
    execute_many(
        f'UPDATE "batch_item" SET "account_id" = {mark}, "status" = {mark}, "code" = {mark}'  # noqa: S608
        f' WHERE "batch_id" = {mark} AND "line" = {mark} AND "shop_id" = {mark}',
        [(one.account_id, one.status, one.code, one.batch_id, one.line, batch.shop_id) for one in without.values()],
    )
    batch.failed += len(without) - len(here)


def _book(batch: Batch, items: Sequence[Row]) -> None:
    items = [item for item in items if item.status == "waiting"]
    each = {note: _annotation(batch, note) for note in {item.note for item in items}}
    texts = {item.line: each[item.note] for item in items if each[item.note].is_given}
    salts: dict[int, str] = {}
    plain = Cause("adjusted", batch.id)

    def wanted(item: Row, account: Row) -> Move | None:
        amount = item.points - (account.balance if batch.mode == "set" else 0)
        cause = plain
        if text := texts.get(item.line):
            salt = salts[item.line] = secrets.token_hex(16)
            cause = Cause("adjusted", batch.id, snapshot={"note": text.digest(salt)})
        kind: MoveKind = "earn" if item.event_at is not None and amount > 0 else "adjust"
        return Move(account, amount, item.line, cause, kind=kind, at=item.event_at) if amount else None

    rows = _move(batch, items, wanted, key=f"batch:{batch.id}", outcomes=("done", "skipped", "failed"))
    insert_many(Adjustment, [adjustment(row, salts[row.line], texts[row.line]) for row in rows if row.line in salts])
    batch.succeeded += len(rows)
    batch.skipped += sum(item.status == "skipped" for item in items)
    batch.failed += sum(item.status == "failed" for item in items)


def _annotation(batch: Batch, note: str | None) -> Annotation:
    return Annotation(batch.reason, note or batch.comment, batch.staff, batch.app_id)


def _undo(batch: Batch, items: Sequence[Row]) -> None:
    items = [item for item in items if item.status in ("done", "kept")]
    _take_back_made(batch, [item for item in items if item.points is None])
    items = [item for item in items if item.points is not None]
    lines = [item.line for item in items]
    booked = ledger.find_by_keys(batch.shop_id, batch.source, f"batch:{batch.id}", lines)
    copied = ledger.current_many(batch.shop_id, booked)
    rows = {row.line: now for row, now in zip(booked, copied, strict=True)}
    for item in items:
        item.account_id = rows[item.line].account_id  # after a merge, the account of the merged person

    cause = Cause("adjusted", batch.id)

    def opposite(item: Row, account: Row) -> Move:
        row = rows[item.line]
        return Move(account, -row.amount, item.line, cause, reverses_id=row.id, kind=row.kind)

    undone = _move(batch, items, opposite, key=f"undo:{batch.id}", outcomes=("undone", "undone", "kept"))
    batch.undone += len(undone)
    batch.kept += len(items) - len(undone)


def _take_back_made(batch: Batch, items: list[Row]) -> None:
    """Undo lines that booked nothing: the coupons they made are taken back by TAKE_BACK, unless they were used."""
    for item in items:
        gone = item.made_id is None or all(take_back(batch.shop_id, item.made_id) for take_back in TAKE_BACK)
        item.status, item.code = ("undone", None) if gone else ("kept", "coupon_used")
        batch.undone, batch.kept = batch.undone + gone, batch.kept + (not gone)
    batch_items.note_outcomes(batch, items)


def _move(
    batch: Batch,
    items: list[Row],
    wanted: Callable[[Row, Row], Move | None],
    *,
    key: str,
    outcomes: tuple[str, str, str],
) -> list[Row]:
    """Book what `wanted` returns for each item, and note its outcome: booked, nothing to book, refused."""
    booked, nothing, refused = outcomes
    accounts = ledger.locked_many(batch.shop_id, [item.account_id for item in items])
    gone = batch_items.merged(batch.shop_id, list(accounts))
    moving = {}
    for item in items:
        item.status, item.code = (refused, "merged") if item.account_id in gone else (nothing, None)
        move = None if item.code else wanted(item, accounts[item.account_id])
        if move is not None:
            moving[item.line] = item, move
    is_undone = bool(moving) and batch.status == "undoing"
    below_zero = is_undone and programs.of(batch.shop_id).rules.shortfall == "negative"
    returns = ledger.post_many(
        batch.shop_id,
        [move for _, move in moving.values()],
        source=batch.source,
        key=key,
        may_go_below_zero=below_zero,
    )
    for (item, _), outcome in zip(moving.values(), returns, strict=True):
        item.status, item.code = (refused, outcome.code) if isinstance(outcome, Refusal) else (booked, None)
    batch_items.note_outcomes(batch, items)
    return [outcome for outcome in returns if isinstance(outcome, Row)]


def _end(batch: Batch, status: str) -> None:
    batch.status = status
    if status == "undone":
        batch.undone_at = clock.now()
    else:
        batch.ended_at = clock.now()
    batch.save()
    if batch.turn is not None:  # earnings of the past may reach a tier
        job_queue.enqueue_once(JobName.RECHECK_TIERS, {"shop_id": batch.shop_id})
    _tell(batch)


def _tell(batch: Batch) -> None:
    emit(BatchChanged(batch.shop_id, batch.id, batch.status))


def _go_on(batch: Batch) -> None:
    job_queue.enqueue(JobName.RUN_BATCH, {"batch_id": batch.id})
