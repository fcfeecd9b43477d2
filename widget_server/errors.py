"""Every "no" of the domain has a name here, and a stable code.

A refusal knows its kind, its code, an English sentence and the figures behind it. The web floor turns it
into JSON: Wix's form for the admin API, one form of our own for the widget. Nothing internal is in it.
"""

from typing import Any


class Refusal(Exception):
    """A request that the rules say no to. `kind` names the HTTP answer, `facts` go to the caller."""

    kind = "bad_request"
    code = "refused"
    message = "The request was refused."

    def __init__(self, message: str | None = None, *, field: str | None = None, **facts: Any) -> None:
        super().__init__(message or self.message)
        self.message = message or self.message
        self.field = field
        self.facts = facts


class BadRequest(Refusal):
    """A body, parameter or header that has not the right form; `field` names it."""

    code, message = "bad_request", "The request is not well formed."


class NotFound(Refusal):
    """There is no such thing in this shop, or it is not the caller's."""

    kind, code, message = "not_found", "not_found", "There is no such thing here."


class SignedOut(Refusal):
    """The caller did not show a token that is good now."""

    kind, code, message = "unauthenticated", "signed_out", "Sign in first."


class BadSignature(Refusal):
    """A webhook or identity token whose signature does not fit."""

    kind, code, message = "unauthenticated", "bad_signature", "The signature does not fit."


class OriginNotAllowed(Refusal):
    """A page that is not on the shop's list of origins (acceptance 9)."""

    kind, code, message = "forbidden", "origin_not_allowed", "This page may not use this shop's program."


class KeyReused(Refusal):
    """The same request key came with another request."""

    kind, code, message = "conflict", "key_reused", "This request key was used for another request."


class ProgramNotActive(Refusal):
    """Nothing is earned or redeemed while the program is draft or paused (acceptance 16)."""

    kind, code, message = "precondition", "program_not_active", "The program is not active now."


class BadTransition(Refusal):
    """The program cannot go from its state to that one."""

    kind, code, message = "conflict", "bad_transition", "That change of state is not possible."


class NotEnoughPoints(Refusal):
    """The spendable balance is lower than the cost."""

    kind, code, message = "conflict", "not_enough_points", "There are not enough points."

    def __init__(self, *, needs: int, has: int) -> None:
        super().__init__(needs=needs, has=has)


class BalanceTooLarge(Refusal):
    """A row is 1..10^9 points and a balance stays below 10^15."""

    kind, code, message = "conflict", "amount_out_of_range", "That is more points than an account can hold."


class RewardUnavailable(Refusal):
    """The reward is off, outside its dates, sold out or not for this customer."""

    kind, code, message = "conflict", "reward_unavailable", "This reward cannot be had now."


class RewardLimitReached(RewardUnavailable):
    """The customer already had this reward as often as it is given."""

    code, message = "reward_limit_reached", "You have had this reward as often as it is given."


class TierTooLow(RewardUnavailable):
    """The reward is for a higher tier."""

    code, message = "tier_too_low", "This reward is for a higher tier."


class MembersOnly(Refusal):
    """Visitors earn, only members redeem."""

    kind, code, message = "forbidden", "members_only", "Only members redeem."


class CouponNotUsable(Refusal):
    """The coupon is not in a state in which it can be used; `reason` says why."""

    kind, code, message = "conflict", "coupon_not_usable", "This code cannot be used."


class CouponNotReturnable(Refusal):
    """The coupon was used or applied, or the time for returning it is over."""

    kind, code, message = "conflict", "coupon_not_returnable", "This code can no longer be returned."


class RuleNotClickable(Refusal):
    """The browser may fire the daily visit and click-only social rules, nothing else (acceptance 26)."""

    kind, code, message = "forbidden", "rule_not_clickable", "This rule is not fired by a click."


class WrongCredentials(Refusal):
    """E-mail and password do not fit each other, or there is no such account: never told apart."""

    kind, code, message = "unauthenticated", "wrong_credentials", "E-mail or password is wrong."


class WrongCode(Refusal):
    """The one-time code does not fit."""

    code, message = "wrong_code", "This code does not fit."


class CodeExpired(Refusal):
    """The one-time code is too old or was used."""

    code, message = "code_expired", "This code is too old. Ask for a new one."


class TooManyTries(Refusal):
    """The one-time code was tried too often and is dead."""

    kind, code, message = "rate", "too_many_tries", "Too many tries. Ask for a new code."


class RateLimited(Refusal):
    """Too many requests of this kind."""

    kind, code, message = "rate", "rate_limited", "Too many requests. Wait a little."


class EmailInvalid(BadRequest):
    """The address is not complete."""

    code, message = "email_invalid", "This address is not complete."

    def __init__(self) -> None:
        super().__init__(field="email")


class PasswordWeak(BadRequest):
    """Too short, or among the well-known ones."""

    code, message = "password_weak", "Use at least 10 characters, and none of the well-known passwords."

    def __init__(self) -> None:
        super().__init__(field="password")


class LeftProgram(Refusal):
    """The shop vouches for a customer who left the program; joining again is her choice."""

    kind, code, message = "forbidden", "left_program", "You left the program."


class OwnReferralCode(Refusal):
    """A member typed her own code."""

    kind, code, message = "conflict", "own_referral_code", "This is your own code."


class ReferralCodeUnknown(BadRequest):
    """No member has this code."""

    code, message = "referral_code_unknown", "Nobody has this code."

    def __init__(self) -> None:
        super().__init__(field="code")


class AlreadyReferred(Refusal):
    """A friend has one referrer only, and only before being a customer."""

    kind, code, message = (
        "conflict",
        "already_referred",
        "A friend's code can be used once, by new customers.",
    )
