"""Each sample request of Wix's page on the program, sent as printed, is answered as printed (acceptance 61)."""

import json
import re
import subprocess
from typing import Any

import pytest

from tests.wix_sdk.actors import Site
from tests.wix_sdk.sdk import HERE

WIX = "https://www.wixapis.com"
SAMPLES = [one.rpartition("\n") for one in (HERE / "samples.txt").read_text().strip().split("\n\n")]
REQUEST = re.compile(r"-X (\w+) \\\s+'https://[^/]+(\S+)'")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture
def as_in_the_samples(site: Site) -> Site:
    """The shop whose program the samples show."""
    expiry = {"monthsOfInactivity": 3, "expiringPointsPercentage": 100}
    program = {"name": "Star Loyalty Program", "pointDefinition": {"customName": "Stars"}, "pointsExpiration": expiry}
    site.asks("PATCH", "/loyalty-programs/v1/program", {"loyaltyProgram": program})
    return site


@pytest.mark.parametrize(
    ("request_", "sample"),
    [(asked, answer) for asked, _, answer in SAMPLES],
    ids=[" ".join(REQUEST.findall(asked)[0]) for asked, _, _ in SAMPLES],
)
def test_a_sample_is_answered_as_printed(as_in_the_samples: Site, request_: str, sample: str) -> None:
    site = as_in_the_samples
    typed = request_.replace(WIX, site.base_url).replace("<AUTH>", site.secret)
    typed = typed.replace("curl ", "curl --silent --show-error --fail-with-body ", 1)
    done = subprocess.run(["sh", "-c", typed], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert _comparable(json.loads(done.stdout)) == _comparable(json.loads(sample))


def test_there_are_as_many_samples_as_on_the_page() -> None:
    assert len(SAMPLES) == 7


def _comparable(value: Any, name: str = "") -> Any:
    """A time is a time; an icon of ours has another address and size: its shape counts."""
    if name == "icon":
        return {key: type(one).__name__ for key, one in value.items()}
    if isinstance(value, dict):
        return {key: _comparable(one, key) for key, one in value.items()}
    return "a time" if isinstance(value, str) and TIME.fullmatch(value) else value
