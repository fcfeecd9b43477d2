"""Giving points: find the customer or add a new one, enter the number, give."""

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import EmailField
from wtforms.validators import NumberRange

from widget_server import ledger
from widget_server.dashboard import words
from widget_server.dashboard.callers import SOURCE, StaffCaller
from widget_server.dashboard.comments import NotedForm, default_comment
from widget_server.dashboard.documents import done, fragment, page, to
from widget_server.dashboard.forms import OPTIONAL, REQUIRED, Form, Line, WholeNumber
from widget_server.dashboard.pages import Pages
from widget_server.db import Row, atomic
from widget_server.ledger import POINTS_MAX
from widget_server.loyalty.people import customer_edits, customers, directory
from widget_server.loyalty.people.customers import Customer, Person
from widget_server.loyalty.people.directory_filters import TEXT_LENGTH_MAX, Filter, Order
from widget_server.loyalty.points import giving
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.staff.roles import Action

pages = Pages("give")
FOUND_MAX = 20


class GiveForm(NotedForm):
    """How many points, and the texts about them."""

    FIELDS = {"amount": "points"}
    points = WholeNumber(
        _l("Points"), validators=[REQUIRED, NumberRange(min=1, max=POINTS_MAX, message=_l("A number from 1 on."))]
    )


class NewContactForm(Form):
    """A new contact: a name and an e-mail address."""

    name = Line(_l("Name"), validators=[OPTIONAL])
    email = EmailField(_l("E-mail"), validators=[REQUIRED])


def find(shop: Shop, text: str) -> list[Row]:
    """Returns up to FOUND_MAX customers whom a search of the list finds, by name; none for an empty text."""
    if not text.strip():
        return []
    return directory.page(shop, Filter(text=text.strip()[:TEXT_LENGTH_MAX]), Order("name", "up"), size=FOUND_MAX).rows


@pages.page("/give", Action.GIVE)
def choose(staff: StaffCaller) -> ResponseReturnValue:
    """Search for the customer; the chosen one leads to the number of points. As one types, htmx puts in the found."""
    chosen, text = request.args.get("customer"), request.args.get("q", "")
    if chosen:
        return to("give.give", customer_id=customers.by_id(staff.shop.id, chosen).id)
    found = find(staff.shop, text)
    if "HX-Request" in request.headers:
        return fragment("give/_found.html", text=text, found=found)
    return page("give/choose.html", text=text, found=found)


@pages.form("/give/new", Action.GIVE)
def add(staff: StaffCaller) -> ResponseReturnValue:
    """Create a contact, to whom points are given then."""
    form = NewContactForm()
    if form.accepts():
        with form.refusals():
            person = Person(name=form.name.data, email=str(form.email.data))
            made = customer_edits.create(staff.shop.id, person)
            return to("give.give", customer_id=made.id)
    return page("give/new.html", form=form)


@pages.form("/customers/<customer_id>/give", Action.GIVE)
def give(staff: StaffCaller, customer_id: str) -> ResponseReturnValue:
    """Give points to one customer."""
    customer = customers.live(customers.by_id(staff.shop.id, customer_id))
    form = GiveForm()
    form.offer(default_comment(staff.shop, customer, "gift"))
    if form.accepts():
        with form.refusals():
            row = _booked(staff, customer, form)
            return done(_given(customer, row), "card.card", customer_id=customer.id)
    account = ledger.account_of(staff.shop.id, customer.id)
    return page("give/form.html", form=form, customer=customer, balance=account.balance if account else 0)


def _booked(staff: StaffCaller, customer: Customer, form: GiveForm) -> ledger.Transaction:
    """Give the points of the form, once for its key. Raises what `giving.give` refuses, and PointsCapReached."""
    points, key = int(form.points.data or 0), str(form.request_key.data)
    with atomic():
        if ledger.find_by_key(staff.shop.id, SOURCE, key) is None:
            staff.need_points(points)
        return giving.give(
            staff.shop, customer.id, points, source=SOURCE, key=key, annotation=staff.annotation(*form.texts())
        )


def _given(customer: Customer, row: ledger.Transaction) -> str:
    return _(
        "%(points)s points given to %(name)s. The new balance is %(balance)s.",
        points=words.points(row.amount),
        name=customer.name or customer.email or _("the customer"),
        balance=words.points(row.balance_after),
    )
