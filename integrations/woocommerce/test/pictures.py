"""The pictures of docs/woocommerce-plugin.md, taken while the story is played."""

from pathlib import Path

from playwright.sync_api import FloatRect, Page

from bench.shots import _png

WIDTH, HEIGHT = 1280, 800


class Pictures:
    """Writes small PNG files into a folder; without a folder it does nothing."""

    def __init__(self, folder: Path | None) -> None:
        """Make the folder."""
        self.folder = folder
        if folder:
            folder.mkdir(parents=True, exist_ok=True)

    def take(self, name: str, page: Page, *, top: int = 0, height: int = HEIGHT) -> None:
        """Write the part of a page that begins at `top`."""
        if self.folder:
            page.wait_for_load_state("load")
            clip = FloatRect(x=0, y=top, width=WIDTH, height=height)
            shot = page.screenshot(clip=clip, full_page=True, animations="disabled", caret="hide")
            _png.write(page.context.new_page(), shot, self.folder / f"{name}.png")
