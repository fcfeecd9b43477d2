"""Redeem points: what can be bought, and buying it (acceptance 27-33)."""

from flask import jsonify
from flask.typing import ResponseReturnValue

from widget_server import ledger
from widget_server.loyalty.program import programs
from widget_server.loyalty.rewards import redeeming
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.web import auth, limits
from widget_server.web.bodies import json_body, plain
from widget_server.widget import requests, shapes, views
from widget_server.widget.routes import SOURCE, Endpoints, once

redeem = Endpoints("redeem", "redeem", "Redeem points")


@redeem.get("")
@redeem.response(200, shapes.RewardList)
def listed() -> ResponseReturnValue:
    """The rewards as they stand for the member: affordable first, then the nearest."""
    me = auth.member()
    return jsonify(
        rewards=views.redeem.rewards_for(me.shop, me.customer, ledger.account_of(me.shop.id, me.customer.id))
    )


@redeem.post("")
@redeem.takes(requests.RedeemAsk)
@redeem.takes_key()
@redeem.response(200, shapes.Redemption)
def buy() -> ResponseReturnValue:
    """Points for a coupon, once for a request key."""
    me = auth.member()
    body = json_body(requests.RedeemAsk())

    def act(key: str) -> object:
        coupon = redeeming.redeem(
            me.shop, me.customer, body["reward_id"], points=body["points"], key=key, source=SOURCE
        )
        return plain(redemption(me, coupon))

    return jsonify(once(me, body, act, limit=limits.REDEEM))


def redemption(me: auth.Shopper, coupon: Coupon) -> dict[str, object]:
    """The coupon and the balance after it."""
    account = ledger.account_of(me.shop.id, me.customer.id)
    return {
        "coupon": views.my_rewards.coupon(me.shop, coupon),
        "balance": views.my_balance.balance(me.shop, programs.of(me.shop.id), account),
    }
