"""Joining and leaving the program, and what is noted of a customer meanwhile (acceptance 52)."""

from functools import partial

import pytest

from tests.make import World, at_once, who
from widget_server.errors import SignedOut
from widget_server.loyalty.people import customers, privacy

ANN = "ann@example.com"


# Joining and leaving


def test_joining_twice_is_once_also_at_the_same_time(world: World) -> None:
    world.rule("join", points=100)
    guest = world.visitor(ANN)
    same = [guest.customer for _ in range(4)]
    results = at_once(*[partial(customers.join, one) for one in same])
    assert sorted(results) == [False, False, False, True]
    assert guest.balance == 100
    assert len({guest.customer.referral_code, *(one.referral_code for one in same)}) == 1


def test_she_leaves_keeps_her_points_and_comes_back(world: World) -> None:  # acceptance 52
    ann = world.member(ANN)
    ann.is_given(70)
    code = ann.customer.referral_code
    customers.leave(ann.customer)
    assert not ann.customer.is_member
    assert customers.by_referral_code(world.shop.id, code) is None
    back = world.member(ANN)
    assert (back.id, back.balance, back.customer.referral_code) == (ann.id, 70, code)
    assert back.customer.left_at is None
    with pytest.raises(SignedOut):  # the panel she left on stays signed out
        who(world.shop, ann.token)


def test_what_was_read_earlier_does_not_undo_what_changed_meanwhile(world: World) -> None:
    ann = world.member(ANN, name="Ann")
    stale = ann.customer
    privacy.erase(world.shop, ann.customer)
    customers.update(stale, phone="0151 222")
    fresh = ann.customer
    assert (fresh.email, fresh.name, fresh.phone) == (None, None, "0151 222")
