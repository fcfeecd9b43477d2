"""The staff of the shop: who may use the dashboard, in which role, and who is invited."""

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, EmailField, SelectField

from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, page
from widget_server.dashboard.forms import OPTIONAL, REQUIRED, Form, WholeNumber, choices
from widget_server.dashboard.pages import Pages
from widget_server.loyalty.staff import accounts, factor_rule, invitations, links, members
from widget_server.loyalty.staff.members import Caps, StaffMember
from widget_server.loyalty.staff.roles import ALLOWED, Action, Role

pages = Pages("staff", "/staff")

ROLE_NAMES = {
    "owner": _l("Owner: everything"),
    "marketer": _l("Marketer: the program, customers, bulk updates and imports"),
    "support": _l("Support: one customer at a time, within a cap of points"),
    "reader": _l("Reader: sees everything but secrets, changes nothing"),
}


class RoleForm(Form):
    """A role with its caps."""

    FIELDS = {"change_points_max": "change_max", "day_points_max": "day_max"}
    role = SelectField(_l("Role"), choices=choices(ROLE_NAMES))
    change_max = WholeNumber(_l("Most points in one change"), validators=[OPTIONAL], description=_l("Empty: no cap."))
    day_max = WholeNumber(_l("Most points in one day"), validators=[OPTIONAL], description=_l("Empty: no cap."))

    @property
    def chosen_role(self) -> Role:
        """The role that was chosen."""
        return next(role for role in ALLOWED if role == self.role.data)

    @property
    def caps(self) -> Caps:
        """The caps that were typed."""
        return Caps(self.change_max.data, self.day_max.data)


class InviteForm(RoleForm):
    """The address of a new member of staff, and the role."""

    email = EmailField(_l("E-mail"), validators=[REQUIRED])


@pages.page("", Action.STAFF)
def staff_list(staff: StaffCaller) -> ResponseReturnValue:
    """Show the staff and the open invitations."""
    return page(
        "staff/list.html",
        people=members.listed(staff.shop),
        invitations=links.invitations(staff.shop.id),
        without=len(factor_rule.without_factor(staff.shop)),
        roles=ROLE_NAMES,
    )


@pages.form("/invite", Action.STAFF)
def invite(staff: StaffCaller) -> ResponseReturnValue:
    """Invite a person by mail."""
    form = InviteForm(role="support", change_max=members.SUPPORT_CHANGE_MAX, day_max=members.SUPPORT_DAY_MAX)
    if form.accepts():
        with form.refusals():
            caps = form.caps if form.chosen_role == "support" else Caps()
            invitations.invite(staff.shop, str(form.email.data), form.chosen_role, caps)  # the link goes by mail alone
            return done(_("An invitation is on its way to %(email)s.", email=form.email.data), "staff.staff_list")
    return page("staff/invite.html", form=form)


class FactorRuleForm(Form):
    """Whether the staff need a second factor."""

    needed = BooleanField(_l("Everybody needs a second factor"))


@pages.form("/second-factor", Action.STAFF)
def factor_rule_page(staff: StaffCaller) -> ResponseReturnValue:
    """Require the second factor of the staff, or no longer."""
    form = FactorRuleForm(needed=staff.shop.staff_need_factor)
    if form.accepts():
        with form.refusals():
            factor_rule.change(staff.shop, staff.account, needed=bool(form.needed.data))
            return done(_("Saved."), "staff.staff_list")
    return page("staff/factor_rule.html", form=form, without=factor_rule.without_factor(staff.shop))


@pages.form("/<member_id>", Action.STAFF)
def edit(staff: StaffCaller, member_id: str) -> ResponseReturnValue:
    """Change the role and the caps of a member of staff."""
    member = StaffMember.need(staff.shop, StaffMember.id == member_id)
    form = RoleForm(role=member.role, change_max=member.change_points_max, day_max=member.day_points_max)
    if form.accepts():
        with form.refusals():
            members.change(staff.shop, member_id, form.chosen_role, form.caps)
            return done(_("Saved."), "staff.staff_list")
    return page("staff/edit.html", form=form, member=member, account=accounts.by_id(member.account_id))


@pages.form("/<member_id>/remove", Action.STAFF)
def remove(staff: StaffCaller, member_id: str) -> ResponseReturnValue:
    """Take a person out of the staff, after a question."""
    member, form = StaffMember.need(staff.shop, StaffMember.id == member_id), Form()
    account = accounts.by_id(member.account_id)
    if form.accepts():
        with form.refusals():
            invitations.dismiss(staff.shop, member_id)
            return done(_("%(name)s does not belong to the staff any more.", name=account.email), "staff.staff_list")
    return page("staff/remove.html", form=form, account=account)


class WithdrawForm(Form):
    """The address whose invitation is withdrawn."""

    email = EmailField(_l("E-mail"), validators=[REQUIRED])


@pages.act("/withdraw", Action.STAFF)
def withdraw(staff: StaffCaller) -> ResponseReturnValue:
    """Withdraw an open invitation."""
    form = WithdrawForm()
    if form.accepts():
        links.withdraw(staff.shop.id, str(form.email.data))
    return done(_("The invitation is withdrawn."), "staff.staff_list")
