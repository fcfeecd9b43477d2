"""FollowedChannel on the wire (wix-api §2)."""

from typing import Any

from marshmallow import fields

from widget_server.loyalty.earning.social import FollowedChannel
from widget_server.web.wire import Choice, Wire, WireTime, guid, wrapped

CHANNELS = {name: name.lower() for name in ("FACEBOOK", "INSTAGRAM", "LINKEDIN", "X", "TIKTOK")}


class FollowedChannelWire(Wire):
    """A channel that the member follows."""

    id = guid(dump_only=True)
    account_id = guid(dump_only=True)
    channel = Choice(CHANNELS, required=True)
    created_date = WireTime(dump_only=True)


class FollowedChannels(Wire):
    """All channels that the member follows, oldest first."""

    followed_channels = fields.List(fields.Nested(FollowedChannelWire), required=True)


ChannelBody = wrapped("followed_channel", FollowedChannelWire)


def followed_channel(row: FollowedChannel) -> dict[str, Any]:
    """The row as FollowedChannel writes it."""
    return {"id": row.id, "account_id": row.account_id, "channel": row.channel, "created_date": row.created_at}
