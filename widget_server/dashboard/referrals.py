"""Referrals: who brought whom, why one was not counted, and what staff decide."""

from collections.abc import Mapping

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField

from widget_server.dashboard.callers import SOURCE, StaffCaller
from widget_server.dashboard.documents import done, page
from widget_server.dashboard.forms import REQUIRED, Form, Line
from widget_server.dashboard.pages import Pages
from widget_server.errors import ReferralObjection
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals import decisions, referral_programs, replies
from widget_server.loyalty.referrals import referral_list as listing
from widget_server.loyalty.referrals.referral_list import Wanted
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.staff.roles import Action
from widget_server.loyalty.till import finding

pages = Pages("referrals", "/referrals")

STATUSES = {
    "joined": _l("Joined"),
    "pending": _l("Ordered"),
    "completed": _l("Rewarded"),
    "blocked": _l("Blocked"),
    "cancelled": _l("Cancelled"),
}
REASONS = {
    "own_link": _l("Their own link"),
    "own_email_variant": _l("The mailbox of the advocate"),
    "same_phone": _l("The phone number of the advocate"),
    "same_address": _l("The postal address of the advocate"),
    "mutual": _l("The friend had brought the advocate"),
    "existing_customer": _l("Had bought before"),
    "existing_customer_email_variant": _l("Known under another address"),
    "daily_cap": _l("More friends in one day than the program allows"),
    "by_shop": _l("Decided by the shop"),
    "order_refunded": _l("The order was refunded or cancelled"),
    "other_referrer": _l("Another referral of this person counts"),
}


class AttachForm(Form):
    """The two customers, each as an e-mail address, a phone number or a referral code."""

    FIELDS = {"advocate_id": "advocate"}
    advocate = Line(_l("Who referred"), validators=[REQUIRED], description=_l("E-mail, phone or referral code."))
    friend = Line(_l("Who was referred"), validators=[REQUIRED], description=_l("E-mail, phone or referral code."))
    override = BooleanField(_l("Reward it although the rules say no"))


@pages.page("", Action.SEE)
def referral_list(staff: StaffCaller) -> ResponseReturnValue:
    """Show the referrals, newest first, filtered by status, reason and texts that wait."""
    wanted = Wanted(
        status=_known(request.args.get("status"), STATUSES),
        reason=_known(request.args.get("reason"), REASONS),
        with_reply=request.args.get("texts") == "waiting",
    )
    return page(
        "referrals/list.html",
        found=listing.page(staff.shop, wanted, after=request.args.get("after")),
        wanted=wanted,
        waiting=replies.waiting(staff.shop),
        has_program=referral_programs.program_of(staff.shop) is not None,
        statuses=STATUSES,
        reasons=REASONS,
    )


@pages.form("/attach", Action.MODERATE)
def attach(staff: StaffCaller) -> ResponseReturnValue:
    """Bind a friend to an advocate by hand; the page names a rule that is against it, and offers to override it."""
    form, objection = AttachForm(), None
    if form.accepts():
        advocate, friend = (_one(staff.shop, field) for field in (form.advocate, form.friend))
        if advocate and friend:
            with form.refusals():
                try:
                    attached = decisions.attach(
                        staff.shop, advocate.id, friend.id, source=SOURCE, override=bool(form.override.data)
                    )
                    return done(_("The referral is attached."), "referrals.referral", referral_id=attached.id)
                except ReferralObjection as refused:
                    objection = refused.facts["reason"]
        return page("referrals/attach.html", status=422, form=form, objection=REASONS.get(str(objection), objection))
    return page("referrals/attach.html", form=form, objection=None)


@pages.page("/<referral_id>", Action.SEE)
def referral(staff: StaffCaller, referral_id: str) -> ResponseReturnValue:
    """Show a referral with both sides, what each got, and what they say of it."""
    listed = listing.one(staff.shop, referral_id)
    ids = filter(None, (listed.referral.advocate_coupon_id, listed.referral.friend_coupon_id))
    coupons = {one.id: one for one in Coupon.of(staff.shop).where(Coupon.id.in_(list(ids) or [""]))}
    return page("referrals/one.html", listed=listed, coupons=coupons, statuses=STATUSES, reasons=REASONS)


@pages.act("/<referral_id>/approve", Action.MODERATE)
def approve(staff: StaffCaller, referral_id: str) -> ResponseReturnValue:
    """Approve a blocked or cancelled referral."""
    decisions.approve(staff.shop, referral_id, source=SOURCE)
    message = _("The referral is approved: it is rewarded as soon as it is complete.")
    return done(message, "referrals.referral", referral_id=referral_id)


@pages.act("/<referral_id>/block", Action.MODERATE)
def block(staff: StaffCaller, referral_id: str) -> ResponseReturnValue:
    """Block a referral, or keep it blocked."""
    decisions.block(staff.shop, referral_id, source=SOURCE)
    return done(_("The referral is blocked."), "referrals.referral", referral_id=referral_id)


@pages.act("/<referral_id>/cancel", Action.MODERATE)
def cancel(staff: StaffCaller, referral_id: str) -> ResponseReturnValue:
    """Cancel a referral and take back what both sides got."""
    decisions.cancel(staff.shop, referral_id, source=SOURCE)
    return done(_("The referral is cancelled."), "referrals.referral", referral_id=referral_id)


def _known(value: str | None, names: Mapping[str, object]) -> str | None:
    """Returns a filter of the address, None for an unknown one."""
    return value if value in names else None


def _one(shop: Shop, field: Line) -> Customer | None:
    """Returns the customer that a field means; without exactly one, the field gets an error."""
    found = finding.find(shop, str(field.data))
    if len(found) == 1:
        return found[0].customer
    text = _("Several customers have this. Use the referral code.") if found else _("No customer is found by this.")
    field.errors = [*field.errors, text]
    return None
