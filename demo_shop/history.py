"""The history of the demo shop: some people and months of orders, sent as the usual signed messages.

People, carts and outcomes are the same every time, with dates counted back from today.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from demo_shop.bodies import BuyerBody, Source, now
from demo_shop.carts import price
from demo_shop.catalogue import PRODUCTS
from demo_shop.customers import Customer, Profile
from demo_shop.shop import Shop

DEMO_PASSWORD = "fern-and-fjord"  # noqa: S105 - a demonstration's, printed in its guide
_SEED = 1850


@dataclass(frozen=True)
class _Person:
    name: str
    email: str
    days_ago: int
    orders: int
    verified: bool = True
    birthday: str | None = None
    newsletter: bool = False


_PEOPLE = (
    _Person("Mara Lindqvist", "mara@fjord.example", 320, 9, birthday="1988-03-14", newsletter=True),
    _Person("Jonas Weber", "jonas.weber@fjord.example", 290, 7, newsletter=True),
    _Person("Aiko Tanaka", "aiko@fjord.example", 255, 6, birthday="1993-09-02"),
    _Person("Claire Dubois", "claire.dubois@fjord.example", 210, 5, birthday="1979-12-30", newsletter=True),
    _Person("Samir Haddad", "samir@fjord.example", 160, 5),
    _Person("Lucía Ortega", "lucia.ortega@fjord.example", 120, 4, birthday="2001-06-21"),
    _Person("Tom Becker", "tom.becker@fjord.example", 75, 3, verified=False),
    _Person("Ingrid Solheim", "ingrid@fjord.example", 20, 1, newsletter=True),
)
_GUESTS = (("Paula Novak", "paula.novak@guest.example", 140), ("Ben Carter", "ben.carter@guest.example", 33))
_REVIEWS = (
    (0, "p1", 5, "Has doubled since spring, on a north sill."),
    (1, "p4", 4, "The handle fits two fingers. I wish it were three."),
    (2, "p9", 5, "Mist it every morning and it forgives the rest."),
    (3, "p2", 5, "The sand colour is warmer than in the drawing."),
)
# the outcomes of the orders, in turn; most are fulfilled
_FATES = (
    "fulfilled",
    "fulfilled",
    "line back",
    "fulfilled",
    "fulfilled",
    "cancelled",
    "fulfilled",
    "some back",
    "fulfilled",
    "fulfilled",
    "all back",
    "fulfilled",
    "never paid",
)


def write(shop: Shop) -> str:
    """Create the shop's history, once, and send it; returns a line for the terminal."""
    if not shop.orders.newest(1):
        _live(shop, now())
    shop.outbox.flush()
    waiting = shop.outbox.waiting()
    if waiting.count:
        return f"The history was created; {waiting.count} messages wait for the loyalty server."
    return f"The history was created: {len(shop.orders.newest(1000))} orders, all sent to the loyalty server."


def first_customer(shop: Shop) -> Customer:
    """Returns the customer with the longest history; raises LookupError when there is none."""
    customer = shop.customers.find(1)
    if customer is None:
        raise LookupError("The shop has no history yet.")
    return customer


def _live(shop: Shop, today: datetime) -> None:
    dice = random.Random(_SEED)  # noqa: S311 - a story, not a secret
    customers = [_register(shop, person, today) for person in _PEOPLE]
    buys: list[tuple[datetime, BuyerBody]] = [
        (today - timedelta(days=days_ago, hours=5), _guest(name, email)) for name, email, days_ago in _GUESTS
    ]
    for person, customer in zip(_PEOPLE, customers, strict=True):
        days = sorted(dice.sample(range(1, person.days_ago), person.orders), reverse=True)
        buys += [(today - timedelta(days=day, minutes=dice.randrange(600)), customer.as_buyer()) for day in days]
    buys.append((today - timedelta(days=1), customers[0].as_buyer()))  # not packed yet
    for count, (at, buyer) in enumerate(sorted(buys, key=lambda buy: buy[0]), 1):
        source: Source = "pos" if buyer["id"] and count % 9 == 0 else "web"
        _buy(shop, f"history-{count}", buyer, source, _FATES[count % len(_FATES)], at, today, dice)
    for who, product_id, stars, words in _REVIEWS:
        at = today - timedelta(days=10 + who)
        shop.reviews.write(customers[who], product_id, stars=stars, words=words, at=at)


def _register(shop: Shop, person: _Person, today: datetime) -> Customer:
    return shop.customers.register(
        person.email,
        DEMO_PASSWORD,
        Profile(person.name, birthday=person.birthday, accepts_marketing=person.newsletter),
        at=today - timedelta(days=person.days_ago),
        email_verified=person.verified,
    )


def _guest(name: str, email: str) -> BuyerBody:
    return {"id": None, "email": email, "email_verified": False, "name": name, "phone": None}


def _buy(
    shop: Shop,
    key: str,
    buyer: BuyerBody,
    source: Source,
    fate: str,
    at: datetime,
    today: datetime,
    dice: random.Random,
) -> None:
    """Create one order and the events of its outcome up to today."""
    basket = {id: dice.choice((1, 1, 1, 2)) for id in dice.sample(list(PRODUCTS), dice.choice((1, 2, 2, 3)))}
    orders = shop.orders
    order = orders.place(orders.number_for(key), price(basket), buyer, at=at, address="Fjordgata 1", source=source)
    paid, sent, back = at + timedelta(minutes=3), at + timedelta(days=2), at + timedelta(days=9)
    if fate == "never paid" and source == "web":
        return
    orders.pay(order.id, paid)
    if fate == "cancelled":
        if at + timedelta(days=1) <= today:
            orders.cancel(order.id, at + timedelta(days=1))
        return
    if source == "pos" or sent <= today:
        orders.fulfil(order.id, paid if source == "pos" else sent)
    if back <= today:
        _bring_back(shop, order.id, fate, back)


def _bring_back(shop: Shop, order_id: str, fate: str, at: datetime) -> None:
    match fate:
        case "line back":
            shop.orders.refund_line(order_id, "1", 1, at)
        case "some back":
            shop.orders.refund_amount(order_id, Decimal("5.00"), at)
        case "all back":
            shop.orders.refund_all(order_id, at)
