"""rewards, coupons and checkoutExchange: what points buy (wix-api §1, §2)."""

from datetime import datetime
from typing import Any

import pytest

from tests.make import Shopper
from tests.wix_sdk.actors import Site
from tests.wix_sdk.sdk import Runner, SdkError

REWARDS, COUPONS = "/loyalty-rewards/v1/rewards", "/loyalty-coupons/v1/coupons"
CHECKOUT = "aaaaaaaa-1111-2222-3333-444444444444"
UNKNOWN = "99999999-1111-2222-3333-444444444444"


def coupon_reward(name: str = "5.00 off", cost: int = 100, **facts: Any) -> dict[str, Any]:
    """A coupon of 5.00."""
    coupon = facts or {"fixedAmount": {"configsByTier": [{"costInPoints": cost, "amount": 5}]}}
    return {"name": name, "type": "COUPON_REWARD", "active": True, "couponReward": coupon}


def discount(name: str = "Off your order", **facts: Any) -> dict[str, Any]:
    """10 points are 1.00 at a checkout."""
    configs = [{"amount": "1.00", "costInPoints": 10}]
    return {
        "name": name,
        "type": "DISCOUNT_AMOUNT",
        "active": True,
        "discountAmount": {"configsByTier": configs},
        **facts,
    }


def rich(site: Site, email: str = "ann@example.com", points: int = 500) -> tuple[Shopper, str]:
    """A member with points; and her account's id."""
    shopper = site.world.member(email)
    account = site.account(shopper)
    shopper.is_given(points)
    return shopper, account


# Rewards


@pytest.mark.parametrize(
    "wanted",
    [
        coupon_reward(),
        coupon_reward("10 % off", percentage={"configsByTier": [{"costInPoints": 50, "percentage": 10}]}),
        coupon_reward("Free shipping", freeShipping={"configsByTier": [{"costInPoints": 30}]}),
        coupon_reward(
            "A big order", fixedAmount={"configsByTier": [{"costInPoints": 80, "amount": 7.5}]}, minimumSubtotal=50
        ),
        discount(),
    ],
    ids=lambda reward: str(reward["name"]),
)
def test_each_kind_reads_as_it_was_written(site: Site, wanted: dict[str, Any]) -> None:
    made = site.owner.rewards.createReward(wanted)
    kind = "couponReward" if "couponReward" in wanted else "discountAmount"
    assert {name: made[name] for name in ("name", "type", "active")} == {
        name: wanted[name] for name in ("name", "type", "active")
    }
    for name, value in wanted[kind].items():
        assert _as_money(made[kind][name]) == _as_money(value)
    assert isinstance(made["_createdDate"], datetime) and made["revision"].isdecimal()
    assert site.owner.rewards.getReward(made["_id"]) == made
    assert site.asks("GET", f"{REWARDS}/{made['_id']}")["reward"]["name"] == wanted["name"]


def test_a_reward_is_changed_and_deleted(site: Site) -> None:
    rewards = site.owner.rewards
    made = rewards.createReward(coupon_reward())
    changed = rewards.updateReward(made["_id"], {"name": "Five off", "revision": made["revision"], "active": False})
    off = changed["reward"]
    assert (off["name"], off["active"]) == ("Five off", False)
    assert off["couponReward"] == made["couponReward"]
    assert int(off["revision"]) == int(made["revision"]) + 1
    with pytest.raises(SdkError) as stale:
        rewards.updateReward(made["_id"], {"name": "Late", "revision": made["revision"]})
    assert (stale.value.status, stale.value.code) == (409, "STALE_REVISION")
    with pytest.raises(SdkError) as other_type:
        rewards.updateReward(made["_id"], {**discount("Five off"), "revision": off["revision"]})
    assert other_type.value.status in (400, 409)
    with pytest.raises(SdkError) as stale:
        rewards.deleteReward(made["_id"], made["revision"])
    assert (stale.value.status, stale.value.code) == (409, "STALE_REVISION")
    rewards.deleteReward(made["_id"], off["revision"])
    with pytest.raises(SdkError) as gone:
        rewards.getReward(made["_id"])
    assert gone.value.status == 404


def test_a_whole_reward_can_be_handed_back(site: Site) -> None:
    for wanted in (coupon_reward(), discount()):
        made = site.owner.rewards.createReward(wanted)
        changed = site.owner.rewards.updateReward(made["_id"], {**made, "name": "Renamed"})["reward"]
        assert changed == {**made, "name": "Renamed", "revision": "2", "_updatedDate": changed["_updatedDate"]}


def test_rewards_are_listed_and_queried_switched_off_or_not(site: Site) -> None:
    rewards = site.owner.rewards
    wanted = [coupon_reward(f"Reward {number}") | {"active": number != 2} for number in range(5)]
    done = rewards.bulkCreateRewards(
        [*wanted[:4], coupon_reward("Wrong", fixedAmount={"configsByTier": _for(UNKNOWN)})]
    )
    assert done["bulkActionMetadata"] == {"totalSuccesses": 4, "totalFailures": 1, "undetailedFailures": 0}
    assert done["results"][4]["itemMetadata"]["error"]["code"] == "TIER_UNKNOWN"
    rewards.createReward(wanted[4])
    everything = rewards.listRewards()["rewards"]
    assert {one["name"] for one in everything} == {one["name"] for one in wanted}
    first = rewards.listRewards({"cursorPaging": {"limit": 3}})
    second = rewards.listRewards({"cursorPaging": {"limit": 3, "cursor": first["pagingMetadata"]["cursors"]["next"]}})
    assert [*first["rewards"], *second["rewards"]] == everything
    active = rewards.queryRewards({"filter": {"active": True}, "sort": [{"fieldName": "name", "order": "DESC"}]})
    assert [one["name"] for one in active["rewards"]] == ["Reward 4", "Reward 3", "Reward 1", "Reward 0"]
    page = rewards.queryRewards({"sort": [{"fieldName": "_createdDate", "order": "ASC"}], "cursorPaging": {"limit": 2}})
    assert [one["name"] for one in page["rewards"]] == ["Reward 0", "Reward 1"]
    rest = rewards.queryRewards({"cursorPaging": {"limit": 2, "cursor": page["pagingMetadata"]["cursors"]["next"]}})
    assert [one["name"] for one in rest["rewards"]] == ["Reward 2", "Reward 3"]
    (in_site,) = rewards.bulkGetRewards()["rewardsInSite"]
    assert in_site["metaSiteId"] == site.id and len(in_site["rewards"]) == 5


def test_a_wrong_reward_names_its_fields(site: Site) -> None:
    wrong = coupon_reward("", fixedAmount={"configsByTier": [{"costInPoints": 0, "amount": 0}]})
    with pytest.raises(SdkError) as refused:
        site.owner.rewards.createReward(wrong)
    assert refused.value.fields == [
        "reward.couponReward.fixedAmount.configsByTier.0.amount",
        "reward.couponReward.fixedAmount.configsByTier.0.costInPoints",
        "reward.name",
    ]
    with pytest.raises(SdkError) as refused:
        site.owner.rewards.createReward({**coupon_reward(), **discount()})
    assert refused.value.status == 400


# Coupons


def test_points_become_a_coupon(site: Site) -> None:
    ann, account = rich(site)
    reward = site.owner.rewards.createReward(coupon_reward())
    done = site.owner.coupons.redeemPointsForCoupon(reward["_id"], {"loyaltyAccountId": account})
    coupon = done["coupon"]
    assert (coupon["accountId"], coupon["memberId"], coupon["rewardName"]) == (account, ann.id, "5.00 off")
    assert coupon["status"] == "ACTIVE" and isinstance(coupon["_createdDate"], datetime)
    code = coupon["couponReference"]["code"]
    assert 12 <= len(code) <= 20
    specification = coupon["couponReference"]["specification"]
    assert (specification["type"], specification["moneyOffAmount"]) == ("MONEY_OFF_AMOUNT", 5)
    assert site.owner.coupons.getLoyaltyCoupon(coupon["_id"]) == coupon
    assert site.asks("GET", f"{COUPONS}/{coupon['_id']}")["loyaltyCoupon"]["couponReference"]["code"] == code
    assert ann.balance == 400
    row = site.owner.transactions.getLoyaltyTransaction(coupon["transactionId"])
    assert (row["transactionType"], row["amount"]) == ("REDEEM", -100)
    assert (row["redeemInfo"]["rewardId"], row["redeemInfo"]["rewardType"]) == (reward["_id"], "COUPON_REWARD")


def test_a_member_redeems_for_herself_and_sees_her_own(site: Site) -> None:
    ann, _ = rich(site)
    bob, his = rich(site, "bob@example.com", 50)
    reward = site.owner.rewards.createReward(coupon_reward())
    coupon = site.member(ann).coupons.redeemCurrentMemberPointsForCoupon(reward["_id"])["coupon"]
    assert coupon["memberId"] == ann.id
    assert [one["_id"] for one in site.member(ann).coupons.getCurrentMemberCoupons()["loyaltyCoupons"]] == [
        coupon["_id"]
    ]
    assert site.member(bob).coupons.getCurrentMemberCoupons()["loyaltyCoupons"] == []
    for short in (
        lambda: site.member(bob).coupons.redeemCurrentMemberPointsForCoupon(reward["_id"]),
        lambda: site.owner.coupons.redeemPointsForCoupon(reward["_id"], {"loyaltyAccountId": his}),
    ):
        with pytest.raises(SdkError) as refused:
            short()
        assert (refused.value.status, refused.value.code) == (409, "NOT_ENOUGH_POINTS")
        assert (refused.value.data["needs"], refused.value.data["has"]) == (100, 50)
    assert (ann.balance, bob.balance) == (400, 50)


def test_nothing_is_redeemed_while_the_program_pauses(site: Site) -> None:
    ann, account = rich(site)
    reward = site.owner.rewards.createReward(coupon_reward())
    site.owner.programs.pauseLoyaltyProgram()
    with pytest.raises(SdkError) as paused:
        site.owner.coupons.redeemPointsForCoupon(reward["_id"], {"loyaltyAccountId": account})
    assert (paused.value.status, paused.value.code) == (428, "PROGRAM_NOT_ACTIVE")
    assert ann.balance == 500


def test_a_visitor_redeems_nothing(site: Site) -> None:
    bob = site.world.visitor("bob@example.com")
    account = site.account(bob)
    bob.is_given(500)
    reward = site.owner.rewards.createReward(coupon_reward())
    with pytest.raises(SdkError) as refused:
        site.owner.coupons.redeemPointsForCoupon(reward["_id"], {"loyaltyAccountId": account})
    assert (refused.value.status, refused.value.code) == (403, "MEMBERS_ONLY")


def test_ten_at_once_get_what_the_points_pay(site: Site) -> None:
    ann, _ = rich(site, points=350)
    reward = site.owner.rewards.createReward(coupon_reward())
    code = """
        const one = () => client.coupons.redeemCurrentMemberPointsForCoupon(given.reward);
        const done = await Promise.allSettled(Array.from({ length: 10 }, one));
        return done.map((one) => one.value?.coupon.couponReference.code ?? one.reason.details.applicationError.code);
    """
    results = site.member(ann).js(code, reward=reward["_id"])
    assert results.count("NOT_ENOUGH_POINTS") == 7 and len(set(results)) == 4
    assert ann.balance == 50


def test_coupons_are_queried_and_deleted(site: Site) -> None:
    ann, account = rich(site)
    cheap = site.owner.rewards.createReward(coupon_reward("Cheap", 10))
    dear = site.owner.rewards.createReward(coupon_reward("Dear", 100))
    made = [
        site.owner.coupons.redeemPointsForCoupon(one["_id"], {"loyaltyAccountId": account})["coupon"]
        for one in (cheap, dear, cheap)
    ]
    pages = site.owner.js(
        """
        let page = await client.coupons.queryLoyaltyCoupons().eq("accountId", given.account).eq("status", "ACTIVE")
          .ascending("_createdDate").limit(2).find();
        const pages = [page.items];
        while (page.hasNext()) pages.push((page = await page.next()).items);
        return pages;
        """,
        account=account,
    )
    assert [[one["_id"] for one in page] for page in pages] == [
        [made[0]["_id"], made[1]["_id"]],
        [made[2]["_id"]],
    ]
    plain = site.owner.coupons.queryLoyaltyCoupons({"filter": {"rewardName": "Dear"}})["loyaltyCoupons"]
    assert [one["_id"] for one in plain] == [made[1]["_id"]]
    code = made[1]["couponReference"]["code"]
    for looked_for in (code, code.lower()):
        by_code = {"filter": {"couponReference": {"$startsWith": looked_for}}}
        assert [one["_id"] for one in site.owner.coupons.queryLoyaltyCoupons(by_code)["loyaltyCoupons"]] == [
            made[1]["_id"]
        ]
    query = {"filter": {"rewardName": {"$startsWith": "Che"}}, "cursorPaging": {"limit": 10}}
    for options, count in ((None, 3), ({"query": query}, 2)):
        (in_site,) = site.owner.coupons.bulkGetLoyaltyCoupon(*([options] if options else []))["couponsInSite"]
        assert in_site["metaSiteId"] == site.id and len(in_site["loyaltyCoupons"]) == count

    with pytest.raises(SdkError) as stale:
        site.owner.coupons.deleteLoyaltyCoupon(made[0]["_id"], str(int(made[0]["revision"]) + 1))
    assert (stale.value.status, stale.value.code) == (409, "STALE_REVISION")
    site.owner.coupons.deleteLoyaltyCoupon(made[0]["_id"], made[0]["revision"])
    with pytest.raises(SdkError) as gone:
        site.owner.coupons.getLoyaltyCoupon(made[0]["_id"])
    assert gone.value.status == 404
    assert ann.balance == 380  # deleting gives no points back
    left = site.member(ann).coupons.getCurrentMemberCoupons()["loyaltyCoupons"]
    assert {one["_id"] for one in left} == {made[1]["_id"], made[2]["_id"]}


# Checkouts


def test_a_reward_is_a_discount_at_a_checkout(site: Site) -> None:
    ann, _ = rich(site)
    reward = site.owner.rewards.createReward(discount())
    facts = {"reward": {"_id": reward["_id"], "pointsToSpend": 35, "revision": reward["revision"]}}
    applied = site.member(ann).checkoutExchange.applyDiscountToCheckout(CHECKOUT, facts)["discount"]
    assert (applied["checkoutId"], applied["rewardId"]) == (CHECKOUT, reward["_id"])
    assert (applied["status"], applied["discountType"]) == ("APPLIED", "DISCOUNT_AMOUNT")
    assert ann.balance == 465
    (row,) = site.owner.transactions.queryLoyaltyTransactions({"filter": {"amount": -35}})["loyaltyTransactions"]
    assert (row["redeemInfo"]["rewardId"], row["redeemInfo"]["rewardType"]) == (reward["_id"], "DISCOUNT_AMOUNT")
    found = site.owner.checkoutExchange.queryLoyaltyCheckoutDiscounts({"filter": {"checkoutId": CHECKOUT}})
    assert [one["_id"] for one in found["loyaltyCheckoutDiscounts"]] == [applied["_id"]]
    built = site.owner.js(
        """
        const query = client.checkoutExchange.queryLoyaltyCheckoutDiscounts();
        return (await query.eq("checkoutId", given.checkout).eq("status", "APPLIED").find()).items;
        """,
        checkout=CHECKOUT,
    )
    assert built == found["loyaltyCheckoutDiscounts"]


def test_a_coupon_is_a_discount_at_a_checkout(site: Site) -> None:
    ann, _ = rich(site)
    reward = site.owner.rewards.createReward(coupon_reward())
    member = site.member(ann)
    coupon = member.coupons.redeemCurrentMemberPointsForCoupon(reward["_id"])["coupon"]
    facts = {"loyaltyCoupon": {"_id": coupon["_id"], "revision": coupon["revision"]}}
    applied = member.checkoutExchange.applyDiscountToCheckout(CHECKOUT, facts)["discount"]
    assert (applied["discountType"], applied["loyaltyCouponId"]) == ("LOYALTY_COUPON", coupon["_id"])
    assert site.owner.coupons.getLoyaltyCoupon(coupon["_id"])["status"] == "APPLIED"


def test_what_no_checkout_takes(site: Site) -> None:
    ann, _ = rich(site, points=20)
    bob, _ = rich(site, "bob@example.com")
    apply = site.member(ann).checkoutExchange.applyDiscountToCheckout
    reward = site.owner.rewards.createReward(discount())
    revision = reward["revision"]
    with pytest.raises(SdkError) as short:
        apply(CHECKOUT, {"reward": {"_id": reward["_id"], "pointsToSpend": 30, "revision": revision}})
    assert (short.value.status, short.value.code) == (409, "NOT_ENOUGH_POINTS")
    with pytest.raises(SdkError) as stale:
        apply(CHECKOUT, {"reward": {"_id": reward["_id"], "pointsToSpend": 10, "revision": str(int(revision) + 1)}})
    assert (stale.value.status, stale.value.code) == (409, "STALE_REVISION")
    with pytest.raises(SdkError) as referral:
        apply(CHECKOUT, {"referralReward": {"_id": UNKNOWN, "revision": "1"}})
    assert (referral.value.status, referral.value.fields) == (400, ["options.referralReward"])
    coupon = site.owner.rewards.createReward(coupon_reward())
    his = site.member(bob).coupons.redeemCurrentMemberPointsForCoupon(coupon["_id"])["coupon"]
    with pytest.raises(SdkError) as not_hers:
        apply(CHECKOUT, {"loyaltyCoupon": {"_id": his["_id"], "revision": his["revision"]}})
    assert not_hers.value.status == 404
    with pytest.raises(SdkError) as no_member:
        site.owner.checkoutExchange.applyDiscountToCheckout(CHECKOUT, {"reward": {"_id": reward["_id"]}})
    assert (no_member.value.status, no_member.value.code) == (403, "MEMBERS_ONLY")
    assert (ann.balance, bob.balance) == (20, 400)


def test_every_function_was_answered(runner: Runner) -> None:
    assert runner.left_out("rewards", "coupons", "checkoutExchange") == []


def _for(tier_id: str) -> list[dict[str, Any]]:
    return [{"tierId": tier_id, "costInPoints": 5, "amount": 1}]


def _as_money(value: Any) -> Any:
    """Money as decimal text may have more or fewer zeros."""
    if isinstance(value, dict):
        return {name: _as_money(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_money(one) for one in value]
    return float(value) if isinstance(value, str) else value
