"""Authentication: the shop by its embed key, the member by the session token (flask-login's request_loader)."""

from dataclasses import dataclass

from flask import Flask, Request, Response, g, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_login import LoginManager, UserMixin, current_user

from widget_server import config, editions
from widget_server.errors import BadRequest, OriginNotAllowed, SignedOut
from widget_server.ledger import Account
from widget_server.loyalty import audit_log
from widget_server.loyalty.people import signed_in
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import shop_of_request
from widget_server.loyalty.program.shops import Shop
from widget_server.web.networks import client_address

SHOP_HEADER = "X-Loyalty-Shop"
BEARER = "Bearer "
MEMBER_TOKEN = "bearerAuth"  # noqa: S105 - as openapi.json calls it
SECURITY_SCHEMES = {
    MEMBER_TOKEN: {"type": "http", "scheme": "bearer", "description": "The token that a session endpoint answered."},
}


@dataclass
class Shopper(UserMixin):
    """The member who sends a request: they act only for themselves, in their own shop.

    `customer` and `account` are as they were when the request came.
    """

    shop: Shop
    customer: Customer
    account: Account | None
    token: str

    def get_id(self) -> str:
        """Returns the member's id."""
        return str(self.customer.id)


class QuietCookies(SecureCookieSessionInterface):
    """Flask's cookie session, but a session that was only read adds nothing to the response.

    Without the cookie it is empty, and no signer is made: no shopper's call has one.
    """

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Returns the session of the request's cookie, or an empty one."""
        if self.get_cookie_name(app) in request.cookies:
            return super().open_session(app, request)
        return self.session_class() if app.secret_key else None

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the cookie when the session was modified."""
        if session.modified:
            super().save_session(app, session, response)


def register(app: Flask) -> None:
    """Make flask-login find the member by the token; shoppers get no cookie."""
    app.session_interface = QuietCookies()
    manager = LoginManager()
    manager.session_protection = None
    manager.request_loader(_shopper)
    manager.init_app(app)
    app.teardown_request(lambda _: editions.forget())


def manager_of(app: Flask) -> LoginManager:
    """Returns the login manager that `register` gave the application."""
    manager: LoginManager = app.login_manager  # type: ignore[attr-defined]
    return manager


def shop() -> Shop:
    """Returns the shop whose embed key the request carries (acceptance 9).

    Raises BadRequest without a key, NotFound for an unknown one, OriginNotAllowed for a call from another page.
    """
    if "shop" not in g:
        g.shop = shop_of_request.by_embed_key(_embed_key())
    found: Shop = g.shop
    return found


def member() -> Shopper:
    """Returns the member who calls; the audit log records the rest of the request under their name.

    Raises SignedOut without a token that is valid in this shop, and what `shop` raises.
    """
    shopper = current_user._get_current_object()
    if not isinstance(shopper, Shopper):
        shop()  # for what is wrong with its key, or with the origin of the call
        raise SignedOut()
    act_as(shopper, client_address())
    return shopper


def shopper_at(embed_key: str, token: str) -> Shopper:
    """Returns the member with this token in this shop. Raises NotFound for an unknown shop, and SignedOut."""
    found = signed_in.at_panel(embed_key, token)
    return Shopper(found.shop, found.customer, found.account, token)


def act_as(shopper: Shopper, address: str) -> None:
    """The audit log records what this thread does from now on under the member's name and network address."""
    audit_log.act_as(audit_log.Actor("customer", shopper.get_id(), None, address))


def bearer() -> str | None:
    """Returns the token in the `Authorization` header, None without one."""
    return token_in(request.headers.get("Authorization", ""))


def token_in(header: str) -> str | None:
    """Returns the token in the text of an `Authorization` header, None without one."""
    return header[len(BEARER) :].strip() or None if header.startswith(BEARER) else None


def _embed_key() -> str:
    """Returns the embed key that the request carries. Raises BadRequest without one, and OriginNotAllowed."""
    _need_own_origin()
    embed_key = request.headers.get(SHOP_HEADER) or request.args.get("shop")
    if not embed_key:
        raise BadRequest("Name the shop by its embed key.", field=SHOP_HEADER)
    return embed_key


def _need_own_origin() -> None:
    """Raises OriginNotAllowed for a call from another page: panel calls are same-origin."""
    origin = request.headers.get("Origin")
    if origin is not None and origin not in (config.current().widget_origin, request.host_url.rstrip("/")):
        raise OriginNotAllowed()


def _shopper(requested: Request) -> Shopper | None:
    token = bearer()
    if token is None:
        return None
    try:
        shopper = shopper_at(_embed_key(), token)
    except SignedOut:
        return None
    g.shop = shopper.shop
    return shopper
