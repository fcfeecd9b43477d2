"""create_shop(config): the Flask application, with a CSP on every page and a CSRF token in every form."""

import re
import secrets
from decimal import Decimal
from urllib.parse import urlsplit

from flask import Flask, Response, abort, render_template, request, session
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, SecurityError

from demo_shop.catalogue import COLLECTIONS
from demo_shop.config import ShopConfig
from demo_shop.money import written
from demo_shop.pages import account, back_office, basket, catalogue, checkout, here
from demo_shop.sessions import LIFETIME, Sessions
from demo_shop.shop import Shop

_REFERRAL_CODE = re.compile(r"[A-Za-z0-9_-]{3,40}")


def create_shop(config: ShopConfig) -> Flask:
    """Returns the demo shop's application; the caller starts `app.extensions["demo_shop"].outbox`."""
    app = Flask(__name__)
    shop = Shop.open(config)
    app.extensions["demo_shop"] = shop
    app.secret_key = config.secret_key
    app.session_interface = Sessions(shop.database)
    app.config.update(
        SESSION_COOKIE_NAME="fjordfern_session",
        PERMANENT_SESSION_LIFETIME=LIFETIME,
        MAX_CONTENT_LENGTH=64 * 1024,
        # a demo without passwords must not respond to foreign host names
        TRUSTED_HOSTS=["localhost", "127.0.0.1", urlsplit(config.origin).hostname or ""],
    )
    for pages in (catalogue, basket, checkout, account, back_office):
        app.register_blueprint(pages.pages)
    _guard_forms(app)
    _dress_pages(app, shop)
    return app


def _guard_forms(app: Flask) -> None:
    @app.before_request
    def check_form_token() -> None:
        if request.method == "POST":
            sent, kept = request.form.get("csrf", ""), session.get("csrf", "")
            if not kept or not secrets.compare_digest(sent.encode(), kept.encode()):
                abort(400, "This form has expired. Go back, load the page again and send it once more.")

    @app.before_request
    def keep_referral() -> None:
        code = request.args.get("ref", "")
        if request.method == "GET" and _REFERRAL_CODE.fullmatch(code) and session.get("ref") != code:
            session["ref"] = code

    @app.template_global()
    def csrf() -> Markup:
        if "csrf" not in session:
            session["csrf"] = secrets.token_urlsafe(16)
        return Markup('<input type="hidden" name="csrf" value="{}">').format(session["csrf"])


def _dress_pages(app: Flask, shop: Shop) -> None:
    @app.template_filter()
    def price(amount: Decimal | str) -> str:
        return written(amount, shop.config.currency)

    @app.context_processor
    def common() -> dict[str, object]:
        return {
            "embed": Markup(shop.config.embed),  # noqa: S704 - the owner's own tag, from the settings
            "collections": COLLECTIONS,
            "customer": here.customer(),
            "cart_quantity": sum(here.quantities().values()),
        }

    @app.after_request
    def policy(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = shop.config.content_security_policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.errorhandler(HTTPException)
    def refused(problem: HTTPException) -> HTTPException | tuple[str, int, list[tuple[str, str]]]:
        if isinstance(problem, SecurityError):  # no page can be rendered for an untrusted host
            return problem
        return render_template("refused.html", problem=problem), problem.code or 500, problem.get_headers()
