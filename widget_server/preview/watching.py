"""Watches a copy: what is there that was not there before is what happened."""

from datetime import datetime
from typing import cast

from peewee import fn

from widget_server import clock, ledger
from widget_server.db import among
from widget_server.delivery import mail
from widget_server.job_queue import Job, JobName
from widget_server.journal import Journal
from widget_server.json_types import JsonObject
from widget_server.ledger import Account, Transaction
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.history import timeline
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import expiry, tiers
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.preview.happenings import HappeningKind, entry_facts, stored
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import rewards
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.preview import people

ENTRIES = 100  # of a customer at one moment


class Watch:
    """What is known of a copy so far; `events` has what was found since, in order."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.events = shop, list[JsonObject]()
        self.forget()

    def forget(self) -> None:
        """Take what is there now as known, and drop the mails about it."""
        self.rows = self._rows()
        self.tiers = self._tiers()
        self.coupons = self._coupons()
        self.newest: tuple[object, object] | None = None
        Job.delete().where(Job.name == JobName.SEND_MAIL).execute()

    def note_customer(self, customer: Customer) -> None:
        """Note that a customer was added, with the points that they came with."""
        there = self._rows()
        brought = Transaction.of(self.shop).where(
            Transaction.source == people.SOURCE, among(Transaction.id, there.keys() - self.rows.keys())
        )
        self._add("customer", clock.now(), customer, {"points": sum(row.amount for row in brought)})
        self.rows |= {row.id: customer.id for row in brought}

    def look(self, moment: datetime) -> bool:
        """Find what happened until `moment`, which is the time of it; returns whether there was anything."""
        known, newest = len(self.events), self._newest_write()
        if newest == self.newest:
            return False
        self.newest = newest
        self._look_for_points(moment)
        self._look_for_tiers(moment)
        self._look_for_coupons(moment)
        self._look_for_mails(moment)
        return len(self.events) > known

    def _look_for_points(self, moment: datetime) -> None:
        there = self._rows()
        new = {id: owner for id, owner in there.items() if id not in self.rows}
        self.rows = there
        for owner in dict.fromkeys(new.values()):
            customer = Customer.need(self.shop, Customer.id == owner)
            account = ledger.account_of(self.shop.id, owner)
            with clock.at(moment):
                page = timeline.page(self.shop, customer, account, limit=ENTRIES)
            for entry in reversed(page.entries):
                if entry.id in new:
                    self._add("points", moment, customer, entry_facts(entry))

    def _look_for_tiers(self, moment: datetime) -> None:
        there = self._tiers()
        for owner, tier in there.items():
            before = self.tiers.get(owner)
            if tier != before:
                customer = Customer.need(self.shop, Customer.id == owner)
                self._add("tier", moment, customer, {"before": before, "after": tier})
        self.tiers = there

    def _look_for_coupons(self, moment: datetime) -> None:
        there = self._coupons()
        for id in (id for id, status in there.items() if self.coupons.get(id) != status):
            coupon = Coupon.need(self.shop, Coupon.id == id)
            customer = Customer.need(self.shop, Customer.id == coupon.customer_id)
            ends = clock.iso(coupon.expires_at) if coupon.expires_at else None
            facts = {"title": coupon.title, "code": coupon.code, "status": coupon.status, "expires_at": ends}
            self._add("coupon", moment, customer, cast(JsonObject, facts))
        self.coupons = there

    def _look_for_mails(self, moment: datetime) -> None:
        for job in list(Job.everywhere().where(Job.name == JobName.SEND_MAIL).order_by(Job.run_at, Job.id)):
            letter = mail.opened(job.payload)
            customer = Customer.one(self.shop, Customer.email == letter["to"])
            facts = {"template": letter["template"], "locale": letter["locale"], "values": letter["values"]}
            if customer is not None:
                self._add("mail", moment, customer, cast(JsonObject, facts))
            Job.delete().where(Job.id == job.id).execute()

    def _add(self, kind: HappeningKind, moment: datetime, customer: Customer, facts: JsonObject) -> None:
        self.events.append(stored(kind, moment, customer.name or "", facts))

    def _newest_write(self) -> tuple[object, object]:
        """Changes with every booking, tier, coupon and award, which the journal has entries of, and with every mail."""
        entries = Journal.of(self.shop, fn.MAX(Journal.number)).scalar()
        return entries, Job.everywhere().where(Job.name == JobName.SEND_MAIL).count()

    def _rows(self) -> dict[str, str]:
        """The customer of each booking, waiting award and order, by its id."""
        owners = dict(Account.of(self.shop, Account.id, Account.customer_id).tuples())
        booked = Transaction.of(self.shop, Transaction.id, Transaction.account_id).tuples()
        waiting = Award.of(self.shop, Award.id, Award.account_id).where(Award.status == "waiting").tuples()
        placed = Order.of(self.shop, Order.id, Order.customer_id).where(Order.customer_id.is_null(False)).tuples()
        return {id: owners[account_id] for id, account_id in (*booked, *waiting)} | dict(placed)

    def _tiers(self) -> dict[str, str | None]:
        names = {tier.id: tier.name for tier in tiers.listed(self.shop.id)}
        return {owner: names.get(tier_id) for owner, tier_id in self._tier_ids()}

    def _tier_ids(self) -> list[tuple[str, str]]:
        return list(Account.of(self.shop, Account.customer_id, Account.tier_id).order_by(Account.created_at).tuples())

    def _coupons(self) -> dict[str, str]:
        return dict(Coupon.of(self.shop, Coupon.id, Coupon.status).order_by(Coupon.created_at, Coupon.id).tuples())


def state_of(shop: Shop) -> JsonObject:
    """Returns the customers of the copy with their points now, and the rewards that can be redeemed."""
    there = sorted(Customer.of(shop), key=lambda customer: people.number_of(str(customer.email)))
    found = {
        "customers": [_customer(shop, customer) for customer in there],
        "rewards": [
            {"id": reward.id, "title": reward.title or reward.handle, "cost": reward.cost_points}
            for reward in rewards.in_force(shop)
            if reward.cost_points is not None and not reward.slides
        ],
    }
    return cast(JsonObject, found)


def _customer(shop: Shop, customer: Customer) -> dict[str, object]:
    account = ledger.account_of(shop.id, customer.id)
    next_one = expiry.next_expiry(shop, programs.of(shop.id), account) if account else None
    standing = tiers.standing(shop.id, account)
    return {
        "id": customer.id,
        "name": customer.name,
        "birthday": customer.birthday,
        "balance": account.balance if account else 0,
        "pending": account.pending if account else 0,
        "tier": standing.name if standing else None,
        "expires": {"points": next_one.points, "at": next_one.at.isoformat()} if next_one else None,
    }
