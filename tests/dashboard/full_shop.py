"""A shop with a row of every kind, in which every text that a customer, a file or a shop can reach is hostile."""

from dataclasses import dataclass
from datetime import date

from tests.make import World, line
from widget_server import ledger
from widget_server.db import new_id
from widget_server.ledger import Account
from widget_server.loyalty.people import customer_edits
from widget_server.loyalty.people.customers import Person
from widget_server.loyalty.points import adjustments
from widget_server.loyalty.points.adjustments import Annotation

HOSTILE = (
    "<script>window.hacked=1</script>",
    '"><img src=x onerror=window.hacked=1>',
    "</title><svg/onload=window.hacked=1>",
    "' autofocus onfocus=window.hacked=1 x='",
    "javascript:window.hacked=1",
    "{{7*7}}${7*7}%(name)s",
)


@dataclass
class FullShop:
    """What is in it: the ids that addresses of pages contain."""

    world: World
    customer_id: str
    other_id: str
    order_id: str
    coupon_id: str


def fill(world: World) -> FullShop:
    """Customers, an order, points by hand, a coupon, a referral, rules, rewards, tiers, with hostile texts."""
    script, image, title, attribute, address, braces = HOSTILE
    world.order_rule(title=script, description=image)
    world.rule("custom", points=5, title=title, terms=None)
    reward = world.reward(cost=100, title=image, description=script)
    world.tier(attribute[:40], 100)
    world.refer()
    ann = world.vouched("c-1", "ann@example.com", verified=True)
    customer_edits.edit(
        world.shop.id, ann.id, name=script, phone=image, notes=title + image, labels=[script, attribute],
        birthday=date(1990, 3, 10),
    )  # fmt: skip
    order = ann.orders("80.00", id="o-1", number=script, lines=(line("80.00", name=image),))
    account = ledger.open_account(world.shop.id, ann.id)
    adjustments.adjust(
        world.shop, account.id, source="admin", key=new_id(), by=50, annotation=Annotation(reason=script, comment=image)
    )
    coupon = ann.redeems(reward)
    friend = world.vouched("c-2", "friend@example.com", verified=True, referral_code=ann.customer.referral_code)
    customer_edits.edit(world.shop.id, friend.id, name=attribute)
    friend.orders("20.00", id="o-2", number=address)
    guest = customer_edits.create(world.shop.id, Person(email="guest@example.com", name=braces))
    world.guest_orders("guest@example.com", "9.00", id="o-3", number=braces)
    assert Account.of(world.shop).count() >= 2 and guest.id
    return FullShop(world, ann.id, friend.id, order.id, coupon.id)
