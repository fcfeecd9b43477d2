"""The test clock: a preview copy of the shop, its sample customers, its time, and what happened in it."""

from datetime import date, datetime, timedelta
from itertools import groupby

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import DateField, SelectField
from wtforms.validators import Length

from widget_server import clock
from widget_server.dashboard import mails
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, page
from widget_server.dashboard.forms import OPTIONAL, REQUIRED, Form, Line, WholeNumber, choices
from widget_server.dashboard.happening_words import Shown, shown
from widget_server.dashboard.mail_words import name_of
from widget_server.dashboard.number_fields import Amount
from widget_server.dashboard.pages import Pages
from widget_server.dashboard.words import moment as in_words
from widget_server.delivery import mail_templates
from widget_server.delivery.mail_templates import Mail
from widget_server.errors import BadRequest, NotFound
from widget_server.loyalty.preview import copies, spans
from widget_server.loyalty.preview.copies import PreviewCopy
from widget_server.loyalty.preview.happenings import Happening
from widget_server.loyalty.preview.steps import AddSample, Move, Outcome, PlaceOrder, Redeem
from widget_server.loyalty.staff.roles import Action
from widget_server.loyalty.till import finding

pages = Pages("test_clock", "/test-clock")

SPANS: dict[str, spans.Span] = {"day": "day", "week": "week", "month": "month"}
STATUSES = {"paid": _l("Paid"), "fulfilled": _l("Fulfilled"), "placed": _l("Placed, not paid")}
NUMBER_LENGTH_MAX = 9


class SampleForm(Form):
    """A sample customer."""

    name = Line(_l("Name"), validators=[REQUIRED, Length(max=copies.NAME_LENGTH_MAX)], default="Anna")
    points = WholeNumber(_l("Points"), validators=[OPTIONAL], description=_l("Empty: none."))
    earned_on = DateField(
        _l("Earned on"), validators=[OPTIONAL], description=_l("Empty: now. Points of last year expire sooner.")
    )
    birthday = DateField(_l("Birthday"), validators=[OPTIONAL], description=_l("The year does not matter."))


class MoveForm(Form):
    """The day to whose start the time is to move; the buttons beside it name a span instead."""

    day = DateField(_l("To the start of"), validators=[OPTIONAL])


class CopyForm(Form):
    """A real customer whose points are copied."""

    FIELDS = {"customer": "search"}
    search = Line(_l("E-mail, phone or referral code"), validators=[REQUIRED])
    name = Line(
        _l("Name in the copy"),
        validators=[REQUIRED, Length(max=copies.NAME_LENGTH_MAX)],
        description=_l("The real name, address and phone number are not copied."),
    )


class OrderForm(Form):
    """A sample order."""

    amount = Amount(_l("Amount"), validators=[REQUIRED])
    status = SelectField(_l("Status"), choices=choices(STATUSES), default="paid")


class RedeemForm(Form):
    """The reward that is redeemed."""

    FIELDS = {"reward_id": "reward"}
    reward = SelectField(_l("Reward"), validate_choice=False)


@pages.page("", Action.PROGRAM)
def test_clock(staff: StaffCaller) -> ResponseReturnValue:
    """Show the copy: its time, its customers, and what happened, newest first."""
    copy = copies.of(staff.shop)
    return page("test_clock/none.html") if copy is None else _copy_page(staff, copy, MoveForm())


@pages.form("/customers/new", Action.PROGRAM)
def add_sample(staff: StaffCaller) -> ResponseReturnValue:
    """Add a sample customer."""
    copies.need(staff.shop)
    form = SampleForm()
    if form.accepts():
        with form.refusals():
            step = AddSample(
                form.name.data or "", form.points.data or 0, form.earned_on.data or None, form.birthday.data or None
            )
            copies.take(staff.shop, step)
            return done(_("%(name)s was added.", name=step.name), "test_clock.test_clock")
    return page("test_clock/customer.html", form=form, is_copied=False)


@pages.form("/customers/copy", Action.PROGRAM)
def add_copied(staff: StaffCaller) -> ResponseReturnValue:
    """Add the points of a real customer under another name."""
    copies.need(staff.shop)
    form = CopyForm()
    if form.accepts():
        found = finding.find(staff.shop, form.search.data or "")
        if found:
            with form.refusals():
                step = copies.copied(staff.shop, found[0].customer.id, form.name.data or "")
                copies.take(staff.shop, step)
                return done(_("%(name)s was added.", name=step.name), "test_clock.test_clock")
        else:
            form.search.errors = [_("No customer is found by this.")]
    return page("test_clock/customer.html", form=form, is_copied=True)


@pages.form("/customers/<sample_id>/order", Action.PROGRAM)
def order(staff: StaffCaller, sample_id: str) -> ResponseReturnValue:
    """Place a sample order."""
    customer, form = _sample(staff, sample_id), OrderForm()
    if form.accepts() and form.amount.data:
        with form.refusals():
            copies.take(staff.shop, PlaceOrder(sample_id, form.amount.data, form.status.data))
            return done(_("The order was placed."), "test_clock.test_clock")
    return page("test_clock/act.html", form=form, customer=customer, title=_("Place a sample order"))


@pages.form("/customers/<sample_id>/redeem", Action.PROGRAM)
def redeem(staff: StaffCaller, sample_id: str) -> ResponseReturnValue:
    """Redeem a reward for a sample customer."""
    customer, form = _sample(staff, sample_id), RedeemForm()
    rewards = copies.need(staff.shop).state["rewards"]
    form.reward.choices = choices({one["id"]: f"{one['title']} ({one['cost']})" for one in rewards})
    if form.accepts():
        with form.refusals():
            copies.take(staff.shop, Redeem(sample_id, str(form.reward.data)))
            return done(_("The reward was redeemed."), "test_clock.test_clock")
    return page("test_clock/act.html", form=form, customer=customer, title=_("Redeem a reward"))


@pages.act("/move", Action.PROGRAM)
def move(staff: StaffCaller) -> ResponseReturnValue:
    """Move the time: by a span, to the start of a day, or to the next thing that happens."""
    copy, form = copies.need(staff.shop), MoveForm()
    if form.accepts():
        with form.refusals():
            step = _move(staff, copy, form)
            outcome = copies.take(staff.shop, step)
            on_the_way = not step.is_over(outcome)
            further = (
                {"until": step.until.isoformat(), "first": "1" if step.is_to_first else None} if on_the_way else {}
            )
            return done(_moved(outcome, step, is_on_the_way=on_the_way), "test_clock.test_clock", **further)
    return _copy_page(staff, copy, form)


@pages.page("/mails/<number>", Action.PROGRAM)
def letter(staff: StaffCaller, number: str) -> ResponseReturnValue:
    """Show a mail that would have been sent."""
    happening, mail = _letter(staff, number)
    name = name_of(happening.facts["template"])
    return page("test_clock/letter.html", happening=happening, mail=mail, name=name, number=number)


@pages.page("/mails/<number>/preview", Action.PROGRAM)
def letter_preview(staff: StaffCaller, number: str) -> ResponseReturnValue:
    """Return a mail's HTML for the frame of its page."""
    return mails.framed(_letter(staff, number)[1].html)


@pages.act("/begin", Action.PROGRAM)
def begin(staff: StaffCaller) -> ResponseReturnValue:
    """Make a copy of the present program, instead of the copy that there is."""
    copies.begin(staff.shop)
    return done(_("The preview copy is ready. Add a sample customer, then move the time."), "test_clock.test_clock")


@pages.form("/anew", Action.PROGRAM)
def anew(staff: StaffCaller) -> ResponseReturnValue:
    """Throw the copy away and make a fresh one, after a question."""
    form = Form()
    if form.accepts():
        with form.refusals():
            copies.begin(staff.shop)
            return done(_("This is a fresh copy of the present program."), "test_clock.test_clock")
    return page("test_clock/end.html", form=form, copy=copies.need(staff.shop), is_anew=True)


@pages.form("/discard", Action.PROGRAM)
def discard(staff: StaffCaller) -> ResponseReturnValue:
    """Throw the copy away, after a question."""
    form = Form()
    if form.accepts():
        copies.discard(staff.shop)
        return done(_("The copy is thrown away."), "test_clock.test_clock")
    return page("test_clock/end.html", form=form, copy=copies.need(staff.shop), is_anew=False)


def _copy_page(staff: StaffCaller, copy: PreviewCopy, form: MoveForm) -> ResponseReturnValue:
    before = _number(request.args.get("before", ""))
    found = copies.happened(copy, before=before, limit=copies.PAGE + 1)
    lines = [shown(staff.shop, happening, number) for number, happening in found[: copies.PAGE]]
    zone = staff.shop.timezone

    def day_of(line: Shown) -> date:
        return clock.local_date(line.happening.at, zone)

    today = clock.local_date(copy.moment, zone)
    tomorrow, last_day = today + timedelta(days=1), today + timedelta(days=spans.DAYS_MAX)
    form.day.render_kw = {"required": True, "min": tomorrow.isoformat(), "max": last_day.isoformat()}
    if not form.day.errors:
        form.day.data = tomorrow
    return page(
        "test_clock/copy.html",
        copy=copy,
        form=form,
        days=[(day, list(some)) for day, some in groupby(lines, day_of)],
        older=found[copies.PAGE - 1][0] if len(found) > copies.PAGE else None,
        before=before,
        until=_until(copy),
        is_to_first=bool(request.args.get("first")),
        keep_days=copies.KEEP_DAYS,
        expiries=_expiries(copy),
    )


def _expiries(copy: PreviewCopy) -> dict[str, datetime]:
    """The time at which the next points of each customer expire, by the customer's id."""
    return {one["id"]: clock.parse(one["expires"]["at"]) for one in copy.state["customers"] if one["expires"]}


def _move(staff: StaffCaller, copy: PreviewCopy, form: MoveForm) -> Move:
    """Returns the move that was sent. Raises BadRequest (day)."""
    sent = request.form
    if sent.get("span") in SPANS:
        return Move(spans.after(staff.shop, copy.moment, SPANS[sent["span"]]))
    longest = copy.moment + timedelta(days=spans.DAYS_MAX)
    if sent.get("span") == "next":
        return Move(longest, is_to_first=True)
    try:
        if sent.get("until"):
            return Move(min(clock.parse(sent["until"]), longest), is_to_first=bool(sent.get("first")))
    except ValueError:
        raise BadRequest(_("Choose a day."), field="day") from None
    today = clock.local_date(copy.moment, staff.shop.timezone)
    if form.day.data is None or not today < form.day.data <= today + timedelta(days=spans.DAYS_MAX):
        raise BadRequest(_("Choose a day after today, at most %(num)s days later.", num=spans.DAYS_MAX), field="day")
    return Move(spans.beginning_of(staff.shop, copy.moment, form.day.data))


def _moved(outcome: Outcome, step: Move, *, is_on_the_way: bool) -> str:
    """Returns what to say after a move."""
    time = in_words(outcome.moment)
    if is_on_the_way:
        return _("The time is %(time)s. There is more to do until the day that you chose.", time=time)
    count = len(outcome.events)
    if not count:
        return _("The time is %(time)s. Nothing happened.", time=time)
    return _(
        "The time is %(time)s. %(things)s",
        time=time,
        things=ngettext("%(num)s thing happened.", "%(num)s things happened.", count),
    )


def _until(copy: PreviewCopy) -> datetime | None:
    """Returns the end of a move that stopped on its way; None when none did."""
    try:
        until = clock.parse(request.args["until"]) if "until" in request.args else None
    except ValueError:
        return None
    return until if until is not None and until > copy.moment else None


def _sample(staff: StaffCaller, sample_id: str) -> dict[str, object]:
    """Returns the customer of the copy as the copy's state has them. Raises NotFound."""
    found = [one for one in copies.need(staff.shop).state["customers"] if one["id"] == sample_id]
    if not found:
        raise NotFound()
    known: dict[str, object] = found[0]
    return known


def _letter(staff: StaffCaller, number: str) -> tuple[Happening, Mail]:
    """Returns a mail of the copy, and how the shop writes it. Raises NotFound."""
    happening = copies.happening(copies.need(staff.shop), _number(number) or 0)
    if happening.kind != "mail":
        raise NotFound()
    facts = happening.facts
    written = mail_templates.write(facts["template"], facts["locale"], staff.shop, staff.program, facts["values"])
    return happening, written


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= NUMBER_LENGTH_MAX else None
