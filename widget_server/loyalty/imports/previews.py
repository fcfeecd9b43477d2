"""Previews: what an import would do, row by row, without booking or creating anything."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypedDict

from widget_server import clock
from widget_server.db import among
from widget_server.errors import NotFound
from widget_server.ledger import Account
from widget_server.loyalty.imports import imports, people, uploads
from widget_server.loyalty.imports.csv_files import Unreadable
from widget_server.loyalty.imports.imports import Import
from widget_server.loyalty.imports.people import People
from widget_server.loyalty.imports.problems import field_of
from widget_server.loyalty.imports.reading import ReadRow
from widget_server.loyalty.imports.scratch import Debit, Scratch, Standing
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop

CHUNK = 500  # rows whose customers one query finds
FIRST_ROWS, LISTED_MAX = 10, 100
TELL_SECONDS = 0.5


class PreviewRow(TypedDict):
    """One of the first rows: its number in the file, its cells by field, and the code of its problem, or None."""

    line: int
    cells: dict[str, str]
    code: str | None


class PreviewProblem(TypedDict):
    """One problem: the row's number, the field that causes it, and its code (problems.py)."""

    line: int
    field: str
    code: str


class Preview(TypedDict):
    """What an import would do: its first rows, its problems, and the totals that it would change.

    `problems` counts all by code, `listed` has the first LISTED_MAX. The balances are sums over the customers of the
    good rows. `failed` is the reason why the file cannot be read, for staff.
    """

    rows: list[PreviewRow]
    problems: dict[str, int]
    listed: list[PreviewProblem]
    good: int
    bad: int
    found: int
    created: int
    joined: int
    points_added: int
    points_removed: int
    balance_before: int
    balance_after: int
    referral_codes: int
    coupons: int
    failed: str | None


@dataclass
class _Tally:
    """What the rows read so far would do; `scratch` has the balances after it, by address."""

    shop: Shop
    made: Import
    scratch: Scratch
    known: int = 0
    created: int = 0
    joined: int = 0
    before: int = 0
    added: int = 0
    removed: int = 0
    codes: int = 0
    coupons: int = 0
    good: int = 0
    rows: list[PreviewRow] = field(default_factory=list)
    problems: Counter[str] = field(default_factory=Counter)
    listed: list[PreviewProblem] = field(default_factory=list)

    def take(self, rows: Sequence[ReadRow]) -> None:
        """Add rows, whose customers are looked up together."""
        found = people.find(self.shop, {row.email for row in rows if row.problem is None})
        people.check(self.shop, rows, found, creates=self.made.creates_customers)
        good = [row for row in rows if row.problem is None]
        now = self.scratch.standings({row.email for row in good})
        self._read_balances(now, {row.email for row in good if row.points is not None}, found)
        debits = list[Debit]()
        for row in good:
            if self.made.mode == "history" and row.points is not None and row.points < 0:
                debits.append(Debit(row.line, row.email, -row.points))
            else:
                self._move(row, now[row.email])
            if row.problem is None:
                self._count(row, found, now[row.email])
        self.scratch.store(now)
        self.scratch.postpone(debits)
        for row in rows:
            if row.problem:
                self._note(row.line, row.problem)
            if len(self.rows) < FIRST_ROWS:
                self.rows.append({"line": row.line, "cells": row.cells, "code": row.problem})

    def end(self) -> None:
        """Take what a history spent, once all that it gave is known: it is booked in this order."""
        for debits in self.scratch.postponed():
            now = self.scratch.standings({debit.email for debit in debits})
            for debit in debits:
                balance = now[debit.email].balance or 0
                if balance < debit.points:
                    self.good -= 1
                    self._note(debit.line, "not_enough_points")
                else:
                    self._change(now[debit.email], balance - debit.points)
            self.scratch.store(now)

    def result(self, failed: str | None = None) -> Preview:
        """Returns all that was found."""
        return {
            "rows": self.rows,
            "problems": dict(self.problems),
            "listed": sorted(self.listed, key=lambda problem: problem["line"])[:LISTED_MAX],
            "good": self.good,
            "bad": self.problems.total(),
            "found": self.known,
            "created": self.created,
            "joined": self.joined,
            "points_added": self.added,
            "points_removed": self.removed,
            "balance_before": self.before,
            "balance_after": self.before + self.added - self.removed,
            "referral_codes": self.codes,
            "coupons": self.coupons,
            "failed": failed,
        }

    def _read_balances(self, now: dict[str, Standing], emails: set[str], found: People) -> None:
        """Read the balances of addresses that come with points for the first time."""
        new = {email for email in emails if now[email].balance is None}
        ids = {person.id: email for email, person in found.items() if person and email in new}
        rows = Account.of(self.shop, Account.customer_id, Account.balance).where(among(Account.customer_id, ids))
        balances = {ids[customer_id]: balance for customer_id, balance in rows.tuples()} if ids else {}
        for email in new:
            now[email].balance = balances.get(email, 0)
            self.before += balances.get(email, 0)

    def _move(self, row: ReadRow, standing: Standing) -> None:
        """Move the balance as the row would; sets its problem when it would fall below zero."""
        if row.points is None:
            return
        after = row.points if self.made.mode in ("set", "members") else (standing.balance or 0) + row.points
        if after < 0:
            row.problem = "not_enough_points"
        else:
            self._change(standing, after)

    def _change(self, standing: Standing, after: int) -> None:
        by = after - (standing.balance or 0)
        self.added, self.removed = self.added + max(by, 0), self.removed + max(-by, 0)
        standing.balance = after

    def _count(self, row: ReadRow, found: People, standing: Standing) -> None:
        person = found.get(row.email)
        if not standing.is_counted:
            standing.is_counted = True
            self.known, self.created = self.known + bool(person), self.created + (not person)
        if row.member and people.joins(person) and not standing.joins:
            standing.joins = True
            self.joined += 1
        self.codes += bool(row.member and row.member.referral_code)
        self.coupons += row.coupon is not None
        self.good += 1

    def _note(self, line: int, code: str) -> None:
        self.problems[code] += 1
        if len(self.listed) < LISTED_MAX:
            self.listed.append({"line": line, "field": field_of(code, self.made.mode), "code": code})


def make(import_id: str, revision: int) -> None:
    """The job that reads the whole file and stores what importing it would do; it writes nothing else.

    `revision` is that of the import when the preview was requested: a later request has a job of its own.
    """
    made: Import | None = Import.everywhere().where(Import.id == import_id, Import.revision == revision).first()
    if made is None or made.status != "parsed":
        return
    shop = shops.by_id(made.shop_id)
    with Scratch() as scratch:
        tally = _Tally(shop, made, scratch)
        try:
            _read_all(tally, revision)
        except (Unreadable, NotFound) as reason:  # the file was deleted since it was parsed
            _save(made, revision, status="failed", preview=tally.result(str(reason)))
        else:
            _save(made, revision, status="done", preview=tally.result())


def _read_all(tally: _Tally, revision: int) -> None:
    made, told, count = tally.made, time.monotonic(), 0
    file = uploads.file_of(made.shop_id, made.upload_id)
    for rows in _chunks(imports.reader(tally.shop, made, tally.scratch).rows(file)):
        tally.take(rows)
        count += len(rows)
        if time.monotonic() - told > TELL_SECONDS:
            told = time.monotonic()
            Import.change(made.shop_id, {Import.previewed: count}, Import.id == made.id, Import.revision == revision)
    tally.end()


def _chunks(rows: Iterator[ReadRow]) -> Iterator[list[ReadRow]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _save(made: Import, revision: int, *, status: imports.PreviewStatus, preview: Preview) -> None:
    facts = {"preview_status": status, "preview": preview, "previewed": made.row_count or 0, "updated_at": clock.now()}
    Import.change(made.shop_id, facts, Import.id == made.id, Import.revision == revision)
