"""The columns of an import's file: its header and samples, the fields of each mode, and which columns hold them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal, TypedDict, TypeVar

from widget_server.errors import ImportColumnsUnknown
from widget_server.loyalty.imports.cells import WHOLE
from widget_server.loyalty.imports.csv_files import CsvFile, Unreadable

ImportMode = Literal["add", "set", "members", "history", "codes"]
T = TypeVar("T")
Mapped = dict[str, int]  # the position of each field's column, from 0

HEADER_VALUES_MAX, SAMPLE_ROWS, SAMPLE_VALUES_MAX, VALUE_LENGTH_MAX = 100, 5, 20, 1000
LIKE_EMAIL = re.compile(r"[^@]+@[^@]+")  # a cell that looks like an address, valid or not


@dataclass(frozen=True)
class Fields:
    """The fields that rows of a mode have, those that must be mapped first, and a file with them as a template."""

    names: tuple[str, ...]
    needed: tuple[str, ...]
    template: str


FIELDS: dict[ImportMode, Fields] = {
    "add": Fields(("email", "points"), ("email", "points"), "email,points\r\nann@example.com,100\r\n"),
    "set": Fields(("email", "points"), ("email", "points"), "email,points\r\nann@example.com,100\r\n"),
    "members": Fields(
        (
            *("email", "name", "first_name", "last_name", "phone", "birthday", "tier", "tier_until", "labels"),
            *("referral_code", "accepts_marketing", "points"),
        ),
        ("email",),
        "email,name,phone,birthday,tier,tier_until,labels,referral_code,accepts_marketing,points\r\n"
        'ann@example.com,Ann Lee,+1 555 0100,1990-03-31,Gold,,"vip, early bird",ANN42,yes,100\r\n',
    ),
    "history": Fields(
        ("email", "date", "points", "reason"),
        ("email", "date", "points"),
        "email,date,points,reason\r\n"
        "ann@example.com,2025-11-02,150,Order 1001\r\nann@example.com,2025-12-24,-50,5.00 off\r\n",
    ),
    "codes": Fields(
        ("email", "code", "kind", "amount", "percent", "minimum_subtotal", "expires"),
        ("email", "code"),
        "email,code,kind,amount,percent,minimum_subtotal,expires\r\n"
        "ann@example.com,OLD-5OFF-X7,amount,5.00,,,2026-12-31\r\n"
        "bob@example.com,OLD-10PC-Y8,percent,,10,50.00,\r\n",
    ),
}
HEADINGS = {  # as they are compared: letters and digits, lower case
    "email": ("email", "mail", "courriel", "correo", "adresse", "address"),
    "points": ("points", "balance", "punkte", "puntos", "punti", "pontos", "punten", "saldo"),
}
OTHER_HEADINGS: dict[str, tuple[str, ...]] = {
    "name": ("name", "fullname", "customername", "membername", "kunde"),
    "first_name": ("firstname", "givenname", "vorname"),
    "last_name": ("lastname", "surname", "familyname", "nachname"),
    "phone": ("phone", "phonenumber", "mobile", "mobilephone", "telefon", "telefonnummer", "handy"),
    "birthday": (
        *("birthday", "birthdate", "dateofbirth", "dob", "geburtstag", "geburtsdatum"),
        *("birthdaymmdd", "birthdayddmm", "birthdaymmddyyyy", "birthdayddmmyyyy"),
    ),
    "tier": ("tier", "viptier", "viptiername", "tiername", "loyaltytier", "level", "status", "stufe"),
    "tier_until": ("tieruntil", "tierends", "tierendsat", "viptierendsat", "viptierexpiry", "tierexpires"),
    "labels": ("labels", "tags", "label", "etiketten"),
    "referral_code": ("referralcode", "referrallink", "referralurl", "refcode", "refercode", "empfehlungscode"),
    "accepts_marketing": ("acceptsmarketing", "acceptsemailmarketing", "marketing", "newsletter", "optin", "optedin"),
    "date": ("date", "createdat", "created", "datecompleted", "occurredat", "day", "datum"),
    "reason": ("reason", "description", "action", "note", "comment", "activity", "grund", "beschreibung"),
    "code": ("code", "couponcode", "discountcode", "coupon", "rewardcode", "gutschein", "gutscheincode"),
    "kind": ("kind", "type", "discounttype", "rewardtype", "art"),
    "amount": ("amount", "value", "discountamount", "betrag"),
    "percent": ("percent", "percentage", "discountpercent", "prozent"),
    "minimum_subtotal": ("minimumsubtotal", "minimum", "minimumorder", "minordervalue", "mindestbestellwert"),
    "expires": ("expires", "expiresat", "expirydate", "expirationdate", "validuntil", "gueltigbis", "gültigbis"),
}


class FileSummary(TypedDict, total=False):
    """What was found in a file: header and samples for display, truncated to what a row can store.

    `columns` are the positions of e-mail and points, from 0; None when they are ambiguous.
    """

    has_header: bool
    header: list[str]
    sample_rows: list[list[str]]
    row_count: int
    columns: list[int] | None


def summary_of(file: CsvFile) -> FileSummary:
    """Read the whole file; returns header, samples, number of rows, and the columns of e-mail and points.

    Raises Unreadable for an empty file, or one without a row below its header.
    """
    rows = file.rows()
    first = [values for _, values in islice(rows, SAMPLE_ROWS + 1)]
    if not first:
        raise Unreadable("The file is empty.")
    has_header = not any(LIKE_EMAIL.fullmatch(value) for value in first[0])
    count = len(first) + sum(1 for _ in rows) - has_header
    if not count:
        raise Unreadable("There is no row below the header.")
    header = first[0] if has_header else [f"Column {number}" for number in range(1, len(first[0]) + 1)]
    samples = first[has_header:][:SAMPLE_ROWS]
    return {
        "has_header": has_header,
        "header": [value[:VALUE_LENGTH_MAX] for value in header[:HEADER_VALUES_MAX]],
        "sample_rows": [[value[:VALUE_LENGTH_MAX] for value in row[:SAMPLE_VALUES_MAX]] for row in samples],
        "row_count": count,
        "columns": _guessed(header[:HEADER_VALUES_MAX], samples),
    }


def plain(heading: str) -> str:
    """Returns a heading as it is compared: lower case, without anything but letters and digits."""
    return re.sub(r"[\W_]", "", heading.lower())


def proposed(
    mode: ImportMode, header: Sequence[str], samples: Sequence[Sequence[str]], known: Mapping[str, str] | None = None
) -> Mapped:
    """Returns the columns of the mode's fields as far as they are clear; a person may map the others.

    By the headings of a recognised format (`known`: field by plain heading), else by words that headings commonly have,
    else, for e-mail and points, by what stands in the column.
    """
    names = [plain(heading) for heading in header]
    found: Mapped = {}
    for field in FIELDS[mode].names:
        own = [at for at, name in enumerate(names) if (known or {}).get(name) == field]
        common = [at for at, name in enumerate(names) if name in OTHER_HEADINGS.get(field, ())]
        at = next((choice[0] for choice in (own, common) if len(choice) == 1), None)
        if at is None and field in HEADINGS:
            at = _found(field, list(header), [list(row) for row in samples])
        if at is not None and at not in found.values():
            found[field] = at
    return found


def checked(mode: ImportMode, mapping: Mapping[str, int]) -> Mapped:
    """Returns the mapping with the fields of the mode alone.

    Raises ImportColumnsUnknown when a needed one is missing, or two fields have one column.
    """
    chosen = {field: mapping[field] for field in FIELDS[mode].names if field in mapping}
    places = list(chosen.values())
    missing = [field for field in FIELDS[mode].needed if field not in chosen]
    if missing or len(set(places)) != len(places) or not all(0 <= at < HEADER_VALUES_MAX for at in places):
        raise ImportColumnsUnknown(missing)
    return chosen


def in_order(mode: ImportMode, by_field: Mapping[str, T]) -> list[tuple[str, T]]:
    """Returns what there is for the mode's fields, in the order of the fields."""
    return [(field, by_field[field]) for field in FIELDS[mode].names if field in by_field]


def _guessed(header: list[str], samples: list[list[str]]) -> list[int] | None:
    """Returns the columns of e-mail and points by their headings, else by their values; None when ambiguous."""
    found = [_found(field, header, samples) for field in HEADINGS]
    return [at for at in found if at is not None] if len(set(found) - {None}) == len(HEADINGS) else None


def _found(field: str, header: list[str], samples: list[list[str]]) -> int | None:
    """Returns the column of e-mail or points; None when there is none, or more than one."""
    width, headings = range(len(header)), HEADINGS[field]
    names = {at: plain(header[at]) for at in width}
    by_value = [at for at in width if _all(samples, at, LIKE_EMAIL if field == "email" else WHOLE)]
    exactly = [at for at in width if names[at] in headings]
    partly = [at for at in width if any(heading in names[at] for heading in headings)]
    both = [at for at in partly if at in by_value]
    return next((choice[0] for choice in (exactly, both, partly, by_value) if len(choice) == 1), None)


def _all(rows: list[list[str]], at: int, pattern: re.Pattern[str]) -> bool:
    return all(at < len(row) and pattern.fullmatch(row[at]) for row in rows)
