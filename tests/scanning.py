"""What a scanner reads in a picture: zxing-cpp, a reader of barcodes that has nothing to do with what draws them."""

import base64

import zxingcpp
from playwright.sync_api import Browser, Page

GREY = """async (source) => {
  const image = new Image();
  image.src = "data:image/png;base64," + source;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  let text = "";
  for (let at = 0; at < data.length; at += 4) text += String.fromCharCode((data[at] + data[at + 1] + data[at + 2]) / 3);
  return { width: image.width, height: image.height, grey: btoa(text) };
}"""


def scan(browser: Browser, shot: bytes) -> set[tuple[str, str]]:
    """Every code in a screenshot (PNG): its kind, and the text in it. `browser` lends a page to compute on."""
    return {(one.format.name, one.text) for one in zxingcpp.read_barcodes(greys(browser, shot))}


def greys(browser: Browser, shot: bytes) -> memoryview:
    """The pixels of a screenshot by row and column, from 0 (black) to 255."""
    paper = browser.new_page()
    found = paper.evaluate(GREY, base64.b64encode(shot).decode())
    paper.close()
    return memoryview(base64.b64decode(found["grey"])).cast("B", (found["height"], found["width"]))


def scan_svg(page: Page, svg: str) -> set[tuple[str, str]]:
    """Every code in an SVG document, as the browser draws it on a grey page."""
    page.set_content(f"<body bgcolor='#777'>{svg}")
    browser = page.context.browser
    assert browser is not None
    return scan(browser, page.screenshot(full_page=True))
