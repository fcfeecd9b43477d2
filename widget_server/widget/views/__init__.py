"""What a shopper's panel shows, one module a tab, read in few queries whose number never grows with the history.

Each returns plain values ready for JSON, in the shapes of widget/shapes/.
"""

from widget_server.widget.views import earn, member, my_balance, my_rewards, redeem, referral

__all__ = ["earn", "member", "my_balance", "my_rewards", "redeem", "referral"]
