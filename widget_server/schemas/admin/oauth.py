"""What `/oauth2/token` and `/oauth/access` say (wix-api §7): the SDK's strategies write both spellings."""

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, pre_load

from widget_server.schemas.wire import text

GRANTS = {  # and what each needs
    "client_credentials": ["client_id", "client_secret"],
    "anonymous": ["client_id"],
    "refresh_token": ["refresh_token"],
    "authorized_client": ["member_id"],
}
EXAMPLE_SHOP = "0b7f2b2e-6f0c-4c59-9a55-2f6d2d9f4f10"
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

    grant_type = text(1, 100, required=True)
    client_id, client_secret = text(1, 1000), text(1, 1000)
    instance_id, member_id = text(1, 1000), text(1, 1000)
    refresh_token = text(1, 1000)
    scope = fields.String()

    @pre_load
    def _one_spelling(self, data: Any, **_: Any) -> Any:
        return {SPELLINGS.get(name, name): value for name, value in data.items()} if isinstance(data, dict) else data

    def described(self, shape: dict[str, Any]) -> dict[str, Any]:
        """What each grant needs."""
        arms = [{"properties": {"grant_type": {"enum": [name]}}, "required": needs} for name, needs in GRANTS.items()]
        return {
            **shape,
            "oneOf": arms,
            "dependentRequired": {"client_secret": ["client_id"]},
            "example": {"grant_type": "anonymous", "client_id": EXAMPLE_SHOP},
        }


class TokenAnswer(Schema):
    """An opaque access token for `expires_in` seconds, and the one that renews it."""

    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    expires_in = fields.Integer(required=True)
    token_type = fields.String(required=True)
