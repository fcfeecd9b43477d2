"""What `/oauth2/token` and `/oauth/access` say (wix-api §7): the SDK's strategies write both spellings."""

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, pre_load

GRANTS = ("client_credentials", "anonymous", "refresh_token", "authorized_client")
SPELLINGS = {
    "clientId": "client_id",
    "clientSecret": "client_secret",
    "grantType": "grant_type",
    "refreshToken": "refresh_token",
    "instanceId": "instance_id",
    "memberId": "member_id",
}


class TokenAsk(Schema):
    """What is asked for, and what shows that it may be."""

    class Meta:
        unknown = EXCLUDE

    grant_type = fields.String(required=True)
    client_id = fields.String()
    client_secret = fields.String()
    instance_id = fields.String()
    refresh_token = fields.String()
    member_id = fields.String()
    scope = fields.String()

    @pre_load
    def _one_spelling(self, data: Any, **_: Any) -> Any:
        return {SPELLINGS.get(name, name): value for name, value in data.items()} if isinstance(data, dict) else data


class TokenAnswer(Schema):
    """An opaque access token for `expires_in` seconds, and the one that renews it."""

    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    expires_in = fields.Integer(required=True)
    token_type = fields.String(required=True)
