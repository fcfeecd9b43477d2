"""Reads the rows of a file as a mode means them, without looking anything up: facts, or the code of a problem."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal, cast

from widget_server import clock
from widget_server.loyalty.imports import cells
from widget_server.loyalty.imports.cells import Wrong
from widget_server.loyalty.imports.columns import ImportMode, Mapped
from widget_server.loyalty.imports.csv_files import CsvFile
from widget_server.loyalty.imports.scratch import Scratch
from widget_server.loyalty.people import emails, former_codes, lines
from widget_server.loyalty.people.customer_edits import LABEL_LENGTH_MAX, LABELS_MAX
from widget_server.loyalty.points.adjustments import TEXT_LENGTH_MAX
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import codes
from widget_server.loyalty.rewards.takeover import CODE_LENGTH_MAX, ForeignCode

TIER_DAYS_MAX = 3660
CODE_LENGTH_MIN, NAME_LENGTH_MAX, PHONE_LENGTH_MAX = 2, 200, 60
KINDS = {
    "amount": "amount",
    "fixedamount": "amount",
    "fixed": "amount",
    "percent": "percent",
    "percentage": "percent",
    "freeshipping": "free_shipping",
    "shipping": "free_shipping",
}


@dataclass(frozen=True)
class MemberFacts:
    """What a row says of a member besides the address; an empty cell says nothing.

    `tier` is the name of a tier, held until the end of `tier_until`, or without it for the length of a tier's window.
    """

    name: str | None = None
    phone: str | None = None
    birthday: date | None = None
    tier: str | None = None
    tier_until: date | None = None
    labels: tuple[str, ...] = ()
    referral_code: str | None = None
    accepts_marketing: bool = False


@dataclass
class ReadRow:
    """A row with its number in the file, its cells by field, and what they mean or the code of their problem.

    `email` is the key of the address. `points` are added, or set in the modes set and members; None changes none.
    """

    line: int
    cells: dict[str, str]
    email: str = ""
    points: int | None = None
    at: datetime | None = None
    note: str | None = None
    member: MemberFacts | None = None
    coupon: ForeignCode | None = None
    problem: str | None = None


@dataclass
class Reader:
    """How the rows of a file are read; `scratch` has what no two rows may have: addresses, codes with their address."""

    shop: Shop
    mode: ImportMode
    mapping: Mapped
    scratch: Scratch
    day_first: bool | None = None
    has_header: bool = True

    def rows(self, file: CsvFile) -> Iterator[ReadRow]:
        """Yields each row below the header. Raises Unreadable."""
        for count, (number, values) in enumerate(file.rows()):
            if count or not self.has_header:
                cells_of = {name: values[at] if at < len(values) else "" for name, at in self.mapping.items()}
                yield self._read(ReadRow(number, cells_of))

    def _read(self, row: ReadRow) -> ReadRow:
        row.email = emails.key_of(row.cells["email"])
        try:
            if not row.email:
                raise Wrong("email_invalid")
            READERS[self.mode](self, row)
        except Wrong as wrong:
            row.problem = str(wrong)
        return row

    def only_once(self, row: ReadRow) -> None:
        """Note the address of a row. Raises Wrong when an earlier row has it."""
        if self.scratch.owner("email", row.email, str(row.line)) != str(row.line):
            raise Wrong("email_twice")


def _points(reader: Reader, row: ReadRow) -> None:
    row.points = cells.points(row.cells["points"])
    if reader.mode == "set" and row.points < 0:
        raise Wrong("balance_negative")
    reader.only_once(row)


def _member(reader: Reader, row: ReadRow) -> None:
    said = row.cells
    parts = (said.get("first_name"), said.get("last_name"))
    name = lines.clean(said.get("name")) or lines.clean(" ".join(filter(None, parts)))
    code = said.get("referral_code")
    row.member = MemberFacts(
        name=name and name[:NAME_LENGTH_MAX],
        phone=(lines.clean(said.get("phone")) or "")[:PHONE_LENGTH_MAX] or None,
        birthday=cells.birthday(said["birthday"], reader.day_first) if said.get("birthday") else None,
        tier=lines.clean(said.get("tier")),
        tier_until=_tier_until(said["tier_until"], reader) if said.get("tier_until") else None,
        labels=_labels(said.get("labels", "")),
        referral_code=cells.referral_code(code) if code else None,
        accepts_marketing=cells.yes(said.get("accepts_marketing", ""), "marketing_invalid"),
    )
    if said.get("points"):
        row.points = cells.points(said["points"])
        if row.points < 0:
            raise Wrong("balance_negative")
    if row.member.referral_code:
        key = former_codes.key_of(row.member.referral_code)
        if reader.scratch.owner("referral code", key, row.email) != row.email:
            raise Wrong("referral_code_taken")
    reader.only_once(row)


def _tier_until(text: str, reader: Reader) -> date:
    """Returns the last day of a tier. Raises Wrong for a day that has passed, or is too far away."""
    last = cells.day(text.partition("T")[0], reader.day_first, "tier_until_invalid")
    today = clock.local_date(clock.now(), reader.shop.timezone)
    if not today <= last <= today + timedelta(days=TIER_DAYS_MAX):
        raise Wrong("tier_until_invalid")
    return last


def _labels(text: str) -> tuple[str, ...]:
    """Returns the labels of a cell. Raises Wrong for more, or longer ones, than a customer may have."""
    found = tuple(cells.labels(text))
    if len(found) > LABELS_MAX or any(len(label) > LABEL_LENGTH_MAX for label in found):
        raise Wrong("labels_invalid")
    return found


def _history(reader: Reader, row: ReadRow) -> None:
    row.points = cells.points(row.cells["points"])
    if not row.points:
        raise Wrong("points_invalid")
    row.at = cells.moment(row.cells["date"], reader.day_first, reader.shop.timezone)
    row.note = lines.clean(row.cells.get("reason"))
    if row.note and len(row.note) > TEXT_LENGTH_MAX:
        raise Wrong("reason_too_long")


def _coupon(reader: Reader, row: ReadRow) -> None:
    said = row.cells
    code = said["code"]
    if not len(codes.key_of(code)) >= CODE_LENGTH_MIN or len(code) > CODE_LENGTH_MAX or not lines.is_line(code):
        raise Wrong("code_invalid")
    amount, percent = said.get("amount"), said.get("percent")
    kind = _kind(said.get("kind"), amount, percent)
    minimum, expires = said.get("minimum_subtotal"), said.get("expires")
    row.coupon = ForeignCode(
        code=code,
        kind=kind,
        amount=cells.money(amount or "", "amount_invalid") if kind == "amount" else None,
        percent=_percent(percent or amount or "") if kind == "percent" else None,
        minimum_subtotal=cells.money(minimum, "minimum_invalid") if minimum else None,
        expires_at=_end_of(expires, reader) if expires else None,
    )
    if reader.scratch.owner("code", codes.key_of(code), str(row.line)) != str(row.line):
        raise Wrong("code_twice")


def _kind(text: str | None, amount: str | None, percent: str | None) -> Literal["amount", "percent", "free_shipping"]:
    """Returns the kind as it is written; of an empty cell, the one that the figures show. Raises Wrong."""
    if text:
        kind = KINDS.get(text.lower().replace("_", "").replace("-", "").replace(" ", ""))
    else:
        kind = "percent" if percent or (amount or "").endswith("%") else "amount" if amount else None
    if kind is None:
        raise Wrong("kind_unknown")
    return cast('Literal["amount", "percent", "free_shipping"]', kind)


def _percent(text: str) -> Decimal:
    found = cells.money(text, "percent_invalid")
    if found > 100:
        raise Wrong("percent_invalid")
    return found


def _end_of(text: str, reader: Reader) -> datetime:
    """Returns the end of the last day, in the shop's zone. Raises Wrong when it is over."""
    last = cells.day(text.partition("T")[0], reader.day_first, "expires_invalid")
    end = clock.start_of(last + timedelta(days=1), reader.shop.timezone)
    if end <= clock.now():
        raise Wrong("code_expired")
    return end


READERS: Mapping[ImportMode, Callable[[Reader, ReadRow], None]] = {
    "add": _points,
    "set": _points,
    "members": _member,
    "history": _history,
    "codes": _coupon,
}
