"""FollowedChannel on the wire (wix-api §2)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Required, TypedDict

from widget_server.loyalty.earning import social
from widget_server.web.typed_schemas import ReadOnly
from widget_server.web.wire import Choice, Guid

CHANNELS = {name: name.lower() for name in ("FACEBOOK", "INSTAGRAM", "LINKEDIN", "X", "TIKTOK")}


class FollowedChannel(TypedDict, total=False):
    """A channel that the member follows."""

    id: Annotated[Guid, ReadOnly]
    account_id: Annotated[Guid, ReadOnly]
    channel: Required[Annotated[str, Choice(CHANNELS)]]
    created_date: Annotated[datetime, ReadOnly]


@dataclass(frozen=True)
class ChannelToFollow:
    """The channel that the member follows from now on."""

    followed_channel: FollowedChannel


class ChannelResponse(TypedDict):
    """One channel that the member follows."""

    followed_channel: FollowedChannel


class FollowedChannels(TypedDict):
    """All channels that the member follows, oldest first."""

    followed_channels: list[FollowedChannel]


def followed_channel(row: social.FollowedChannel) -> FollowedChannel:
    """Returns the row in the shape of FollowedChannel."""
    return {"id": row.id, "account_id": row.account_id, "channel": row.channel, "created_date": row.created_at}
