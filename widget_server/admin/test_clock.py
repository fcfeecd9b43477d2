"""The test clock: `/loyalty-test-clock/v1`, our addition to Wix's API.

A preview copy of the shop has the present program, sample customers and a time of its own, which is moved to see
expiry, birthdays, tiers and mails before they happen. Nothing of the shop depends on it.
"""

from datetime import timedelta

from widget_server.admin.routes import MANAGE, READ, REDEEMING, Service
from widget_server.admin.wire import test_clock as shapes
from widget_server.delivery import mail_templates
from widget_server.errors import NotFound, StaleRevision
from widget_server.loyalty.preview import copies, spans
from widget_server.loyalty.preview.copies import PreviewCopy
from widget_server.loyalty.preview.happenings import Happening
from widget_server.loyalty.preview.steps import AddSample, Move, PlaceOrder, Redeem, Step
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.programs import Program
from widget_server.web.callers import Caller
from widget_server.web.wire import Empty

service = Service("test_clock", "/loyalty-test-clock/v1", "The test clock: a preview copy of the shop")

COPY = "/preview-copy"
STEP = (NotFound, StaleRevision)


@service.route("GET", COPY, READ, returns=shapes.CopyResponse, refuses=(NotFound,))
def get_copy(caller: Caller) -> shapes.CopyResponse:
    """Get the preview copy: its time, its customers and their points."""
    return {"preview_copy": shapes.shown(copies.need(caller.shop))}


@service.route("POST", COPY, MANAGE, returns=shapes.CopyResponse)
def begin_copy(caller: Caller) -> shapes.CopyResponse:
    """Make a copy of the present program, whose time begins now, in place of the copy that there is."""
    return {"preview_copy": shapes.shown(copies.begin(caller.shop))}


@service.route("DELETE", COPY, MANAGE, returns=Empty, refuses=(NotFound,))
def discard_copy(caller: Caller) -> Empty:
    """Delete the preview copy; nothing of it stays."""
    copies.discard(caller.shop)
    return {}


@service.route("POST", f"{COPY}/customers", MANAGE, takes=shapes.NewSample, returns=shapes.StepResponse, refuses=STEP)
def add_sample(caller: Caller, body: shapes.NewSample) -> shapes.StepResponse:
    """Add a sample customer to the copy."""
    return _taken(caller, AddSample(body.name, body.points, body.earned_on, body.birthday))


@service.route(
    "POST", f"{COPY}/customers/copy", MANAGE, takes=shapes.CopiedCustomer, returns=shapes.StepResponse, refuses=STEP
)
def add_copied(caller: Caller, body: shapes.CopiedCustomer) -> shapes.StepResponse:
    """Add the points of a customer of the shop to the copy, under another name."""
    return _taken(caller, copies.copied(caller.shop, body.customer_id, body.name))


@service.route("POST", f"{COPY}/orders", MANAGE, takes=shapes.SampleOrder, returns=shapes.StepResponse, refuses=STEP)
def place_order(caller: Caller, body: shapes.SampleOrder) -> shapes.StepResponse:
    """Have a customer of the copy place an order."""
    return _taken(caller, PlaceOrder(body.customer_id, body.amount, body.status))


@service.route(
    "POST",
    f"{COPY}/redemptions",
    MANAGE,
    takes=shapes.SampleRedemption,
    returns=shapes.StepResponse,
    refuses=(*STEP, *REDEEMING),
)
def redeem(caller: Caller, body: shapes.SampleRedemption) -> shapes.StepResponse:
    """Have a customer of the copy redeem a reward."""
    return _taken(caller, Redeem(body.customer_id, body.reward_id))


@service.route("POST", f"{COPY}/move", MANAGE, takes=shapes.ClockMove, returns=shapes.StepResponse, refuses=STEP)
def move_clock(caller: Caller, body: shapes.ClockMove) -> shapes.StepResponse:
    """Move the time of the copy forward; a long move may stop on its way: send its `until` again."""
    return _taken(caller, _move(caller, body))


@service.route(
    "GET",
    f"{COPY}/happenings",
    READ,
    query=shapes.HappeningsQuery,
    returns=shapes.HappeningsPage,
    refuses=(NotFound,),
)
def list_happenings(caller: Caller, body: shapes.HappeningsQuery) -> shapes.HappeningsPage:
    """List what happened in the copy, newest first: points and why, tiers, coupons, and mails with their text."""
    limit = body.limit or copies.PAGE
    found = copies.happened(copies.need(caller.shop), before=body.before, limit=limit + 1)
    program = programs.of(caller.shop.id)
    shown = [shapes.happening(number, one, _mail(caller, program, one)) for number, one in found[:limit]]
    return {"happenings": shown, "has_more": len(found) > limit}


def _taken(caller: Caller, step: Step) -> shapes.StepResponse:
    outcome = copies.take(caller.shop, step)
    is_done = not isinstance(step, Move) or step.is_over(outcome)
    copy = shapes.shown(copies.need(caller.shop))
    until = step.until if isinstance(step, Move) else None
    return {"preview_copy": copy, "happened": len(outcome.events), "done": is_done, "until": until}


def _move(caller: Caller, body: shapes.ClockMove) -> Move:
    copy: PreviewCopy = copies.need(caller.shop)
    if body.span is not None:
        return Move(spans.after(caller.shop, copy.moment, body.span))
    if body.day is not None:
        return Move(spans.beginning_of(caller.shop, copy.moment, body.day))
    if body.until is not None:
        return Move(min(body.until, copy.moment + timedelta(days=spans.DAYS_MAX)))
    return Move(copy.moment + timedelta(days=body.to_first_within_days or 1), is_to_first=True)


def _mail(caller: Caller, program: Program, one: Happening) -> shapes.HappenedMail | None:
    """Returns a mail of the copy as the shop writes it; None for anything else."""
    if one.kind != "mail":
        return None
    facts = one.facts
    mail = mail_templates.write(facts["template"], facts["locale"], caller.shop, program, facts["values"])
    return {"template": facts["template"], "language": facts["locale"], "subject": mail.subject, "text": mail.text}
