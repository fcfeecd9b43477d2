"""The query language in every form the SDK knows: builders, their pages, plain objects, utilities (wix-api §4)."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.wix_sdk.actors import Site
from tests.wix_sdk.conftest import in_process
from tests.wix_sdk.sdk import Runner, SdkError
from widget_server.config import Settings

POINTS = {"ann": 0, "bea": 10, "cid": 20, "dan": 30, "eva": 40}


@dataclass
class People:
    """Five accounts of one shop, made one after the other, each with more points; `accounts` by name."""

    site: Site
    accounts: dict[str, str]

    def found(self, code: str) -> str:
        """Whom a query finds, as one word: the first letters in the order of the answer."""
        start = "const query = client.accounts.queryLoyaltyAccounts();"
        return self.letters(self.site.owner.js(f"{start} {code}", people=self.accounts))

    def letters(self, items: list[dict[str, Any]]) -> str:
        names = {account: name for name, account in self.accounts.items()}
        return "".join(names[one["_id"]][0] for one in items)


@pytest.fixture(scope="module")
def people(settings: Settings, runner: Runner) -> People:
    """Nobody changes them. Eva is a visitor, the others are members."""
    with in_process(settings):
        site = Site.create(runner, settings.base_url)
        people = People(site, {})
        for name, points in POINTS.items():
            email = f"{name}@example.com"
            shopper = site.world.member(email) if name != "eva" else site.world.visitor(email)
            people.accounts[name] = site.account(shopper)
            if points:
                shopper.is_given(points)
    return people


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
def test_a_builder_finds(people: People, chain: str, names: str) -> None:
    assert people.found(f"return (await query{chain}.find()).items") == names


def test_pages_lead_there_and_back(people: People) -> None:
    walked = people.site.owner.js(
        """
        const rich = client.accounts.queryLoyaltyAccounts().ge("points.balance", 10);
        const query = rich.ascending("points.balance").limit(2);
        const first = await query.find();
        const second = await first.next();
        const pages = [first, second, await second.prev(), await query.skipTo(first.cursors.next).find()];
        return pages.map((page) => ({
          balances: page.items.map((one) => one.points.balance),
          next: page.hasNext(), prev: page.hasPrev(), length: page.length, pageSize: page.pageSize,
        }));
        """
    )
    first = {"balances": [10, 20], "next": True, "prev": False, "length": 2, "pageSize": 2}
    second = {"balances": [30, 40], "next": False, "prev": True, "length": 2, "pageSize": 2}
    assert walked == [first, second, first, second]


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
def test_a_plain_object_finds(people: People, query: dict[str, Any], names: str) -> None:
    answer = people.site.owner.accounts.queryLoyaltyAccounts(query)
    assert people.letters(answer["loyaltyAccounts"]) == names
    assert answer["pagingMetadata"]["count"] == len(names)


@pytest.mark.parametrize(
    ("built", "names"),
    [
        ("withFilter(Filter('points.balance').gte(10).lt(30))", "cb"),
        ("withFilter(Filter('points.balance').nin([0, 10]))", "edc"),
        ("withFilter(Filter.not(Filter('points.balance').in([0, 10])))", "edc"),
        ("withFilter(Filter('memberId').isEmpty())", "e"),
        ("withFilter(Filter('memberId').isNotEmpty()).withSorting(Sort('_createdDate').asc())", "abcd"),
        (
            "withFilter(Filter.and(Filter('points.balance').gt(0), Filter.or("
            "Filter('_id').eq(given.people.bea), Filter('points.balance').in([30, 40]))))"
            ".withSorting(Sort('points.balance').desc()).withPaging({ limit: 2, offset: 1 })",
            "db",
        ),
    ],
)
def test_utilities_build_what_is_found(people: People, built: str, names: str) -> None:
    code = f"""
        const {{ QueryBuilder, Filter, Sort }} = loyalty.accounts;
        return (await client.accounts.queryLoyaltyAccounts(QueryBuilder().{built}.build())).loyaltyAccounts;
    """
    assert people.found(code) == names


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
def test_what_cannot_be_asked_is_named(people: People, query: dict[str, Any], field: str) -> None:
    with pytest.raises(SdkError) as refused:
        people.site.owner.accounts.queryLoyaltyAccounts(query)
    assert refused.value.status == 400
    (named,) = refused.value.fields
    assert named.startswith(field)


def test_a_cursor_of_another_shop_opens_nothing(site: Site, people: People) -> None:
    page = people.site.owner.accounts.queryLoyaltyAccounts({"cursorPaging": {"limit": 2}})
    cursor = page["pagingMetadata"]["cursors"]["next"]
    with pytest.raises(SdkError) as refused:
        site.owner.accounts.queryLoyaltyAccounts({"cursorPaging": {"cursor": cursor}})
    assert refused.value.status == 400
