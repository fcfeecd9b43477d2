"""The overview: what the program gave, what came of it, and the rows behind each number."""

from dataclasses import dataclass
from decimal import Decimal

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from widget_server.dashboard import day_spans
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.day_spans import DaySpan
from widget_server.dashboard.documents import page
from widget_server.dashboard.files import csv_file
from widget_server.dashboard.pages import Pages
from widget_server.dashboard.report_texts import FIGURE_NAMES, WHAT, share
from widget_server.dashboard.words import money, points
from widget_server.loyalty import reports
from widget_server.loyalty.people import data_requests
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.reports import Compared
from widget_server.loyalty.staff.roles import Action

pages = Pages("overview", "/overview")

SO_FAR = ("earned", "redeemed", "unredeemed")
MONEY = ("liability", "referral_revenue", "coupon_revenue")
TILES = {  # the figures of the page in order, and the figure whose rows each opens
    "pending": "pending",
    "expired": "expired",
    "adjusted": "adjusted",
    "liability": "unredeemed",
    "members": "members",
    "joined": "joined",
    "redemption_rate": "redeemed",
    "coupon_orders": "coupon_orders",
    "coupon_revenue": "coupon_orders",
    "referral_revenue": "referral_revenue",
}


@dataclass(frozen=True)
class Tile:
    """One number of the page: its name, its value, the rows behind it, and how it compares."""

    name: str
    value: str
    rows: str
    change: str | None
    before: str | None


@pages.page("", Action.SEE)
def overview(staff: StaffCaller) -> ResponseReturnValue:
    """Show the figures of the program so far, and those of the chosen days beside the days before."""
    shop, span = staff.shop, day_spans.chosen(staff.shop, "30")
    found = reports.overview(shop, span.first, span.last)
    so_far = reports.so_far(shop)
    days = reports.days_of(shop, span.first, span.last)
    unit = reports.unit_of(days)
    return page(
        "overview/overview.html",
        span=span,
        presets=day_spans.PRESETS,
        before=found.before,
        is_new=not any(vars(so_far).values()) and not found.figures["members"].value,
        so_far=[_so_far(span, so_far, name, found.figures[name]) for name in SO_FAR],
        tiles=[_tile(shop, span, name, found.figures[name]) for name in TILES],
        unit=unit,
        periods=[(period, reports.joint_day(period.rows)) for period in reports.periods(days, unit)],
        rows_of=day_spans.rows_of_days(),
        funnel=reports.funnel(shop, span.first, span.last),
        friends=lambda figure: _rows(figure, span.days),
        data_requests=data_requests.open_requests(shop),
        tiers=[(tier, _rows(f"tier:{tier.tier_id or 'none'}", {})) for tier in reports.tier_mix(shop)],
    )


@pages.page("/rows", Action.SEE)
def rows(staff: StaffCaller) -> ResponseReturnValue:
    """Show the rows behind a figure, newest first."""
    figure, span = request.args.get("figure", "earned"), day_spans.chosen(staff.shop, "all")
    found = reports.page_of_rows(staff.shop, figure, span.first, span.last, cursor=request.args.get("cursor"))
    tiers = {f"tier:{tier.tier_id or 'none'}": tier.name or _("No tier") for tier in reports.tier_mix(staff.shop)}
    return page(
        "overview/rows.html",
        name=FIGURE_NAMES[figure]
        if figure in FIGURE_NAMES
        else _("Customers in: %(name)s", name=tiers.get(figure, "–")),
        span=span,
        found=found.rows,
        what=WHAT,
        is_first=not request.args.get("cursor"),
        older=_address("rows", figure, span.days | {"cursor": found.cursor}) if found.cursor else None,
        newest=_rows(figure, span.days),
        file=_address("rows_file", figure, span.days),
    )


@pages.page("/rows.csv", Action.BULK)
def rows_file(staff: StaffCaller) -> Response:
    """Download all rows behind a figure."""
    figure, span = request.args.get("figure", "earned"), day_spans.chosen(staff.shop, "all")
    return csv_file(reports.rows_csv(staff.shop, figure, span.first, span.last), "rows.csv")


@pages.page("/figures.csv", Action.SEE)
def figures_file(staff: StaffCaller) -> Response:
    """Download the figures of the chosen days."""
    span = day_spans.chosen(staff.shop, "30")
    return csv_file(reports.overview_csv(staff.shop, span.first, span.last), "figures.csv")


@pages.page("/days.csv", Action.SEE)
def days_file(staff: StaffCaller) -> Response:
    """Download what happened on each of the chosen days."""
    span = day_spans.chosen(staff.shop, "30")
    return csv_file(reports.days_csv(staff.shop, span.first, span.last), "days.csv")


def _rows(figure: str, days: dict[str, str]) -> str:
    return _address("rows", figure, days)


def _address(page: str, figure: str, query: dict[str, str]) -> str:
    return url_for(f"dashboard_overview.{page}", figure=figure, **query)  # type: ignore[arg-type]  # the query


def _so_far(span: DaySpan, so_far: reports.SoFar, name: str, compared: Compared) -> Tile:
    """The tile of a seed's figure: its value so far, and below it what the chosen days brought."""
    inside, shown = name != "unredeemed", _text(None, name, compared.value)
    brought = _("%(points)s in these days", points=shown) if inside else _("%(points)s at their end", points=shown)
    return Tile(
        name=FIGURE_NAMES[name],
        value=_text(None, name, getattr(so_far, name)),
        rows=_rows(name, {}),
        change=_change(compared),
        before=brought if span.preset != "all" else None,
    )


def _tile(shop: Shop, span: DaySpan, name: str, compared: Compared) -> Tile:
    value = None if compared.before is None else _text(shop, name, compared.before)
    return Tile(
        name=FIGURE_NAMES[name],
        value=_text(shop, name, compared.value),
        rows=_rows(TILES[name], span.days),
        change=_change(compared),
        before=None if value is None else _("before: %(value)s", value=value),
    )


def _text(shop: Shop | None, name: str, value: int | Decimal | None) -> str:
    if shop is not None and name in MONEY:
        return money(None if value is None else Decimal(value), shop.currency)
    if name == "redemption_rate":
        return share(value)
    return points(None if value is None else int(value))


def _change(compared: Compared) -> str | None:
    return None if compared.change is None else share(compared.change, signed=True)
