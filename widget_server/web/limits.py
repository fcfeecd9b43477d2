"""Every limit on how often an action is allowed over HTTP: its name, rate, and who is counted. Routes use the names.

A limit that protects a secret or sends mail counts in the database, for all processes together. The others only keep
one caller from taking all threads: they count in memory, in each process separately (contracts §19). API keys have a
rate of their own (key_rates.py), and mails to one mailbox a rule of their own (loyalty/people/sign_in_codes.py).
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal

from widget_server.web import rate_limits

Of = Literal["who", "address"]  # the names passed to `count`, or these and the caller's network address
Holds = Literal["everywhere", "process"]

COUNTERS: dict[tuple[Of, Holds], Callable[..., None]] = {
    ("who", "everywhere"): rate_limits.limit,
    ("who", "process"): rate_limits.limit_flood,
    ("address", "everywhere"): rate_limits.limit_address,
    ("address", "process"): rate_limits.limit_address_flood,
}


@dataclass(frozen=True)
class Limit:
    """A limit on an action. `name` is part of the counted key: each name has its own count."""

    name: str
    rate: str
    of: Of
    holds: Holds

    def count(self, *who: str) -> None:
        """Count one request of `who`; raises RateLimited beyond the rate."""
        COUNTERS[self.of, self.holds](self.rate, self.name, *who)

    def failures(self, *who: str) -> AbstractContextManager[None]:
        """Count the block if it raises WrongCredentials; raises RateLimited beyond the rate."""
        counted = rate_limits.failures if self.of == "who" else rate_limits.address_failures
        return counted(self.rate, self.name, *who)


# signing in
ASK_CODE = Limit("code", "20 per hour", "address", "everywhere")  # each may send a mail
CONFIRM_CODE = Limit("confirm", "30 per minute", "address", "everywhere")
CONFIRM_LINK = Limit("confirm", "30 per minute", "address", "everywhere")
SHOW_SESSIONS = Limit("sessions", "30 per minute", "address", "everywhere")
IDENTITY = Limit("identity", "60 per minute", "address", "process")
TRY_PASSWORD = Limit("sign-in", "20 per minute", "address", "everywhere")  # successful or not: each costs a hash
WRONG_PASSWORD = Limit("sign-in", "10 per 15 minutes", "address", "everywhere")
WRONG_PASSWORD_OF_DEVICE = Limit("sign-in-device", "10 per 15 minutes", "who", "everywhere")
WRONG_PASSWORD_OF_ACCOUNT = Limit("sign-in-account", "100 per day", "who", "everywhere")
WRONG_PASSWORD_WHEN_GUESSED = Limit("sign-in-guessed", "1 per day", "address", "everywhere")

# staff
SECOND_FACTOR = Limit("second-factor", "10 per 15 minutes", "who", "everywhere")  # of those who know the password
SECOND_FACTOR_A_DAY = Limit("second-factor-day", "100 per day", "who", "everywhere")  # of a million codes
PRESENT_PASSWORD = Limit("present-password", "10 per 15 minutes", "who", "everywhere")
CHECK_SHOP = Limit("check-shop", "10 per minute", "who", "everywhere")  # calls of the shop's own API
LINK_SHOP = Limit("link-shop", "20 per hour", "address", "everywhere")  # by a connection code
TEST_MAIL = Limit("test-mail", "20 per hour", "who", "everywhere")

# members
CLICK = Limit("click", "30 per minute", "who", "process")
VISIT = Limit("visit", "30 per minute", "who", "process")
BIRTHDAY = Limit("birthday", "10 per hour", "who", "process")
REDEEM = Limit("/widget/redeem", "20 per minute", "who", "process")
FRIENDS_CODE = Limit("code", "10 per hour", "who", "everywhere")
REFERRAL_REPLY = Limit("referral-reply", "5 per day", "who", "everywhere")
TILL_CODE = Limit("till-code", "30 per hour", "who", "process")
EXPORT = Limit("export", "10 per hour", "who", "process")
UNSUBSCRIBE = Limit("unsubscribe", "600 per minute", "address", "process")  # a mail provider posts for many

# guests and apps
BADGES = Limit("badges", "120 per minute", "address", "process")
KNOW_CODE = Limit("friend-code", "60 per minute", "address", "process")
VISITORS_TOKEN = Limit("oauth", "120 per minute", "address", "process")
