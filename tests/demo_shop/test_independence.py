import ast
from pathlib import Path

import demo_shop
import widget_server

PRODUCT, SHOP = Path(widget_server.__file__).parent, Path(demo_shop.__file__).parent


def imports(path):
    """The modules that a file imports, by their full names."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports by dots"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_the_shop_and_the_product_import_nothing_of_each_other():
    for package, other in ((PRODUCT, "demo_shop"), (SHOP, "widget_server")):
        paths = list(package.rglob("*.py"))
        assert len(paths) > 10
        for path in paths:
            assert [name for name in imports(path) if name.split(".")[0] == other] == [], path
