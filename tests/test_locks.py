"""What is tested is what is installed: every package is pinned with the hashes of its files, and no address."""

import json
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")
EXAMPLE = "integrations/examples/oscar/requirements.txt"
NODE_LOCKS = (
    "widget_static/package-lock.json",
    "tests/wix_sdk/package-lock.json",
    "tests/host_pages/package-lock.json",
    "integrations/examples/vendure/package-lock.json",
)


def pins(lock: str) -> dict[str, list[Requirement]]:
    """Each package of a lock file, with its version for each kind of machine."""
    found: dict[str, list[Requirement]] = {}
    for block in re.split(r"\n(?=\S)", (ROOT / lock).read_text("utf-8").strip()):
        head, *hashes = [line.strip(" \\") for line in block.splitlines()]
        assert hashes and all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", one) for one in hashes), head
        one = Requirement(head)
        assert re.fullmatch(r"==[^,*]+", str(one.specifier)), head
        found.setdefault(canonicalize_name(one.name), []).append(one)
    return found


def wanted(*extras: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    groups = [project["dependencies"], *(project["optional-dependencies"][extra] for extra in extras)]
    return [Requirement(one) for group in groups for one in group]


@pytest.mark.parametrize("lock", [*LOCKS, EXAMPLE])
def test_a_lock_names_no_address(lock: str) -> None:
    assert "://" not in (ROOT / lock).read_text("utf-8")
    assert pins(lock)


@pytest.mark.parametrize("lock", NODE_LOCKS)
def test_a_lock_of_node_has_hashes_and_no_address(lock: str) -> None:
    packages = json.loads((ROOT / lock).read_text("utf-8"))["packages"]
    installed = {name: facts for name, facts in packages.items() if name}
    assert installed
    assert not [name for name, facts in installed.items() if "resolved" in facts or "integrity" not in facts]


def test_everything_that_is_wanted_is_pinned() -> None:
    for lock, extras in ((LOCKS[0], ["postgres", "build"]), (LOCKS[1], ["postgres", "build", "dev"])):
        pinned = pins(lock)
        for one in wanted(*extras):
            for pin in pinned[canonicalize_name(one.name)]:
                version = str(pin.specifier).removeprefix("==")
                assert one.specifier.contains(version), f"{lock}: {one} is pinned to {version}; run `make lock`"


def test_what_is_tested_is_what_is_installed() -> None:
    run, dev = pins(LOCKS[0]), pins(LOCKS[1])
    for name, versions in run.items():
        assert [str(one) for one in versions] == [str(one) for one in dev[name]], name
    for name, versions in dev.items():
        here = [one for one in versions if one.marker is None or one.marker.evaluate()]
        for one in here:
            assert one.specifier.contains(metadata.version(name)), f"{one}: installed is {metadata.version(name)}"
