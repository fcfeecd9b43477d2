"""accounts and transactions: who has how many points, and why (wix-api §1, §2; contracts §2)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.test_serve import until
from tests.wix_sdk.actors import Site
from tests.wix_sdk.sdk import Runner, SdkError
from widget_server import clock
from widget_server.loyalty.points import expiry
from widget_server.loyalty.rewards import coupons

ACCOUNTS = "/loyalty-accounts/v1/accounts"
NOTHING = {"balance": 0, "earned": 0, "adjusted": 0, "redeemed": 0, "expired": 0}
APP = "00000000-1111-2222-3333-444444444444"
UNKNOWN = "99999999-1111-2222-3333-444444444444"


def earns(amount: int, key: str, **more: Any) -> dict[str, Any]:
    return {"amount": amount, "appId": APP, "idempotencyKey": key, **more}


# Accounts


def test_a_customer_gets_one_account(site: Site) -> None:
    ann = site.world.visitor("ann@example.com")
    account = site.owner.accounts.createAccount(ann.id)["account"]
    assert (account["contactId"], account["points"]) == (ann.id, NOTHING)
    assert "memberId" not in account  # a visitor's
    assert (account["contact"]["_id"], account["contact"]["email"]) == (ann.id, "ann@example.com")
    assert isinstance(account["_createdDate"], datetime) and isinstance(account["lastActivityDate"], datetime)
    assert (account["rewardAvailable"], account["tier"]["points"]) == (False, 0)
    assert site.owner.accounts.getAccount(account["_id"]) == account
    assert site.asks("GET", f"{ACCOUNTS}/{account['_id']}")["account"]["contactId"] == ann.id
    with pytest.raises(SdkError) as again:
        site.owner.accounts.createAccount(ann.id)
    assert (again.value.status, again.value.code) == (409, "ACCOUNT_EXISTS")
    with pytest.raises(SdkError) as nobody:
        site.owner.accounts.createAccount(UNKNOWN)
    assert (nobody.value.status, nobody.value.code) == (404, "NOT_FOUND")


def test_while_the_program_pauses_nobody_gets_one(site: Site) -> None:
    site.owner.programs.pauseLoyaltyProgram()
    with pytest.raises(SdkError) as paused:
        site.owner.accounts.createAccount(site.world.visitor().id)
    assert (paused.value.status, paused.value.code) == (428, "PROGRAM_NOT_ACTIVE")


def test_an_account_is_found_by_contact_and_by_member(site: Site) -> None:
    ann, bob = site.world.member(), site.world.visitor("bob@example.com")
    hers, his = site.account(ann), site.account(bob)
    fetch = site.owner.accounts.getAccountBySecondaryId
    assert fetch({"contactId": ann.id})["account"]["_id"] == hers
    assert fetch({"memberId": ann.id})["account"]["memberId"] == ann.id
    assert fetch({"contactId": bob.id})["account"]["_id"] == his
    with pytest.raises(SdkError) as no_member:
        fetch({"memberId": bob.id})
    assert no_member.value.status == 404
    with pytest.raises(SdkError) as neither:
        fetch({})
    assert neither.value.status == 400


def test_a_member_sees_her_own(site: Site) -> None:
    ann = site.world.member()
    hers = site.account(ann)
    site.account(site.world.member("bob@example.com"))
    assert site.member(ann).accounts.getCurrentMemberAccount()["account"]["_id"] == hers
    with pytest.raises(SdkError) as no_member:
        site.owner.accounts.getCurrentMemberAccount()
    assert (no_member.value.status, no_member.value.code) == (403, "MEMBERS_ONLY")


def test_accounts_are_listed_page_by_page(site: Site) -> None:
    people = [site.world.member(f"p{number}@example.com") for number in range(5)]
    made = [site.account(one) for one in people]
    listed = site.owner.accounts.listAccounts
    first = listed({"cursorPaging": {"limit": 3}})
    second = listed({"cursorPaging": {"limit": 3, "cursor": first["pagingMetadata"]["cursors"]["next"]}})
    assert (len(first["accounts"]), first["pagingMetadata"]["count"]) == (3, 3)
    assert [one["_id"] for one in [*first["accounts"], *second["accounts"]]] == made[::-1]
    assert "next" not in second["pagingMetadata"].get("cursors", {})
    some = listed({"contactIds": [people[0].id, people[3].id]})["accounts"]
    assert {one["_id"] for one in some} == {made[0], made[3]}
    assert len(listed()["accounts"]) == 5


# Points


def test_points_are_earned_once_for_a_key(site: Site) -> None:
    ann = site.world.member()
    hers = site.account(ann)
    said = {"description": "For the walk", "activityType": "walk", "orderId": "1001"}
    first = site.owner.accounts.earnPoints(hers, earns(70, "k1", **said))
    again = site.owner.accounts.earnPoints(hers, earns(70, "k1", **said))
    assert first["account"]["points"] == {**NOTHING, "balance": 70, "earned": 70}
    assert again["transactionId"] == first["transactionId"] and again["account"]["points"]["balance"] == 70
    with pytest.raises(SdkError) as other:
        site.owner.accounts.earnPoints(hers, earns(80, "k1"))
    assert (other.value.status, other.value.code) == (409, "KEY_REUSED")
    row = site.owner.transactions.getLoyaltyTransaction(first["transactionId"])
    assert (row["accountId"], row["transactionType"], row["amount"]) == (hers, "EARN", 70)
    assert row["description"] == "For the walk" and row["idempotencyKey"] == "k1"
    assert row["earnInfo"] == {"appId": APP, "activityType": "walk", "orderId": "1001"}
    assert isinstance(row["_createdDate"], datetime)
    assert ann.history() == [("gift", 70)]  # the ledger itself


def test_a_followed_channel_is_a_cause(site: Site) -> None:
    hers = site.account(site.world.member())
    followed = {"followedSocialMedia": {"channel": "INSTAGRAM"}}
    done = site.owner.accounts.earnPoints(hers, earns(5, "follow", **followed))
    row = site.owner.transactions.getLoyaltyTransaction(done["transactionId"])
    assert row["earnInfo"]["followedSocialMedia"] == followed["followedSocialMedia"]


def test_a_balance_is_set_or_changed(site: Site) -> None:
    ann = site.world.member()
    hers = site.account(ann)
    adjust = site.owner.accounts.adjustPoints
    raised = adjust(hers, {"balance": 100, "description": "Welcome back"})
    assert raised["account"]["points"] == {**NOTHING, "balance": 100, "adjusted": 100}
    lowered = adjust(hers, {"amount": -30, "revision": raised["account"]["revision"]})
    assert lowered["account"]["points"] == {**NOTHING, "balance": 70, "adjusted": 70}
    both = adjust(hers, {"amount": 5, "balance": 90})  # the balance counts
    assert both["account"]["points"]["balance"] == 90
    row = site.owner.transactions.getLoyaltyTransaction(lowered["transactionId"])
    assert (row["transactionType"], row["amount"]) == ("ADJUST", -30)
    assert (row["adjustInfo"]["amountBefore"], row["adjustInfo"]["amountAfter"]) == (100, 70)
    with pytest.raises(SdkError) as stale:
        adjust(hers, {"amount": 1, "revision": raised["account"]["revision"]})
    assert (stale.value.status, stale.value.code) == (409, "STALE_REVISION")
    with pytest.raises(SdkError) as short:
        adjust(hers, {"amount": -91})
    assert (short.value.status, short.value.code) == (409, "NOT_ENOUGH_POINTS")
    assert (short.value.data["needs"], short.value.data["has"]) == (91, 90)
    assert ann.history() == [("adjusted", 20), ("adjusted", -30), ("adjusted", 100)]


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"amount": 0}, ["options.amount"]),
        ({"amount": 10_000_000}, ["options.amount"]),
        ({"balance": -1}, ["options.balance"]),
        ({"amount": 1, "description": ""}, ["options.description"]),
        ({"amount": 1, "revision": "x"}, ["options.revision"]),
    ],
)
def test_a_wrong_adjustment_names_the_option(site: Site, wrong: dict[str, Any], fields: list[str]) -> None:
    hers = site.account(site.world.member())
    with pytest.raises(SdkError) as refused:
        site.owner.accounts.adjustPoints(hers, wrong)
    assert (refused.value.status, refused.value.fields) == (400, fields)
    assert site.owner.accounts.getAccount(hers)["points"] == NOTHING


def test_a_wrong_gift_names_every_option(site: Site) -> None:
    hers = site.account(site.world.member())
    with pytest.raises(SdkError) as refused:
        site.owner.accounts.earnPoints(hers, {"amount": 0, "appId": "", "idempotencyKey": "k" * 257})
    assert refused.value.fields == ["options.amount", "options.appId", "options.idempotencyKey"]
    with pytest.raises(SdkError) as refused:
        site.owner.accounts.earnPoints(hers, {"amount": 5})
    assert refused.value.fields == ["options.appId", "options.idempotencyKey"]


def test_totals_are_those_of_all_accounts(site: Site) -> None:
    gold = site.owner.tiers.createTier({"tierDefinition": {"name": "Gold"}, "requiredPoints": 100})
    settings = site.owner.tiers.getTiersProgramSettings()["programSettings"]
    site.owner.tiers.updateTiersProgramSettings(
        {"rollingWindow": {"durationInMonths": 12}, "status": "ACTIVE", "revision": settings["revision"]}
    )
    hers, his = (site.account(site.world.member(f"{name}@example.com")) for name in ("ann", "bob"))
    climbed = site.owner.accounts.earnPoints(hers, earns(150, "a"))["account"]
    assert (climbed["tier"]["_id"], climbed["tier"]["points"]) == (gold["_id"], 150)
    site.owner.accounts.earnPoints(his, earns(50, "b"))
    site.owner.accounts.adjustPoints(his, {"amount": -20})
    totals = site.owner.accounts.getProgramTotals()
    assert totals["points"] == {**NOTHING, "balance": 180, "earned": 200, "adjusted": -20}
    assert {one.get("id") or one.get("_id"): one["numberOfAccounts"] for one in totals["tierTotals"]} == {
        None: 1,
        gold["_id"]: 1,
    }


# Many at once


def test_those_a_search_finds_are_adjusted_and_no_others(site: Site) -> None:
    people = {name: site.world.member(f"{name}@example.com", name=name.title()) for name in ("ann", "anna", "bob")}
    for shopper in people.values():
        site.account(shopper)

    def balances(*expected: int) -> None:
        until(lambda: [one.balance for one in people.values()] == list(expected), f"balances of {expected}")

    adjust = site.owner.accounts.bulkAdjustPoints
    job = adjust({"search": {"search": {"expression": "ann"}}, "amount": 40})["asyncJobId"]
    assert len(job) == 36
    balances(40, 40, 0)
    adjust({"search": {"filter": {"points.balance": {"$gte": 40}}}, "balance": 25})
    balances(25, 25, 0)
    adjust({"amount": 1})
    balances(26, 26, 1)
    for wrong in ({}, {"amount": 0}):
        with pytest.raises(SdkError) as refused:
            adjust(wrong)
        assert refused.value.status == 400 and refused.value.fields[0] in ("options.amount", "options.balance")


# Finding


def test_accounts_are_found_by_a_text_and_counted(site: Site) -> None:
    for name, balance in (("ann", 10), ("anna", 20), ("bob", 30)):
        shopper = site.world.member(f"{name}@example.com", name=f"{name.title()} Lee")
        site.account(shopper)
        shopper.is_given(balance)

    def names(answer: dict[str, Any]) -> list[str]:
        return [one["contact"]["name"] for one in answer["accounts"]]

    search, by_balance = site.owner.accounts.searchAccounts, [{"fieldName": "points.balance", "order": "DESC"}]
    found = search({"search": {"expression": "ann"}, "sort": by_balance})
    assert names(found) == ["Anna Lee", "Ann Lee"] and found["pagingMetadata"]["count"] == 2
    assert names(search({"search": {"expression": "anna lee", "mode": "AND"}})) == ["Anna Lee"]
    assert len(names(search({"search": {"expression": "anna bob", "mode": "OR"}}))) == 2
    assert names(search({"search": {"expression": "bob@example.com", "fields": ["contact.email"]}})) == ["Bob Lee"]
    assert (
        names(search({"search": {"expression": "bob", "fields": ["contact.email"]}, "filter": {"points.balance": 10}}))
        == []
    )
    (anna,) = [one for one in found["accounts"] if one["contact"]["name"] == "Anna Lee"]
    by_date = [{"fieldName": "_updatedDate", "order": "ASC"}]
    assert names(search({"filter": {"contact._id": anna["contact"]["_id"]}, "sort": by_date})) == ["Anna Lee"]
    page = search({"sort": by_balance, "cursorPaging": {"limit": 2}})
    rest = search({"cursorPaging": {"limit": 2, "cursor": page["pagingMetadata"]["cursors"]["next"]}})
    assert [*names(page), *names(rest)] == ["Bob Lee", "Anna Lee", "Ann Lee"]

    plain = site.owner.accounts.queryLoyaltyAccounts({"filter": {"points.balance": {"$lt": 30}}, "sort": by_balance})
    assert [one["points"]["balance"] for one in plain["loyaltyAccounts"]] == [20, 10]  # more: test_queries.py

    count = site.owner.accounts.countAccounts
    assert count() == {"count": 3}
    assert count({"filter": {"points.balance": {"$gte": 20}}}) == {"count": 2}
    assert count({"search": {"expression": "ann"}, "filter": {"points.balance": {"$gte": 20}}}) == {"count": 1}


def test_what_is_found_can_be_aggregated(site: Site) -> None:
    for number, balance in enumerate((10, 10, 20, 60)):
        shopper = site.world.member(f"p{number}@example.com")
        site.account(shopper)
        shopper.is_given(balance)
    by_balance = {"fieldPath": "points.balance"}
    wanted = [
        {"name": "each", "type": "VALUE", **by_balance, "value": {"sortType": "VALUE", "sortDirection": "ASC"}},
        {"name": "groups", "type": "RANGE", **by_balance, "range": {"buckets": [{"to": 20}, {"from": 20}]}},
        {"name": "most", "type": "SCALAR", **by_balance, "scalar": {"type": "MAX"}},
        {"name": "people", "type": "SCALAR", "fieldPath": "contact._id", "scalar": {"type": "COUNT_DISTINCT"}},
        {"name": "last", "type": "SCALAR", "fieldPath": "_updatedDate", "scalar": {"type": "MAX"}},
        {
            "name": "years",
            "type": "DATE_HISTOGRAM",
            "fieldPath": "lastActivityDate",
            "dateHistogram": {"interval": "YEAR"},
        },
    ]
    answer = site.owner.accounts.searchAccounts({"aggregations": wanted})
    results = {one["name"]: one for one in answer["aggregationData"]["results"]}
    values = results["each"]["values"]["results"]
    assert [(float(one["value"]), one["count"]) for one in values] == [(10, 2), (20, 1), (60, 1)]
    assert [one["count"] for one in results["groups"]["ranges"]["results"]] == [2, 2]
    assert results["most"]["scalar"]["value"] == 60
    assert results["people"]["scalar"]["value"] == 4
    assert "scalarDate" in results["last"] and results["last"]["fieldPath"] == "_updatedDate"
    assert [one["count"] for one in results["years"]["dateHistogram"]["results"]] == [4]


def test_transactions_are_queried(site: Site) -> None:
    hers = site.account(site.world.member())
    for number in range(3):
        site.owner.accounts.earnPoints(hers, earns(number + 1, f"k{number}"))
    site.owner.accounts.adjustPoints(hers, {"amount": -1, "description": "Too many"})
    pages = site.owner.js(
        """
        let page = await client.transactions.queryLoyaltyTransactions().eq("accountId", given.account)
          .eq("transactionType", "EARN").ascending("_createdDate").limit(2).find();
        const pages = [page.items];
        while (page.hasNext()) pages.push((page = await page.next()).items);
        return pages;
        """,
        account=hers,
    )
    assert [[one["amount"] for one in page] for page in pages] == [[1, 2], [3]]
    for wanted, amounts in (
        ({"description": {"$startsWith": "too"}}, [-1]),
        ({"idempotencyKey": "k1"}, [2]),
        ({"amount": {"$lt": 2}, "accountId": hers}, [-1, 1]),
    ):
        answer = site.owner.transactions.queryLoyaltyTransactions({"filter": wanted})
        assert [one["amount"] for one in answer["loyaltyTransactions"]] == amounts  # newest first
    assert answer["pagingMetadata"]["count"] == 2


def test_each_kind_of_transaction_says_why(site: Site) -> None:
    ann = site.world.member()
    hers = site.account(ann)
    site.owner.accounts.earnPoints(hers, earns(300, "gift"))
    site.owner.accounts.adjustPoints(hers, {"amount": -20})
    coupon = ann.redeems(site.world.reward(cost=100))
    coupons.return_for_points(site.world.shop, ann.customer, coupon.id, key="back", source="widget")
    site.owner.programs.updateLoyaltyProgram({"pointsExpiration": {"monthsOfInactivity": 1}})
    site.owner.programs.enablePointsExpiration()
    with clock.at(clock.now() + timedelta(days=40)):
        expiry.expire_due(site.world.shop)
    query = {"filter": {"accountId": hers}, "sort": [{"fieldName": "_createdDate", "order": "ASC"}]}
    rows = site.owner.transactions.queryLoyaltyTransactions(query)["loyaltyTransactions"]
    assert [(one["transactionType"], one["amount"]) for one in rows] == [
        ("EARN", 300),
        ("ADJUST", -20),
        ("REDEEM", -100),
        ("REFUND", 100),
        ("EXPIRE", -280),
    ]
    earned, adjusted, redeemed, refunded, expired = rows
    assert earned["earnInfo"]["appId"] == APP
    assert (adjusted["adjustInfo"]["amountBefore"], adjusted["adjustInfo"]["amountAfter"]) == (300, 280)
    assert redeemed["redeemInfo"]["referenceEntityId"] == coupon.id
    assert refunded["refundInfo"]["refundedTransactionId"] == redeemed["_id"]
    assert (expired["expireInfo"]["amountBefore"], expired["expireInfo"]["amountAfter"]) == (280, 0)
    told = {"earnInfo", "adjustInfo", "redeemInfo", "refundInfo", "expireInfo"}
    assert [told & set(one) for one in rows] == [
        {f"{kind}Info"} for kind in ("earn", "adjust", "redeem", "refund", "expire")
    ]
    assert site.owner.accounts.getAccount(hers)["points"] == {
        "balance": 0,
        "earned": 300,
        "adjusted": -20,
        "redeemed": 0,
        "expired": 280,
    }


def test_ten_at_once_with_one_key_are_one(site: Site) -> None:
    ann = site.world.member()
    code = """
        const once = () => client.accounts.earnPoints(given.account, given.facts);
        return (await Promise.all(Array.from({ length: 10 }, once))).map((answer) => answer.transactionId);
    """
    ids = site.owner.js(code, account=site.account(ann), facts=earns(70, "once"))
    assert len(set(ids)) == 1 and len(ids) == 10
    assert ann.balance == 70


def test_every_function_was_answered(runner: Runner) -> None:
    assert runner.left_out("accounts", "transactions") == []
