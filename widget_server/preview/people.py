"""The customers of a copy, and what they do: they join, order and redeem."""

from datetime import date, datetime, time, timedelta

from widget_server import clock, ledger
from widget_server.db import new_id
from widget_server.ledger import Cause
from widget_server.loyalty.earning import orders
from widget_server.loyalty.earning.order_states import Line, OrderState
from widget_server.loyalty.people import customer_edits, customers
from widget_server.loyalty.people.customers import Customer, Person
from widget_server.loyalty.points import tier_grants, tiers
from widget_server.loyalty.preview.steps import AddCopied, AddSample, PlaceOrder, Redeem
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import redeeming

SOURCE = "preview"
BIRTH_YEAR = 1992  # of every birthday here: it has a 29 February
ADDRESS = "{number}@preview.example"


def add_sample(shop: Shop, step: AddSample) -> Customer:
    """Add a customer who joins now, and has earned points; returns the customer."""
    customer = _person(shop, step.name, step.birthday)
    at = _noon(shop, step.earned_on)
    if step.points:
        account = ledger.open_account(shop.id, customer.id)
        ledger.post(
            *(shop.id, account.id, "earn", step.points),
            source=SOURCE,
            key=f"sample:{customer.id}",
            cause=Cause("gift"),
            at=at,
        )
    customers.join(customer)
    if step.earned_on is not None:
        ledger.set_activity(shop.id, customer.id, at)
    return customer


def add_copied(shop: Shop, step: AddCopied) -> Customer:
    """Add a member with the past of a real customer, who gets nothing for joining; returns the customer."""
    customer = _person(shop, step.name, step.birthday)
    account = ledger.open_account(shop.id, customer.id)
    ids: list[str] = []
    for place, past in enumerate(step.rows):
        row = ledger.post(
            *(shop.id, account.id, past.kind, past.amount),
            source=SOURCE,
            key=f"copied:{customer.id}:{place}",
            cause=Cause("gift" if past.kind == "earn" else "adjusted"),
            at=past.at,
            reverses_id=None if past.reverses is None else ids[past.reverses],
            may_go_below_zero=True,
        )
        ids.append(row.id)
    _become_member(customer)
    tier = next((one for one in tiers.listed(shop.id) if one.name == step.tier), None)
    if tier is not None and step.tier_until is not None:
        tier_grants.grant(shop, customer.id, tier.id, step.tier_until)
    if step.last_activity_at is not None:
        ledger.set_activity(shop.id, customer.id, step.last_activity_at)
    return customer


def place_order(shop: Shop, step: PlaceOrder) -> None:
    """Have the customer order one thing for the amount. Raises NotFound."""
    customer = Customer.need(shop, Customer.id == step.customer_id)
    number = orders.Order.of(shop).count() + 1
    moment = clock.now()
    state = OrderState(
        id=str(number),
        number=f"#{number}",
        status=step.status,
        currency=shop.currency,
        placed_at=moment,
        modified_at=moment,
        lines=(Line("1", "sample", 1, step.amount),),
        total=step.amount,
    )
    orders.receive_of(shop, "generic", state, customer)


def redeem(shop: Shop, step: Redeem) -> None:
    """Have the customer redeem a reward. Raises NotFound, NotEnoughPoints and the reward's other refusals."""
    customer = Customer.need(shop, Customer.id == step.customer_id)
    redeeming.redeem(shop, customer, step.reward_id, key=new_id(), source=SOURCE)


def number_of(address: str) -> int:
    """Returns the number of the customer with this address, counted from 1 as they were added."""
    return int(address.partition("@")[0])


def _person(shop: Shop, name: str, birthday: date | None) -> Customer:
    """Returns a new customer with a verified address, which reaches nobody."""
    number = Customer.of(shop).count() + 1
    address = ADDRESS.format(number=number)
    customer = customer_edits.create(shop.id, Person(email=address, email_verified=True, name=name.strip()))
    if birthday is not None:  # known since before the notice that a new birthday needs
        born = birthday.replace(year=BIRTH_YEAR).isoformat()
        customers.update(customer, birthday=born, birthday_set_at=None)
    return customers.by_id(shop.id, customer.id)


def _become_member(customer: Customer) -> None:
    """Make the customer a member as of before the copy: nothing follows from it."""
    Customer.change(
        customer.shop_id, {Customer.status: "member", Customer.joined_at: clock.now()}, Customer.id == customer.id
    )


def _noon(shop: Shop, day: date | None) -> datetime:
    """Returns noon of the day, and now where that is later or no day is given."""
    if day is None:
        return clock.now()
    return min(clock.start_of(day, shop.timezone) + timedelta(hours=time(12).hour), clock.now())
