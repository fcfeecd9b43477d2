"""Imports of points: `/loyalty-imports/v1` (wix-api §1b; Wix's own addresses have `/_api` before it).

The file goes to an address of ours, good for an hour and one file; who has the address needs no key.
"""

from collections.abc import Iterable
from typing import Any

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint
from itsdangerous import BadSignature, URLSafeTimedSerializer

from widget_server import clock, config
from widget_server.admin.routes import MANAGE, READ, REFUSALS, SOURCE, Service, said, without_default
from widget_server.admin.wire import imports as shapes
from widget_server.admin.wire.imports import STATUSES, columns, loyalty_import
from widget_server.errors import NotFound
from widget_server.loyalty.points import imports
from widget_server.loyalty.points.batches import Batch
from widget_server.loyalty.points.imports import FILE_BYTES_MAX, Import
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop
from widget_server.web import query
from widget_server.web.callers import Caller
from widget_server.web.query import Entity, Field, word_of
from widget_server.web.wire import wire_time

service = Service("imports", "/loyalty-imports/v1", "Imports of points")
files = Blueprint(
    "import_files", "import_files", url_prefix="/loyalty-imports/v1/files", description="Files of imports"
)
files._prepare_doc_cbks.append(without_default)

BASE = "/loyalty-imports"
ERROR_FILE_SECONDS = 3600
NEVER = {"UNKNOWN": "", "INITIATED": ""}  # words of the wire: no import of ours is in these states
CREATED = Field(Import.created_at, "time")
ENTITY = Entity(
    "import",
    {
        "id": Field(Import.id, "id"),
        "createdDate": CREATED,
        "updatedDate": Field(Import.updated_at, "time"),
        "status": Field(Import.status, "enum", to_stored=word_of({**STATUSES, **NEVER})),
    },
    (Field(Import.id, "id"),),
    CREATED,
)


@service.route("POST", f"{BASE}/wixmp-upload-url", MANAGE, returns=shapes.UploadAnswer, keyed=False)
def create_file_url(caller: Caller, body: Any) -> dict[str, Any]:
    """Where to PUT (or POST) one CSV file of up to 10 MB within an hour."""
    upload = imports.new_upload(caller.shop)
    return {"file_path": upload.id, "upload_url": _file_url(upload.id)}


@service.route("POST", BASE, MANAGE, takes=shapes.CreateImport, returns=shapes.ImportBody)
def create_import(caller: Caller, body: Any) -> dict[str, Any]:
    """Begin with the uploaded file; it is read behind the answer."""
    row = imports.create(caller.shop, body["file_url"], file_name=body.get("file_name"))
    return {"loyalty_import": shown(caller.shop, row)}


@service.route("GET", BASE, READ, query=shapes.ImportAsked, returns=shapes.ImportBody)
def get_import(caller: Caller, body: Any) -> dict[str, Any]:
    """One import."""
    return {"loyalty_import": shown(caller.shop, _need(caller.shop, body))}


@service.route("POST", f"{BASE}/execute", MANAGE, takes=shapes.ExecuteImport, returns=shapes.ImportBody)
def execute_import(caller: Caller, body: Any) -> dict[str, Any]:
    """Book what the file says, behind the answer; only after it was PARSED."""
    row = _need(caller.shop, body)
    row = imports.execute(
        caller.shop,
        row.id,
        source=SOURCE,
        columns=columns(body),
        mode=body.get("mode", "add"),
        again=body.get("again", False),
        creates_customers=body.get("creates_customers", False),
        said=said(caller, body),
    )
    return {"loyalty_import": shown(caller.shop, row)}


@service.route("GET", f"{BASE}/error-file-download-url", MANAGE, query=shapes.ImportAsked, returns=shapes.Url)
def get_error_file_url(caller: Caller, body: Any) -> dict[str, Any]:
    """Where the rows that were not imported are to be had, for an hour: a CSV with the reason behind each."""
    row = _need(caller.shop, body)
    if not imports.has_error_file(row):
        raise NotFound("No row of this import failed.")
    return {"url": _file_url(f"errors/{_signer().dumps([caller.shop.id, row.id])}.csv")}


@service.route("POST", f"{BASE}/query", READ, takes=query.query_body(ENTITY), returns=shapes.ImportsPage)
def query_imports(caller: Caller, body: Any) -> dict[str, Any]:
    """Imports by filter and order."""
    found = query.page(ENTITY, Import.of(caller.shop), body.get("query"), shop_id=caller.shop.id)
    return {"loyalty_imports": _all_shown(caller.shop, found.rows), "paging_metadata": query.metadata(found)}


CSV = {"schema": {"type": "string", "example": "email,points\nann@shop.example,100\n"}}


@files.route("/<upload_id>", methods=["PUT", "POST"])
@files.response(200, shapes.Received)
@files.doc(security=[], responses=REFUSALS, requestBody={"required": True, "content": {"text/csv": CSV}})
def receive(upload_id: str) -> ResponseReturnValue:
    """The file itself: as the body, or as the first file of a form."""
    request.max_content_length = FILE_BYTES_MAX + 100_000  # with what a form puts around the file
    sent: Any = next(iter(request.files.values()), request)
    upload = imports.receive(upload_id, sent.stream)
    return jsonify(filePath=upload.id, size=upload.size, uploadedDate=wire_time(clock.now()))


@files.get("/errors/<token>.csv")
@files.doc(security=[], responses={"200": {"description": "The rows", "content": {"text/csv": CSV}}, **REFUSALS})
def error_file(token: str) -> ResponseReturnValue:
    """The rows that were not imported, for who has the address."""
    try:
        shop_id, import_id = _signer().loads(token, max_age=ERROR_FILE_SECONDS)
    except BadSignature as forged:
        raise NotFound("This address has expired or is not valid.") from forged
    lines = imports.error_file(shops.by_id(shop_id), import_id)
    return Response(
        "".join(lines),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="errors.csv"', "Cache-Control": "no-store"},
    )


def _need(shop: Shop, body: dict[str, Any]) -> Import:
    return Import.need(shop, Import.id == body["loyalty_import_id"])


def shown(shop: Shop, row: Import) -> dict[str, Any]:
    """One import as LoyaltyImport writes it."""
    return _all_shown(shop, [row])[0]


def _all_shown(shop: Shop, rows: Iterable[Import]) -> list[dict[str, Any]]:
    """One look at the batches for all of them."""
    rows = list(rows)
    wanted = [row.batch_id for row in rows if row.batch_id]
    batches = {batch.id: batch for batch in Batch.of(shop).where(Batch.id.in_(wanted))} if wanted else {}
    return [
        loyalty_import(
            row,
            batches.get(row.batch_id),
            _file_url(row.upload_id),
            has_errors=row.batch_id in batches and batches[row.batch_id].failed > 0,
        )
        for row in rows
    ]


def _file_url(name: str) -> str:
    return f"{config.current().base_url}{files.url_prefix}/{name}"


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(config.derived_key("import-files"))
