"""My balance: figures, history, the member's data, leaving (acceptance 47-52)."""

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from widget_server import ledger
from widget_server.errors import BadRequest
from widget_server.lanes import EXPORTS
from widget_server.loyalty.people import customers, privacy, sessions
from widget_server.loyalty.program import programs
from widget_server.web import auth, limits
from widget_server.widget import requests, shapes, views
from widget_server.widget.routes import Endpoints

my_balance = Endpoints("my_balance", "my-balance", "My balance")


@my_balance.get("")
@my_balance.response(200, shapes.MyBalance)
def mine() -> ResponseReturnValue:
    """The figures, and the newest rows."""
    me = auth.member()
    account = ledger.account_of(me.shop.id, me.customer.id)
    return jsonify(
        balance=views.my_balance.balance(me.shop, programs.of(me.shop.id), account),
        history=views.my_balance.history(me.shop, me.customer, account),
    )


@my_balance.get("/history")
@my_balance.takes_query("cursor", "The next_cursor of the page before.", required=True, pattern="^[0-9]{1,18}$")
@my_balance.response(200, shapes.History)
def history() -> ResponseReturnValue:
    """An older page of rows."""
    me = auth.member()
    cursor = request.args.get("cursor", "")
    if not cursor.isdecimal() or len(cursor) > 18:
        raise BadRequest("This cursor is not valid.", field="cursor")
    account = ledger.account_of(me.shop.id, me.customer.id)
    return jsonify(views.my_balance.history(me.shop, me.customer, account, cursor=cursor))


@my_balance.get("/export")
@my_balance.response(200, {"type": "object"})
def export() -> ResponseReturnValue:
    """Everything the program knows of the member, as a file."""
    me = auth.member()
    limits.EXPORT.count(me.customer.id)
    with EXPORTS.place():
        answer = jsonify(privacy.export(me.shop, me.customer))
    answer.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return answer


@my_balance.post("/leave")
@my_balance.response(200, requests.Nothing)
def leave() -> ResponseReturnValue:
    """The member leaves the program and is signed out everywhere; the points wait in case they join again."""
    me = auth.member()
    customers.leave(me.customer)
    sessions.close_all(me.shop.id, me.customer.id)
    return jsonify({})
