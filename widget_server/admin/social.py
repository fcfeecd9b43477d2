"""Social channels that the calling member follows: `/loyalty-social-media/v1` (wix-api §1b)."""

from widget_server.admin.routes import MEMBER, SOURCE, Service, naming
from widget_server.admin.wire.social import (
    CHANNELS,
    ChannelResponse,
    ChannelToFollow,
    FollowedChannels,
    followed_channel,
)
from widget_server.errors import ChannelNotEnabled, ProgramNotActive
from widget_server.loyalty.earning import social
from widget_server.web.callers import Caller

service = Service("social", "/loyalty-social-media/v1", "Followed channels")


@service.route(
    "POST",
    "/followed-channels",
    MEMBER,
    takes=ChannelToFollow,
    returns=ChannelResponse,
    refuses=(ChannelNotEnabled, ProgramNotActive),
)
def create_followed_channel(caller: Caller, body: ChannelToFollow) -> ChannelResponse:
    """Follow a channel for which the shop gives points; a repeat gives none again (acceptance 26)."""
    with naming({}, under="followedChannel"):
        row = social.follow(caller.shop, caller.member, body.followed_channel["channel"], source=SOURCE)
    return {"followed_channel": followed_channel(row)}


@service.route("GET", "/followed-channels", MEMBER, returns=FollowedChannels)
def list_followed_channels(caller: Caller) -> FollowedChannels:
    """List the channels that the member follows, oldest first."""
    rows = [row for row in social.followed(caller.shop, caller.member) if row.channel in CHANNELS.values()]
    return {"followed_channels": [followed_channel(row) for row in rows]}
