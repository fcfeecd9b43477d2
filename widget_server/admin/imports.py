"""Imports of points: `/loyalty-imports/v1` (wix-api §1b; Wix's own addresses have `/_api` before it).

The file is sent to an address of this server, valid for one hour and one file; it needs no key.
"""

from collections.abc import Iterable
from typing import Any

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint
from itsdangerous import BadSignature, URLSafeTimedSerializer

from widget_server import clock, config
from widget_server.admin.routes import ANY_ADDRESS, MANAGE, OF_BODY, READ, SOURCE, Service, said, without_default
from widget_server.admin.wire import imports as shapes
from widget_server.admin.wire.imports import STATUSES, former_code, loyalty_import, mapping, preview
from widget_server.errors import (
    AlreadyImported,
    FileTooLarge,
    ImportColumnsUnknown,
    ImportNotParsed,
    NotFound,
    UploadGone,
)
from widget_server.loyalty.imports import imports, uploads
from widget_server.loyalty.imports.columns import FIELDS
from widget_server.loyalty.imports.imports import Import
from widget_server.loyalty.imports.uploads import FILE_BYTES_MAX
from widget_server.loyalty.people import former_codes
from widget_server.loyalty.points.batch_tables import Batch
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop
from widget_server.web import query
from widget_server.web.callers import Caller
from widget_server.web.documented_refusals import CallRefusals
from widget_server.web.error_bodies import ErrorBody
from widget_server.web.query import Entity, Field, word_of
from widget_server.web.typed_schemas import schema_for, schema_of
from widget_server.web.wire import Wire

service = Service("imports", "/loyalty-imports/v1", "Imports of points")
files = Blueprint(
    "import_files", "import_files", url_prefix="/loyalty-imports/v1/files", description="Files of imports"
)
files._prepare_doc_cbks.append(without_default)

BASE = "/loyalty-imports"
ERROR_FILE_SECONDS = 3600
NEVER = {"UNKNOWN": "", "INITIATED": ""}  # values of Wix's API: no import here has these states
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


@service.route("POST", f"{BASE}/wixmp-upload-url", MANAGE, returns=shapes.UploadUrl, keyed=False)
def create_file_url(caller: Caller) -> shapes.UploadUrl:
    """Get the address to which one CSV file of up to 10 MB can be sent (PUT or POST) within an hour."""
    upload = uploads.new_upload(caller.shop)
    return {"file_path": upload.id, "upload_url": _file_url(upload.id)}


@service.route("POST", BASE, MANAGE, takes=shapes.NewImport, returns=shapes.ImportResponse)
def create_import(caller: Caller, body: shapes.NewImport) -> shapes.ImportResponse:
    """Create an import of the uploaded file, which is read in the background."""
    row = imports.create(caller.shop, body.file_url, file_name=body.file_name)
    return {"loyalty_import": shown(caller.shop, row)}


@service.route("GET", BASE, READ, query=shapes.ImportQuery, returns=shapes.ImportResponse, refuses=(NotFound,))
def get_import(caller: Caller, body: shapes.ImportQuery) -> shapes.ImportResponse:
    """Get one import."""
    return {"loyalty_import": shown(caller.shop, _need(caller.shop, body.loyalty_import_id))}


@service.route(
    "POST",
    f"{BASE}/execute",
    MANAGE,
    takes=shapes.ExecuteImport,
    returns=shapes.ImportResponse,
    refuses=(NotFound, ImportNotParsed, ImportColumnsUnknown, AlreadyImported),
)
def execute_import(caller: Caller, body: shapes.ExecuteImport) -> shapes.ImportResponse:
    """Book the lines of the file, in the background; the import must be PARSED."""
    row = _need(caller.shop, body.loyalty_import_id)
    row = imports.execute(
        caller.shop,
        row.id,
        source=SOURCE,
        mapping=mapping(body),
        mode=body.mode or "add",
        again=bool(body.again),
        creates_customers=bool(body.creates_customers),
        day_first=body.day_first,
        annotation=said(caller, body),
    )
    return {"loyalty_import": shown(caller.shop, row)}


@service.route(
    "POST",
    f"{BASE}/preview",
    MANAGE,
    takes=shapes.BeginPreview,
    returns=shapes.PreviewResponse,
    refuses=(NotFound, ImportNotParsed, ImportColumnsUnknown),
)
def begin_preview(caller: Caller, body: shapes.BeginPreview) -> shapes.PreviewResponse:
    """Read every line as it would be booked, in the background, without booking any; the import must be PARSED."""
    row = imports.begin_preview(
        caller.shop,
        body.loyalty_import_id,
        mode=body.mode or "add",
        mapping=mapping(body),
        creates_customers=bool(body.creates_customers),
        day_first=body.day_first,
    )
    return {"preview": preview(row)}


@service.route(
    "GET",
    f"{BASE}/preview",
    MANAGE,
    query=shapes.ImportQuery,
    returns=shapes.PreviewResponse,
    refuses=(NotFound,),
)
def get_preview(caller: Caller, body: shapes.ImportQuery) -> shapes.PreviewResponse:
    """Get what the import would do, or how many rows were read so far."""
    return {"preview": preview(_need(caller.shop, body.loyalty_import_id))}


@service.route("GET", f"{BASE}/template", READ, query=shapes.TemplateQuery, returns=shapes.Template)
def get_template(caller: Caller, body: shapes.TemplateQuery) -> shapes.Template:
    """Get a CSV file with the fields of a mode."""
    return {"csv": FIELDS[body.mode].template}


@service.route("GET", "/former-referral-codes", READ, query=shapes.FormerCodesQuery, returns=shapes.FormerCodes)
def list_former_codes(caller: Caller, body: shapes.FormerCodesQuery) -> shapes.FormerCodes:
    """List the referral codes that a customer had in another app."""
    rows = former_codes.of_customers(caller.shop.id, [body.customer_id])
    return {"former_referral_codes": [former_code(row) for row in rows]}


@service.route(
    "DELETE",
    "/former-referral-codes/<code_id>",
    MANAGE,
    returns=shapes.FormerCodeRemoved,
    refuses=(NotFound,),
)
def remove_former_code(caller: Caller, code_id: str) -> shapes.FormerCodeRemoved:
    """Remove a referral code of another app: it leads to nobody from now on."""
    former_codes.remove(caller.shop.id, code_id)
    return {"id": code_id}


@service.route(
    "GET", f"{BASE}/error-file-download-url", MANAGE, query=shapes.ImportQuery, returns=shapes.Url, refuses=(NotFound,)
)
def get_error_file_url(caller: Caller, body: shapes.ImportQuery) -> shapes.Url:
    """Get the address, valid for an hour, of a CSV of the rows that were not imported, with the reasons."""
    row = _need(caller.shop, body.loyalty_import_id)
    if not imports.has_error_file(row):
        raise NotFound("No row of this import failed.")
    return {"url": _file_url(f"errors/{_signer().dumps([caller.shop.id, row.id])}.csv")}


@service.route("POST", f"{BASE}/query", READ, takes=query.query_body(ENTITY), returns=shapes.ImportsPage)
def query_imports(caller: Caller, body: query.QueryBody) -> shapes.ImportsPage:
    """Query imports by filter and order."""
    found = query.page(ENTITY, Import.of(caller.shop), body.query, shop_id=caller.shop.id)
    return {"loyalty_imports": _all_shown(caller.shop, found.rows), "paging_metadata": query.metadata(found)}


UPLOAD = CallRefusals("PUT /loyalty-imports/v1/files/{upload_id}", (UploadGone, FileTooLarge, *OF_BODY, *ANY_ADDRESS))
ERROR_FILE = CallRefusals("GET /loyalty-imports/v1/files/errors/{token}.csv", (NotFound, *ANY_ADDRESS))
CSV = {"schema": {"type": "string", "example": "email,points\nann@shop.example,100\n"}}


@files.route("/<upload_id>", methods=["PUT", "POST"])
@files.response(200, schema_of(shapes.UploadedFile, Wire))
@files.doc(
    security=[],
    responses=UPLOAD.responses(ErrorBody, admin=True),
    requestBody={"required": True, "content": {"text/csv": CSV}},
)
@UPLOAD.checked()
def receive(upload_id: str) -> ResponseReturnValue:
    """Upload the file, as the body or as the first file of a form."""
    request.max_content_length = FILE_BYTES_MAX + 100_000  # and the parts that a form adds to the file
    sent: Any = next(iter(request.files.values()), request)
    upload = uploads.receive(upload_id, sent.stream)
    received: shapes.UploadedFile = {"file_path": upload.id, "size": upload.size, "uploaded_date": clock.now()}
    return jsonify(schema_for(shapes.UploadedFile, Wire).dump(received))


@files.get("/errors/<token>.csv")
@files.doc(
    security=[],
    responses={
        "200": {"description": "The rows", "content": {"text/csv": CSV}},
        **ERROR_FILE.responses(ErrorBody, admin=True),
    },
)
@ERROR_FILE.checked()
def error_file(token: str) -> ResponseReturnValue:
    """Download the rows that were not imported, by the address alone.

    Raises NotFound when the address was altered or is too old.
    """
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


def _need(shop: Shop, import_id: str) -> Import:
    return Import.need(shop, Import.id == import_id)


def shown(shop: Shop, row: Import) -> shapes.LoyaltyImport:
    """Returns one import of the shop as the wire has it."""
    return _all_shown(shop, [row])[0]


def _all_shown(shop: Shop, rows: Iterable[Import]) -> list[shapes.LoyaltyImport]:
    """Returns the imports as the wire has them, with their batches read in one query."""
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
