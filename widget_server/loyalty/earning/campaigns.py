"""Campaigns: periods in which orders give a multiple of the points (acceptance 21). `rules` computes with them."""

from datetime import datetime
from decimal import Decimal
from typing import Literal, TypedDict, Unpack

from widget_server import clock
from widget_server.db import atomic, new_id
from widget_server.errors import BadRequest
from widget_server.loyalty.earning.rules import Campaign
from widget_server.loyalty.program import programs, revisions
from widget_server.loyalty.program.shops import Shop

MULTIPLIER_MAX = Decimal(1000)
State = Literal["planned", "running", "over"]


class CampaignTerms(TypedDict):
    """What a campaign is besides its name; it runs from `starts_at` until before `ends_at`."""

    multiplier: Decimal
    starts_at: datetime
    ends_at: datetime


class CampaignColumns(TypedDict, total=False):
    """The columns of a campaign that may be changed."""

    name: str
    multiplier: Decimal
    starts_at: datetime
    ends_at: datetime


def listed(shop: Shop) -> list[Campaign]:
    """Returns the shop's campaigns, the one that begins last first."""
    return list(Campaign.of(shop).order_by(Campaign.starts_at.desc(), Campaign.id))


def need(shop: Shop, campaign_id: str) -> Campaign:
    """Returns the shop's campaign with this id; raises NotFound."""
    return Campaign.need(shop, Campaign.id == campaign_id)


def state(campaign: Campaign) -> State:
    """Returns whether the campaign is planned, runs now, or is over."""
    if clock.now() < campaign.starts_at:
        return "planned"
    return "running" if clock.now() < campaign.ends_at else "over"


def is_taken(shop: Shop, name: str, *, but: str | None = None) -> bool:
    """Returns whether a campaign has this name, other than the one with the id `but`."""
    return bool(Campaign.of(shop).where(Campaign.name == name, Campaign.id != (but or "")).exists())


def create(shop: Shop, name: str, **terms: Unpack[CampaignTerms]) -> Campaign:
    """Create a campaign. Orders that were scored before keep their points.

    Raises BadRequest (name, multiplier, ends_at).
    """
    with atomic():
        programs.locked(shop.id)
        campaign = Campaign(id=new_id(), shop_id=shop.id, name=name, **terms)
        _check(shop, campaign)
        campaign.save(force_insert=True)
        return campaign


def change(shop: Shop, campaign_id: str, revision: int | None, **columns: Unpack[CampaignColumns]) -> Campaign:
    """Change the given columns. Orders that were scored before keep their points (acceptance 59).

    `revision` is the one the caller read (None: not checked). Raises NotFound, StaleRevision, BadRequest (name,
    multiplier, ends_at).
    """
    with atomic():
        programs.locked(shop.id)
        campaign = need(shop, campaign_id)
        revisions.check_revision(campaign, revision)
        changed = [column for column, value in columns.items() if getattr(campaign, column) != value]
        for column, value in columns.items():
            setattr(campaign, column, value)
        if changed:
            _check(shop, campaign)
            campaign.revision += 1
            campaign.save()
        return campaign


def save_campaign(shop: Shop, name: str, **terms: Unpack[CampaignTerms]) -> Campaign:
    """Create the campaign `name`, or give it these terms. Raises BadRequest (multiplier, ends_at)."""
    with atomic():
        programs.locked(shop.id)
        campaign = Campaign.one(shop, Campaign.name == name)
        if campaign is None:
            return create(shop, name, **terms)
        return change(shop, campaign.id, None, **terms)


def end(shop: Shop, campaign_id: str, revision: int | None) -> None:
    """End a running campaign now, or remove one that is planned; one that is over stays as it is.

    Raises NotFound, StaleRevision.
    """
    with atomic():
        programs.locked(shop.id)
        campaign = need(shop, campaign_id)
        revisions.check_revision(campaign, revision)
        if state(campaign) == "planned":
            Campaign.remove(shop, Campaign.id == campaign.id)
        elif state(campaign) == "running":
            change(shop, campaign.id, None, ends_at=clock.now())


def remove(shop: Shop, campaign_id: str) -> None:
    """Delete the campaign. Orders that were scored in it keep their points. Raises NotFound."""
    with atomic():
        programs.locked(shop.id)
        Campaign.remove(shop, Campaign.id == need(shop, campaign_id).id)


def _check(shop: Shop, campaign: Campaign) -> None:
    """Raises BadRequest."""
    if campaign.ends_at <= campaign.starts_at:
        raise BadRequest("It ends before it starts.", field="ends_at")
    if not 0 < campaign.multiplier <= MULTIPLIER_MAX:
        raise BadRequest(f"A number above 0, up to {MULTIPLIER_MAX}.", field="multiplier")
    if is_taken(shop, campaign.name, but=campaign.id):
        raise BadRequest("Another campaign has this name.", field="name")
