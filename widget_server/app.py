"""create_app: connects the parts of the server; it contains no business rules."""

from collections.abc import Callable
from typing import Any, TypeVar

from apispec.ext.marshmallow.common import resolve_schema_cls
from flask import Flask, Response, request, send_from_directory
from flask.typing import ResponseReturnValue
from marshmallow import Schema
from whitenoise import WhiteNoise

from widget_server import config, dashboard, data_keys, db, events, preview, reactions, widget
from widget_server.admin import services
from widget_server.config import Settings
from widget_server.loyalty import audit_log
from widget_server.loyalty.preview import copies
from widget_server.stores.link_routes import links
from widget_server.stores.routes import stores
from widget_server.web import auth, bodies, built_files, callers, errors, networks, proxies
from widget_server.web.health import health
from widget_server.web.reference import DocumentApi, DocumentPlugin, reference
from widget_server.web.safe_headers import SafeHeaders
from widget_server.web.security_txt import security_txt
from widget_server.web.typed_schemas import schema_of
from widget_server.widget.direct import Direct
from widget_server.widget.fields import Body
from widget_server.widget.routes import READS
from widget_server.widget.shapes.refusal import Refusal

Function = TypeVar("Function", bound=Callable[..., object])

BODY_BYTES_MAX = 2 * 1024 * 1024
ASSET_SECONDS = 31_536_000
CACHE_KB = 800  # of each request thread; the operating system keeps the file's pages once for all of them


class WidgetServer(Flask):
    """Flask with the JSON format of this server (`bodies.WireJson`)."""

    json_provider_class = bodies.WireJson

    def ensure_sync(self, func: Function) -> Function:
        """Returns the function: none is a coroutine, and Flask would look 14 times a request."""
        return func


class WidgetApi(DocumentApi):
    """The OpenAPI document; error responses of the widget's endpoints have the widget's schema."""

    ERROR_SCHEMA = schema_of(Refusal, Body)


def create_app(settings: Settings) -> WidgetServer:
    """Returns the WSGI application of one server; the database is opened, but not connected yet."""
    config.use(settings, data_keys.stored)
    db.open_database(settings.database_url, statement_timeout_ms=settings.statement_timeout_ms, cache_kb=CACHE_KB)
    events.wire(reactions.react)
    copies.wire(preview.run)
    app = WidgetServer(__name__, static_folder=None)
    app.config.update(
        SECRET_KEY=config.derived_key("cookies"),
        MAX_CONTENT_LENGTH=BODY_BYTES_MAX,
        API_TITLE="Loyalty widget",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="openapi.json",
    )
    api = WidgetApi(app, spec_kwargs={"marshmallow_plugin": DocumentPlugin(schema_name_resolver=_name_of)})
    for name, scheme in {**auth.SECURITY_SCHEMES, **callers.SECURITY_SCHEMES}.items():
        api.spec.components.security_scheme(name, scheme)
    errors.register(app)
    auth.register(app)
    app.before_request(bodies.need_storable_address)
    app.before_request(_connect)
    app.before_request(_act_for_nobody)
    app.after_request(_headers)
    widget.register(app, api)
    services.register(app, api)
    dashboard.register(app)
    app.register_blueprint(stores)
    app.register_blueprint(links)
    app.register_blueprint(health)
    app.register_blueprint(reference)
    app.register_blueprint(security_txt)
    app.add_url_rule("/pages/<path:name>", view_func=_page_file)
    _serve_built_files(app)
    app.wsgi_app = Direct(app.wsgi_app, READS)  # type: ignore[method-assign]
    app.wsgi_app = SafeHeaders(  # type: ignore[method-assign]
        app.wsgi_app, is_https=settings.base_url.startswith("https:")
    )
    proxies.trust(app, settings.proxies)
    return app


def _name_of(schema: Any) -> str:
    """The name of a schema in openapi.json; a partial schema (every field optional) has the suffix `Change`."""
    partial = isinstance(schema, Schema) and schema.partial
    shape: Any = resolve_schema_cls(schema)
    return f"{shape.__name__}Change" if partial else str(shape.__name__)


def _connect() -> None:
    """Connect the database before every request, except health checks: they handle a missing database themselves."""
    if request.blueprint != health.name:
        db.connect()


def _act_for_nobody() -> None:
    """Reset the actor of the audit log: threads are reused. Until the caller is known, it is the server itself."""
    audit_log.act_as(audit_log.Actor(address=networks.client_address()))


def _serve_built_files(app: Flask) -> None:
    """Serve files with a hash in their name precompressed, outside the application; they never change."""
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign, assignment]
        app.wsgi_app,
        root=str(built_files.DIST),
        prefix="assets/",
        max_age=ASSET_SECONDS,
        allow_all_origins=True,
        immutable_file_test=lambda path, url: True,
    )


def _page_file(name: str) -> ResponseReturnValue:
    return send_from_directory(built_files.FOLDER.parent / "widget_server" / "widget" / "static", name)


def _headers(response: Response) -> Response:
    if response.mimetype == "application/json":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
