"""docs/wix-api.md lists what the SDK calls: it is the SDK's own list, and the server has each."""

import re

import pytest

from tests.test_serve import answer
from tests.wix_sdk.actors import Site, send
from tests.wix_sdk.sdk import ROOT, Runner

ROW = re.compile(r"^\|(?:[^|]*\|)? (\w+\.\w+) \| (GET|POST|PUT|PATCH|DELETE) \| `([^`]+)` \|", re.M)
SOME_ID = "0b7f2b2e-6f0c-4c59-9a55-2f6d2d9f4f10"
TABLE = {name: (verb, path) for name, verb, path in ROW.findall((ROOT / "docs" / "wix-api.md").read_text())}


def test_the_table_is_the_sdks_own_list(runner: Runner) -> None:
    modules = sorted({name.partition(".")[0] for name in TABLE})
    assert sorted(TABLE) == runner.left_out(*modules)
    assert len(TABLE) == 65 and len(modules) == len(runner.run({}, "return Object.keys(loyalty)", {}))


def test_the_server_has_each_and_says_so(site: Site) -> None:
    status, document = answer(int(site.base_url.rpartition(":")[2]), "/openapi.json")
    assert status == 200
    served = {(verb.upper(), _bare(path)) for path, item in document["paths"].items() for verb in item}
    missing = [name for name, (verb, path) in TABLE.items() if (verb, _bare(path)) not in served]
    assert missing == []


@pytest.mark.parametrize("mount", ["", "/_api"])
def test_each_is_there_under_both_mounts_for_those_with_a_key(site: Site, mount: str) -> None:
    for name, (verb, path) in TABLE.items():
        address = site.base_url + mount + re.sub(r"\{\w+\}", SOME_ID, path.removeprefix("/_api"))
        status, said = send(verb, address, {} if verb in ("POST", "PUT", "PATCH") else None)
        assert (status, said["details"]["applicationError"]["code"]) == (401, "SIGNED_OUT"), name


def _bare(path: str) -> str:
    """Without the second mount, and whatever a path calls its ids."""
    return re.sub(r"\{\w+\}", "{}", path.removeprefix("/_api"))
