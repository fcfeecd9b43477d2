"""One page to look at many pictures: a section for each thing that is shown, with all its looks beside each other."""

from collections.abc import Callable
from html import escape
from pathlib import Path

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 14px system-ui, sans-serif; margin: 24px; }}
section {{ display: flex; flex-wrap: wrap; align-items: end; gap: 12px; margin-block-end: 32px; }}
figure {{ margin: 0; }} img {{ height: 380px; border: 1px solid #ccc; }} figcaption {{ padding-block: 4px; }}
</style>
<h1>{title}</h1>
"""


def write_index(folder: Path, title: str, read: Callable[[str], tuple[str, str]]) -> Path:
    """Write index.html over all PNG files of the folder; `read` returns the section and the caption of a file's name.

    Returns the path of the page.
    """
    rows: dict[str, list[str]] = {}
    for file in sorted(folder.glob("*.png")):
        section, caption = read(file.stem)
        rows.setdefault(section, []).append(
            f'<figure><a href="{file.name}"><img src="{file.name}" alt="" loading="lazy"></a>'
            f"<figcaption>{escape(caption)}</figcaption></figure>\n"
        )
    sections = "".join(f"<h2>{escape(name)}</h2>\n<section>\n{''.join(all)}</section>\n" for name, all in rows.items())
    index = folder / "index.html"
    index.write_text(PAGE.format(title=escape(title)) + sections, "utf-8")
    return index
