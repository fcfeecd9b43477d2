"""Every "no" of the domain has a name here, and a stable code.

A refusal knows its kind, its code, an English sentence and the figures behind it. The web floor turns it
into JSON: Wix's form for the admin API, one form of our own for the widget. Nothing internal is in it.
"""

from typing import Any, Literal

DatabaseState = Literal["away", "locked", "full", "read_only"]


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


class ScopeMissing(Refusal):
    """The key may read and the call would write, or the caller is no app at all."""

    kind, code, message = "forbidden", "scope_missing", "This key or token may not do that."


class AddressNotAllowed(Refusal):
    """The API key is good, but its list of addresses does not have the one that the request came from."""

    kind, code, message = "forbidden", "address_not_allowed", "This key may not be used from this address."


class MoreThanOwnRights(Refusal):
    """A key requested a key that may do more than itself; `field` names the right."""

    kind, code, message = "forbidden", "more_than_own_rights", "A key cannot grant more than it has itself."


class TooManySecrets(Refusal):
    """Two secrets of a kind may be valid at once; one has to be removed before another is added."""

    kind, code, message = "conflict", "too_many_secrets", "Two secrets of this kind are valid: remove one first."


class LastSecret(Refusal):
    """The only secret of its kind cannot be removed: nothing of the shop could be verified any more."""

    kind, code, message = "conflict", "last_secret", "This is the only secret of its kind: add another one first."


class WrongSecretKey(Refusal):
    """The database is sealed with another server key than the one that is set."""

    kind, code = "busy", "wrong_secret_key"
    message = (
        "This database was sealed with another WIDGET_SECRET_KEY: set that one. To change it, set the new one, put the "
        "old one into WIDGET_OLD_SECRET_KEYS, and run `widget-server secret rotate`."
    )


class OtherShop(Refusal):
    """The key is good, but the request names another shop."""

    kind, code, message = "forbidden", "other_shop", "This key belongs to another shop."


class KeyReused(Refusal):
    """The same request key came with another request."""

    kind, code, message = "conflict", "key_reused", "This request key was used for another request."


class StaleRevision(Refusal):
    """Somebody else changed the thing since the caller read it (wix-api §3)."""

    kind, code, message = "conflict", "stale_revision", "It was changed meanwhile. Read it again."


class TierUnknown(BadRequest):
    """Figures for a tier that there is not; `tier_id` names it."""

    code, message = "tier_unknown", "There is no such tier."

    def __init__(self, tier_id: str) -> None:
        super().__init__(f"There is no tier {tier_id!r}.", field="tier_id", tier_id=tier_id)


class TierTaken(Refusal):
    """Another tier has this name, or is reached by as many points; `field` says which of both."""

    kind, code, message = "conflict", "tier_taken", "Another tier has this name or as many points."


class TierProgramExists(Refusal):
    """A shop has one set of tier settings; it is there and can be changed."""

    kind, code, message = "conflict", "tier_program_exists", "The tier settings exist already."


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


class WorthNothing(BadRequest):
    """So few points come to less than one coin of the shop's currency; `field` names what was chosen."""

    code, message = "worth_nothing", "So many points are worth nothing here."


class NotWholeCoins(BadRequest):
    """An amount of money with more decimals than the currency's coins have; `field` names it."""

    code = "not_whole_coins"

    def __init__(self, currency: str, *, field: str) -> None:
        super().__init__(f"There are no such coins of {currency}.", field=field)


class RewardUnavailable(Refusal):
    """The reward is off, outside its dates, sold out or not for this customer."""

    kind, code, message = "conflict", "reward_unavailable", "This reward cannot be had now."


class RewardLimitReached(RewardUnavailable):
    """The customer already had this reward as often as it is given."""

    code, message = "reward_limit_reached", "You have had this reward as often as it is given."


class TierTooLow(RewardUnavailable):
    """The reward is for a higher tier."""

    code, message = "tier_too_low", "This reward is for a higher tier."


class ChannelNotEnabled(Refusal):
    """No social rule of the shop that is on names this channel."""

    kind, code, message = "precondition", "channel_not_enabled", "This shop gives nothing for this channel."


class CheckoutTaken(Refusal):
    """The checkout has a discount already; `discount_id` names it. One at a time."""

    kind, code, message = "conflict", "checkout_taken", "This checkout has a discount already."


class CheckoutEnded(Refusal):
    """The discount's way has ended, or its order is being placed; `status` says where it stands."""

    kind, code, message = "conflict", "checkout_ended", "This discount can no longer be changed so."


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
    """E-mail and password do not fit each other, or there is no such account: never distinguished."""

    kind, code, message = "unauthenticated", "wrong_credentials", "E-mail or password is wrong."


class WrongCode(Refusal):
    """The one-time code does not fit."""

    code, message = "wrong_code", "This code does not fit."


class UseTheLink(Refusal):
    """Too many wrong codes were typed for this mailbox today: the link of the mail shows a code that is good."""

    kind, code = "rate", "use_the_link"
    message = "Too many wrong codes were typed. Open the link of the mail: it shows a code to use instead."


class LinkExpired(Refusal):
    """A signed link that is too old, or not ours."""

    code, message = "link_expired", "This link is too old."


class CodeExpired(Refusal):
    """The one-time code is too old, was used, or was requested for another purpose."""

    code, message = "code_expired", "This code is too old. Ask for a new one."


class TooManyTries(Refusal):
    """The one-time code was tried too often and is dead."""

    kind, code, message = "rate", "too_many_tries", "Too many tries. Ask for a new code."


class RateLimited(Refusal):
    """Too many requests of this kind."""

    kind, code, message = "rate", "rate_limited", "Too many requests. Wait a little."


class Busy(Refusal):
    """Too many costly requests at once; nothing was changed, and the same request may be sent again."""

    kind, code, message = "busy", "busy", "The server is busy. Send the request again in some seconds."


class DatabaseAway(Refusal):
    """The database cannot be used now; nothing is known of what became of the request, which may be sent again."""

    kind, code = "busy", "database_away"
    message = "The server cannot do this now. It is not known what became of it. Ask again with the same key."
    RETRY_AFTER_SECONDS = 5

    def __init__(self, state: DatabaseState) -> None:
        super().__init__(retry_after_seconds=self.RETRY_AFTER_SECONDS)
        self.state = state  # for operators, never for callers


class QueryTooSlow(Refusal):
    """The database took longer for the query than WIDGET_STATEMENT_TIMEOUT_MS; nothing was changed."""

    kind, code, message = "busy", "query_too_slow", "This query takes too long. Ask for less at once."


class EmailInvalid(BadRequest):
    """No mail reaches this address: it is not complete, or not in the one form that all compare."""

    code, message = "email_invalid", "This address is not complete."

    def __init__(self) -> None:
        super().__init__(field="email")


class NothingToVerify(Refusal):
    """The member has no address, or one that is verified already."""

    kind, code, message = "conflict", "nothing_to_verify", "There is no address to verify."


class AccountExists(Refusal):
    """One account a customer; `account_id` is the one there is."""

    kind, code, message = "conflict", "account_exists", "This customer has an account already."


class CustomerExists(Refusal):
    """Somebody in this shop has this address, or this id; `customer_id` says who."""

    kind, code, message = "conflict", "customer_exists", "There is a customer with this address or id already."


class PasswordWeak(BadRequest):
    """Too short, or among the well-known ones."""

    code, message = "password_weak", "Use at least 10 characters, and none of the well-known passwords."

    def __init__(self) -> None:
        super().__init__(field="password")


class LeftProgram(Refusal):
    """The shop vouches for a customer who left the program; joining again is their choice."""

    kind, code, message = "forbidden", "left_program", "You left the program."


class OwnReferralCode(Refusal):
    """A member typed their own code."""

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


class CustomerExcluded(Refusal):
    """The shop excluded this customer, who neither earns nor redeems (acceptance 58)."""

    kind, code, message = "forbidden", "customer_excluded", "This customer does not take part."


class BatchUnfinished(Refusal):
    """A change of many accounts, or its undoing, is still under way."""

    kind, code, message = "conflict", "batch_unfinished", "It is not finished yet. Try again when it is."


class UploadGone(Refusal):
    """The upload address was used already, is too old or was never ours."""

    kind, code, message = "not_found", "upload_gone", "This upload address is used up. Ask for a new one."


class FileTooLarge(BadRequest):
    """A file for an import has at most 10 MB."""

    code, message = "file_too_large", "The file is too large: 10 MB at most."


class ImportNotParsed(Refusal):
    """Only an import that was read and not executed yet can be executed; `status` says where it stands."""

    kind, code, message = "conflict", "import_not_parsed", "This import cannot be executed now."


class ImportColumnsUnknown(BadRequest):
    """It is not clear which column has the e-mails and which the points; say so by a header mapping."""

    code, message = "import_columns_unknown", "Say which column has the e-mails and which the points."

    def __init__(self) -> None:
        super().__init__(field="headerMappingInfo")


class AlreadyImported(Refusal):
    """A file with the same content was imported before; `import_id` names that import (acceptance 56)."""

    kind, code, message = "conflict", "already_imported", "This file was imported before. Import it again?"


class BooksDoNotBalance(Refusal):
    """The audit found something, so the books are not chained anew; `finding` is the first (contracts §15)."""

    kind, code, message = "conflict", "books_do_not_balance", "The audit found something. Mend it first."
