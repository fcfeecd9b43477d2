"""A member's first paint: name, balance and the tab that opens, in one response."""

import re

from widget_server.errors import BadRequest
from widget_server.loyalty.people import customers
from widget_server.loyalty.program import programs
from widget_server.web.auth import Shopper
from widget_server.widget import views
from widget_server.widget.direct import Query
from widget_server.widget.list_pages import PAGES_MAX
from widget_server.widget.routes import Endpoints, query_parameter
from widget_server.widget.shapes.member import MemberPanel

panel = Endpoints("panel", "panel", "A member's first paint")

# in display order; the panel's own list is generated from this one (typescript.py)
TABS = ("earn", "redeem", "my_rewards", "referral", "my_balance")
TAB = query_parameter("tab", "The tab that opens.", enum=TABS, default=TABS[0])
PAGES_SENT = "[1-9][0-9]{0,3}"
PAGES = query_parameter(
    "pages",
    f"How many pages of the tab's list are on screen; {PAGES_MAX} of them are sent at most.",
    pattern=f"^{PAGES_SENT}$",
    default="1",
)


@panel.read("", returns=MemberPanel, parameters=(TAB, PAGES))
def member_panel(shopper: Shopper, query: Query) -> MemberPanel:
    """The member, the balance and the data of one tab; of its list, so many pages.

    Raises BadRequest for an unknown tab or number of pages.
    """
    tab = query.get("tab", TABS[0])
    if tab not in TABS:
        raise BadRequest(f"One of {', '.join(TABS)}.", field="tab")
    pages = _pages(query)
    shop, customer = shopper.shop, shopper.customer
    program, account = programs.of(shop.id), shopper.account
    earn = views.earn.page(shop, program, customer, account, pages=pages) if tab == "earn" else None
    rewards = views.redeem.page(shop, customer, account, pages=pages) if tab == "redeem" else None
    coupons = views.my_rewards.page(shop, customer, pages=pages) if tab == "my_rewards" else None
    history = views.my_balance.history(shop, customer, account, pages=pages) if tab == "my_balance" else None
    listed = earn or rewards or coupons or history
    response: MemberPanel = {
        "member": views.member.member(customer),
        "balance": views.my_balance.balance(shop, program, account),
        "unseen": views.my_rewards.unseen(shop, customer),
        "earn": earn["rules"] if earn else None,
        "rewards": rewards["rewards"] if rewards else None,
        "my_rewards": coupons,
        "referral": views.referral.program_for(shop, customer, account) if tab == "referral" else None,
        "history": history,
        "next_cursor": listed["next_cursor"] if listed else None,
    }
    if tab == "my_rewards" and response["unseen"]:  # other reads write nothing
        customers.touch_rewards_seen(customer)
    return response


def _pages(query: Query) -> int:
    """Returns how many pages of the list to send. Raises BadRequest (pages)."""
    sent = query.get("pages", "1")
    if not re.fullmatch(PAGES_SENT, sent):
        raise BadRequest("A whole number, 1 or more.", field="pages")
    return min(int(sent), PAGES_MAX)
