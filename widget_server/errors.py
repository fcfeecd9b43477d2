"""Every refusal of the domain: one exception class each, with a stable code.

A refusal has its kind, its code, an English sentence and the figures behind it. `web/` turns it into JSON: Wix's form
for the admin API, a form of our own for the widget. It contains nothing internal.
"""

from typing import Any, Literal

DatabaseState = Literal["away", "locked", "full", "read_only"]


class Refusal(Exception):
    """A request that is refused. `kind` decides the HTTP status, `facts` are sent to the caller."""

    kind = "bad_request"
    code = "refused"
    message = "The request was refused."

    def __init__(self, message: str | None = None, *, field: str | None = None, **facts: Any) -> None:
        super().__init__(message or self.message)
        self.message = message or self.message
        self.field = field
        self.facts = facts


class BadRequest(Refusal):
    """A body, parameter or header is not in the right form; `field` names it."""

    code, message = "bad_request", "The request is not well formed."


class NotFound(Refusal):
    """It does not exist in this shop, or does not belong to the caller."""

    kind, code, message = "not_found", "not_found", "There is no such thing here."


class SignedOut(Refusal):
    """The caller sent no token that is valid now."""

    kind, code, message = "unauthenticated", "signed_out", "Sign in first."


class BadSignature(Refusal):
    """The signature of a webhook or an identity token is not valid."""

    kind, code, message = "unauthenticated", "bad_signature", "The signature is not valid."


class OriginNotAllowed(Refusal):
    """The page is not on the shop's list of origins (acceptance 9)."""

    kind, code, message = "forbidden", "origin_not_allowed", "This page may not use this shop's program."


class ScopeMissing(Refusal):
    """The key may only read and the call would write, or the caller is not an app."""

    kind, code, message = "forbidden", "scope_missing", "This key or token may not do that."


class AddressNotAllowed(Refusal):
    """The API key is valid, but its list of addresses does not include the one that the request came from."""

    kind, code, message = "forbidden", "address_not_allowed", "This key may not be used from this address."


class MoreThanOwnRights(Refusal):
    """An API key cannot create or rotate a key with more rights than its own; `field` names the right."""

    kind, code, message = "forbidden", "more_than_own_rights", "A key cannot grant more than it has itself."


class TooManySecrets(Refusal):
    """Two secrets of a kind can be valid at once; remove one before you add another."""

    kind, code, message = "conflict", "too_many_secrets", "Two secrets of this kind are valid: remove one first."


class LastSecret(Refusal):
    """The only secret of its kind cannot be removed: nothing that the shop signs could be verified."""

    kind, code, message = "conflict", "last_secret", "This is the only secret of its kind: add another one first."


class WrongSecretKey(Refusal):
    """The database is sealed with another server key than the one that is set."""

    kind, code = "busy", "wrong_secret_key"
    message = (
        "This database was sealed with another WIDGET_SECRET_KEY: set that one. To change it, set the new one, put the "
        "old one into WIDGET_OLD_SECRET_KEYS, and run `widget-server secret rotate`."
    )


class OtherShop(Refusal):
    """The key is valid, but the request names another shop."""

    kind, code, message = "forbidden", "other_shop", "This key belongs to another shop."


class KeyReused(Refusal):
    """The same request key came with another request."""

    kind, code, message = "conflict", "key_reused", "This request key was used for another request."


class StaleRevision(Refusal):
    """It was changed after the caller read it (wix-api §3)."""

    kind, code, message = "conflict", "stale_revision", "It has changed since you read it. Read it again."


class TierUnknown(BadRequest):
    """Figures for a tier that does not exist; `tier_id` names it."""

    code, message = "tier_unknown", "There is no such tier."

    def __init__(self, tier_id: str) -> None:
        super().__init__(f"There is no tier {tier_id!r}.", field="tier_id", tier_id=tier_id)


class TierTaken(Refusal):
    """Another tier has this name or needs the same number of points; `field` says which."""

    kind, code, message = "conflict", "tier_taken", "Another tier has this name or as many points."


class CannotTakeBack(Refusal):
    """A change of the program cannot be taken back; `reason` says why, `fields` what was changed since."""

    kind, code, message = "conflict", "cannot_take_back", "This change cannot be taken back."


class TierProgramExists(Refusal):
    """A shop has one set of tier settings; they exist and can be changed."""

    kind, code, message = "conflict", "tier_program_exists", "The tier settings exist already."


class ProgramNotActive(Refusal):
    """Nothing is earned or redeemed while the program is draft or paused (acceptance 16)."""

    kind, code, message = "precondition", "program_not_active", "The program is not active now."


class BadTransition(Refusal):
    """The program cannot change from its status to the requested one."""

    kind, code, message = "conflict", "bad_transition", "That change of state is not possible."


class NotEnoughPoints(Refusal):
    """The spendable balance is lower than the cost."""

    kind, code, message = "conflict", "not_enough_points", "There are not enough points."

    def __init__(self, *, needs: int, has: int) -> None:
        super().__init__(needs=needs, has=has)


class BalanceTooLarge(Refusal):
    """A transaction moves 1 to 10^9 points, and a balance stays below 10^15."""

    kind, code, message = "conflict", "amount_out_of_range", "That is more points than an account can hold."


class WorthNothing(BadRequest):
    """The points come to less than one coin of the shop's currency; `field` names what was chosen."""

    code, message = "worth_nothing", "These points come to less than one coin of the currency."


class NotWholeCoins(BadRequest):
    """An amount of money has more decimal places than the currency; `field` names it."""

    code = "not_whole_coins"

    def __init__(self, currency: str, *, field: str) -> None:
        super().__init__(f"This amount has more decimal places than {currency} has.", field=field)


class RewardUnavailable(Refusal):
    """The reward is not active, outside its dates, sold out or not for this customer."""

    kind, code, message = "conflict", "reward_unavailable", "This reward is not available now."


class RewardLimitReached(RewardUnavailable):
    """The customer has redeemed this reward as often as its limit allows."""

    code, message = "reward_limit_reached", "You have reached the limit of this reward."


class TierTooLow(RewardUnavailable):
    """The reward is for a higher tier."""

    code, message = "tier_too_low", "This reward is for a higher tier."


class ChannelNotEnabled(Refusal):
    """No active social rule of the shop names this channel."""

    kind, code, message = "precondition", "channel_not_enabled", "No active rule gives points for this channel."


class CheckoutTaken(Refusal):
    """The checkout has a discount already, and takes one at a time; `discount_id` names it."""

    kind, code, message = "conflict", "checkout_taken", "This checkout has a discount already."


class CheckoutEnded(Refusal):
    """The discount has ended, or its order is being placed; `status` says which."""

    kind, code, message = "conflict", "checkout_ended", "This discount can no longer be changed in this way."


class MembersOnly(Refusal):
    """Visitors can earn points, but only members can redeem them."""

    kind, code, message = "forbidden", "members_only", "Only members can redeem points."


class CouponNotUsable(Refusal):
    """The coupon cannot be used; `reason` says why."""

    kind, code, message = "conflict", "coupon_not_usable", "This code cannot be used."


class CouponNotReturnable(Refusal):
    """The coupon was used or applied, or the time to return it is over."""

    kind, code, message = "conflict", "coupon_not_returnable", "This code can no longer be returned."


class RuleNotClickable(Refusal):
    """A click may trigger only the daily visit and social rules (acceptance 26)."""

    kind, code, message = "forbidden", "rule_not_clickable", "This rule cannot be triggered by a click."


class WrongCredentials(Refusal):
    """The password is wrong or there is no such account; the response does not say which."""

    kind, code, message = "unauthenticated", "wrong_credentials", "E-mail or password is wrong."


class WrongCode(Refusal):
    """The one-time code is wrong."""

    code, message = "wrong_code", "This code is wrong."


class UseTheLink(Refusal):
    """Too many wrong codes were entered for this mailbox today; the link in the mail shows a valid code."""

    kind, code = "rate", "use_the_link"
    message = "Too many wrong codes were typed. Open the link of the mail: it shows a code to use instead."


class LinkExpired(Refusal):
    """A signed link has expired or is not valid."""

    code, message = "link_expired", "This link is too old."


class CodeExpired(Refusal):
    """The one-time code has expired, was used, or was requested for another purpose."""

    code, message = "code_expired", "This code is too old. Ask for a new one."


class TooManyTries(Refusal):
    """Wrong codes were entered too often; the one-time code is no longer valid."""

    kind, code, message = "rate", "too_many_tries", "Too many tries. Ask for a new code."


class RateLimited(Refusal):
    """Too many requests of this kind."""

    kind, code, message = "rate", "rate_limited", "Too many requests. Try again later."


class Busy(Refusal):
    """Too many costly requests at once; nothing was changed, and the request may be sent again."""

    kind, code, message = "busy", "busy", "The server is busy. Send the request again in some seconds."


class DatabaseAway(Refusal):
    """The database cannot be used now; whether the request was done is not known. It may be sent again."""

    kind, code = "busy", "database_away"
    message = "The server cannot do this now. Whether it was done is not known: repeat it with the same request key."
    RETRY_AFTER_SECONDS = 5

    def __init__(self, state: DatabaseState) -> None:
        super().__init__(retry_after_seconds=self.RETRY_AFTER_SECONDS)
        self.state = state  # for operators, never for callers


class QueryTooSlow(Refusal):
    """The query took longer than WIDGET_STATEMENT_TIMEOUT_MS; nothing was changed."""

    kind, code, message = "busy", "query_too_slow", "This query takes too long. Request less at once."


class EmailInvalid(BadRequest):
    """The e-mail address is incomplete, or not in a form that the server accepts (contracts §10)."""

    code, message = "email_invalid", "This e-mail address is not valid."

    def __init__(self) -> None:
        super().__init__(field="email")


class NothingToVerify(Refusal):
    """The member has no e-mail address, or it is verified already."""

    kind, code, message = "conflict", "nothing_to_verify", "There is no address to verify."


class AccountExists(Refusal):
    """A customer has one account; `account_id` is the existing one."""

    kind, code, message = "conflict", "account_exists", "This customer has an account already."


class CustomerExists(Refusal):
    """A customer of this shop has this e-mail address or id; `customer_id` names them."""

    kind, code, message = "conflict", "customer_exists", "There is a customer with this address or id already."


class PasswordWeak(BadRequest):
    """The password is too short, or a well-known one."""

    code, message = "password_weak", "Use at least 10 characters, and none of the well-known passwords."

    def __init__(self) -> None:
        super().__init__(field="password")


class LeftProgram(Refusal):
    """The shop signs in a customer who left the program; the customer must choose to join again."""

    kind, code, message = "forbidden", "left_program", "You left the program."


class OwnReferralCode(Refusal):
    """A member used their own referral code."""

    kind, code, message = "conflict", "own_referral_code", "This is your own code."


class ReferralCodeUnknown(BadRequest):
    """No member has this referral code."""

    code, message = "referral_code_unknown", "No member has this code."

    def __init__(self) -> None:
        super().__init__(field="code")


class AlreadyReferred(Refusal):
    """A friend has one advocate only, chosen before the friend's first purchase."""

    kind, code, message = (
        "conflict",
        "already_referred",
        "A friend's code can be used once, by new customers.",
    )


class CustomerExcluded(Refusal):
    """The shop excluded this customer, who cannot earn or redeem points (acceptance 58)."""

    kind, code, message = "forbidden", "customer_excluded", "This customer is excluded from the program."


class BatchUnfinished(Refusal):
    """The batch, or its undo, is still running."""

    kind, code, message = "conflict", "batch_unfinished", "This change is not finished yet. Try again later."


class UploadGone(Refusal):
    """The upload address was used, has expired or is not valid."""

    kind, code, message = "not_found", "upload_gone", "This upload address was used or has expired. Request a new one."


class FileTooLarge(BadRequest):
    """A file for an import can have at most 10 MB."""

    code, message = "file_too_large", "The file is too large: 10 MB at most."


class ImportNotParsed(Refusal):
    """Only an import that was parsed and not yet executed can be executed; `status` says how far it is."""

    kind, code, message = "conflict", "import_not_parsed", "This import cannot be executed now."


class ImportColumnsUnknown(BadRequest):
    """It is not clear which columns have the e-mail addresses and the points; send a header mapping."""

    code, message = "import_columns_unknown", "Say which column has the e-mails and which the points."

    def __init__(self) -> None:
        super().__init__(field="headerMappingInfo")


class AlreadyImported(Refusal):
    """A file with the same content was imported before; `import_id` names that import (acceptance 56)."""

    kind, code, message = "conflict", "already_imported", "This file was imported before: see import_id."


class BooksDoNotBalance(Refusal):
    """The audit found an error, so the books are not chained again; `finding` is the first one (contracts §15)."""

    kind, code, message = "conflict", "books_do_not_balance", "The audit found errors in the books. Repair them first."


class StaffExists(Refusal):
    """This person belongs to the shop's staff already; change the role instead."""

    kind, code, message = "conflict", "staff_exists", "This person belongs to the staff already."


class LastOwner(Refusal):
    """A shop keeps at least one owner: make somebody else an owner first."""

    kind, code, message = "conflict", "last_owner", "This is the only owner: make somebody else an owner first."


class RoleNotEnough(Refusal):
    """The role of this member of staff does not allow the action (acceptance 59)."""

    kind, code, message = "forbidden", "role_not_enough", "Your role does not allow this."


class PointsCapReached(Refusal):
    """It is more than this member of staff may give or deduct at once, or on one day; `has` is what is left."""

    kind, code, message = "precondition", "points_cap_reached", "This is more points than your role may give."
