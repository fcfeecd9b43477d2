"""The list of customers on the wire, and changes of the points of those who are selected."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, TypedDict

from marshmallow import fields
from marshmallow.validate import Length, Range

from widget_server.admin.wire.customers import STATUSES
from widget_server.db import Row
from widget_server.ledger import BALANCE_MAX
from widget_server.loyalty.people import directory, directory_filters, saved_views, selections
from widget_server.loyalty.people.customers import Status
from widget_server.loyalty.people.directory_filters import TEXT_LENGTH_MAX, Filter, Order, Sort, Way
from widget_server.loyalty.people.saved_views import NAME_LENGTH_MAX
from widget_server.loyalty.people.selections import Selection
from widget_server.loyalty.points import dry_runs
from widget_server.web.texts import line
from widget_server.web.texts import text as short
from widget_server.web.typed_schemas import together
from widget_server.web.wire import Choice, Guid, Move, OneOf, Points, PointsAmount, guid

SORTS: dict[str, Sort] = {"NEWEST": "newest", "NAME": "name", "BALANCE": "balance", "LAST_ACTIVITY": "activity"}
YES_OR_NO = {"YES": "yes", "NO": "no"}
WAYS: dict[str, Way] = {"UP": "up", "DOWN": "down"}
DAY = {"example": "2026-01-31"}


@dataclass(frozen=True)
class DirectoryFilter:
    """Conditions that customers meet, all of them. Days are the shop's; `tierId` is an id, or `none`."""

    text: Annotated[str | None, short(0, TEXT_LENGTH_MAX)] = None
    status: Annotated[Status | None, Choice(STATUSES)] = None
    tier_id: Annotated[str | None, short(1, 50)] = None
    balance_min: Annotated[int | None, Points(low=-BALANCE_MAX, high=BALANCE_MAX)] = None
    balance_max: Annotated[int | None, Points(low=-BALANCE_MAX, high=BALANCE_MAX)] = None
    excluded: bool | None = None
    label: Annotated[str | None, short(1, TEXT_LENGTH_MAX)] = None
    has_account: bool | None = None
    joined_from: Annotated[date | None, fields.Date(metadata=DAY)] = None
    joined_to: Annotated[date | None, fields.Date(metadata=DAY)] = None
    active_from: Annotated[date | None, fields.Date(metadata=DAY)] = None
    active_to: Annotated[date | None, fields.Date(metadata=DAY)] = None
    accepts_marketing: bool | None = None

    @property
    def chosen(self) -> Filter:
        """The filter of the list. Raises BadRequest for a day that no calendar of a shop has."""
        found = Filter(
            text=(self.text or "").strip(),
            status=self.status,
            tier=self.tier_id,
            balance_min=self.balance_min,
            balance_max=self.balance_max,
            excluded=self.excluded,
            label=self.label,
            account=self.has_account,
            joined_from=self.joined_from,
            joined_to=self.joined_to,
            active_from=self.active_from,
            active_to=self.active_to,
            marketing=self.accepts_marketing,
        )
        return directory_filters.read(directory_filters.written(found))


EVERYBODY = DirectoryFilter()


@dataclass(frozen=True)
class DirectoryQuery:
    """The filter, the order, and the position of the page: `after` or `before` one of the last response."""

    filter: DirectoryFilter | None = None
    sort: Annotated[Sort | None, Choice(SORTS)] = None
    way: Annotated[Way | None, Choice(WAYS)] = None
    after: Annotated[str | None, short(1, directory.POSITION_LENGTH_MAX)] = None
    before: Annotated[str | None, short(1, directory.POSITION_LENGTH_MAX)] = None
    limit: Annotated[int | None, Range(min=1, max=100)] = None

    @property
    def order(self) -> Order:
        """The order of the list: by default the newest first, by name from A, by a figure from the highest."""
        return _order(self.sort, self.way)


@dataclass(frozen=True)
class ExportQuery:
    """The conditions of a directory filter as parameters of an address, and the order of the file."""

    text: Annotated[str | None, short(0, TEXT_LENGTH_MAX)] = None
    status: Annotated[Status | None, Choice(STATUSES)] = None
    tier_id: Annotated[str | None, short(1, 50)] = None
    balance_min: Annotated[int | None, fields.Integer(validate=Range(min=-BALANCE_MAX, max=BALANCE_MAX))] = None
    balance_max: Annotated[int | None, fields.Integer(validate=Range(min=-BALANCE_MAX, max=BALANCE_MAX))] = None
    excluded: Annotated[str | None, Choice(YES_OR_NO)] = None
    label: Annotated[str | None, short(1, TEXT_LENGTH_MAX)] = None
    has_account: Annotated[str | None, Choice(YES_OR_NO)] = None
    joined_from: Annotated[date | None, fields.Date(metadata=DAY)] = None
    joined_to: Annotated[date | None, fields.Date(metadata=DAY)] = None
    active_from: Annotated[date | None, fields.Date(metadata=DAY)] = None
    active_to: Annotated[date | None, fields.Date(metadata=DAY)] = None
    accepts_marketing: Annotated[str | None, Choice(YES_OR_NO)] = None
    sort: Annotated[Sort | None, Choice(SORTS)] = None
    way: Annotated[Way | None, Choice(WAYS)] = None

    @property
    def chosen(self) -> Filter:
        """The filter of the list. Raises BadRequest for a day that no calendar of a shop has."""
        other_names = {"tier": "tier_id", "account": "has_account", "marketing": "accepts_marketing"}
        sent = {name: getattr(self, other_names.get(name, name)) for name in Filter.__dataclass_fields__}
        return directory_filters.read({name: str(value) for name, value in sent.items() if value is not None})

    @property
    def order(self) -> Order:
        """The order of the file."""
        return _order(self.sort, self.way)


@dataclass(frozen=True)
class NewView:
    """A filter and an order of the list, and the name under which all staff find it."""

    name: Annotated[str, line(1, NAME_LENGTH_MAX)]
    filter: DirectoryFilter | None = None
    sort: Annotated[Sort | None, Choice(SORTS)] = None
    way: Annotated[Way | None, Choice(WAYS)] = None

    @property
    def query(self) -> dict[str, str]:
        """The texts of the filter and the order, as a view stores them. Raises BadRequest for a day of no calendar."""
        chosen = (self.filter or EVERYBODY).chosen
        return directory_filters.written(chosen) | directory_filters.written_order(_order(self.sort, self.way))


class SavedView(TypedDict):
    """A saved view of the list of customers."""

    id: Guid
    name: str
    filter: DirectoryFilter
    sort: Annotated[Sort, Choice(SORTS)]
    way: Annotated[Way, Choice(WAYS)]


class SavedViewResponse(TypedDict):
    """One saved view."""

    view: SavedView


class SavedViews(TypedDict):
    """Every saved view, by name."""

    views: list[SavedView]


@together(OneOf(("customer_ids", "filter")), OneOf(("amount", "balance")))
@dataclass(frozen=True)
class Change:
    """The customers, by their ids or by a filter ({}: all), and the points to add or the balance to set."""

    customer_ids: Annotated[list[str] | None, fields.List(guid()), Length(min=1, max=selections.IDS_MAX)] = None
    filter: DirectoryFilter | None = None
    amount: Annotated[int | None, Move()] = None
    balance: Annotated[int | None, Points(low=0, high=10**9)] = None

    @property
    def selection(self) -> Selection:
        """The customers that are selected."""
        if self.customer_ids is not None:
            return Selection(tuple(self.customer_ids))
        return Selection(chosen=(self.filter or EVERYBODY).chosen)


@together(OneOf(("customer_ids", "filter")), OneOf(("amount", "balance")))
@dataclass(frozen=True)
class ExplainedChange(Change):
    """A change with its texts: the customers can read `description`, only staff can read `reason`."""

    description: Annotated[str | None, short(1, 100)] = None
    reason: Annotated[str | None, short(1, 500)] = None


class ListedCustomer(TypedDict):
    """A row of the list; without an account a customer has no balance, tier and activity."""

    id: Guid
    name: str | None
    email: str | None
    phone: str | None
    status: Annotated[Status, Choice(STATUSES)]
    excluded: bool
    accepts_marketing: bool
    labels: list[str]
    account_id: Guid | None
    balance: PointsAmount | None
    tier_id: Guid | None
    last_activity_date: datetime | None
    joined_date: datetime | None
    created_date: datetime


class DirectoryPage(TypedDict):
    """A page of the list, and the positions beside it, absent where no page is. `count`: of all who match.

    With `isMore` more than `count` match.
    """

    customers: list[ListedCustomer]
    before: str | None
    after: str | None
    count: int
    is_more: bool


class DryRun(TypedDict):
    """What a change would do. Customers who are not `changed` would keep their balance."""

    customers: int
    changed: int
    points: int
    below_zero: int
    too_large: int
    unchanged: int
    opened_accounts: int
    without_account: int


def listed(row: Row) -> ListedCustomer:
    """Returns a row of the list as the wire has it."""
    return {
        "id": row.id,
        "name": row.name,
        "email": row.email,
        "phone": row.phone,
        "status": row.status,
        "excluded": row.excluded,
        "accepts_marketing": row.accepts_marketing,
        "labels": row.labels,
        "account_id": row.account_id,
        "balance": row.balance,
        "tier_id": row.tier_id,
        "last_activity_date": row.last_activity_at,
        "joined_date": row.joined_at,
        "created_date": row.created_at,
    }


def dry_run(found: dry_runs.DryRun) -> DryRun:
    """Returns the figures of a dry run as the wire has them."""
    return {
        "customers": found.customers,
        "changed": found.changed,
        "points": found.points,
        "below_zero": found.below_zero,
        "too_large": found.too_large,
        "unchanged": found.unchanged,
        "opened_accounts": found.opened,
        "without_account": found.left_out,
    }


def saved_view(row: saved_views.SavedView) -> SavedView:
    """Returns a saved view as the wire has it."""
    chosen, order = saved_views.content(row)
    shown = DirectoryFilter(
        text=chosen.text or None,
        status=chosen.status,
        tier_id=chosen.tier,
        balance_min=chosen.balance_min,
        balance_max=chosen.balance_max,
        excluded=chosen.excluded,
        label=chosen.label,
        has_account=chosen.account,
        joined_from=chosen.joined_from,
        joined_to=chosen.joined_to,
        active_from=chosen.active_from,
        active_to=chosen.active_to,
        accepts_marketing=chosen.marketing,
    )
    return {"id": row.id, "name": row.name, "filter": shown, "sort": order.by, "way": order.way}


def _order(sort: Sort | None, way: Way | None) -> Order:
    by = sort or "newest"
    return Order(by, way or directory_filters.SORTS[by])
