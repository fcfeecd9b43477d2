"""The query language in every form the SDK knows: builders, their pages, plain objects, utilities (wix-api §4)."""

from typing import Any

import pytest

from tests.wix_sdk.actors import Site
from tests.wix_sdk.sdk import SdkError

POINTS = {"ann": 0, "bea": 10, "cid": 20, "dan": 30, "eva": 40}


@pytest.fixture
def people(site: Site) -> dict[str, str]:
    """Five members, made one after the other, with more points each; name -> account id. Eva is a visitor."""
    accounts = {}
    for name, points in POINTS.items():
        email = f"{name}@example.com"
        shopper = site.world.member(email, name=name) if name != "eva" else site.world.visitor(email)
        accounts[name] = site.account(shopper)
        if points:
            shopper.is_given(points)
    return accounts


def found(site: Site, people: dict[str, str], code: str) -> str:
    """The names that a query finds, as one word: the first letters in the order of the answer."""
    names = {account: name for name, account in people.items()}
    items = site.owner.js(f"const query = client.accounts.queryLoyaltyAccounts(); {code}", people=people, points=POINTS)
    return "".join(names[one["_id"]][0] for one in items)


@pytest.mark.parametrize(
    ("chain", "names"),
    [
        ("", "edcba"),  # newest first
        (".ascending('_createdDate')", "abcde"),
        (".eq('points.balance', 20)", "c"),
        (".ne('points.balance', 20)", "edba"),
        (".gt('points.balance', 20)", "ed"),
        (".ge('points.balance', 20)", "edc"),
        (".lt('points.balance', 20)", "ba"),
        (".le('points.balance', 20)", "cba"),
        (".between('points.balance', 10, 30)", "cb"),
        (".in('points.balance', [0, 40])", "ea"),
        (".hasSome('points.balance', 10, 30)", "db"),
        (".hasSome('_id', [given.people.ann, given.people.dan])", "da"),
        (".eq('_id', given.people.bea)", "b"),
        (".isEmpty('memberId')", "e"),
        (".isNotEmpty('memberId')", "dcba"),
        (".exists('memberId')", "dcba"),
        (".startsWith('_id', given.people.cid.slice(0, 13))", "c"),
        (".endsWith('_id', given.people.cid.slice(-13).toUpperCase())", "c"),
        (".contains('_id', given.people.cid.slice(9, 23))", "c"),
        (".ge('points.balance', 10).lt('points.balance', 40).ne('points.balance', 20)", "db"),
        (".descending('points.earned')", "edcba"),
        (".ascending('points.balance').limit(2)", "ab"),
        (".not(query.eq('points.balance', 20))", "edba"),
        (".eq('points.balance', 20).or(query.eq('points.balance', 0))", "ca"),
        (".gt('points.balance', 0).and(query.lt('points.balance', 20))", "b"),
        (".ge('_createdDate', new Date(0)).lt('_createdDate', new Date(Date.now() + 3600000))", "edcba"),
        (".gt('lastActivityDate', new Date(Date.now() + 3600000))", ""),
    ],
)
def test_a_builder_finds(site: Site, people: dict[str, str], chain: str, names: str) -> None:
    assert found(site, people, f"return (await query{chain}.find()).items") == names


def test_pages_lead_there_and_back(site: Site, people: dict[str, str]) -> None:
    walked = site.owner.js(
        """
        const start = client.accounts.queryLoyaltyAccounts().ge("points.balance", 10).ascending("points.balance").limit(2);
        const pages = [await start.find()];
        pages.push(await pages[0].next());
        pages.push(await pages[1].prev());
        pages.push(await start.skipTo(pages[0].cursors?.next ?? pages[0]._nextCursor ?? "").find().catch(() => pages[1]));
        return pages.map((page) => ({
          balances: page.items.map((one) => one.points.balance), next: page.hasNext(), prev: page.hasPrev(),
          length: page.length, pageSize: page.pageSize,
        }));
        """
    )
    first = {"balances": [10, 20], "next": True, "prev": False, "length": 2, "pageSize": 2}
    second = {"balances": [30, 40], "next": False, "prev": True, "length": 2, "pageSize": 2}
    assert walked[:3] == [first, second, first]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, "edcba"),
        ({"filter": {"points.balance": {"$gte": 10, "$lt": 30}}}, "cb"),
        ({"filter": {"$or": [{"points.balance": 0}, {"points.balance": {"$gt": 30}}]}}, "ea"),
        ({"filter": {"$not": {"points.balance": {"$in": [0, 10]}}}}, "edc"),
        ({"filter": {"points.balance": {"$nin": [0, 10]}}}, "edc"),
        ({"filter": {"memberId": None}}, "e"),
        ({"filter": {"memberId": {"$exists": False}}}, "e"),
        ({"filter": {"memberId": {"$isEmpty": True}}}, "e"),
        ({"sort": [{"fieldName": "_createdDate", "order": "ASC"}]}, "abcde"),
        ({"sort": [{"fieldName": "points.balance", "order": "ASC"}], "cursorPaging": {"limit": 2}}, "ab"),
    ],
)
def test_a_plain_object_finds(site: Site, people: dict[str, str], query: dict[str, Any], names: str) -> None:
    answer = site.owner.accounts.queryLoyaltyAccounts(query)
    known = {account: name[0] for name, account in people.items()}
    assert "".join(known[one["_id"]] for one in answer["loyaltyAccounts"]) == names
    assert answer["pagingMetadata"]["count"] == len(names)


def test_utilities_build_the_same(site: Site, people: dict[str, str]) -> None:
    code = """
        const { QueryBuilder, Filter, Sort } = loyalty.accounts;
        const built = QueryBuilder()
          .withFilter(Filter.and(Filter("points.balance").ge(10), Filter.or(
            Filter("_id").eq(given.people.bea), Filter("points.balance").in([30, 40]))))
          .withSorting(Sort("points.balance").desc())
          .withPaging({ limit: 2, offset: 1 })
          .build();
        return (await client.accounts.queryLoyaltyAccounts(built)).loyaltyAccounts;
    """
    assert found(site, people, code) == "db"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"filter": {"points.secret": 1}}, "query.filter.points.secret"),
        ({"filter": {"points.balance": {"$near": 1}}}, "query.filter.points.balance"),
        ({"filter": {"points.balance": "many"}}, "query.filter.points.balance"),
        ({"sort": [{"fieldName": "nothing"}]}, "query.sort"),
        ({"cursorPaging": {"limit": 101}}, "query.cursorPaging.limit"),
        ({"cursorPaging": {"cursor": "made up"}}, "query.cursorPaging.cursor"),
    ],
)
def test_what_cannot_be_asked_is_named(site: Site, query: dict[str, Any], field: str) -> None:
    with pytest.raises(SdkError) as refused:
        site.owner.accounts.queryLoyaltyAccounts(query)
    assert refused.value.status == 400
    (named,) = refused.value.fields
    assert named.startswith(field)


def test_a_cursor_of_another_shop_opens_nothing(site: Site, people: dict[str, str]) -> None:
    page = site.owner.accounts.queryLoyaltyAccounts({"cursorPaging": {"limit": 2}})
    other = Site.create(site.runner, site.base_url)
    with pytest.raises(SdkError) as refused:
        other.owner.accounts.queryLoyaltyAccounts({"cursorPaging": {"cursor": page["pagingMetadata"]["cursors"]["next"]}})
    assert refused.value.status == 400
