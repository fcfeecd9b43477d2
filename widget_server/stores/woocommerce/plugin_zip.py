"""The WordPress plugin as a zip file, made from its source: the same bytes from the same files, on every machine.

python -m widget_server.stores.woocommerce.plugin_zip build/loyalty-widget-woocommerce.zip
"""

import io
import re
import sys
import zipfile
from functools import lru_cache
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[3] / "integrations" / "woocommerce" / "loyalty-widget"
NAME = "loyalty-widget-woocommerce.zip"
_ALWAYS = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file knows
_FILE = 0o100644 << 16


@lru_cache(maxsize=1)
def build() -> bytes:
    """Returns the zip file: one folder, entries sorted by name, fixed times, stored without compression.

    Stored, since compressed bytes differ between versions of zlib. Files that begin with a dot are left out.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as target:
        for name, path in sorted(_files().items()):
            entry = zipfile.ZipInfo(f"{SOURCE.name}/{name}", _ALWAYS)
            entry.create_system, entry.external_attr = 3, _FILE
            target.writestr(entry, path.read_bytes())
    return packed.getvalue()


def version() -> str:
    """Returns the version in the plugin's header."""
    found = re.search(r"^ \* Version: (\S+)$", (SOURCE / f"{SOURCE.name}.php").read_text("utf-8"), re.MULTILINE)
    return found[1] if found else ""


def _files() -> dict[str, Path]:
    paths = [path for path in SOURCE.rglob("*") if path.is_file()]
    named = {path.relative_to(SOURCE).as_posix(): path for path in paths}
    return {name: path for name, path in named.items() if not any(part.startswith(".") for part in name.split("/"))}


if __name__ == "__main__":
    target_file = Path(sys.argv[1])
    target_file.parent.mkdir(parents=True, exist_ok=True)
    target_file.write_bytes(build())
