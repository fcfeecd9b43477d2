"""Refusals: signing in, and what is known of people."""

from widget_server.errors.base import BadRequest, Refusal


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


class CustomerExcluded(Refusal):
    """The shop excluded this customer, who cannot earn or redeem points (acceptance 58)."""

    kind, code, message = "forbidden", "customer_excluded", "This customer is excluded from the program."
