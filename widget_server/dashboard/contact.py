"""Editing the contact data of a customer, with labels and notes."""

from datetime import date
from typing import get_args

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, EmailField, SelectField, TelField, TextAreaField

from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.card import STATUSES
from widget_server.dashboard.documents import done, page
from widget_server.dashboard.entry_forms import Ticks
from widget_server.dashboard.forms import OPTIONAL, Form, Line, choices
from widget_server.dashboard.mail_words import TOPIC_NAMES
from widget_server.dashboard.pages import Pages
from widget_server.db import atomic
from widget_server.loyalty.people import customer_edits, customers, mail_preferences
from widget_server.loyalty.people.customer_edits import EditableFacts
from widget_server.loyalty.people.customers import Customer, Status
from widget_server.loyalty.program.letter_kinds import TOPICS
from widget_server.loyalty.staff.roles import Action

pages = Pages("contact", "/customers")


class ContactForm(Form):
    """What staff may change of a customer."""

    FIELDS = {"externalId": "external_id"}
    name = Line(_l("Name"), validators=[OPTIONAL])
    email = EmailField(_l("E-mail"), validators=[OPTIONAL])
    email_verified = BooleanField(
        _l("The e-mail address is verified"), description=_l("It belongs to this person: points of guest orders count.")
    )
    phone = TelField(_l("Phone"), validators=[OPTIONAL])
    birthday = DateField(_l("Birthday"), validators=[OPTIONAL])
    locale = Line(_l("Language"), validators=[OPTIONAL], description=_l("Such as en or de-AT."))
    external_id = Line(_l("Id in the shop"), validators=[OPTIONAL])
    accepts_marketing = BooleanField(_l("Gets the newsletter"))
    topics = Ticks(
        _l("E-mails of the program"),
        choices=choices({one: TOPIC_NAMES[one] for one in TOPICS}),
        description=_l("What the customer wants. Codes and notices of sign-in are always sent."),
    )
    labels = Line(_l("Labels"), validators=[OPTIONAL], description=_l("Separated by commas."))
    notes = TextAreaField(_l("Notes"), validators=[OPTIONAL], description=_l("Only staff can read them."))
    status = SelectField(_l("Status"), choices=choices(STATUSES))

    def facts(self) -> EditableFacts:
        """Returns the facts as edited, without the address."""
        facts = EditableFacts(
            name=self.name.data,
            phone=(self.phone.data or "").strip() or None,
            locale=self.locale.data,
            external_id=self.external_id.data,
            accepts_marketing=bool(self.accepts_marketing.data),
            labels=(self.labels.data or "").split(","),
            notes=(self.notes.data or "").strip() or None,
            mails_off=mail_preferences.all_but(self.topics.data or ()),
        )
        if self.birthday.data is not None:
            facts["birthday"] = self.birthday.data
        return facts


@pages.form("/<customer_id>/contact", Action.CARE)
def edit(staff: StaffCaller, customer_id: str) -> ResponseReturnValue:
    """Change the contact data, the labels and the notes of a customer."""
    customer = customers.live(customers.by_id(staff.shop.id, customer_id))
    form = ContactForm(**_now(customer))
    if form.accepts():
        with form.refusals():
            _save(staff, customer, form)
            return done(_("Saved."), "card.card", customer_id=customer.id)
    return page("card/contact.html", form=form, customer=customer)


def _now(customer: Customer) -> dict[str, object]:
    names = ("name", "email", "email_verified", "phone", "locale", "external_id", "accepts_marketing", "notes")
    facts = {name: getattr(customer, name) for name in (*names, "status")}
    birthday = date.fromisoformat(customer.birthday) if customer.birthday else None
    topics = mail_preferences.wanted(customer)
    return {**facts, "birthday": birthday, "labels": ", ".join(customer.labels), "topics": topics}


def _save(staff: StaffCaller, customer: Customer, form: ContactForm) -> None:
    """Store the form. Raises what `customer_edits.edit` refuses."""
    facts, typed = form.facts(), (form.email.data or "").strip()
    if form.birthday.data is not None and form.birthday.data.isoformat() == customer.birthday:
        del facts["birthday"]  # the same day is no edit (acceptance 25)
    email = typed if typed and typed != customer.email else None
    verified = bool(form.email_verified.data)
    known = None if verified == customer.email_verified and email is None else verified
    status: Status = next(one for one in get_args(Status) if one == form.status.data)
    with atomic():
        row = customer_edits.edit(staff.shop.id, customer.id, email=email, email_verified=known, **facts)
        customers.set_status(row, status)
