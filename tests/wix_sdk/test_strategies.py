"""The SDK's strategies: who may call, and as whom (wix-api §7, contracts §1, acceptance 9)."""

import pytest

from tests.make import World
from tests.wix_sdk.actors import Site
from tests.wix_sdk.sdk import Client, SdkError
from widget_server.loyalty.people import access_tokens, api_keys

NAME = "return (await client.programs.getLoyaltyProgram()).loyaltyProgram.name"


def app(site: Site, **facts: str) -> Client:
    known = {"appId": site.key_id, "appSecret": site.secret, "instanceId": site.id}
    return Client(site.runner, "App", **{**known, **facts})


def test_an_app_shows_its_keys_id_and_secret(site: Site) -> None:
    assert app(site).js(NAME) == "Fern Club"
    app(site).programs.pauseLoyaltyProgram()
    assert site.asks("GET", "/loyalty-programs/v1/program")["loyaltyProgram"]["status"] == "PAUSED"
    other = World.create(name="Another")
    for wrong in ({"appId": other.shop.id}, {"appSecret": site.secret[:-1] + "x"}, {"instanceId": other.shop.id}):
        with pytest.raises(SdkError, match="Failed to exchange instance ID"):
            app(site, **wrong).js("return client.auth.getAuthHeaders()")


def test_an_app_renews_its_token_before_each_call(site: Site) -> None:
    tokens = access_tokens.grant(access_tokens.Holder(site.id, "app", api_keys.in_use(site.secret)))
    renewing = Client(site.runner, "App", appId=site.key_id, appSecret=site.secret, refreshToken=tokens.refresh)
    assert [renewing.js(NAME) for _ in range(3)] == ["Fern Club"] * 3
    api_keys.revoke_key(site.id, site.key_id)
    with pytest.raises(SdkError, match="Failed to exchange refresh token"):
        renewing.js("return client.auth.getAuthHeaders()")


def test_a_revoked_key_opens_nothing(site: Site) -> None:
    assert site.owner.js(NAME) == app(site).js(NAME) == "Fern Club"
    api_keys.revoke_key(site.id, site.key_id)
    for client in (site.owner, app(site)):  # the app's token is in its hands already
        with pytest.raises(SdkError) as refused:
            client.js(NAME)
        assert refused.value.status == 401 and refused.value.code


def test_a_reading_key_only_reads(site: Site) -> None:
    key, secret = api_keys.create_key(site.id, "reader", "read")
    by_key = Client(site.runner, "ApiKey", apiKey=secret, siteId=site.id)
    for reader in (by_key, app(site, appId=str(key.id), appSecret=secret)):
        assert reader.js(NAME) == "Fern Club"
        with pytest.raises(SdkError) as refused:
            reader.programs.pauseLoyaltyProgram()
        assert (refused.value.status, refused.value.code) == (403, "SCOPE_MISSING")


def test_a_key_is_good_for_one_shop(site: Site) -> None:
    other = World.create(name="Another")
    with pytest.raises(SdkError) as refused:
        Client(site.runner, "ApiKey", apiKey=site.secret, siteId=other.shop.id).js(NAME)
    assert (refused.value.status, refused.value.code) == (403, "OTHER_SHOP")
    theirs = other.member()
    with pytest.raises(SdkError) as refused:
        site.owner.accounts.createAccount(theirs.id)
    assert refused.value.status == 404


def test_without_a_key_nothing_is_said(site: Site) -> None:
    for nobody in (Client(site.runner, None), Client(site.runner, "ApiKey", apiKey="sk_guessed", siteId=site.id)):
        with pytest.raises(SdkError) as refused:
            nobody.js(NAME)
        assert (refused.value.status, refused.value.code) == (401, "SIGNED_OUT")
        assert refused.value.request_id


def test_a_visitor_is_nobody_in_particular(site: Site) -> None:
    visitor = Client(site.runner, "OAuth", clientId=site.id)
    token = visitor.js("return (await client.auth.generateVisitorTokens()).accessToken")
    assert token["value"] and token["expiresAt"] > 0
    for ask in ("programs.pauseLoyaltyProgram()", "accounts.getCurrentMemberAccount()", "accounts.listAccounts()"):
        with pytest.raises(SdkError) as refused:
            visitor.js(f"return client.{ask}")
        assert refused.value.status == 403


def test_a_member_acts_for_herself_only(site: Site) -> None:
    ann, bob = site.world.member(), site.world.member("bob@example.com")
    hers, his = site.account(ann), site.account(bob)
    member = site.member(ann)
    assert member.accounts.getCurrentMemberAccount()["account"]["_id"] == hers
    for ask in (
        f"accounts.getAccount('{his}')",
        "accounts.listAccounts()",
        f"accounts.adjustPoints('{hers}', {{amount: 100}})",
        "transactions.queryLoyaltyTransactions().find()",
    ):
        with pytest.raises(SdkError) as refused:
            member.js(f"return client.{ask}")
        assert (refused.value.status, refused.value.code) == (403, "SCOPE_MISSING")
    assert ann.balance == 0


def test_a_members_tokens_can_be_kept_and_renewed(site: Site) -> None:
    ann = site.world.member()
    hers = site.account(ann)
    tokens = site.member(ann).js("return client.auth.getTokens()")
    assert tokens["refreshToken"]["role"] == "member"
    later = Client(site.runner, "OAuth", clientId=site.id, tokens=tokens)
    assert later.accounts.getCurrentMemberAccount()["account"]["_id"] == hers
    stale = {**tokens, "accessToken": {"value": "old", "expiresAt": 1}}
    renewed = Client(site.runner, "OAuth", clientId=site.id, tokens=stale)
    assert renewed.accounts.getCurrentMemberAccount()["account"]["_id"] == hers


def test_only_a_key_that_manages_signs_members_in(site: Site) -> None:
    ann, bob = site.world.member(), site.world.visitor("bob@example.com")
    _, reading = api_keys.create_key(site.id, "reader", "read")
    for member_id, key in ((ann.id, reading), (ann.id, "sk_guessed"), (bob.id, site.secret), ("nobody", site.secret)):
        client = Client(site.runner, "Member", clientId=site.id, memberId=member_id, apiKey=key)
        with pytest.raises(SdkError, match="Failed to fetch tokens"):
            client.accounts.getCurrentMemberAccount()
