"""Refusals of the dashboard's staff."""

from widget_server.errors.base import Refusal


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


class FactorNeeded(Refusal):
    """The shop requires the second factor of its staff, and this member has none yet."""

    kind, code, message = "forbidden", "second_factor_needed", "This shop needs a second factor: set yours up first."


class WrongPresentPassword(Refusal):
    """A member of staff who is signed in typed another password than the present one."""

    kind, code, message = "unauthenticated", "wrong_present_password", "This is not your present password."


class OwnFactorFirst(Refusal):
    """Only an owner who has a second factor can require it of the staff: else they would lock themselves out."""

    kind, code, message = "precondition", "own_factor_first", "Set up your own second factor first."
