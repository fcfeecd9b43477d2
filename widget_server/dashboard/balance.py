"""Editing the balance of a customer: add, deduct, or set a new balance."""

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField

from widget_server import ledger
from widget_server.dashboard import words
from widget_server.dashboard.callers import SOURCE, StaffCaller
from widget_server.dashboard.comments import NotedForm, default_comment
from widget_server.dashboard.documents import done, page
from widget_server.dashboard.forms import REQUIRED, WholeNumber, choices
from widget_server.dashboard.pages import Pages
from widget_server.db import atomic
from widget_server.errors import BadRequest, StaleRevision
from widget_server.ledger import BALANCE_MAX, POINTS_MAX, Account
from widget_server.loyalty.people import customers
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import giving
from widget_server.loyalty.staff.roles import Action

pages = Pages("balance", "/customers")
WAYS = {"change": _l("Add or deduct points"), "set": _l("Set a new balance")}


class BalanceForm(NotedForm):
    """The change or the new balance, and the texts about it. `revision` is that of the balance that was shown."""

    FIELDS = {"amount": "points", "balance": "points"}
    way = RadioField(_l("What to do"), choices=choices(WAYS), default="change")
    points = WholeNumber(
        _l("Points"), validators=[REQUIRED], description=_l("To deduct points, enter a negative number.")
    )
    revision = HiddenField()

    @property
    def sets(self) -> bool:
        """True when the number is the new balance."""
        return bool(self.way.data == "set")


@pages.form("/<customer_id>/edit-balance", Action.GIVE)
def edit(staff: StaffCaller, customer_id: str) -> ResponseReturnValue:
    """Change the balance of one customer."""
    customer = customers.live(customers.by_id(staff.shop.id, customer_id))
    account = ledger.account_of(staff.shop.id, customer.id)
    form = BalanceForm(revision=_revision(account))
    form.offer(default_comment(staff.shop, customer, "adjusted"))
    if form.accepts():
        with form.refusals():
            row = _booked(staff, customer, account, form)
            return done(_changed(customer, row), "card.card", customer_id=customer.id)
        account = ledger.account_of(staff.shop.id, customer.id)
        form.revision.data = _revision(account)  # the page shows the balance of now
    return page("balance/form.html", form=form, customer=customer, balance=account.balance if account else 0)


def _revision(account: Account | None) -> str:
    return str(account.revision) if account else ""


def _booked(
    staff: StaffCaller, customer: Customer, account: Account | None, form: BalanceForm
) -> ledger.Transaction | None:
    """Make the change of the form, once for its key; None when the balance is reached already.

    Raises what `giving.change_balance` refuses, PointsCapReached, StaleRevision when a new balance was set for another
    one than that which was shown, and BadRequest (points) for a number that cannot be.
    """
    number, key = int(form.points.data or 0), str(form.request_key.data)
    before = account.balance if account else 0
    by = number - before if form.sets else number
    _check(form, number)
    with atomic():
        if ledger.find_by_key(staff.shop.id, SOURCE, key) is None:
            if form.sets and form.revision.data != _revision(account):
                raise StaleRevision()
            staff.need_points(by)
        return giving.change_balance(
            staff.shop,
            customer.id,
            source=SOURCE,
            key=key,
            by=None if form.sets else number,
            to_balance=number if form.sets else None,
            revision=account.revision if account and form.sets else None,
            annotation=staff.annotation(*form.texts()),
        )


def _check(form: BalanceForm, number: int) -> None:
    if form.sets and not 0 <= number <= BALANCE_MAX:
        raise BadRequest(_("A balance is 0 or more."), field="points")
    if not form.sets and not 0 < abs(number) <= POINTS_MAX:
        raise BadRequest(_("A number other than 0."), field="points")


def _changed(customer: Customer, row: ledger.Transaction | None) -> str:
    if row is None:
        return _("The balance was that already: nothing changed.")
    return _(
        "The balance of %(name)s was updated: %(change)s points, now %(balance)s.",
        name=customer.name or customer.email or _("the customer"),
        change=words.change(row.amount),
        balance=words.points(row.balance_after),
    )
