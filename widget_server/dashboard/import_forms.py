"""The forms of an import: its file, the columns of its fields, and what is said of the points."""

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, RadioField, SelectField, TextAreaField
from wtforms.validators import Length, NoneOf

from widget_server.dashboard.forms import OPTIONAL, REQUIRED, Form, Line, choices
from widget_server.loyalty.imports.columns import FIELDS, ImportMode, Mapped
from widget_server.loyalty.imports.imports import Import
from widget_server.loyalty.points.adjustments import TEXT_LENGTH_MAX

MODES: dict[str, str] = {
    "add": _l("Add points to existing member balances"),
    "set": _l("Reset existing member balances to the values of the file"),
    "members": _l("Members: names, birthdays, tiers, labels and former referral codes"),
    "history": _l("History: what was earned and spent on earlier days"),
    "codes": _l("Codes: unspent coupon codes of another app"),
}
FIELD_NAMES = {
    "email": _l("E-mail"),
    "points": _l("Points"),
    "name": _l("Name"),
    "first_name": _l("First name"),
    "last_name": _l("Last name"),
    "phone": _l("Phone"),
    "birthday": _l("Birthday"),
    "tier": _l("Tier"),
    "tier_until": _l("Last day of the tier"),
    "labels": _l("Labels"),
    "referral_code": _l("Referral code of the other app"),
    "accepts_marketing": _l("Accepts marketing"),
    "date": _l("Date"),
    "reason": _l("Reason, shown to the customer"),
    "code": _l("Code"),
    "kind": _l("Kind"),
    "amount": _l("Amount"),
    "percent": _l("Percent"),
    "minimum_subtotal": _l("Smallest order"),
    "expires": _l("Last day"),
}
WITH_DAYS = ("members", "history", "codes")  # modes with a field that is a day
NOT_THERE = "-"
DAY_ORDERS = {"": _l("As written: 2026-03-31 or 31.03.2026"), "day": _l("31/03/2026"), "month": _l("03/31/2026")}


def mode_of(text: str | None) -> ImportMode:
    """Returns the mode of this name; `add` for any other text."""
    return next((mode for mode in FIELDS if mode == text), "add")


class FileForm(Form):
    """The kind of the import, and its file."""

    mode = SelectField(_l("Import Type"), choices=choices(MODES))
    file = FileField(
        _l("CSV file"), validators=[REQUIRED], description=_l("Choose a file, or drop it here: 10 MB at most.")
    )


class ColumnsForm(Form):
    """Which columns have the fields; `of` makes the form of one import, with a choice for each field of its mode."""

    FIELDS = {"headerMappingInfo": "email"}
    creates_customers = BooleanField(
        _l("Add customers whom the shop does not know yet"),
        description=_l("They are visitors, and see what is theirs once they prove their address."),
    )
    day_order = SelectField(_l("How days are written"), choices=choices(DAY_ORDERS))

    @classmethod
    def of(cls, made: Import, mapping: Mapped) -> "ColumnsForm":
        """Returns the form of an import, filled with the columns that are known."""
        columns = {NOT_THERE: _("Not in this file"), **{str(at): name for at, name in enumerate(made.header)}}
        needed = FIELDS[made.mode].needed
        fields = {
            name: SelectField(
                FIELD_NAMES[name],
                choices=choices(columns),
                default=str(mapping.get(name, NOT_THERE)),
                validators=[NoneOf([NOT_THERE], REQUIRED.message)] if name in needed else [],
            )
            for name in FIELDS[made.mode].names
        }
        form = type("ColumnsOfImport", (cls,), fields)
        order = {True: "day", False: "month"}.get(made.day_first, "")
        found: ColumnsForm = form(creates_customers=made.creates_customers, day_order=order)
        return found

    def mapping(self, mode: ImportMode) -> Mapped:
        """Returns the columns that were chosen, by field."""
        chosen = {name: self._fields[name].data for name in FIELDS[mode].names}
        return {name: int(at) for name, at in chosen.items() if at != NOT_THERE}

    @property
    def day_first(self) -> bool | None:
        """Whether the day comes before the month; None where days are written so that it does not matter."""
        orders: Mapping[str, bool] = {"day": True, "month": False}
        return orders.get(str(self.day_order.data))


class ImportForm(Form):
    """What is said of the points, and, for the same file again, that it is meant."""

    reason = Line(
        _l("Reason for the adjustment"),
        validators=[OPTIONAL, Length(max=TEXT_LENGTH_MAX)],
        description=_l("Optional. Only staff see it."),
    )
    comment_kind = RadioField(
        _l("Comment for the customer"),
        choices=choices({"default": _l("Default comment"), "custom": _l("Custom comment")}),
        default="default",
    )
    comment = TextAreaField(_l("Custom comment"), validators=[OPTIONAL, Length(max=TEXT_LENGTH_MAX)])
    again = BooleanField(_l("Import it again"))

    @property
    def own_comment(self) -> str | None:
        """The custom comment; None for the default one, which every customer reads in their own language."""
        return (self.comment.data or "").strip() or None if self.comment_kind.data == "custom" else None
