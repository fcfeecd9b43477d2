"""Builds the world of a test: a shop, its program, its people and what they do, as actors."""

import itertools
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import jwt
import pytest
from hypothesis import HealthCheck, settings

from widget_server import clock, db, journal, ledger
from widget_server.ledger import Account
from widget_server.loyalty import audit_parts, reports
from widget_server.loyalty.earning import actions, orders, rules
from widget_server.loyalty.earning.order_states import Line, OrderState, Refund, RefundLine
from widget_server.loyalty.people import customers, recognition, sign_in, signed_in
from widget_server.loyalty.people.customers import Customer, Person
from widget_server.loyalty.points import adjustments, awards, tiers
from widget_server.loyalty.program import programs, shops
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals import referral_programs
from widget_server.loyalty.rewards import coupons, redeeming, rewards
from widget_server.loyalty.rewards.codes import Cart
from widget_server.loyalty.rewards.coupons import Coupon

SECRET = "a-secret-for-tests-that-is-long-enough-for-the-server"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
BERLIN_MIDNIGHT = datetime(2026, 3, 10, 23, tzinfo=UTC)  # of 11 March
PROOFS = bool(os.environ.get("PROOFS"))


@dataclass
class World:
    """One shop in EUR with an active program and no rules; `everyone` of its books can be checked."""

    shop: Shop
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def create(cls, *, active: bool = True, orders_from: date | None = date(2000, 1, 1), **facts: Any) -> "World":
        """An active program counts orders since 2000: stories place them where they like. None: since now."""
        values = {
            "name": "Fjord & Fern",
            "origins": ["http://shop.localhost:8001"],
            "currency": "EUR",
            "timezone": "Europe/Berlin",
            "locale": "en",
        }
        shop = shops.create(**{**values, **facts})
        programs.create(shop.id, "Fern Club")
        if active:
            known = programs.ProgramSettings(orders_from=orders_from).as_json()
            programs.Program.change(shop, {programs.Program.settings: known})
            programs.activate(shop.id)
        return cls(shop)

    @property
    def program(self) -> programs.Program:
        return programs.of(self.shop.id)

    def settings(self, **values: Any) -> None:
        """Change program settings."""
        known = {**self.program.rules.__dict__, **values}
        programs.update(self.shop.id, settings=programs.ProgramSettings(**known))

    def rule(self, kind: str, *, terms: rules.Terms | None = None, **facts: Any) -> rules.EarningRule:
        """An earning rule; `points=50`, or `rate_points=10, rate_per=1`."""
        facts.setdefault("position", next(self.numbers))
        handle = facts.pop("handle", f"{kind}-{facts['position']}")
        facts["settings"] = (terms or rules.Terms()).as_json()
        return rules.save_rule(self.shop, handle, kind=kind, **facts)

    def order_rule(self, points_per_unit: int = 10, **facts: Any) -> rules.EarningRule:
        """10 points for each 1.00 of goods."""
        return self.rule("order", rate_points=points_per_unit, rate_per=Decimal(1), **facts)

    def reward(self, kind: str = "amount", *, cost: int = 500, **facts: Any) -> rewards.Reward:
        """A reward: 5.00 off for 500 points unless told otherwise."""
        if kind == "amount":
            facts.setdefault("amount", Decimal(5))
        number = next(self.numbers)
        return rewards.save_reward(self.shop, f"{kind}-{number}", kind=kind, position=number, cost_points=cost, **facts)

    def tier(self, name: str, required: int, multiplier: str | None = None) -> tiers.Tier:
        """A tier; the tier program is switched on."""
        tiers.save_program(self.shop, active=True)
        return tiers.create(self.shop, name, required, multiplier=Decimal(multiplier) if multiplier else None)

    def refer(self, **settings: Any) -> referral_programs.ReferralProgram:
        """A referral program: 200 points for the advocate, 5.00 off for the friend, on the first paid order."""
        values: dict[str, Any] = {
            "active": True,
            "advocate_gift": {"kind": "points", "points": 200},
            "friend_gift": {"kind": "amount", "amount": "5.00"},
        }
        return referral_programs.save_program(self.shop, **{**values, **settings})

    def member(self, email: str = "ann@example.com", *, code: str | None = None, **facts: Any) -> "Shopper":
        """Somebody who signs up with an e-mail, by the code of the mail."""
        asked = sign_in.ask(self.shop, email, purpose="sign_up", locale="en", wishes={"referral_code": code, **facts})
        signed = sign_in.confirm(self.shop, asked.challenge, asked.code)
        return Shopper(self, signed.customer.id, signed.opened.token)

    def token(self, **claims: Any) -> str:
        """The shop's signed word on who is shopping (contracts §5); a claim of None is left out."""
        return self.signed(self.shop.identity_secret, **claims)

    def signed(self, identity_secret: str, **claims: Any) -> str:
        """The same, of a shop that has its secret at hand."""
        moment = clock.now()
        facts = {
            "aud": self.shop.id,
            "sub": "c-1",
            "jti": f"j{next(self.numbers)}",
            "iat": int(moment.timestamp()),
            "exp": int((moment + timedelta(minutes=5)).timestamp()),
            **claims,
        }
        known = {name: value for name, value in facts.items() if value is not None}
        return jwt.encode(known, identity_secret, "HS256")

    def vouched(self, sub: str, email: str | None = None, *, verified: bool = False, **wishes: Any) -> "Shopper":
        """Somebody signed in with the shop opens the panel."""
        word = self.token(sub=sub, email=email, email_verified=verified)
        signed = sign_in.with_identity(self.shop, word, **wishes)
        return Shopper(self, signed.customer.id, signed.opened.token)

    def guest_orders(self, email: str, goods: str = "20.00", **facts: Any) -> orders.Order:
        """Somebody who is not signed in buys, and types an address at the checkout."""
        facts.setdefault("id", f"o{next(self.numbers)}")
        facts.setdefault("lines", (line(goods),))
        return self.order(Person(email=email), **facts)

    def visitor(self, email: str = "guest@example.com") -> "Shopper":
        """Somebody the shop knows by an address only."""
        return Shopper(self, recognition.recognise(self.shop.id, Person(email=email)).id, "")

    def order(self, person: Person | None = None, *, platform: str = "generic", **facts: Any) -> orders.Order:
        """The shop tells the state of an order."""
        return orders.receive(self.shop, platform, state(**facts), person)

    def given_by_order(self) -> dict[str, int]:
        """What each order gives now, by its number."""
        numbers = {row.id: row.external_id for row in orders.Order.of(self.shop)}
        return {numbers[award.order_id]: award.points for award in awards.Award.of(self.shop) if award.points}

    def books_must_balance(self) -> None:
        """After every story (contracts §15)."""
        if db.database.in_transaction():  # of `undone`: the commit that would write the journal never comes
            journal.append_noted()
        every = (*audit_parts.PROOFS, *audit_parts.SUMS.values())
        checks = [check for check in every if check is not reports.audit_days]  # clocks jump
        wrong = [line for shop in Shop.everywhere() for check in checks for line in check(shop.id)]
        assert not wrong, wrong


@dataclass
class Shopper:
    """A person in the shop: she orders, redeems, returns, and looks at her points."""

    world: World
    id: str
    token: str

    @property
    def customer(self) -> Customer:
        return customers.by_id(self.world.shop.id, self.id)

    @property
    def account(self) -> Account:
        account = ledger.account_of(self.world.shop.id, self.id)
        assert account is not None
        return account

    @property
    def balance(self) -> int:
        account = ledger.account_of(self.world.shop.id, self.id)
        return account.balance if account else 0

    @property
    def pending(self) -> int:
        return int(self.account.pending)

    @property
    def debt(self) -> int:
        return int(self.account.debt)

    @property
    def person(self) -> Person:
        customer = self.customer
        return Person(email=customer.email, external_id=customer.external_id)

    def orders(self, goods: str = "20.00", **facts: Any) -> orders.Order:
        """She buys for `goods`; paid unless told otherwise."""
        facts.setdefault("id", f"o{next(self.world.numbers)}")
        if "lines" not in facts:
            facts["lines"] = (line(goods),)
        return self.world.order(self.person, **facts)

    def is_given(self, amount: int) -> None:
        """Staff give points."""
        account = ledger.open_account(self.world.shop.id, self.id)
        adjustments.earn_points(
            self.world.shop, account.id, amount, source="staff", key=f"gift-{next(self.world.numbers)}"
        )

    def redeems(self, reward: rewards.Reward, *, key: str | None = None, points: int | None = None) -> Coupon:
        """She buys a reward."""
        return redeeming.redeem(
            self.world.shop,
            self.customer,
            reward.id,
            key=key or f"redeem-{next(self.world.numbers)}",
            source="widget",
            points=points,
        )

    def returns(self, coupon: Coupon) -> Coupon:
        """She wants the points of a coupon instead."""
        key = f"return-{next(self.world.numbers)}"
        return coupons.return_for_points(self.world.shop, self.customer, coupon.id, key=key, source="widget")

    def does(self, kind: str, id: str | None = None, **facts: Any) -> int:
        """She does something that a rule may pay for; answers the points."""
        action = actions.Action(kind, id or f"a{next(self.world.numbers)}", **facts)
        return sum(row.amount for row in actions.fire(self.world.shop, self.customer, action, source="store:generic"))

    def history(self) -> list[tuple[str, int]]:
        """Newest first: cause and points."""
        return [(row.cause, row.amount) for row in ledger.history(self.world.shop.id, self.account.id, limit=1000)]


def day(text: str, hour: int = 12) -> datetime:
    """That day of 2026 unless it names its year, by UTC."""
    return clock.parse(f"{text if len(text) > 5 else '2026-' + text}T{hour:02}:00:00Z")


def line(subtotal: str, *, id: str = "1", product: str = "p1", **facts: Any) -> Line:
    """One line of goods."""
    money = {name: Decimal(facts.pop(name)) for name in ("discount", "tax") if name in facts}
    return Line(id=id, product_id=product, quantity=1, subtotal=Decimal(subtotal), **money, **facts)


def refund(amount: str, *, id: str = "r1", lines: dict[str, str] | None = None, **facts: Any) -> Refund:
    """Money paid back; `lines` maps a line's id to its amount."""
    money = {name: Decimal(facts.pop(name)) for name in ("shipping", "tax") if name in facts}
    named = tuple(RefundLine(name, 1, Decimal(value)) for name, value in (lines or {}).items())
    return Refund(id=id, amount=Decimal(amount), lines=named, **money, **facts)


def state(**facts: Any) -> OrderState:
    """The state of an order: paid, in EUR, now, of 20.00 unless told otherwise."""
    moment = clock.now()
    values: dict[str, Any] = {
        "id": "o1",
        "status": "paid",
        "currency": "EUR",
        "placed_at": moment,
        "modified_at": moment,
        "lines": (line("20.00"),),
    }
    values |= facts
    values.setdefault("number", f"#{values['id']}")
    for name in ("shipping", "discount", "tax"):
        values[name] = Decimal(values.get(name, 0))
    goods = sum((one.subtotal for one in values["lines"]), Decimal(0))
    values.setdefault("total", goods - values["discount"] + values["shipping"] + values["tax"])
    return OrderState(**values)


def cart(**facts: Any) -> Cart:
    """A cart of 50.00 in EUR that a shop asks about a code with."""
    values: dict[str, Any] = {"currency": "EUR", "subtotal": Decimal(50)}
    return Cart(**{**values, "collection_ids": frozenset(), "product_ids": frozenset(), **facts})


def who(shop: Shop, token: str) -> Customer:
    """The member with this session token in this shop."""
    return signed_in.at_panel(shop.embed_key, token).customer


def fresh(world: World, coupon: Coupon) -> Coupon:
    """The coupon as it is kept now."""
    return Coupon.need(world.shop, Coupon.id == coupon.id)


def tries(examples: int, **facts: Any) -> settings:
    """How often hypothesis tries a story: ten times as often when PROOFS is set."""
    number = examples * (10 if PROOFS else 1)
    return settings(max_examples=number, deadline=None, suppress_health_check=list(HealthCheck), **facts)


def proof(short: int, full: int = 2000, **facts: Any) -> settings:
    """How often hypothesis tries a property that is a proof: `short` in `make test`, `full` in `make proofs`."""
    facts.setdefault("stateful_step_count", 12)
    examples = full if PROOFS else short
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), **facts)


class _Undo(Exception):
    """Ends a transaction that must not be committed."""


@contextmanager
def undone() -> Iterator[None]:
    """What the block does to the database is taken back: the thousandth example finds what the first found."""
    with suppress(_Undo), db.atomic():
        yield
        raise _Undo


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run the acts in threads of their own, started together; answers what each returned or raised."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        db.connect()
        try:
            start.wait()
            return act()
        except Exception as refusal:
            return refusal
        finally:
            db.disconnect()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def refused(act: Callable[[], Any], kind: type[Exception]) -> Any:
    """What the act is refused with, which must be of this kind."""
    with pytest.raises(kind) as caught:
        act()
    return caught.value


def everything_kept() -> str:
    """Each value of each table of the database, one a line."""
    found = []
    for table in db.database.get_tables():
        rows = db.database.execute_sql(f'SELECT * FROM "{table}"').fetchall()
        found += [str(value) for row in rows for value in row]
    return "\n".join(found)


@contextmanager
def unjournaled(*tables: type[db.Table]) -> Iterator[None]:
    """Rows that are inserted into these tables have no entries of the journal: with a million it takes half an hour."""
    for table in tables:
        table.wrote = classmethod(lambda cls, rows: None)  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        for table in tables:
            del table.wrote
