"""Refusals: who calls, by what, and from where."""

from widget_server.errors.base import Refusal


class SignedOut(Refusal):
    """The caller sent no token that is valid now."""

    kind, code, message = "unauthenticated", "signed_out", "Sign in first."


class BadSignature(Refusal):
    """The signature of a webhook or an identity token is not valid."""

    kind, code, message = "unauthenticated", "bad_signature", "The signature is not valid."


class OriginNotAllowed(Refusal):
    """The page is not on the shop's list of origins (acceptance 9)."""

    kind, code, message = "forbidden", "origin_not_allowed", "This page may not use this shop's program."


class ScopeMissing(Refusal):
    """The key may only read and the call would write, or the caller is not an app."""

    kind, code, message = "forbidden", "scope_missing", "This key or token may not do that."


class AddressNotAllowed(Refusal):
    """The API key is valid, but its list of addresses does not include the one that the request came from."""

    kind, code, message = "forbidden", "address_not_allowed", "This key may not be used from this address."


class MoreThanOwnRights(Refusal):
    """An API key cannot create or rotate a key with more rights than its own; `field` names the right."""

    kind, code, message = "forbidden", "more_than_own_rights", "A key cannot grant more than it has itself."


class TooManySecrets(Refusal):
    """Two secrets of a kind can be valid at once; remove one before you add another."""

    kind, code, message = "conflict", "too_many_secrets", "Two secrets of this kind are valid: remove one first."


class LastSecret(Refusal):
    """The only secret of its kind cannot be removed: nothing that the shop signs could be verified."""

    kind, code, message = "conflict", "last_secret", "This is the only secret of its kind: add another one first."


class LastOrigin(Refusal):
    """The only origin cannot be removed: the widget could be shown nowhere."""

    kind, code, message = "conflict", "last_origin", "This is the only address of the shop: add another one first."


class WrongSecretKey(Refusal):
    """The database is sealed with another server key than the one that is set."""

    kind, code = "busy", "wrong_secret_key"
    message = (
        "This database was sealed with another WIDGET_SECRET_KEY: set that one. To change it, set the new one, put the "
        "old one into WIDGET_OLD_SECRET_KEYS, and run `widget-server secret rotate`."
    )


class OtherShop(Refusal):
    """The key is valid, but the request names another shop."""

    kind, code, message = "forbidden", "other_shop", "This key belongs to another shop."


class KeyReused(Refusal):
    """The same request key came with another request."""

    kind, code, message = "conflict", "key_reused", "This request key was used for another request."


class StaleRevision(Refusal):
    """It was changed after the caller read it (wix-api §3)."""

    kind, code, message = "conflict", "stale_revision", "It has changed since you read it. Read it again."


class MembersOnly(Refusal):
    """Visitors can earn points, but only members can redeem them."""

    kind, code, message = "forbidden", "members_only", "Only members can redeem points."
