"""My balance: figures, history, the member's data, leaving (acceptance 47-52)."""

from flask import Response, jsonify

from widget_server.errors import BadRequest
from widget_server.lanes import EXPORTS
from widget_server.loyalty.people import customers, privacy, sessions
from widget_server.loyalty.program import programs
from widget_server.web import limits
from widget_server.web.auth import Shopper
from widget_server.widget import views
from widget_server.widget.direct import Query
from widget_server.widget.routes import MEMBER, Endpoints, query_parameter
from widget_server.widget.shapes.member import Nothing
from widget_server.widget.shapes.my_balance import History, MyBalance

my_balance = Endpoints("my_balance", "my-balance", "My balance")

CURSOR = query_parameter("cursor", "The next_cursor of the page before.", required=True, pattern="^[0-9]{1,18}$")


@my_balance.read("", returns=MyBalance)
def mine(me: Shopper, _: Query) -> MyBalance:
    """The member's balance and the newest rows of the history."""
    return {
        "balance": views.my_balance.balance(me.shop, programs.of(me.shop.id), me.account),
        "history": views.my_balance.history(me.shop, me.customer, me.account),
    }


@my_balance.read("/history", returns=History, parameters=(CURSOR,))
def history(me: Shopper, query: Query) -> History:
    """An older page of the history.

    Raises BadRequest for a malformed cursor.
    """
    cursor = query.get("cursor", "")
    if not cursor.isdecimal() or len(cursor) > 18:
        raise BadRequest("This cursor is not valid.", field="cursor")
    return views.my_balance.history(me.shop, me.customer, me.account, cursor=cursor)


@my_balance.route("GET", "/export", MEMBER, returns=Response, limit=limits.EXPORT)
def export(me: Shopper) -> Response:
    """All stored data of the member, as a JSON file."""
    with EXPORTS.place():
        response = jsonify(privacy.export(me.shop, me.customer))
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@my_balance.route("POST", "/leave", MEMBER, returns=Nothing)
def leave(me: Shopper) -> Nothing:
    """Leave the program and sign out everywhere; the points are kept in case the member joins again."""
    customers.leave(me.customer)
    sessions.close_all(me.shop.id, me.customer.id)
    return {}
