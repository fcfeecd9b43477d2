"""The nine steps of Wix's own article on a loyalty program, from a draft to a discount (docs/wix-api.md, S:001)."""

from tests.test_serve import until
from tests.wix_sdk.actors import Site

CUSTOMERS = "/loyalty-customers/v1/customers"
CHECKOUT = "aaaaaaaa-1111-2222-3333-444444444444"
SOURCE = "11111111-2222-3333-4444-555555555555"


def test_from_a_draft_to_a_discount(site: Site) -> None:
    site = Site.create(site.runner, site.base_url, active=False)
    owner = site.owner
    assert owner.programs.getLoyaltyProgram()["loyaltyProgram"]["status"] == "DRAFT"

    # 1 activate the program
    assert owner.programs.activateLoyaltyProgram()["loyaltyProgram"]["status"] == "ACTIVE"

    # 2 earning rules: 10 points for every 1.00 spent, 50 for a review
    spent = {"conversionRate": {"configs": [{"moneyAmount": 1, "points": 10}]}}
    written = {"fixedAmount": {"configs": [{"points": 50}]}}
    for title, activity, gives in (("Purchases", "order", spent), ("Reviews", "review", written)):
        facts = {"sourceAppId": SOURCE, "triggerAppId": "store", "triggerActivityType": activity, "title": title}
        owner.earningRules.createLoyaltyEarningRule({**facts, **gives, "status": "ACTIVE"})

    # 3 an account for a customer; a contact first, a member by and by
    person = {"email": "ann@example.com", "name": "Ann Lee", "emailVerified": True}
    contact_id = site.asks("POST", CUSTOMERS, {"customer": person})["customer"]["id"]
    account = owner.accounts.createAccount(contact_id)["account"]
    assert (account["points"]["balance"], account.get("memberId")) == (0, None)
    site.asks("PATCH", f"{CUSTOMERS}/{contact_id}", {"customer": {"status": "MEMBER"}})
    assert owner.accounts.getAccountBySecondaryId({"memberId": contact_id})["account"]["_id"] == account["_id"]
    ann = site.shopper(contact_id)
    ann.orders("12.50")
    ann.does("review")
    assert owner.accounts.getAccount(account["_id"])["points"]["balance"] == 175

    # 4 rewards
    coupon_reward = {"fixedAmount": {"configsByTier": [{"costInPoints": 100, "amount": 5}]}}
    five_off = owner.rewards.createReward(
        {"name": "5.00 off", "type": "COUPON_REWARD", "active": True, "couponReward": coupon_reward}
    )
    amount = {"configsByTier": [{"costInPoints": 10, "amount": "1.00"}]}
    flexible = owner.rewards.createReward(
        {"name": "Off your order", "type": "DISCOUNT_AMOUNT", "active": True, "discountAmount": amount}
    )

    # 5 tiers, one by one or at once, then switched on
    silver = owner.tiers.createTier({"tierDefinition": {"name": "Silver"}, "requiredPoints": 100})
    more = [{"tierDefinition": {"name": name}, "requiredPoints": at} for name, at in (("Gold", 1000), ("Top", 5000))]
    assert owner.tiers.bulkCreateTiers(more)["bulkActionMetadata"]["totalSuccesses"] == 2
    settings = owner.tiers.getTiersProgram()["programSettings"]
    owner.tiers.updateTiersProgramSettings(
        {"rollingWindow": {"durationInMonths": 12}, "status": "ACTIVE", "revision": settings["revision"]}
    )
    until(lambda: owner.accounts.getAccount(account["_id"])["tier"].get("_id") == silver["_id"], "she is in a tier")

    # 6 the balance by hand
    adjusted = owner.accounts.adjustPoints(account["_id"], {"amount": 100, "description": "Sorry for the delay"})
    assert adjusted["account"]["points"] == {
        "balance": 275,
        "earned": 175,
        "adjusted": 100,
        "redeemed": 0,
        "expired": 0,
    }
    (found,) = owner.js("return (await client.accounts.queryLoyaltyAccounts().gt('points.balance', 200).find()).items")
    assert found["_id"] == account["_id"]

    # 7 the type of a reward says how it is redeemed
    names = {one["name"] for one in owner.rewards.queryRewards({"filter": {"active": True}})["rewards"]}
    assert names == {"5.00 off", "Off your order"}
    assert owner.rewards.getReward(five_off["_id"])["type"] == "COUPON_REWARD"
    assert owner.rewards.getReward(flexible["_id"])["type"] == "DISCOUNT_AMOUNT"

    # 8 points for a coupon
    coupon = owner.coupons.redeemPointsForCoupon(five_off["_id"], {"loyaltyAccountId": account["_id"]})["coupon"]
    member = site.member(ann)
    assert [one["_id"] for one in member.coupons.getCurrentMemberCoupons()["loyaltyCoupons"]] == [coupon["_id"]]

    # 9 at the checkout: the coupon, or points at once
    apply = member.checkoutExchange.applyDiscountToCheckout
    coupon_of_hers = {"_id": coupon["_id"], "revision": coupon["revision"]}
    first = apply(CHECKOUT, {"loyaltyCoupon": coupon_of_hers})["discount"]
    assert (first["status"], first["discountType"]) == ("APPLIED", "LOYALTY_COUPON")
    points = {"_id": flexible["_id"], "pointsToSpend": 35, "revision": flexible["revision"]}
    second = apply(CHECKOUT.replace("a", "b"), {"reward": points})["discount"]
    assert (second["status"], second["discountType"]) == ("APPLIED", "DISCOUNT_AMOUNT")
    assert site.asks("GET", f"/loyalty-accounts/v1/accounts/{account['_id']}")["account"]["points"] == {
        "balance": 140,
        "earned": 175,
        "adjusted": 100,
        "redeemed": 135,
        "expired": 0,
    }
    assert [points for _, points in ann.history()] == [-35, -100, 100, 50, 125]
