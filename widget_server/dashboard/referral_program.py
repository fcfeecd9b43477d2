"""The referral program: what friend and advocate get, when, and how long a link is remembered."""

from typing import Any

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FormField, RadioField, SelectField
from wtforms import Form as PlainForm
from wtforms.validators import Length

from widget_server.dashboard import gift_words
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, page
from widget_server.dashboard.forms import OPTIONAL, REQUIRED, Line, RevisedForm, WholeNumber, choices
from widget_server.dashboard.gift_words import GIFTS
from widget_server.dashboard.number_fields import Amount, between
from widget_server.dashboard.pages import Pages
from widget_server.errors import NotWholeCoins
from widget_server.json_types import JsonObject
from widget_server.ledger import POINTS_MAX
from widget_server.loyalty.referrals import referral_programs
from widget_server.loyalty.referrals.referral_programs import ReferralProgram, ReferralSettings
from widget_server.loyalty.rewards.gifts import Gift
from widget_server.loyalty.staff.roles import Action
from widget_server.program_file.fields import DAYS_MAX
from widget_server.program_file.reward_schema import GIFT_MAY, GIFT_NEEDS
from widget_server.program_file.schema import DAILY_CAP_MAX

pages = Pages("referral_program", "/referral-program")

NOTHING = "nothing"
SIDES = ("friend_gift", "advocate_gift")
TRIGGERS = {
    "registration": _l("the friend has signed up"),
    "first_paid_order": _l("the friend has paid the first order"),
    "first_fulfilled_order": _l("the friend's first order is sent"),
}
ATTRIBUTIONS = {"first": _l("the first of them"), "last": _l("the last of them")}


class GiftForm(PlainForm):
    """What one side gets; only the fields of the chosen kind are read."""

    kind = SelectField(_l("Gift"), choices=choices({NOTHING: _l("Nothing"), **GIFTS}))
    points = WholeNumber(_l("Points"), validators=[OPTIONAL, between(1, POINTS_MAX)])
    amount = Amount(_l("Amount off"))
    percent = Amount(_l("Percent off"), validators=[OPTIONAL, between(1, 100)])
    product_id = Line(_l("Id of the product"), validators=[OPTIONAL, Length(max=200)])
    product_name = Line(_l("Name of the product"), validators=[OPTIONAL, Length(max=200)])
    minimum_subtotal = Amount(_l("Smallest order for the coupon"), description=_l("Empty: any order."))
    expires_after_days = WholeNumber(
        _l("Days until the coupon expires"),
        validators=[OPTIONAL, between(1, DAYS_MAX)],
        description=_l("Empty: it does not expire."),
    )
    combines = BooleanField(_l("Can be used together with other discounts"))

    def validate(self, extra_validators: Any = None) -> bool:
        """Returns whether the fields of the chosen kind are valid; other fields do not matter."""
        kind = self.kind.data
        for name in self.data:
            if name != "kind" and name not in self.fields_of(kind):
                self[name].data, self[name].raw_data = None, []
                self[name].process_errors = []
        valid = bool(super().validate(extra_validators))
        for name in GIFT_NEEDS.get(kind, ()):
            if self[name].data is None and not self[name].errors:
                self[name].errors = [str(REQUIRED.message)]
                valid = False
        return valid

    @staticmethod
    def fields_of(kind: str) -> set[str]:
        """Returns the names of the fields that a kind of gift has."""
        return {*GIFT_NEEDS.get(kind, ()), *GIFT_MAY.get(kind, ())}

    @staticmethod
    def kinds_of(name: str) -> str:
        """Returns the kinds of gifts that have this field, with blanks between."""
        return " ".join(kind for kind in GIFTS if name in GiftForm.fields_of(kind))

    @property
    def gift(self) -> JsonObject | None:
        """The gift that was typed, as it is stored; None for nothing."""
        if self.kind.data == NOTHING:
            return None
        return Gift(kind=self.kind.data, **{name: self[name].data for name in self.fields_of(self.kind.data)}).as_json()


class ReferralForm(RevisedForm):
    """The referral program."""

    active = BooleanField(
        _l("The referral program is on"), description=_l("Off: links give nothing. Gifts that were given stay.")
    )
    friend_gift = FormField(GiftForm, separator="-")
    advocate_gift = FormField(GiftForm, separator="-")
    trigger = RadioField(_l("Gifts are given when"), choices=choices(TRIGGERS))
    minimum_subtotal = Amount(
        _l("Smallest order that counts"), description=_l("Empty: any order of the friend counts.")
    )
    window_days = WholeNumber(
        _l("Days that a link is remembered"),
        validators=[REQUIRED, between(1, DAYS_MAX)],
        description=_l("So long after following the link the friend still counts."),
    )
    attribution = RadioField(_l("A friend who followed two links belongs to"), choices=choices(ATTRIBUTIONS))
    advocate_daily_cap = WholeNumber(
        _l("Most friends of one advocate on one day"),
        validators=[OPTIONAL, between(1, DAILY_CAP_MAX)],
        description=_l("More are blocked until you look at them. Empty: no limit."),
    )
    undo_on_refund = BooleanField(
        _l("Take the gifts back when the friend's order is refunded"),
        description=_l("Points are taken back, and coupons that are not used yet end."),
    )

    def refuse_coins(self, *, is_friend: bool, currency: str) -> None:
        """Add to the gift of one side that its amount has too many decimal places."""
        side = self.friend_gift if is_friend else self.advocate_gift
        side.form.amount.errors = [_("%(currency)s has no coins so small.", currency=currency)]

    @property
    def settings(self) -> ReferralSettings:
        """What was typed."""
        return ReferralSettings(
            active=self.active.data,
            friend_gift=self.friend_gift.form.gift,
            advocate_gift=self.advocate_gift.form.gift,
            trigger=self.trigger.data,
            minimum_subtotal=self.minimum_subtotal.data,
            window_days=self.window_days.data or 1,
            attribution=self.attribution.data,
            advocate_daily_cap=self.advocate_daily_cap.data,
            undo_on_refund=self.undo_on_refund.data,
        )


@pages.page("", Action.SEE)
def referral_program(staff: StaffCaller) -> ResponseReturnValue:
    """Show the referral program."""
    return page(
        "referral_program/referral_program.html",
        program=referral_programs.settings_of(staff.shop),
        gift=lambda gift: gift_words.text(gift, staff.shop.currency),
        triggers=TRIGGERS,
        attributions=ATTRIBUTIONS,
    )


@pages.form("/edit", Action.PROGRAM)
def edit(staff: StaffCaller) -> ResponseReturnValue:
    """Change the referral program."""
    present = referral_programs.settings_of(staff.shop)
    form = form_of(present)
    if form.accepts():
        with form.refusals():
            try:
                referral_programs.change_program(staff.shop, form.read_revision, **form.settings)
            except NotWholeCoins as refusal:
                form.refuse_coins(is_friend=refusal.field == "friend_gift", currency=staff.shop.currency)
            else:
                return done(_("Saved. Gifts that were given stay as they are."), "referral_program.referral_program")
    return page("referral_program/edit.html", form=form, sides=SIDES)


def form_of(program: ReferralProgram) -> ReferralForm:
    """Returns the form, filled with what was sent or is stored."""
    return ReferralForm(**_values(program))


def _values(program: ReferralProgram) -> dict[str, Any]:
    """Returns the program as the form's fields have it."""
    gifts = {side: _gift_values(getattr(program, side)) for side in SIDES}
    names = ("revision", "active", "trigger", "minimum_subtotal", "window_days", "attribution")
    own = {name: getattr(program, name) for name in (*names, "advocate_daily_cap", "undo_on_refund")}
    return {**own, **gifts}


def _gift_values(stored: JsonObject | None) -> dict[str, Any]:
    return vars(Gift.from_json(stored)) if stored else {"kind": NOTHING}
