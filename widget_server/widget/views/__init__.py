"""Data that the panel shows, one module per tab, read in few queries whose number does not grow with the history.

Each function returns plain values ready for JSON, in the shapes of widget/shapes/.
"""

from widget_server.widget.views import earn, member, my_balance, my_rewards, redeem, referral

__all__ = ["earn", "member", "my_balance", "my_rewards", "redeem", "referral"]
