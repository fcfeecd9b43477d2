import ast
from pathlib import Path

import widget_server

PRODUCT = Path(widget_server.__file__).parent


def imports(path):
    """The modules that a file imports, by their full names."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports by dots"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_the_shop_and_the_product_import_nothing_of_each_other():
    for path in PRODUCT.rglob("*.py"):
        inside = PRODUCT / "demo_shop" in path.parents
        for name in imports(path):
            of_shop = name.startswith("widget_server.demo_shop")
            assert of_shop or not (inside and name.startswith("widget_server")), f"{path}: {name}"
            assert inside or not of_shop, f"{path}: {name}"
