"""Refusals: what staff do by hand, with referrals and at the till."""

from widget_server.errors.base import BadRequest, Refusal


class ReferralObjection(Refusal):
    """There is a reason not to reward this referral; `reason` names it. Staff may override it."""

    kind, code, message = "conflict", "referral_objection", "There is a reason not to reward this referral."

    def __init__(self, reason: str) -> None:
        super().__init__(f"There is a reason not to reward this referral: {reason}.", reason=reason)


class NotAMember(BadRequest):
    """Only members refer friends; `field` names the customer who is no member."""

    code, message = "not_a_member", "This customer is not a member of the program."

    def __init__(self, field: str = "advocate_id") -> None:
        super().__init__(field=field)


class AlreadyReplied(Refusal):
    """A member sends the shop one text about a referral that was not counted."""

    kind, code, message = "conflict", "already_replied", "The shop has your message already."


class TillCodeInvalid(Refusal):
    """No widget of this customer shows this till code now: it is unknown, was used, or is too old."""

    kind, code, message = "conflict", "till_code_invalid", "This code is not valid now. Ask for a new one."


class NotIdentified(Refusal):
    """A reward is redeemed at the till only for a customer who has identified."""

    kind, code, message = "forbidden", "not_identified", "Scan the code in the customer's widget, or check who it is."
