"""Texts as QR codes and as Code 128 barcodes, for the scanner of a till: shapes that are drawn as one SVG path."""

from dataclasses import dataclass

import segno

from widget_server.errors import BadRequest

# six widths of bars and spaces in turn for each value of Code 128 (ISO/IEC 15417), then the seven of the stop sign
CODE128_WIDTHS = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222123122123221"
    "223211221132221231213212223112312131311222321122321221312212322112322211212123212321232121111323131123131321"
    "112313132113132311211313231113231311112133112331132131113123113321133121313121211331231131213113213311213131"
    "311123311321331121312113312311332111314111221411431111111224111422121124121421141122141221112214112412122114"
    "122411142112142211241211221114413111241112134111111242121142121241114212124112124211411212421112421211212141"
    "214121412121111143111341131141114113114311411113411311113141114131311141411131211412211214211232"
    "2331112"
)
WIDTHS_OF_VALUE, START_B, STOP, CHECK_MODULUS = 6, 104, 106, 103
FIRST, LAST = " ", "~"  # the characters of code set B that a keyboard has
BAR_HEIGHT = 50
QR_MARGIN, CODE128_MARGIN = 4, 10  # light modules that a scanner needs around the symbol


@dataclass(frozen=True)
class ScanCode:
    """What a scanner reads: dark rectangles as one SVG path, in modules; `margin` is not in `width` and `height`."""

    width: int
    height: int
    margin: int
    path: str

    @property
    def view_box(self) -> str:
        """The viewBox with the margin that has to stay light."""
        return f"{-self.margin} {-self.margin} {self.width + 2 * self.margin} {self.height + 2 * self.margin}"

    def svg(self, scale: int = 4) -> str:
        """Returns an SVG document, black on white, `scale` pixels a module."""
        left, top, width, height = self.view_box.split()
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{self.view_box}" width="{int(width) * scale}" '
            f'height="{int(height) * scale}"><rect x="{left}" y="{top}" width="{width}" height="{height}" fill="#fff"/>'
            f'<path d="{self.path}"/></svg>'
        )


def qr(text: str) -> ScanCode:
    """Returns a QR code."""
    rows = [[bool(module) for module in row] for row in segno.make(text, micro=False, error="m").matrix]
    path = "".join(_bar(x, y, width, 1) for y, row in enumerate(rows) for x, width in _dark(row))
    return ScanCode(len(rows), len(rows), QR_MARGIN, path)


def code128(text: str) -> ScanCode:
    """Returns a barcode of Code 128 in its code set B; raises BadRequest (kind) for a character that is not in it."""
    if not fits_code128(text):
        raise BadRequest("This code has characters that a barcode of Code 128 does not have: use qr.", field="kind")
    values = [START_B, *(ord(one) - ord(FIRST) for one in text)]
    check = (values[0] + sum(at * value for at, value in enumerate(values))) % CHECK_MODULUS
    path, x = "", 0
    for value in (*values, check, STOP):
        for at, width in enumerate(_widths(value)):
            path += _bar(x, 0, width, BAR_HEIGHT) if at % 2 == 0 else ""
            x += width
    return ScanCode(x, BAR_HEIGHT, CODE128_MARGIN, path)


def fits_code128(text: str) -> bool:
    """Returns whether a barcode of Code 128 can hold the text: letters, digits and signs of ASCII, at least one."""
    return bool(text) and all(FIRST <= one <= LAST for one in text)


def _widths(value: int) -> list[int]:
    """Returns the widths of bars and spaces in turn, a bar first."""
    begin = value * WIDTHS_OF_VALUE
    end = None if value == STOP else begin + WIDTHS_OF_VALUE
    return [int(one) for one in CODE128_WIDTHS[begin:end]]


def _dark(row: list[bool]) -> list[tuple[int, int]]:
    """Returns where each run of dark modules begins, and its length."""
    runs: list[tuple[int, int]] = []
    for x, dark in enumerate(row):
        if dark and x and row[x - 1]:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        elif dark:
            runs.append((x, 1))
    return runs


def _bar(x: int, y: int, width: int, height: int) -> str:
    return f"M{x} {y}h{width}v{height}h-{width}z"
