"""A shop with a row of every kind that a page shows, and the address of each page about them.

`fill(world)` writes hostile texts wherever a customer, a file or a shop can; `fill(world, PLAIN)` the texts of a quiet
shop, for pictures. `address(shop, rule)` puts the ids of its rows into the path of a page.
"""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from tests import walk_dashboard
from tests.make import World, line
from widget_server import clock, dashboard, jobs, ledger
from widget_server.dashboard.pages import Rule
from widget_server.db import new_id
from widget_server.delivery import endpoints
from widget_server.ledger import Account
from widget_server.loyalty import audit_log, versions
from widget_server.loyalty.audit_log import Actor
from widget_server.loyalty.earning import campaigns, orders, rules
from widget_server.loyalty.earning.rules import Terms
from widget_server.loyalty.imports import imports, uploads
from widget_server.loyalty.imports.imports import Import
from widget_server.loyalty.people import api_keys, customer_edits, saved_views
from widget_server.loyalty.people.customers import Person
from widget_server.loyalty.points import adjustments, batches
from widget_server.loyalty.points.adjustments import Annotation
from widget_server.loyalty.preview import copies
from widget_server.loyalty.preview.steps import AddSample, Move, PlaceOrder
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.letter_kinds import ON_AT_FIRST
from widget_server.loyalty.rewards.rewards import Reward
from widget_server.loyalty.staff import accounts, members
from widget_server.loyalty.till import sales
from widget_server.program_file import stored_drafts

HOSTILE = (
    "<script>window.hacked=1</script>",
    '"><img src=x onerror=window.hacked=1>',
    "</title><svg/onload=window.hacked=1>",
    "' autofocus onfocus=window.hacked=1 x='",
    "javascript:window.hacked=1",
    "{{7*7}}${7*7}%(name)s",
)
PLACE = re.compile(r"<(?:[^<>:]+:)?(\w+)>")


class Texts(NamedTuple):
    """What people, files and the shop wrote."""

    rule: str
    description: str
    action: str
    reward: str
    tier: str
    campaign: str
    name: str
    phone: str
    note: str
    labels: tuple[str, str]
    number: str
    number_of_friend: str
    product: str
    reason: str
    comment: str
    friend: str
    guest: str
    receipt: str
    order_body: str
    view: str
    key: str
    file: str
    staff: str


def _hostile() -> Texts:
    script, image, title, attribute, address, braces = HOSTILE
    return Texts(
        rule=script, description=image, action=title, reward=image, tier=attribute[:40], campaign=script, name=script,
        phone=image, note=title + image, labels=(script, attribute), number=script, number_of_friend=address,
        product=image, reason=script, comment=image, friend=attribute, guest=braces, receipt=image,
        order_body=script, view=image, key=script, file=script, staff=attribute,
    )  # fmt: skip


PLAIN = Texts(
    rule="Points for each order", description="Thank you for shopping with us", action="Bring an old cup back",
    reward="5.00 off", tier="Fern", campaign="Spring week", name="Ann Berger", phone="+49 170 1234567",
    note="Likes green tea. Moved to Kiel in March.", labels=("regular", "tea"), number="#1001",
    number_of_friend="#1002", product="Stoneware mug", reason="Parcel was late",
    comment="Sorry for the wait – these are for you.", friend="Bo Lindqvist", guest="Guest", view="Tea people",
    receipt="T-204", order_body='{"id": "1003", "total": "?"}', key="Newsletter tool", file="march.csv",
    staff="Sam Support",
)  # fmt: skip


@dataclass
class FullShop:
    """What is in it: the ids that addresses of pages contain, and addresses that show further states."""

    world: World
    customer_id: str
    other_id: str
    order_id: str
    coupon_id: str
    sale_id: str
    batch_id: str
    import_id: str
    member_id: str
    more: list[str]
    sample_id: str
    number: str


IDS: dict[str, Callable[[FullShop], str]] = {  # of others: the first row of the table (tests/walk_dashboard.py)
    "customer_id": lambda shop: shop.customer_id,
    "order_id": lambda shop: shop.order_id,
    "coupon_id": lambda shop: shop.coupon_id,
    "rule_id": lambda shop: rules.listed_all(shop.world.shop)[0].id,
    "batch_id": lambda shop: shop.batch_id,
    "import_id": lambda shop: shop.import_id,
    "member_id": lambda shop: shop.member_id,
    "sample_id": lambda shop: shop.sample_id,
    "number": lambda shop: shop.number,
    "entry_id": lambda shop: next(one.entry.id for one in versions.listed(shop.world.shop) if one.obstacle is None),
}
OF_PAGE: dict[str, Callable[[FullShop], dict[str, str]]] = {  # where a page is about a row of its own kind
    "dashboard_orders.refund": lambda shop: {"order_id": shop.sale_id},
    "dashboard_draft_edits.rule": lambda shop: {"handle": rules.listed_all(shop.world.shop)[0].handle},
    "dashboard_draft_edits.reward": lambda shop: {"handle": Reward.of(shop.world.shop).first().handle},
    "dashboard_draft_edits.new_reward": lambda shop: {"kind": "amount"},
}
OF_A_COPY = {f"dashboard_test_clock.{page}" for page in ("add_sample", "add_copied", "anew", "discard", "letter")}
OF_A_COPY.add("dashboard_test_clock.letter_preview")
WORDS: dict[str, dict[str, str]] = {"dashboard_rewards": {"kind": "amount"}}  # where a word depends on the noun


def pages() -> list[Rule]:
    """Returns the pages that a GET shows to staff, in the order of the nouns."""
    rules_of_all = (rule for noun in dashboard.PAGES for rule in noun.rules)
    return [rule for rule in rules_of_all if rule.action is not None and "GET" in rule.methods]


def address(shop: FullShop, rule: Rule) -> str:
    """Returns the path of the page, about rows of the shop. Raises KeyError for a part of a path without an id."""
    return PLACE.sub(lambda place: _value(shop, rule, place[1]), rule.path)


def address_without_rows(rule: Rule) -> str | None:
    """Returns the path of a page that is about no row, or None."""
    if rule.endpoint in OF_A_COPY:
        return None
    words = _words(rule)
    known = all(name in words for name in PLACE.findall(rule.path))
    return PLACE.sub(lambda place: words[place[1]], rule.path) if known else None


def _words(rule: Rule) -> dict[str, str]:
    return {**walk_dashboard.WORDS, **WORDS.get(rule.endpoint.partition(".")[0], {})}


def _value(shop: FullShop, rule: Rule, name: str) -> str:
    own = OF_PAGE[rule.endpoint](shop) if rule.endpoint in OF_PAGE else {}
    if name in own:
        return own[name]
    if name in IDS:
        return IDS[name](shop)
    words = _words(rule)
    return words[name] if name in words else walk_dashboard.first(shop.world, walk_dashboard.ROWS[name])


def fill(world: World, texts: Texts | None = None) -> FullShop:
    """Customers, orders, points by hand, a coupon, referrals, a program, settings, staff and files with these texts."""
    texts = texts or _hostile()
    _program(world, texts)
    _settings(world, texts)
    reward = world.reward(cost=100, title=texts.reward, description=texts.description)
    ann = world.vouched("c-1", "ann@example.com", verified=True)
    customer_edits.edit(
        world.shop.id, ann.id, name=texts.name, phone=texts.phone, notes=texts.note, labels=list(texts.labels),
        birthday=date(1990, 3, 10),
    )  # fmt: skip
    order = ann.orders("80.00", id="o-1", number=texts.number, lines=(line("80.00", name=texts.product),))
    account = ledger.open_account(world.shop.id, ann.id)
    note = Annotation(reason=texts.reason, comment=texts.comment)
    adjustments.adjust(world.shop, account.id, source="admin", key=new_id(), by=50, annotation=note)
    coupon = ann.redeems(reward)
    friend = world.vouched("c-2", "friend@example.com", verified=True, referral_code=ann.customer.referral_code)
    customer_edits.edit(world.shop.id, friend.id, name=texts.friend)
    friend.orders("20.00", id="o-2", number=texts.number_of_friend)
    guest = customer_edits.create(world.shop.id, Person(email="guest@example.com", name=texts.guest))
    world.guest_orders("guest@example.com", "9.00", id="o-3", number=texts.guest)
    sale = sales.book(world.shop, ann.id, Decimal("12.50"), key="full-sale", receipt=texts.receipt)
    orders.park(world.shop, "generic", "order", texts.order_body.encode(), reason=texts.comment)
    batch = batches.bulk_adjust(
        world.shop, Account.of(world.shop, Account.id), source="staff", key="full-1", by=5, annotation=note
    )
    saved_views.save(world.shop, texts.view, {"status": "member"})
    _change_something(world)
    colleague = accounts.open_account("colleague@fjord.example", texts.staff)
    member = members.of_account(world.shop.id, colleague.id) or members.add(world.shop, colleague, "support")
    jobs.run_all()
    booked, tried, matched = (_import(world, texts.file, number) for number in range(3))
    more = [f"/dashboard/imports/{one.id}" for one in (tried, matched)]
    assert Account.of(world.shop).count() >= 2 and guest.id
    stored_drafts.create(world.shop, texts.view)
    sample_id, number = _copy(world, texts.name)
    return FullShop(
        world, ann.id, friend.id, order.id, coupon.id, sale.order.id, batch.id, booked.id, member.id, more,
        sample_id, number,
    )  # fmt: skip


def _program(world: World, texts: Texts) -> None:
    """Rules, a tier, a campaign, referrals, letters."""
    world.settings(letters=ON_AT_FIRST)
    world.order_rule(title=texts.rule, description=texts.description)
    world.rule("custom", points=5, title=texts.action, terms=Terms(name="cup"))
    world.tier(texts.tier, 100)
    world.refer()
    today = clock.now()
    campaigns.create(
        world.shop, texts.campaign, multiplier=Decimal(2), starts_at=today + timedelta(days=9),
        ends_at=today + timedelta(days=16),
    )  # fmt: skip


def _settings(world: World, texts: Texts) -> None:
    """A receiver of events and a key."""
    endpoints.create(world.shop.id, url="https://hooks.example/loyalty", description=texts.key)
    api_keys.create_key(world.shop.id, texts.key)


def _change_something(world: World) -> None:
    """A change of the program that can be taken back, made by nobody in particular."""
    with audit_log.acting(Actor("shell", name="root")):
        programs.update(world.shop.id, name="Fern & Friends")


def _copy(world: World, name: str) -> tuple[str, str]:
    """A preview copy: the id of its customer, and the number of a mail that was written in it."""
    copies.begin(world.shop)
    state = copies.take(world.shop, AddSample(name, 50)).state
    sample_id = str(state["customers"][0]["id"])
    copies.take(world.shop, PlaceOrder(sample_id, Decimal(20), "fulfilled"))
    copies.take(world.shop, Move(clock.now() + timedelta(days=90), is_to_first=False, seconds=20))
    happened = copies.happened(copies.need(world.shop), before=None, limit=copies.PAGE)
    return sample_id, next(str(number) for number, one in happened if one.kind == "mail")


def _import(world: World, name: str, number: int) -> Import:
    """The first file is booked, the second has its preview, and of the third the columns are to be matched."""
    upload = uploads.new_upload(world.shop)
    rows = f"email,points\nann@example.com,{5 + number}\n{'nobody@example.com' if number else 'ann'},1\n"
    uploads.receive(upload.id, io.BytesIO(rows.encode()))
    made = imports.create(world.shop, upload.id, file_name=name)
    jobs.run_all()
    if number < 2:
        imports.begin_preview(world.shop, made.id)
        jobs.run_all()
    if number == 0:
        imports.execute(world.shop, made.id, source="staff")
        jobs.run_all()
    return made
