"""Unspent codes of another app are coupons of their owners here."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.loyalty.imports.importing import figures, imported, reasons, settled
from tests.make import Shopper, World, cart
from widget_server import clock, job_queue, jobs
from widget_server.job_queue import JobName
from widget_server.loyalty.people import privacy
from widget_server.loyalty.points import batch_tables, batches
from widget_server.loyalty.rewards import codes, coupons
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.stores import codes as store_codes

HEADER = "email,code,kind,amount,percent,minimum_subtotal,expires\n"


@pytest.fixture
def ann(world: World) -> Shopper:
    return world.member()


def kept(world: World, code: str) -> Coupon:
    coupon = codes.by_code(world.shop, code)
    assert coupon is not None
    return coupon


def test_an_old_code_is_shown_checked_and_used_as_it_is(world: World, ann: Shopper) -> None:
    last = (clock.now() + timedelta(days=10)).date()
    done = imported(world, f"{HEADER}ann@example.com,old5-X7,,5.00,,,{last}\n", mode="codes")
    assert figures(done) == ("imported", 1, 1, 0, 0)
    [mine] = coupons.my_coupons(world.shop, ann.customer)
    assert (mine.code, mine.status, mine.kind, mine.amount) == ("old5-X7", "active", "amount", Decimal("5.00"))
    assert (mine.origin, mine.cost_points, mine.transaction_id) == ("import", 0, None)
    assert mine.expires_at is not None and clock.local_date(mine.expires_at, "Europe/Berlin") > last
    assert codes.check(world.shop, "OLD5 x7", cart(customer_email="ann@example.com")).valid
    ann.orders("40.00", coupon_codes=("OLD5-X7",))
    assert kept(world, "old5-x7").status == "used"


def test_every_kind_is_told_by_its_word_or_its_figure(world: World, ann: Shopper) -> None:
    rows = ["A1,,,10,,", "A2,percentage,15,,,", "A3,,20%,,,", "A4,Free Shipping,,,50.00,", "A5,fixed_amount,3,,,"]
    imported(world, HEADER + "".join(f"ann@example.com,{row}\n" for row in rows), mode="codes")
    found = {one.code: (one.kind, one.amount, one.percent) for one in coupons.my_coupons(world.shop, ann.customer)}
    assert found == {
        "A1": ("percent", None, Decimal(10)),
        "A2": ("percent", None, Decimal(15)),
        "A3": ("percent", None, Decimal(20)),
        "A4": ("free_shipping", None, None),
        "A5": ("amount", Decimal("3.00"), None),
    }
    assert kept(world, "A4").minimum_subtotal == Decimal("50.00")


def test_what_cannot_be_kept_is_the_problem_of_its_row(world: World, ann: Shopper) -> None:
    ann.is_given(500)
    ours = ann.redeems(world.reward()).code
    yesterday = (clock.now() - timedelta(days=1)).date()
    rows = [
        f"ann@example.com,{ours.lower().replace('-', '')},,5,,,",
        "ann@example.com,X,,5,,,",
        "ann@example.com,GOOD,,5,,,",
        "ann@example.com,g-o-o-d,,5,,,",
        "ann@example.com,K1,lottery,5,,,",
        "ann@example.com,K2,,,,,",
        "ann@example.com,K3,percent,,120,,",
        f"ann@example.com,K4,,5,,,{yesterday}",
        "ann@example.com,K5,,5,,,soon",
        "nobody@example.com,K6,,5,,,",
    ]
    assert reasons(imported(world, HEADER + "\n".join(rows) + "\n", mode="codes"), world) == {
        2: "code_taken",
        3: "code_invalid",
        5: "code_twice",
        6: "kind_unknown",
        7: "kind_unknown",
        8: "percent_invalid",
        9: "code_expired",
        10: "expires_invalid",
        11: "email_unknown",
    }


def test_undoing_frees_the_codes_that_no_order_used(world: World, ann: Shopper) -> None:
    text = f"{HEADER}ann@example.com,ONE-1,,5,,,\nann@example.com,TWO-2,,5,,,\n"
    done = imported(world, text, mode="codes")
    ann.orders("40.00", coupon_codes=("TWO-2",))
    batches.undo(world.shop, done.batch_id)
    assert [(item.line, item.code) for item in _kept_after(world, done)] == [(3, "coupon_used")]
    assert codes.by_code(world.shop, "ONE-1") is None
    assert kept(world, "TWO-2").status == "used"
    again = imported(world, f"{HEADER}ann@example.com,ONE-1,,5,,,\n", mode="codes")
    assert figures(again) == ("imported", 1, 1, 0, 0)


def _kept_after(world: World, done: object) -> list[batch_tables.BatchItem]:
    settled(done)  # type: ignore[arg-type]
    return batches.errors(world.shop, done.batch_id)  # type: ignore[attr-defined]


def test_a_connected_shop_is_never_told_of_an_old_code(
    world: World, ann: Shopper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It knows the code: creating it again would fail, deleting it would take away what the shop itself made."""
    touched: list[str] = []
    monkeypatch.setattr(type(world.shop), "is_connected", property(lambda shop: True))
    monkeypatch.setattr(store_codes, "_maker", lambda shop: touched.append("maker"))
    imported(world, f"{HEADER}ann@example.com,ONE-1,,5,,,\nann@example.com,TWO-2,,5,,,\n", mode="codes")
    order = ann.orders("40.00", coupon_codes=("ONE-1",))
    ann.orders("40.00", id=order.external_id, coupon_codes=("ONE-1",), status="cancelled")
    assert kept(world, "ONE-1").status == "active"
    privacy.erase(world.shop, ann.customer)
    assert kept(world, "ONE-1").status == "revoked"
    jobs.run_all()
    assert touched == []
    made = [job.name for job in job_queue.Job.everywhere()]
    assert JobName.ISSUE_CODE not in made
