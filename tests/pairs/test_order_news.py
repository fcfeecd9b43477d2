"""Proofs of what an order's news mean, whatever the sequence: each beside its twin, without the guard that holds it.

Guards, and what happens without each:

- `order_states.is_still_listed` (complete lists of refunds and additions are two things): a refund that staff
  deleted counts for ever.
- `order_goods.has_left` (a line that left took its refund along): its refund is taken off the other lines again.
- `order_goods.tax_is_inside` (the sender knows): tax is inside only where the total adds up to the cent.
- `order_goods.is_deduction` (a line below zero is a discount of the order): it is a line like any other.
- `inbox.is_part` (a sub-order is part of its purchase): it is an order of its own.
- `earning.standing_points` (a status is reached with the goods of then): all goods count once it was ever reached.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from tests.make import NOON, World, line, proof, refund, state, undone
from tests.stores import bodies
from widget_server import clock
from widget_server.db import canonical
from widget_server.loyalty.earning import order_goods, order_points, order_states
from widget_server.loyalty.earning.order_goods import goods
from widget_server.loyalty.earning.order_states import OrderState, Refund, RefundLine, add_child, add_refund, merge
from widget_server.stores import inbox, woocommerce
from widget_server.stores.messages import OrderSeen
from widget_server.stores.shapes import OrderSchema

Property = Callable[..., None]
HAIR = Decimal("0.000001")
minutes = st.integers(0, 4)
euros = st.integers(1, 90).map(Decimal)


def fails(proved: Property) -> None:
    """The very same property, tried with the same sequence of cases each time, does not hold now."""
    with pytest.raises(AssertionError):
        proof(600, derandomize=True, database=None, report_multiple_bugs=False, phases=[Phase.generate])(proved)()


def at(minute: int) -> Any:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=minute)


def told(minute: int, **facts: Any) -> OrderState:
    """What the shop tells of one order as of a minute."""
    return state(placed_at=NOON, modified_at=at(minute), **facts)


def kept(order: OrderState) -> Decimal:
    """The goods that were not given back."""
    return sum((one.kept for one in goods(order)), Decimal(0))


def alone(name: str, amount: Decimal, minute: int) -> Refund:
    """A refund that is told by itself."""
    return replace(refund(str(amount), id=name), created_at=at(minute))


News = OrderState | Refund
names = st.sampled_from(["r1", "r2", "r3", "r4"])


def heard(news: list[Any]) -> OrderState:
    """The state after these came one after the other; the first one is of the order itself."""
    known = merge(None, news[0])
    for one in news[1:]:
        if isinstance(one, Refund):
            known = add_refund(known, one)
        else:
            known = add_child(known, one) if one.parent_id else merge(known, one)
    return known


# Kind 5: complete lists and additions

lists = st.builds(
    lambda minute, ids, complete: told(
        minute,
        refunds=tuple(refund("3.00", id=name) for name in sorted(ids)),
        refunds_complete=complete,
        lines=(line("90.00"),),
    ),
    minutes,
    st.sets(names, max_size=3),
    st.booleans(),
)
additions = st.builds(alone, names, st.just(Decimal(3)), minutes)


def standing(news: list[News]) -> set[str]:
    """The refunds that stand, minute by minute: a complete list starts anew, all else adds."""
    found: set[str] = set()
    for minute in range(5):
        now = [
            one for one in news if (one.modified_at if isinstance(one, OrderState) else one.created_at) == at(minute)
        ]
        if any(isinstance(one, OrderState) and one.refunds_complete for one in now):
            found = set()
        for one in now:
            found |= {one.id} if isinstance(one, Refund) else {back.id for back in one.refunds}
    return found


def complete_lists() -> Property:
    """The property of refunds told in lists, complete or not, and by themselves."""

    @given(st.lists(lists, min_size=1, max_size=4), st.lists(additions, max_size=3), st.data())
    def refunds_are_what_the_lists_say(states: list[OrderState], lone: list[Refund], data: st.DataObject) -> None:
        news: list[News] = [*states, *lone]
        shuffled = data.draw(st.permutations(news + news[:2]))
        first = next(one for one in shuffled if isinstance(one, OrderState))
        found = heard([first, *shuffled])
        assert {one.id for one in found.given_back} == standing(news)
        assert kept(found) == 90 - 3 * len(standing(news))

    return refunds_are_what_the_lists_say


def test_refunds_are_what_the_lists_say() -> None:
    proof(150)(complete_lists())()


def test_twin_a_deleted_refund_that_counts_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_states, "is_still_listed", lambda refund, complete_as_of: True)
    fails(complete_lists())


def exchanges() -> Property:
    """The property of orders of which some lines are exchanged."""

    @given(st.lists(euros, min_size=2, max_size=5), st.data())
    def an_exchange_costs_what_went_back(prices: list[Decimal], data: st.DataObject) -> None:
        """Some lines leave the order, each with its refund; others come: what is in the order is what is kept."""
        lines = tuple(line(str(price), id=str(number)) for number, price in enumerate(prices))
        leaving = data.draw(st.sets(st.sampled_from(lines), max_size=len(lines) - 1))
        coming = tuple(line(str(price), id=f"new-{price}") for price in data.draw(st.sets(euros, max_size=2)))
        backs = tuple(
            Refund(id=f"r{one.id}", amount=one.subtotal, lines=(RefundLine(one.id, 1, one.subtotal),))
            for one in leaving
        )
        after = tuple(one for one in lines if one not in leaving) + coming
        news = [told(0, lines=lines), told(1, lines=after, refunds=backs, refunds_complete=data.draw(st.booleans()))]
        found = heard(data.draw(st.permutations(news)))
        assert abs(kept(found) - sum(one.subtotal for one in after)) < HAIR

    return an_exchange_costs_what_went_back


def test_an_exchange_costs_what_went_back() -> None:
    proof(100)(exchanges())()


def test_twin_a_refund_that_is_taken_off_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_goods, "has_left", lambda state, line_id: False)
    fails(exchanges())


everything = st.one_of(
    st.builds(
        lambda minute, status, ids, complete, number, due: told(
            minute,
            status=status,
            refunds=tuple(refund("3.00", id=name) for name in sorted(ids)),
            refunds_complete=complete,
            lines=(line("90.00", id=number),),
            payment_due=due,
        ),
        minutes,
        st.sampled_from(order_states.STATUSES),
        st.sets(names, max_size=2),
        st.booleans(),
        st.sampled_from("abc"),
        st.booleans(),
    ),
    additions,
    st.builds(
        lambda name, shipping, minute: replace(
            alone(name, Decimal(3), minute),
            shipping=shipping,
            lines=(RefundLine("a", 1, 3 - shipping),),
            parts_known=True,
        ),
        names,
        st.sampled_from([Decimal(0), Decimal(1)]),
        minutes,
    ),
    st.builds(
        lambda minute, number, status, ids: told(
            minute,
            id=f"child-{number}",
            parent_id="o1",
            status=status,
            refunds=tuple(refund("2.00", id=name) for name in sorted(ids)),
            refunds_complete=True,
        ),
        minutes,
        st.sampled_from("12"),
        st.sampled_from(["paid", "cancelled"]),
        st.sets(names, max_size=2),
    ),
)


@proof(200)
@given(lists, st.lists(everything, min_size=1, max_size=6), st.data())
def test_the_same_news_shuffled_doubled_and_late_is_the_same_state(
    first: OrderState, news: list[Any], data: st.DataObject
) -> None:  # acceptance 23
    again = data.draw(st.lists(st.sampled_from(news), max_size=4))
    shuffled = data.draw(st.permutations([first, *news, *again]))
    found, expected = heard([first, *shuffled]), heard([first, *news])
    assert canonical(found.as_json()) == canonical(expected.as_json())
    assert OrderState.from_json(found.as_json()) == found
    assert kept(found) == kept(expected)


# Kind 6: facts the sender knows

cents = st.integers(1000, 20_000).map(lambda number: Decimal(number) / 100)
TWENTIETH = Decimal("0.05")


def totals() -> Property:
    """The property of orders whose sender does not say whether tax is inside."""

    @given(st.lists(cents, min_size=1, max_size=4), st.booleans(), st.data())
    def an_old_sender_s_total_tells_where_its_tax_is(nets: list[Decimal], inside: bool, data: st.DataObject) -> None:
        """Tax of 20 % on each line; the total is rounded as cash is, holds a fee, or is what was left to pay."""
        taxes = [(net / 5).quantize(Decimal("0.01")) for net in nets]
        lines = tuple(
            line(str(net + tax if inside else net), id=str(number), tax=str(tax))
            for number, (net, tax) in enumerate(zip(nets, taxes, strict=True))
        )
        tax = sum(taxes, Decimal(0))
        owed = sum(nets, Decimal(0)) + tax
        rounded = (owed / TWENTIETH).quantize(Decimal(1)) * TWENTIETH
        fee = tax / 2 if inside else 2 * tax
        totals = [owed, rounded, owed + fee] + ([owed / 2, Decimal(0)] if inside else [])
        order = state(lines=lines, tax=str(tax), total=data.draw(st.sampled_from(totals)))
        assert abs(kept(order) - sum(nets, Decimal(0))) < HAIR
        said = replace(order, tax_included=inside, total=data.draw(cents))
        assert abs(kept(said) - sum(nets, Decimal(0))) < HAIR

    return an_old_sender_s_total_tells_where_its_tax_is


def test_an_old_sender_s_total_tells_where_its_tax_is() -> None:
    proof(150)(totals())()


def test_twin_tax_is_inside_where_the_total_adds_up_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    def guessed(order: OrderState) -> bool:
        goods_value = sum((one.subtotal - one.discount for one in order.lines), Decimal(0))
        return order.tax > 0 and order.total == goods_value + order.shipping

    monkeypatch.setattr(order_goods, "tax_is_inside", guessed)
    fails(totals())


# Kind 7: not all-or-nothing on one line; one purchase counts once


def lines_below_zero() -> Property:
    """The property of orders with lines below zero, as a shop sends them."""

    @given(st.lists(cents, min_size=0, max_size=3), st.lists(cents, min_size=1, max_size=3), st.data())
    def a_line_below_zero_lowers_the_goods(bought: list[Decimal], off: list[Decimal], data: st.DataObject) -> None:
        rate = data.draw(st.sampled_from([Decimal(0), Decimal("0.25")]))
        inside = data.draw(st.booleans())

        def sold(number: int, net: Decimal) -> dict[str, Any]:
            tax = net * rate
            return {"id": str(number), "quantity": 1, "subtotal": str(net + tax if inside else net), "tax": str(tax)}

        lines = [sold(number, net) for number, net in enumerate([*bought, *(-one for one in off)])]
        whole = sum(bought, Decimal(0)) - sum(off, Decimal(0))
        body = {
            "id": "1",
            "status": "paid",
            "currency": "EUR",
            "placed_at": "2026-03-10T12:00:00Z",
            "lines": data.draw(st.permutations(lines)),
            "tax": str(whole * rate),
            "tax_included": inside,
            "total": str(whole * (1 + rate)),
        }
        order, _ = OrderSchema().load(body)
        assert abs(kept(order) - max(whole, Decimal(0))) < HAIR
        alone, _ = OrderSchema().load({**body, "lines": lines[: len(bought)]})
        assert kept(order) <= kept(alone)

    return a_line_below_zero_lowers_the_goods


def test_a_line_below_zero_lowers_the_goods() -> None:
    proof(150)(lines_below_zero())()


def test_twin_a_line_below_zero_is_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_goods, "is_deduction", lambda line: False)
    fails(lines_below_zero())


@proof(100)
@given(
    st.lists(st.tuples(st.integers(-9000, 9000), st.integers(-3, 3)), min_size=1, max_size=4),
    st.lists(st.integers(1, 9000), max_size=2),
)
def test_no_line_of_a_woocommerce_order_parks_it(rows: list[tuple[int, int]], backs: list[int]) -> None:
    lines = [
        {
            "id": number,
            "name": "x",
            "product_id": 1,
            "quantity": pieces,
            "subtotal": str(cent / 100),
            "total": str(cent / 100),
        }
        for number, (cent, pieces) in enumerate(rows, start=1)
    ]
    total = str(sum(cent for cent, _ in rows) / 100)
    refunds = [bodies.woo_refund(number, str(cent / 100)) for number, cent in enumerate(backs, start=50)]
    order = bodies.woo_order(line_items=lines, total=total, total_tax="0.00", shipping_total="0.00", refunds=refunds)
    message = woocommerce.translate("order.updated", bodies.encoded(order))
    assert isinstance(message, OrderSeen)
    loaded, _ = OrderSchema().load(message.order)
    assert kept(loaded) >= 0


def purchase_in_records(world: World) -> Property:
    """The property of one purchase that a shop splits into records, in shops of their own beside `world`."""

    @given(st.lists(st.integers(1, 50), min_size=1, max_size=3), st.data())
    @undone()
    def counts_once(parts: list[int], data: st.DataObject) -> None:
        shop = World.create()
        shop.order_rule(10)
        whole, back = sum(parts), data.draw(st.integers(0, min(parts)))
        records = [record("40", whole)]
        for number, worth in enumerate(parts):
            refunds = [{"id": f"r{number}", "amount": str(back)}] if back else []
            records.append(record(f"40-{number}", worth, parent_id="40", refunds=refunds))
        for body in data.draw(st.permutations(records + records[1:2])):
            inbox.deliver(shop.shop, "generic", "order", json.dumps(body).encode())
        assert shop.visitor("ann@example.com").balance == 10 * (whole - back * len(parts))

    return counts_once


def record(number: str, worth: int, **facts: Any) -> dict[str, Any]:
    """One record of a purchase."""
    return {
        "id": number,
        "status": "paid",
        "currency": "EUR",
        "placed_at": "2026-03-10T12:00:00Z",
        "customer": {"email": "ann@example.com"},
        "lines": [{"id": f"{number}-1", "subtotal": str(worth)}],
        "total": str(worth),
        "refunds_complete": True,
        **facts,
    }


def test_one_purchase_in_several_records_counts_once(world: World) -> None:
    proof(15)(purchase_in_records(world))()


def test_twin_a_sub_order_is_an_order_of_its_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "is_part", lambda order: False)
    fails(purchase_in_records(world))


# Kind 8: a status is reached once, the goods change later

steps = st.lists(
    st.tuples(st.sampled_from(["placed", "paid", "fulfilled", "cancelled"]), st.integers(1, 9), st.integers(0, 3)),
    min_size=1,
    max_size=4,
)


def order_that_is_edited(after_fallback: str) -> Property:
    """The property of an order's points and pending ones after edits, against the story told in its sequence."""

    @given(steps, st.data())
    @undone()
    def earns_what_is_paid(story: list[tuple[str, int, int]], data: st.DataObject) -> None:
        shop = World.create()
        shop.settings(after_fallback=after_fallback)
        shop.order_rule(10)
        ann = shop.member()
        news = [
            told(
                minute,
                status=status,
                lines=(line(f"{worth}.00"),),
                refunds=(refund(f"{back}.00"),) if back else (),
                refunds_complete=True,
            )
            for minute, (status, worth, back) in enumerate(story)
        ]
        with clock.at(NOON + timedelta(hours=1)):
            for one in data.draw(st.permutations(news + news[:1])):
                ann.orders(**{name: getattr(one, name) for name in one.__dataclass_fields__})
        assert (ann.balance, ann.pending) == expected(story, after_fallback)
        shop.books_must_balance()

    return earns_what_is_paid


def expected(story: list[tuple[str, int, int]], after_fallback: str) -> tuple[int, int]:
    """Spendable and pending points at the end of the story."""
    status, worth, back = story[-1]
    now = max(worth - back, 0) * 10
    if status == "cancelled":
        return 0, 0
    if status != "placed":
        return now, 0
    paid = [one for one in story if one[0] in ("paid", "fulfilled")]
    if not paid or after_fallback == "wait":
        return 0, now
    stays = min(now, max(paid[-1][1] - back, 0) * 10)
    return stays, now - stays


@pytest.mark.parametrize("after_fallback", ["keep", "wait"])
def test_an_edited_order_earns_what_it_reached_its_status_with(world: World, after_fallback: str) -> None:
    proof(25)(order_that_is_edited(after_fallback))()


def test_twin_all_goods_count_once_the_status_was_reached(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_points, "standing_points", lambda state, rate, wanted: wanted)
    fails(order_that_is_edited("keep"))
