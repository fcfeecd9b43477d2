"""Who sends a request to the dashboard: a member of staff, by the session of the browser (flask-login)."""

from dataclasses import dataclass

from flask import g
from flask_login import UserMixin, current_user

from widget_server.errors import FactorNeeded, RoleNotEnough, SignedOut
from widget_server.loyalty import audit_log
from widget_server.loyalty.points.adjustments import Annotation
from widget_server.loyalty.program import programs, shops
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.staff import factor_rule, point_caps, roles, sessions
from widget_server.loyalty.staff.accounts import StaffAccount
from widget_server.loyalty.staff.members import StaffMember
from widget_server.loyalty.staff.roles import Action
from widget_server.loyalty.staff.sessions import StaffSession
from widget_server.web.networks import client_address

SOURCE = "dashboard"  # of the ledger's rows that are made here


@dataclass(frozen=True)
class StaffCaller:
    """The member of staff who sends the request, and the shop that this browser shows."""

    shop: Shop
    account: StaffAccount
    member: StaffMember
    session: StaffSession

    def may(self, action: Action) -> bool:
        """Returns whether the role allows the action."""
        return roles.may(self.member.role, action)

    @property
    def must_set_up(self) -> bool:
        """True while the shop needs a second factor that this person has not set up: nothing else is open to them."""
        return factor_rule.applies(self.shop, self.account)

    @property
    def program(self) -> Program:
        """The shop's program."""
        return programs.of(self.shop.id)

    def need_points(self, points: int) -> None:
        """Count a change by `points` (signed) against the caps, in the transaction that books it.

        Raises PointsCapReached.
        """
        point_caps.need_within(self.shop, self.member, points)

    def hold_caps(self) -> None:
        """Let no other act of this member count until the transaction ends: before booking what is counted later."""
        point_caps.hold(self.shop, self.member)

    def annotation(self, reason: str | None, comment: str | None) -> Annotation:
        """Returns the annotation of points that are changed by hand: `comment` is for the customer, `reason` is not.

        Raises BadRequest (reason, comment) when a text is too long.
        """
        return Annotation(reason=reason or None, comment=comment or None, staff=self.member.id)


class StaffUser(UserMixin):
    """What flask-login stores in the cookie: the token of the session, under which the rest is found."""

    def __init__(self, token: str, found: sessions.SignedIn) -> None:
        self.token, self.found = token, found

    def get_id(self) -> str:
        """Returns the token."""
        return self.token


def load(token: str) -> StaffUser | None:
    """Returns who has this token; None when the session ended. flask-login calls it for the dashboard's cookie."""
    try:
        return StaffUser(token, sessions.signed_in(token))
    except SignedOut:
        return None


def signed_in() -> StaffCaller | None:
    """Returns the member of staff who sends the request; None when nobody is signed in. The audit log records them."""
    user = current_user._get_current_object()
    if not isinstance(user, StaffUser):
        return None
    found = user.found
    caller = StaffCaller(shops.by_id(found.member.shop_id), found.account, found.member, found.session)
    audit_log.act_as(audit_log.Actor("staff", found.member.id, found.account.shown_name, client_address()))
    g.staff = caller
    return caller


def caller(action: Action, *, before_factor: bool = False) -> StaffCaller:
    """Returns the member of staff who sends the request. Raises SignedOut, and RoleNotEnough for their role.

    Raises FactorNeeded while they must set their second factor up, unless the page is open `before_factor`.
    """
    found = signed_in()
    if found is None:
        raise SignedOut()
    if found.must_set_up and not before_factor:
        raise FactorNeeded()
    if not found.may(action):
        raise RoleNotEnough()
    return found
