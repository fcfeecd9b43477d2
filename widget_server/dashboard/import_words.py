"""Why a file or a row of it is not imported, in the language of the page."""

import re

from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

PROBLEMS = {
    "email_invalid": _l(
        "No mail reaches this address: write it as ann@example.com, without brackets or invisible signs."
    ),
    "email_unknown": _l("No customer has this e-mail address."),
    "email_ambiguous": _l("Several customers use this e-mail address."),
    "email_twice": _l("An earlier row has this e-mail address; that row counts."),
    "points_invalid": _l("Points are a whole number, without separators."),
    "points_out_of_range": _l("That is more points than a row can hold."),
    "balance_negative": _l("A balance cannot be set below zero."),
    "date_invalid": _l("Write the day as 2026-03-31."),
    "date_ambiguous": _l("Either number may be the month: choose which comes first in this file."),
    "date_in_future": _l("A history has days of the past only."),
    "reason_too_long": _l("A reason has at most 500 characters."),
    "birthday_invalid": _l("Write the birthday as 1990-03-31, or 03/31 without a year."),
    "tier_unknown": _l("The program has no tier of this name."),
    "tier_until_invalid": _l("Write the last day of the tier as 2027-03-31, within ten years."),
    "labels_invalid": _l("A customer has up to 50 labels of at most 80 characters."),
    "marketing_invalid": _l("Write yes or no."),
    "referral_code_invalid": _l("A referral code has 2 to 40 characters, without blanks."),
    "referral_code_taken": _l("Another customer has this referral code."),
    "code_invalid": _l("A code has 2 to 40 characters of one line."),
    "code_taken": _l("The shop has a coupon with this code already."),
    "code_twice": _l("An earlier row has this code; that row counts."),
    "kind_unknown": _l("Write amount, percent or free_shipping."),
    "amount_invalid": _l("Write an amount above 0, such as 5.00."),
    "percent_invalid": _l("Write a percentage above 0 and up to 100."),
    "minimum_invalid": _l("Write an amount above 0, such as 50.00, or leave it empty."),
    "expires_invalid": _l("Write the last day as 2026-03-31, or leave it empty."),
    "code_expired": _l("This code is no longer valid."),
    "not_enough_points": _l("The balance would fall below zero."),
    "amount_out_of_range": _l("That is more points than an account can hold."),
    "coupon_used": _l("An order has used this code meanwhile."),
    "merged": _l("This customer was merged into another one meanwhile."),
    "erased": _l("This customer was erased meanwhile."),
}
UNREADABLE: dict[str, str] = {
    "This is not a text file.": _l("This is not a text file."),
    "This is a workbook of a spreadsheet program: save it as CSV.": _l(
        "This is a workbook of a spreadsheet program: save it as CSV."
    ),
    "The encoding of this file is not supported: save it as UTF-8.": _l(
        "The encoding of this file is not supported: save it as UTF-8."
    ),
    "The file is empty.": _l("The file is empty."),
    "There is no row below the header.": _l("There is no row below the header."),
    "The file is gone.": _l("The file is gone."),
}
NUMBERS = re.compile(r"[\d,]+")


def unreadable(sentence: str) -> str:
    """Returns the reason that is stored of a file which cannot be read, in the language of the page."""
    row, *others = NUMBERS.findall(sentence) or [""]
    most = others[0] if others else ""
    of_rows = {
        f"Row {row} is one too many: a file has {most} rows at most.": _(
            "Row %(row)s is one too many: a file has %(most)s rows at most.", row=_number(row), most=_number(most)
        ),
        f"Row {row} has more than {most} columns.": _(
            "Row %(row)s has more than %(most)s columns.", row=_number(row), most=_number(most)
        ),
        f"Row {row} has more than {most} characters.": _(
            "Row %(row)s has more than %(most)s characters.", row=_number(row), most=_number(most)
        ),
    }
    if sentence.startswith(f"Row {row} cannot be read: "):
        return _("Row %(row)s cannot be read: a quote is missing or in the wrong place.", row=_number(row))
    return str(of_rows.get(sentence) or UNREADABLE.get(sentence, sentence))


def _number(text: str) -> str:
    """Returns a number of an English sentence as the language of the page writes it."""
    return str(format_decimal(int(text.replace(",", "") or 0)))
