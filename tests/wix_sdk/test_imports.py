"""imports: balances from a CSV file (wix-api §1b; acceptance 56)."""

import urllib.request
from datetime import datetime
from typing import Any

import pytest

from tests.test_serve import until
from tests.wix_sdk.actors import Site
from tests.wix_sdk.sdk import Runner, SdkError

IMPORTS = "/_api/loyalty-imports/v1/loyalty-imports"
HEADERS = {
    "headerMappingInfo": {
        "headerMappings": [{"columnName": "POINTS", "columnIndex": 0}, {"columnName": "EMAIL", "columnIndex": 2}]
    }
}


def sent(site: Site, text: str) -> str:
    """Upload a file to an address of the server's; answers the path to name it by."""
    place = site.owner.imports.createLoyaltyImportFileUrl()
    request = urllib.request.Request(place["uploadUrl"], text.encode(), {"Content-Type": "text/csv"}, method="PUT")
    with urllib.request.urlopen(request, timeout=30) as response:
        assert response.status == 200
    return str(place["filePath"])


def came(site: Site, import_id: str, status: str) -> dict[str, Any]:
    """Wait until the import is `status`; answers it."""

    def there() -> Any:
        found = site.owner.imports.getLoyaltyImport(import_id)
        assert found["status"] != "FAILED" or status == "FAILED", found
        return found if found["status"] == status else None

    return dict(until(there, status))


def test_balances_come_from_a_file(site: Site) -> None:
    ann, bob = site.world.member("ann@example.com"), site.world.member("bob@example.com")
    for shopper in (ann, bob):
        site.account(shopper)
    text = "Points,Name,Email\n150,Ann,ANN@example.com\n70,Bob,bob@example.com\nmany,Cid,cid@example.com\n"
    path = sent(site, text)
    made = site.owner.imports.createLoyaltyImport(path, {"fileName": "june.csv", "fileSize": len(text)})[
        "loyaltyImport"
    ]
    assert made["status"] in ("INITIATED", "PARSING", "PARSED") and isinstance(made["_createdDate"], datetime)
    parsed = came(site, made["_id"], "PARSED")
    assert parsed["parseResult"]["parsedRowCount"] == 3
    assert parsed["fileMetadata"]["header"]["values"] == ["Points", "Name", "Email"]
    assert parsed["fileMetadata"]["sampleDataRows"][0]["values"] == ["150", "Ann", "ANN@example.com"]
    assert (ann.balance, bob.balance) == (0, 0)

    started = site.owner.imports.executeLoyaltyImport(made["_id"], HEADERS)["loyaltyImport"]
    assert started["status"] in ("IMPORTING", "IMPORTED")
    done = came(site, made["_id"], "IMPORTED")
    assert done["importResult"] == {"successCount": 2, "failureCount": 1, "errorFileExists": True}
    assert (ann.balance, bob.balance) == (150, 70)
    assert site.asks("GET", f"{IMPORTS}?loyaltyImportId={made['_id']}")["loyaltyImport"]["status"] == "IMPORTED"

    address = site.owner.imports.getErrorFileDownloadUrl(made["_id"])["url"]
    with urllib.request.urlopen(address, timeout=30) as response:
        errors = response.read().decode()
    assert "cid@example.com" in errors and "ann@example.com" not in errors.lower()

    with pytest.raises(SdkError) as again:
        site.owner.imports.executeLoyaltyImport(made["_id"], HEADERS)
    assert (again.value.status, again.value.code) == (409, "IMPORT_NOT_PARSED")


def test_imports_are_queried(site: Site) -> None:
    made = []
    for number in range(3):
        path = sent(site, f"Email,Points\np{number}@example.com,{number + 1}\n")
        made.append(site.owner.imports.createLoyaltyImport(path)["loyaltyImport"]["_id"])
        came(site, made[-1], "PARSED")
    pages = site.owner.js(
        """
        let page = await client.imports.queryLoyaltyImports().eq("status", "PARSED").descending("_createdDate")
          .limit(2).find();
        const pages = [page.items];
        while (page.hasNext()) pages.push((page = await page.next()).items);
        return pages;
        """
    )
    assert [[one["_id"] for one in page] for page in pages] == [[made[2], made[1]], [made[0]]]
    for status in ("IMPORTED", "INITIATED", "UNKNOWN"):
        assert site.owner.imports.queryLoyaltyImports({"filter": {"status": status}})["loyaltyImports"] == []


def test_what_is_no_import(site: Site) -> None:
    with pytest.raises(SdkError) as unknown:
        site.owner.imports.getLoyaltyImport("99999999-1111-2222-3333-444444444444")
    assert unknown.value.status == 404
    with pytest.raises(SdkError) as foreign:
        site.owner.imports.createLoyaltyImport("https://elsewhere.example/points.csv")
    assert foreign.value.status in (400, 404)
    mappings = {"headerMappingInfo": {"headerMappings": [{"columnName": "EMAIL", "columnIndex": 0}]}}
    with pytest.raises(SdkError) as one_column:
        site.owner.imports.executeLoyaltyImport("99999999-1111-2222-3333-444444444444", mappings)
    assert one_column.value.fields == ["options.headerMappingInfo.headerMappings"]


def test_every_function_was_answered(runner: Runner) -> None:
    assert runner.left_out("imports") == []
