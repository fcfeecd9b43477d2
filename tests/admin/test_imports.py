"""Imports over the wire: what Wix's API lacks (acceptance 56, contracts §22)."""

import io

from tests.integrator import Integrator
from tests.make import World
from widget_server import jobs
from widget_server.loyalty.imports import uploads
from widget_server.loyalty.people import former_codes

SERVICE = "/loyalty-imports/v1"
IMPORTS = f"{SERVICE}/loyalty-imports"
MEMBERS = "Mail,Old code,Birthdate\nann@example.com,ANN42,1990-03-31\nbob@example.com,x,\n"
MAPPED = {
    "headerMappings": [
        {"columnName": "EMAIL", "columnIndex": 0},
        {"columnName": "BIRTHDAY", "columnIndex": 2},
        {"columnName": "REFERRAL_CODE", "columnIndex": 1},
    ]
}


def sent(owner: Integrator, world: World, text: str) -> str:
    """A file that was sent and read; returns the import's id."""
    upload = uploads.new_upload(world.shop)
    uploads.receive(upload.id, io.BytesIO(text.encode()))
    made = owner.post(IMPORTS, {"fileUrl": upload.id, "fileName": "f.csv"})["loyaltyImport"]
    jobs.run_all()
    return str(made["id"])


def test_members_are_looked_at_and_brought_in(owner: Integrator, world: World) -> None:
    ann = world.member()
    import_id = sent(owner, world, MEMBERS)
    body = {"loyaltyImportId": import_id, "mode": "MEMBERS", "headerMappingInfo": MAPPED}
    assert owner.post(f"{IMPORTS}/preview", body)["preview"] == {"status": "RUNNING", "readRowCount": 0}
    jobs.run_all()
    seen = owner.get(f"{IMPORTS}/preview?loyaltyImportId={import_id}")["preview"]
    assert (seen["status"], seen["goodRowCount"], seen["badRowCount"]) == ("DONE", 1, 1)
    assert seen["rows"][0]["cells"][2] == {"columnName": "REFERRAL_CODE", "value": "ANN42"}
    (problem,) = seen["problems"]
    assert (problem["line"], problem["columnName"], problem["code"]) == (3, "REFERRAL_CODE", "referral_code_invalid")
    assert problem["reason"].startswith("A referral code has")
    assert seen["problemCounts"] == [{"code": "referral_code_invalid", "count": 1}]
    owner.post(f"{IMPORTS}/execute", {"loyaltyImportId": import_id, "mode": "MEMBERS"})
    jobs.run_all()
    told = owner.get(f"{IMPORTS}?loyaltyImportId={import_id}")["loyaltyImport"]
    assert (told["status"], told["mode"], told["importResult"]["successCount"]) == ("IMPORTED", "MEMBERS", 1)
    assert told["fileMetadata"]["headerMappingInfo"] == MAPPED
    assert ann.customer.birthday == "1990-03-31"


def test_former_codes_are_listed_and_removed(owner: Integrator, world: World) -> None:
    ann = world.member()
    former_codes.add(world.shop.id, ann.id, "ANN42")
    (code,) = owner.get(f"{SERVICE}/former-referral-codes?customerId={ann.id}")["formerReferralCodes"]
    assert code["code"] == "ANN42"
    assert owner.delete(f"{SERVICE}/former-referral-codes/{code['id']}") == {"id": code["id"]}
    assert owner.get(f"{SERVICE}/former-referral-codes?customerId={ann.id}") == {"formerReferralCodes": []}
    owner.delete(f"{SERVICE}/former-referral-codes/{code['id']}", status=404)


def test_a_column_is_named_when_it_is_missing(owner: Integrator, world: World) -> None:
    import_id = sent(owner, world, MEMBERS)
    told = owner.post(f"{IMPORTS}/preview", {"loyaltyImportId": import_id, "mode": "HISTORY"}, status=400)
    assert "date, points" in told["message"]


def test_each_mode_has_a_template(reader: Integrator) -> None:
    for mode in ("ADD", "SET", "MEMBERS", "HISTORY", "CODES"):
        assert reader.get(f"{IMPORTS}/template?mode={mode}")["csv"].startswith("email,")
