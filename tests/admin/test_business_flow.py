"""The nine steps of the documents' business flow, as one story over the wire (docs/wix-api.md, S:001)."""

from tests.integrator import Integrator
from tests.make import World
from widget_server import journal, ledger
from widget_server.loyalty.people import api_keys
from widget_server.loyalty.program import programs


def test_from_activation_to_a_discount_at_the_checkout(owner: Integrator, world: World) -> None:
    programs.Program.change(world.shop, {programs.Program.status: "draft"})

    # before the program is active there is no account to be had
    contact = world.member("ann@example.com")
    ann = contact.id
    with journal.rewriting():
        ledger.Account.remove(world.shop, ledger.Account.customer_id == ann)
    refused = owner.post("/loyalty-accounts/v1/accounts", {"contactId": ann}, status=428)
    assert refused["details"]["applicationError"]["code"] == "PROGRAM_NOT_ACTIVE"

    # 1 activate
    assert owner.post("/loyalty-programs/v1/program/activate")["loyaltyProgram"]["status"] == "ACTIVE"

    # 2 how points are earned
    rule = owner.post(
        "/_api/loyalty-earning-rules/v1/earning-rules",
        {
            "earningRule": {
                "sourceAppId": "553c79f3-5625-4f38-b14b-ef7c0d1e87df",
                "triggerAppId": "store",
                "triggerActivityType": "order",
                "title": "10 points a euro",
                "status": "ACTIVE",
                "conversionRate": {"configs": [{"moneyAmount": 1, "points": 10}]},
            }
        },
    )["earningRule"]
    assert rule["conversionRate"]["configs"] == [{"moneyAmount": 1.0, "points": 10}]
    assert rule["metadata"] == {"canBeDeleted": True}

    # 3 an account
    account = owner.post("/loyalty-accounts/v1/accounts", {"contactId": ann})["account"]
    assert account["points"] == {"balance": 0, "earned": 0, "adjusted": 0, "redeemed": 0, "expired": 0}
    assert (account["contactId"], account["memberId"], account["revision"]) == (ann, ann, "1")
    twice = owner.post("/loyalty-accounts/v1/accounts", {"contactId": ann}, status=409)
    assert twice["details"]["applicationError"]["code"] == "ACCOUNT_EXISTS"

    # 4 what points buy
    coupon_reward, discount_reward = (
        owner.post("/loyalty-rewards/v1/rewards", {"reward": {"active": True, **one}})["reward"]
        for one in (
            {
                "name": "5 euros off",
                "type": "COUPON_REWARD",
                "couponReward": {"fixedAmount": {"configsByTier": [{"costInPoints": 100, "amount": 5}]}},
            },
            {
                "name": "Points at the checkout",
                "type": "DISCOUNT_AMOUNT",
                "discountAmount": {"configsByTier": [{"costInPoints": 10, "amount": "1.00"}]},
            },
        )
    )
    assert coupon_reward["couponReward"]["fixedAmount"]["configsByTier"] == [{"costInPoints": 100, "amount": 5.0}]
    assert discount_reward["discountAmount"]["configsByTier"] == [{"costInPoints": 10, "amount": "1.00"}]

    # 5 tiers
    made = owner.post(
        "/loyalty-tiers/v1/bulk/tiers/create",
        {
            "tiers": [
                {"tierDefinition": {"name": "Silver"}, "requiredPoints": 100},
                {"tierDefinition": {"name": "Silver"}, "requiredPoints": 200},
                {"tierDefinition": {"name": "Gold"}, "requiredPoints": 1000},
            ]
        },
    )
    assert made["bulkActionMetadata"] == {"totalSuccesses": 2, "totalFailures": 1, "undetailedFailures": 0}
    assert made["results"][1]["itemMetadata"]["error"]["code"] == "TIER_TAKEN"
    silver = made["results"][0]["item"]
    settings = owner.get("/loyalty-tiers/v1/tiers/program-settings")["programSettings"]
    assert settings["status"] == "DISABLED"
    settings = owner.patch(
        "/loyalty-tiers/v1/tiers/program-settings",
        {
            "programSettings": {
                "status": "ACTIVE",
                "revision": settings["revision"],
                "rollingWindow": {"durationInMonths": 12},
                "baseTierDefinition": {"name": "Fern"},
            }
        },
    )["programSettings"]
    assert (settings["status"], settings["baseTierDefinition"]["name"]) == ("ACTIVE", "Fern")

    # 6 points by hand, and points for something done
    moved = owner.post(
        f"/loyalty-accounts/v1/accounts/{account['id']}/adjust-points",
        {"accountId": account["id"], "amount": 40, "description": "Sorry for the delay", "revision": "1"},
    )
    assert moved["account"]["points"]["balance"] == 40
    earn = {"amount": 160, "appId": "till", "idempotencyKey": "k-1", "activityType": "visit", "description": "Hi"}
    earned = owner.post(f"/loyalty-accounts/v1/accounts/{account['id']}/earn-points", earn)
    again = owner.post(f"/loyalty-accounts/v1/accounts/{account['id']}/earn-points", earn)
    assert earned["transactionId"] == again["transactionId"]
    assert again["account"]["points"] == {"balance": 200, "earned": 160, "adjusted": 40, "redeemed": 0, "expired": 0}
    assert again["account"]["tier"]["id"] == silver["id"]
    assert again["account"]["rewardAvailable"] is True
    (found,) = owner.post(
        "/loyalty-accounts/v1/accounts/query", {"query": {"filter": {"points.balance": {"$gte": 200}}}}
    )["loyaltyAccounts"]
    assert found["contact"]["email"] == "ann@example.com"

    # 7 which kind of reward
    assert owner.get(f"/loyalty-rewards/v1/rewards/{coupon_reward['id']}")["reward"]["type"] == "COUPON_REWARD"

    # 8 points for a coupon
    coupon = owner.post(
        "/loyalty-coupons/v1/coupons", {"rewardId": coupon_reward["id"], "loyaltyAccountId": account["id"]}
    )["coupon"]
    assert (coupon["status"], coupon["refundable"]) == ("ACTIVE", True)
    assert coupon["couponReference"]["specification"]["moneyOffAmount"] == 5.0

    # 9 at the checkout, with the member's own token
    tokens = owner.asks(
        "POST",
        "/oauth2/token",
        {"grant_type": "authorized_client", "member_id": ann, "scope": "offline_access"},
        Authorization=f"visitor,{owner.secret}",
    )
    member = Integrator(owner.client, tokens["access_token"])
    discount = member.post(
        "/loyalty-checkout-exchange/v1/loyalty-checkout-discount",
        {"checkoutId": "6d9d0f9e-6d3e-4c26-9b7c-1a4f5b6c7d8e", "loyaltyCoupon": {"id": coupon["id"]}},
    )["discount"]
    assert (discount["status"], discount["discountType"]) == ("APPLIED", "LOYALTY_COUPON")
    (applied,) = member.get("/loyalty-coupons/v1/coupons/my-coupons")["loyaltyCoupons"]
    assert applied["status"] == "APPLIED"
    second = member.post(
        "/loyalty-checkout-exchange/v1/loyalty-checkout-discount",
        {"checkoutId": "another", "reward": {"id": discount_reward["id"], "pointsToSpend": 35}},
    )["discount"]
    assert (second["points"], second["amount"]) == (35, 3.5)
    gone = owner.post("/loyalty-checkout-exchange/v1/loyalty-checkout-discounts/cancel", {"checkoutId": "another"})
    assert gone["discount"]["status"] == "REFUNDED"
    assert member.get("/loyalty-accounts/v1/accounts/my-account")["account"]["points"]["balance"] == 100

    rows = owner.post("/loyalty-transactions/v1/loyalty-transactions/query", {})["loyaltyTransactions"]
    assert [(row["transactionType"], row["amount"]) for row in rows] == [
        ("REFUND", 35),
        ("REDEEM", -35),
        ("REDEEM", -100),
        ("EARN", 160),
        ("ADJUST", 40),
    ]
    assert rows[3]["earnInfo"]["appId"] == "till"
    assert rows[3]["idempotencyKey"] == "k-1"
    assert rows[4]["description"] == "Sorry for the delay"
    assert rows[0]["refundInfo"]["refundedTransactionId"] == rows[1]["id"]
    totals = owner.get("/loyalty-accounts/v1/accounts/program-totals")
    assert totals["points"]["balance"] == 100
    assert totals["tierTotals"][0] == {"numberOfAccounts": 0}


def test_a_key_of_another_shop_finds_nothing(owner: Integrator, world: World) -> None:
    other = World.create(name="Other", origins=["https://other.example"])
    _, secret = api_keys.create_key(other.shop.id, "server")
    stranger = Integrator(owner.client, secret)
    ann = world.member()
    account = owner.get(f"/loyalty-accounts/v1/accounts/fetch-by?contactId={ann.id}")["account"]
    stranger.get(f"/loyalty-accounts/v1/accounts/{account['id']}", status=404)
    stranger.get(f"/loyalty-accounts/v1/accounts/fetch-by?contactId={ann.id}", status=404)
    assert stranger.post("/loyalty-accounts/v1/accounts/query")["loyaltyAccounts"] == []
    told = owner.get("/loyalty-accounts/v1/accounts/program-totals", status=403, wix_site_id=other.shop.id)
    assert told["details"]["applicationError"]["code"] == "OTHER_SHOP"
