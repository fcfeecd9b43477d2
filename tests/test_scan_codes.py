"""What is drawn for a scanner is read by one, whatever the text is."""

import string
from collections.abc import Iterator

import pytest
import zxingcpp
from playwright.sync_api import Browser, Page

from tests.scanning import scan_svg
from widget_server import scan_codes
from widget_server.errors import BadRequest
from widget_server.loyalty.people.customers import CODE_ALPHABET

TEXTS = (
    "RMWT-ZMHX-Q4HB",
    CODE_ALPHABET,
    string.ascii_letters,
    string.digits,
    string.punctuation,
    "a",
    "SUMMER 24/7",
    "https://shop.example/?ref=ANN42",
)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A wide page."""
    made = chromium.new_page(viewport={"width": 1600, "height": 700})
    yield made
    made.close()


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("text", TEXTS)
def test_a_scanner_reads_the_text_in_both(page: Page, text: str, scale: int) -> None:
    scale = max(scale, 2) if len(text) < 30 else min(scale, 2)  # a phone has more than a pixel a module
    assert scan_svg(page, scan_codes.qr(text).svg(scale)) == {("QRCode", text)}
    assert scan_svg(page, scan_codes.code128(text).svg(scale)) == {("Code128", text)}


@pytest.mark.parametrize("value", range(95))
def test_each_sign_has_the_bars_of_another_writer(value: int) -> None:
    """zxing-cpp writes Code 128 too; where its choice of code set is ours, the bars are the same."""
    text = f"Aa{chr(32 + value)}Zz"
    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.Code128)
    row = memoryview(made.to_image(scale=1, add_quiet_zones=False)).tolist()[0]
    code = scan_codes.code128(text)
    ours = [255] * code.width
    for bar in code.path.removesuffix("z").split("z"):
        x, width = int(bar[1 : bar.index(" ")]), int(bar[bar.index("h") + 1 : bar.index("v")])
        ours[x : x + width] = [0] * width
    assert ours == row


def test_the_path_has_only_what_a_path_has(page: Page) -> None:
    """A text cannot leave the path: nothing of it stands in the SVG."""
    hostile = '"/><script>alert(1)</script>'
    for svg in (scan_codes.qr(hostile).svg(), scan_codes.code128(hostile).svg()):
        assert "script" not in svg and "alert" not in svg
    assert scan_svg(page, scan_codes.qr("Grüße ✓").svg()) == {("QRCode", "Grüße ✓")}


@pytest.mark.parametrize("text", ["", "Grüße", "two\nlines", "\x7f", "✓"])
def test_what_no_barcode_can_hold_is_refused_by_the_field(text: str) -> None:
    assert not scan_codes.fits_code128(text)
    with pytest.raises(BadRequest) as refused:
        scan_codes.code128(text)
    assert refused.value.field == "kind"
