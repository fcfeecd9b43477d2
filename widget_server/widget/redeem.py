"""Redeem points: what can be bought, and buying it (acceptance 27-33)."""

from dataclasses import asdict

from widget_server import editions
from widget_server.errors import (
    CustomerExcluded,
    MembersOnly,
    NotEnoughPoints,
    ProgramNotActive,
    RateLimited,
    RewardLimitReached,
    RewardUnavailable,
    TierTooLow,
    WorthNothing,
)
from widget_server.ledger import Account
from widget_server.loyalty.program import programs
from widget_server.loyalty.rewards import redeeming
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.web import limits
from widget_server.web.auth import Shopper
from widget_server.widget import views
from widget_server.widget.direct import Query
from widget_server.widget.requests import RedeemBody
from widget_server.widget.routes import CURSOR, KEY, MEMBER, SOURCE, Endpoints, once
from widget_server.widget.shapes.member import Redemption
from widget_server.widget.shapes.redeem import RewardList

redeem = Endpoints("redeem", "redeem", "Redeem points")


@redeem.read("", returns=RewardList, parameters=(CURSOR,))
def listed(me: Shopper, query: Query) -> RewardList:
    """A page of the rewards for the member: affordable ones first, then by how few points are missing.

    Raises BadRequest for a malformed cursor.
    """
    return views.redeem.page(me.shop, me.customer, me.account, cursor=query.get("cursor"))


@redeem.route(
    "POST",
    "",
    MEMBER,
    takes=RedeemBody,
    returns=Redemption,
    refuses=(
        ProgramNotActive,
        MembersOnly,
        CustomerExcluded,
        RewardUnavailable,
        TierTooLow,
        RewardLimitReached,
        WorthNothing,
        NotEnoughPoints,
        RateLimited,
    ),
    parameters=(KEY,),
)
def buy(me: Shopper, body: RedeemBody) -> Redemption:
    """Exchange points for a coupon, once per request key."""

    def act(key: str) -> Redemption:
        editions.hold(me.shop.id)
        bought = redeeming.buy(me.shop, me.customer, body.reward_id, points=body.points, key=key, source=SOURCE)
        return redemption(me, bought.coupon, bought.account)

    return once(me, asdict(body), act, limit=limits.REDEEM)


def redemption(me: Shopper, coupon: Coupon, account: Account | None) -> Redemption:
    """Returns the coupon and the balance of the account."""
    return {
        "coupon": views.my_rewards.coupon(me.shop, coupon),
        "balance": views.my_balance.balance(me.shop, programs.of(me.shop.id), account),
    }
