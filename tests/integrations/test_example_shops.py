"""The guide to the example shops names files that are there, and the shops use the clients where they lie."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "integrations" / "examples"
GUIDE = (ROOT / "docs" / "example-shops.md").read_text("utf-8")


def test_every_file_that_the_guide_names_is_there() -> None:
    parts = {name: GUIDE.split(f"\n## {name.title()}\n")[1].split("\n## ")[0] for name in ("oscar", "vendure")}
    for name, part in parts.items():
        named = set(re.findall(r"`((?:loyalty|shop|src|page|static)/[\w/.-]*)`", part))
        assert len(named) > 5
        assert not [path for path in named if not (EXAMPLES / name / path).exists()], name


def test_every_module_of_an_integration_is_explained() -> None:
    ours = [*(EXAMPLES / "oscar" / "loyalty").glob("*.py"), *(EXAMPLES / "vendure" / "src" / "loyalty").glob("*.ts")]
    plumbing = {"__init__.py", "apps.py"}
    unnamed = [path.name for path in ours if f"loyalty/{path.name}`" not in GUIDE and path.name not in plumbing]
    assert len(ours) > 8
    assert unnamed == []


def test_the_shops_have_no_client_of_their_own() -> None:
    clients = {path.name for path in (ROOT / "integrations" / "clients").glob("*/*.*")}
    assert {"loyalty_widget.py", "loyalty-widget.mjs"} <= clients
    kept = [path for path in EXAMPLES.rglob("*") if not {".venv", "node_modules", "dist"} & set(path.parts)]
    assert not [path for path in kept if path.name in clients]
    assert "from loyalty_widget import" in (EXAMPLES / "oscar" / "loyalty" / "orders.py").read_text("utf-8")
    client = '"../../../../clients/javascript/loyalty-widget.mjs"'
    assert client in (EXAMPLES / "vendure" / "src" / "loyalty" / "orders.ts").read_text("utf-8")


def test_each_shop_has_its_target_of_make() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    shops = re.search(r"^SHOPS := (.+)$", makefile, re.M)
    assert shops
    for name in shops[1].split():
        assert re.search(rf"^integrations-test-{name}:", makefile, re.M), name
    assert {path.parent.name for path in EXAMPLES.glob("*/run.py")} <= set(shops[1].split())
