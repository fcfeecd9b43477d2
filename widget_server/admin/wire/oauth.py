"""Bodies of `/oauth2/token` and `/oauth/access` (wix-api §7). A body has one of two spellings, by its `grant_type` or
`grantType`: some of the SDK's strategies use the one, some the other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypedDict

from marshmallow import EXCLUDE, fields, pre_load

from widget_server.web.texts import text
from widget_server.web.typed_schemas import schema_of
from widget_server.web.wire import NEVER, Documented, camel

GRANTS = {  # and the fields that each needs
    "client_credentials": ["client_id", "client_secret"],
    "anonymous": ["client_id"],
    "refresh_token": ["refresh_token"],
    "authorized_client": ["member_id"],
}
EXAMPLE_SHOP = "0b7f2b2e-6f0c-4c59-9a55-2f6d2d9f4f10"


class OAuthBody(Documented):
    """A body whose names are those of OAuth."""

    plain = {str: fields.String, int: fields.Integer}


class TwoSpellings(OAuthBody):
    """A request for a token, in one of two spellings; unknown fields are ignored."""

    class Meta:
        unknown = EXCLUDE

    @pre_load
    def _one_spelling(self, data: Any, **_: Any) -> Any:
        if not isinstance(data, dict) or "grant_type" in data:
            return data
        return {name: data[camel(name)] for name in self.fields if camel(name) in data}

    def described(self, shape: dict[str, Any]) -> dict[str, Any]:
        """Returns the fields of each grant, in both spellings; if a body has both, `grant_type` counts."""
        own = shape["properties"]
        ours = [_needed(own, grant, str, {}) for grant in GRANTS]
        theirs = [_needed(own, grant, camel, {"grant_type": NEVER}) for grant in GRANTS]
        example = {"grant_type": "anonymous", "client_id": EXAMPLE_SHOP}
        return {"type": "object", "anyOf": [*ours, *theirs], "example": example}


def _needed(own: dict[str, Any], grant: str, spell: Callable[[str], str], more: dict[str, Any]) -> dict[str, Any]:
    known = spell("grant_type")
    return {
        "properties": {**{spell(name): shape for name, shape in own.items()}, known: {"enum": [grant]}, **more},
        "required": [known, *map(spell, GRANTS[grant])],
        "dependentRequired": {spell("client_secret"): [spell("client_id")]},
    }


OAuthText = Annotated[str | None, text(1, 1000)]


@dataclass(frozen=True)
class TokenRequest:
    """The requested grant, and the credentials for it."""

    grant_type: Annotated[str, text(1, 100)]
    client_id: OAuthText = None
    client_secret: OAuthText = None
    instance_id: OAuthText = None
    member_id: OAuthText = None
    refresh_token: OAuthText = None
    scope: str | None = None


class TokenResponse(TypedDict):
    """An opaque access token, valid for `expires_in` seconds, and the token that renews it."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str


TokenRequestSchema, TokenResponseSchema = schema_of(TokenRequest, TwoSpellings), schema_of(TokenResponse, OAuthBody)
