"""Referral program: the member's link, what it brought, and a friend's code typed by hand (acceptance 40-45)."""

import segno
from flask import jsonify
from flask.typing import ResponseReturnValue

from widget_server.errors import NotFound
from widget_server.loyalty.people import customers
from widget_server.loyalty.program import programs
from widget_server.loyalty.referrals import binding, links, referral_programs
from widget_server.web import auth, limits
from widget_server.web.bodies import json_body
from widget_server.widget import requests, shapes, views
from widget_server.widget.routes import ANYBODY, Endpoints

referral = Endpoints("referral", "referral", "Referral program")
friend_code = Endpoints("friend_code", "friend-code", "A friend's code", callers=ANYBODY)


@referral.get("")
@referral.response(200, shapes.Referral)
def mine() -> ResponseReturnValue:
    """The member's link and how many friends it brought."""
    return jsonify(_mine(auth.member()))


@referral.get("/qr")
@referral.response(200, shapes.QrCode)
def qr() -> ResponseReturnValue:
    """The member's link as a QR code."""
    me = auth.member()
    code = segno.make(views.referral.link(me.shop, me.customer), micro=False, error="m")
    rows = [[bool(module) for module in row] for row in code.matrix]
    return jsonify(size=len(rows), path=_path(rows))


@referral.post("/code")
@referral.takes(requests.CodeAsk)
@referral.response(200, shapes.Referral)
def enter_code() -> ResponseReturnValue:
    """A friend's code, typed by hand."""
    me = auth.member()
    limits.FRIENDS_CODE.count(me.customer.id)
    binding.enter_code(me.shop, me.customer, json_body(requests.CodeAsk())["code"])
    return jsonify(_mine(me))


@friend_code.post("")
@friend_code.takes(requests.FriendCodeAsk)
@friend_code.response(200, shapes.FriendCode)
def counting_code() -> ResponseReturnValue:
    """Which of the words of a visit is the friend's code that counts, and what a page may do with it."""
    shop = auth.shop()
    limits.KNOW_CODE.count(shop.id)
    words = json_body(requests.FriendCodeAsk())
    code, program = links.code_that_counts(shop, words["kept"], words["found"]), referral_programs.program_of(shop)
    offers = program is not None and program.for_friend is not None and programs.of(shop.id).is_active
    return jsonify(
        code=code,
        keep_days=program.window_days if program else 0,
        needs_consent=shop.look.needs_consent,
        gift=code is not None and offers,
    )


def _mine(me: auth.Shopper) -> dict[str, object]:
    shown = views.referral.program_for(me.shop, customers.by_id(me.shop.id, me.customer.id))
    if shown is None:
        raise NotFound("This shop has no referral program now.")
    return shown


def _path(rows: list[list[bool]]) -> str:
    """Runs of dark modules as one SVG path, one unit a module."""
    parts = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            if not row[x]:
                x += 1
                continue
            start = x
            while x < len(row) and row[x]:
                x += 1
            parts.append(f"M{start} {y}h{x - start}v1h-{x - start}z")
    return "".join(parts)
