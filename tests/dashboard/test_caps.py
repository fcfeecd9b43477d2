"""The caps of points hold on the card, at the till, in bulk and for imports by one count (acceptance 59)."""

from collections.abc import Callable
from functools import partial

from tests.dashboard.conftest import Desk
from tests.dashboard.test_bulk import change
from tests.dashboard.test_imports import previewed
from tests.make import World, at_once
from widget_server import jobs
from widget_server.loyalty.points.batch_tables import Batch
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.staff import members, point_caps
from widget_server.loyalty.staff.members import Caps, StaffMember
from widget_server.loyalty.till import till_codes


def capped(desk: Desk, world: World, each: int | None, day: int | None) -> StaffMember:
    """The member behind the desk, with these caps."""
    member = StaffMember.need(world.shop, StaffMember.account_id == desk.account.id)
    return members.change(world.shop, member.id, member.role, Caps(each, day))


def moved(world: World, member: StaffMember) -> int:
    """What counts against the cap of the day."""
    return point_caps.moved_today(world.shop, member)


def test_two_tills_at_once_do_not_pass_the_cap_of_the_day(desk_of: Callable[..., Desk], world: World) -> None:
    world.order_rule()
    people = [world.member(f"{name}@example.com") for name in ("ann", "bob", "cem", "dua")]
    tills = [desk_of("support") for _ in people]
    member = capped(tills[0], world, 500, 1_000)
    tokens = [till.token for till in tills]

    def sells(number: int) -> int:
        sale = {"csrf_token": tokens[number], "amount": "40.00", "request_key": f"key-0000{number}"}
        return tills[number].client.post(f"/dashboard/till/{people[number].id}/sale", data=sale).status_code

    done = at_once(*[partial(sells, number) for number in range(4)])
    assert sorted(done) == [303, 303, 422, 422]
    assert (sorted(person.balance for person in people), moved(world, member)) == ([0, 0, 400, 400], 800)


def test_the_card_and_the_till_have_one_count(desk_of: Callable[..., Desk], world: World) -> None:
    world.order_rule()
    reward = world.reward(cost=100)
    ann = world.member()
    ann.is_given(1_000)
    support = desk_of("support")
    member = capped(support, world, 200, 500)
    assert support.post(f"/customers/{ann.id}/give", points="150", request_key="key-0001").status_code == 303
    for _ in range(2):  # the same press twice counts once
        assert support.post(f"/till/{ann.id}/sale", amount="12.00", request_key="key-0002").status_code == 303
    assert moved(world, member) == 270
    path = f"/till/{ann.id}/redeem/{reward.id}"
    for _ in range(2):
        assert support.post(path, request_key="key-0003", checked="y").status_code == 303
    coupon = Coupon.need(world.shop, Coupon.customer_id == ann.id)
    for key in ("key-0004", "key-0005"):
        support.post(f"/customers/{ann.id}/coupons/{coupon.id}/return", request_key=key)
    assert (moved(world, member), ann.balance) == (470, 1_270)
    for path, fields in (
        (f"/customers/{ann.id}/give", {"points": "31"}),
        (f"/customers/{ann.id}/edit-balance", {"points": "-31", "way": "change"}),
        (f"/till/{ann.id}/sale", {"amount": "3.10"}),
        (f"/till/{ann.id}/redeem/{reward.id}", {"checked": "y"}),
    ):
        refused = support.post(path, request_key="key-0006", **fields)
        assert refused.status_code == 422 and "Your role may give 30 points here" in refused.text, path
    assert (moved(world, member), ann.balance) == (470, 1_270)


def test_a_coupon_is_not_returned_beyond_the_cap(desk_of: Callable[..., Desk], world: World) -> None:
    ann = world.member()
    ann.is_given(1_000)
    coupon = ann.redeems(world.reward(cost=500))
    support = desk_of("support")
    capped(support, world, 400, None)
    support.post(f"/customers/{ann.id}/coupons/{coupon.id}/return", request_key="key-0001")
    assert "Your role may give 400 points here, not 500." in support.get(f"/customers/{ann.id}").text
    assert ann.balance == 500


def test_what_the_customer_identified_for_is_their_own_act(desk_of: Callable[..., Desk], world: World) -> None:
    reward = world.reward(cost=900)
    ann = world.member()
    ann.is_given(1_000)
    support = desk_of("support")
    member = capped(support, world, 100, 100)
    path, code = f"/till/{ann.id}/redeem/{reward.id}", till_codes.show(world.shop, ann.customer).code
    assert support.post(path, request_key="key-0001", checked="y").status_code == 422
    assert support.post(path, request_key="key-0002", till_code=code).status_code == 303
    assert (ann.balance, moved(world, member)) == (100, 0)


def test_what_a_first_order_gives_more_counts_too(desk_of: Callable[..., Desk], world: World) -> None:
    """The preview does not have it, so the booking itself is counted."""
    world.order_rule()
    world.rule("first_order", points=400)
    ann, support = world.member(), desk_of("support")
    capped(support, world, 500, 500)
    assert support.post(f"/till/{ann.id}/sale", amount="20.00", request_key="key-0001").status_code == 422
    assert ann.balance == 0
    assert support.post(f"/till/{ann.id}/sale", amount="5.00", request_key="key-0002").status_code == 303
    assert ann.balance == 450


def test_a_bulk_update_is_one_change_of_all_its_points(desk_of: Callable[..., Desk], world: World) -> None:
    people = [world.member(f"{name}@example.com") for name in ("ann", "bob", "cem")]
    people[0].is_given(100)
    desk = desk_of("marketer")
    member = capped(desk, world, 200, 350)
    everybody = {"id": [one.id for one in people]}
    assert change(desk, everybody, amount="70").status_code == 422
    assert Batch.of(world.shop).count() == 0
    assert change(desk, everybody, amount="50", request_key="key-0001").status_code == 303
    jobs.run_all()
    assert ([one.balance for one in people], moved(world, member)) == ([150, 50, 50], 150)
    assert change(desk, everybody, mode="set", amount="100").status_code == 303  # 50 up twice, 50 down
    jobs.run_all()
    assert ([one.balance for one in people], moved(world, member)) == ([100, 100, 100], 300)
    first = Batch.of(world.shop).where(Batch.mode == "add").get()
    assert desk.post(f"/bulk/{first.id}/undo").status_code == 428
    capped(desk, world, 200, 450)
    assert desk.post(f"/bulk/{first.id}/undo").status_code == 303
    assert moved(world, member) == 450


def test_an_import_counts_what_its_preview_says(desk_of: Callable[..., Desk], world: World) -> None:
    ann = world.member("ann@example.com")
    desk = desk_of("marketer")
    member = capped(desk, world, 40, None)
    place = previewed(desk)
    refused = desk.post(f"{place}/execute")
    assert refused.status_code == 422 and "Your role may give 40 points here, not 50." in refused.text
    capped(desk, world, 50, None)
    assert desk.post(f"{place}/execute").status_code == 303
    jobs.run_all()
    assert (ann.balance, moved(world, member)) == (50, 50)
    undone = desk.post(f"{place}/undo")
    jobs.run_all()
    assert (undone.status_code, ann.balance, moved(world, member)) == (303, 0, 100)
