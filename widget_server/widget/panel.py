"""A member's first paint: name, balance and the tab that opens, in one response."""

from flask import request

from widget_server.errors import BadRequest
from widget_server.loyalty.people import customers
from widget_server.loyalty.program import programs
from widget_server.web.auth import Shopper
from widget_server.widget import views
from widget_server.widget.routes import MEMBER, Endpoints, query_parameter
from widget_server.widget.shapes.member import MemberPanel

panel = Endpoints("panel", "panel", "A member's first paint")

# in display order; the panel's own list is generated from this one (typescript.py)
TABS = ("earn", "redeem", "my_rewards", "referral", "my_balance")
TAB = query_parameter("tab", "The tab that opens.", enum=TABS, default=TABS[0])


@panel.route("GET", "", MEMBER, returns=MemberPanel, parameters=(TAB,))
def member_panel(shopper: Shopper) -> MemberPanel:
    """The member, the balance and the data of one tab.

    Raises BadRequest for an unknown tab.
    """
    tab = request.args.get("tab", TABS[0])
    if tab not in TABS:
        raise BadRequest(f"One of {', '.join(TABS)}.", field="tab")
    shop, customer = shopper.shop, shopper.customer
    program, account = programs.of(shop.id), shopper.account
    response: MemberPanel = {
        "member": views.member.member(customer),
        "balance": views.my_balance.balance(shop, program, account),
        "unseen": views.my_rewards.unseen(shop, customer),
        "earn": views.earn.rules_for(shop, program, customer, account) if tab == "earn" else None,
        "rewards": views.redeem.rewards_for(shop, customer, account) if tab == "redeem" else None,
        "my_rewards": views.my_rewards.page(shop, customer) if tab == "my_rewards" else None,
        "referral": views.referral.program_for(shop, customer) if tab == "referral" else None,
        "history": views.my_balance.history(shop, customer, account) if tab == "my_balance" else None,
    }
    if tab == "my_rewards" and response["unseen"]:  # other reads write nothing
        customers.touch_rewards_seen(customer)
    return response
