"""Why a row of a file is not imported: the field that is wrong, and a sentence for staff."""

from typing import NamedTuple

from widget_server.loyalty.points import batches


class Problem(NamedTuple):
    """The field of the row that causes it (columns.FIELDS), and what to do about it."""

    field: str
    sentence: str


PROBLEMS = {
    "email_invalid": Problem(
        "email",
        "No mail reaches this address: write it as ann@example.com, without brackets or invisible signs.",
    ),
    "email_unknown": Problem("email", "No customer has this e-mail address."),
    "email_ambiguous": Problem("email", "Several customers use this e-mail address."),
    "email_twice": Problem("email", "An earlier row has this e-mail address; that row counts."),
    "points_invalid": Problem("points", "Points are a whole number, without separators."),
    "points_out_of_range": Problem("points", "That is more points than a row can hold."),
    "balance_negative": Problem("points", "A balance cannot be set below zero."),
    "date_invalid": Problem("date", "Write the day as 2026-03-31."),
    "date_ambiguous": Problem("date", "Either number may be the month: choose which comes first in this file."),
    "date_in_future": Problem("date", "A history has days of the past only."),
    "reason_too_long": Problem("reason", "A reason has at most 500 characters."),
    "birthday_invalid": Problem("birthday", "Write the birthday as 1990-03-31, or 03/31 without a year."),
    "tier_unknown": Problem("tier", "The program has no tier of this name."),
    "tier_until_invalid": Problem("tier_until", "Write the last day of the tier as 2027-03-31, within ten years."),
    "labels_invalid": Problem("labels", "A customer has up to 50 labels of at most 80 characters."),
    "marketing_invalid": Problem("accepts_marketing", "Write yes or no."),
    "referral_code_invalid": Problem("referral_code", "A referral code has 2 to 40 characters, without blanks."),
    "referral_code_taken": Problem("referral_code", "Another customer has this referral code."),
    "code_invalid": Problem("code", "A code has 2 to 40 characters of one line."),
    "code_taken": Problem("code", "The shop has a coupon with this code already."),
    "code_twice": Problem("code", "An earlier row has this code; that row counts."),
    "kind_unknown": Problem("kind", "Write amount, percent or free_shipping."),
    "amount_invalid": Problem("amount", "Write an amount above 0, such as 5.00."),
    "percent_invalid": Problem("percent", "Write a percentage above 0 and up to 100."),
    "minimum_invalid": Problem("minimum_subtotal", "Write an amount above 0, such as 50.00, or leave it empty."),
    "expires_invalid": Problem("expires", "Write the last day as 2026-03-31, or leave it empty."),
    "code_expired": Problem("expires", "This code is no longer valid."),
    **{code: Problem("points", sentence) for code, sentence in batches.REASONS.items()},
}
REASONS = {code: problem.sentence for code, problem in PROBLEMS.items()}


def field_of(code: str, mode: str) -> str:
    """Returns the field that causes the problem, in a file of this mode."""
    if code == "date_ambiguous":  # any day may be
        return {"members": "birthday", "codes": "expires"}.get(mode, "date")
    return PROBLEMS[code].field
