"""Preview copies: one a shop, with its own time. What is stored of it is its own database, as one value.

Nothing in a copy is a row of another table here, so no list, job, total or key of a shop can find it.
"""

from datetime import date, timedelta

from peewee import CompositeKey, fn

from widget_server import clock
from widget_server.db import Bytes, Int, Json, Row, ShopTable, Text, UtcDateTime, atomic, insert_many, lock_rows, new_id
from widget_server.errors import BadRequest, NotFound, StaleRevision
from widget_server.ledger import Account, Transaction
from widget_server.loyalty import audit_log
from widget_server.loyalty.people import customers
from widget_server.loyalty.points import tier_grants
from widget_server.loyalty.preview import happenings
from widget_server.loyalty.preview.happenings import Happening
from widget_server.loyalty.preview.spans import YEARS_MAX
from widget_server.loyalty.preview.steps import AddCopied, AddSample, Begin, Move, Outcome, PastRow, Runner, Step
from widget_server.loyalty.program.shops import Shop
from widget_server.program_file import current

KEEP_DAYS = 7  # after the last use
CUSTOMERS_MAX = 20
ROWS_MAX = 1_000  # of a real customer's ledger
POINTS_MAX = 10_000_000
NAME_LENGTH_MAX = 80
PAGE = 50
FIRST_DAY = date(2000, 1, 1)  # on which a sample can have earned points


class PreviewCopy(ShopTable):
    """The preview copy of a shop: its database, its time (`moment`), and its customers and rewards (`state`)."""

    id = Text(primary_key=True)
    revision = Int(default=1)
    contents = Bytes()
    state = Json()
    started_at = UtcDateTime()
    moment = UtcDateTime()
    used_at = UtcDateTime(index=True)

    class Meta:
        indexes = ((("shop_id",), True),)


class PreviewEvent(ShopTable):
    """One thing that happened in a copy (happenings.py), numbered from 1."""

    copy_id = Text()
    number = Int()
    facts = Json()

    class Meta:
        primary_key = CompositeKey("copy_id", "number")
        clustered = True


_runner: list[Runner] = []


def wire(runner: Runner) -> None:
    """Set what carries out the steps; the last call wins. create_app calls it once."""
    _runner[:] = [runner]


def of(shop: Shop) -> PreviewCopy | None:
    """Returns the shop's copy; None while there is none."""
    return PreviewCopy.one(shop)


def need(shop: Shop) -> PreviewCopy:
    """Returns the shop's copy. Raises NotFound."""
    copy = of(shop)
    if copy is None:
        raise NotFound("There is no preview copy.")
    return copy


def begin(shop: Shop) -> PreviewCopy:
    """Make a copy of the shop's present program, whose time begins now, instead of the copy that there was.

    The program of the copy is active, whatever the shop's own is. Raises Busy.
    """
    program = current.of(shop)
    if program.program is not None:
        program.program["status"] = "active"
    file = type(program)(**{**vars(program), "widget": None})
    step = Begin(shop.name, shop.currency, shop.timezone, shop.locale, file)
    outcome = _runner[0](None, clock.now(), step)
    with atomic():
        _remove(shop.id)
        copy = PreviewCopy(id=new_id(), shop_id=shop.id, started_at=outcome.moment)
        _store(copy, outcome, force_insert=True)
        audit_log.note(shop.id, "create", "preview_copy", copy.id)
    return copy


def take(shop: Shop, step: Step) -> Outcome:
    """Carry out a step in the shop's copy. Returns what came of it.

    Raises NotFound without a copy, StaleRevision when somebody else took a step meanwhile, Busy, and the refusals of
    the step itself, such as NotEnoughPoints.
    """
    copy = need(shop)
    _check(shop, copy, step)
    outcome = _runner[0](copy.contents, copy.moment, step)
    with atomic():
        stored = lock_rows(PreviewCopy.of(shop)).first()
        if stored is None or (stored.id, stored.revision) != (copy.id, copy.revision):
            raise StaleRevision()
        copy.revision += 1
        _store(copy, outcome)
    return outcome


def copied(shop: Shop, customer_id: str, name: str) -> AddCopied:
    """Returns the step that adds a real customer's points to the copy: figures and days, nothing that names them.

    Raises NotFound, and BadRequest (customer) when the customer has more than ROWS_MAX rows.
    """
    customer = customers.live(customers.by_id(shop.id, customer_id))
    account = Account.one(shop, Account.customer_id == customer.id)
    if account is None:
        return AddCopied(name, ())
    rows = list(
        Transaction.of(shop)
        .where(Transaction.account_id == account.id)
        .order_by(Transaction.sequence)
        .limit(ROWS_MAX + 1)
    )
    if len(rows) > ROWS_MAX:
        raise BadRequest(f"This customer has more than {ROWS_MAX} rows of points.", field="customer")
    places = {row.id: place for place, row in enumerate(rows)}
    past = [PastRow(row.kind, row.amount, row.event_at, places.get(row.reverses_id or "")) for row in rows]
    grant = tier_grants.of_account(shop, account)
    tier, until = (grant.tier.name, grant.last_day) if grant else (None, None)
    return AddCopied(name, tuple(past), account.last_activity_at, tier, until)


def happened(copy: PreviewCopy, *, before: int | None = None, limit: int = PAGE) -> list[tuple[int, Happening]]:
    """Returns what happened in the copy with its numbers, newest first; only what is numbered below `before`."""
    rows = PreviewEvent.of(copy.shop_id).where(PreviewEvent.copy_id == copy.id)
    if before is not None:
        rows = rows.where(PreviewEvent.number < before)
    newest = rows.order_by(PreviewEvent.number.desc()).limit(limit)
    return [(row.number, happenings.read(row.facts)) for row in newest]


def happening(copy: PreviewCopy, number: int) -> Happening:
    """Returns what happened under this number. Raises NotFound."""
    row = PreviewEvent.need(copy.shop_id, PreviewEvent.copy_id == copy.id, PreviewEvent.number == number)
    return happenings.read(row.facts)


def discard(shop: Shop) -> None:
    """Throw the shop's copy away; nothing of it stays. Raises NotFound."""
    with atomic():
        copy = need(shop)
        _remove(shop.id)
        audit_log.note(shop.id, "delete", "preview_copy", copy.id)


def forget_old() -> None:
    """Throw away the copies of all shops that were not used for KEEP_DAYS."""
    since = clock.now() - timedelta(days=KEEP_DAYS)
    unused = PreviewCopy.everywhere(PreviewCopy.shop_id).where(PreviewCopy.used_at < since)
    for (shop_id,) in list(unused.tuples()):
        with atomic():
            _remove(shop_id)


def _check(shop: Shop, copy: PreviewCopy, step: Step) -> None:
    """Raises BadRequest naming the field of what a copy cannot do."""
    if isinstance(step, Move):
        if step.until <= copy.moment:
            raise BadRequest("The time of a copy only moves forward.", field="day")
        if step.until.year - copy.started_at.year > YEARS_MAX:
            raise BadRequest(f"A copy lives for {YEARS_MAX} years at most: start anew.", field="day")
    if isinstance(step, AddSample | AddCopied):
        if not step.name.strip() or len(step.name) > NAME_LENGTH_MAX:
            raise BadRequest(f"A name has 1 to {NAME_LENGTH_MAX} characters.", field="name")
        if len(copy.state["customers"]) >= CUSTOMERS_MAX:
            raise BadRequest(f"A copy has {CUSTOMERS_MAX} customers at most.", field="name")
    if isinstance(step, AddSample):
        if not 0 <= step.points <= POINTS_MAX:
            raise BadRequest(f"From 0 to {POINTS_MAX} points.", field="points")
        today = clock.local_date(copy.moment, shop.timezone)
        if step.earned_on is not None and not FIRST_DAY <= step.earned_on <= today:
            raise BadRequest(f"Points were earned on a day from {FIRST_DAY} until now.", field="earned_on")


def _store(copy: PreviewCopy, outcome: Outcome, *, force_insert: bool = False) -> None:
    copy.contents, copy.state, copy.moment = outcome.contents, outcome.state, outcome.moment
    copy.used_at = clock.now()
    copy.save(force_insert=force_insert)
    newest = PreviewEvent.of(copy.shop_id, fn.COALESCE(fn.MAX(PreviewEvent.number), 0))
    number = int(newest.where(PreviewEvent.copy_id == copy.id).scalar())
    rows = [
        Row(shop_id=copy.shop_id, copy_id=copy.id, number=number + place, facts=facts)
        for place, facts in enumerate(outcome.events, 1)
    ]
    insert_many(PreviewEvent, rows)


def _remove(shop_id: str) -> None:
    PreviewEvent.remove(shop_id)
    PreviewCopy.remove(shop_id)
