"""Which accent colours the widget may have: what it draws with them must be seen (WCAG 2.2, 1.4.3 and 1.4.11).

The fill of buttons and of the launcher needs SEEN against the panel's backgrounds, the words on it need READABLE. It
is judged in the themes that the shop's mode shows: the light theme draws the colour itself, the dark one a lighter ink.
A refused colour comes with the nearest one that passes: the least distance in OKLab at the same hue.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from widget_server.errors import LowContrast
from widget_server.loyalty.program import colours
from widget_server.loyalty.program.colours import GROUNDS, READABLE, Rgb, Theme

Mode = Literal["light", "dark", "auto"]
Lab = tuple[float, float, float]  # lightness 0 to 1, then a and b of OKLab
THEMES: dict[Mode, tuple[Theme, ...]] = {"light": ("light",), "dark": ("dark",), "auto": ("light", "dark")}
SEEN = 3.0
LUMINANCE_MAX = (min(map(colours.luminance, GROUNDS["light"])) + 0.05) / SEEN - 0.05  # of a fill in the light theme
CHROMA_STEPS, LIGHTNESS_STEPS = 48, 14
HUE_LOST_BELOW = 0.002  # chroma of greys


@dataclass(frozen=True)
class Judgement:
    """One use of a colour: its contrast `ratio` in a theme, and the one that it needs."""

    theme: Theme
    part: Literal["fill", "words"]
    ratio: float
    needs: float

    @property
    def passes(self) -> bool:
        """True when the contrast is enough."""
        return self.ratio >= self.needs


def judge(colour: str, mode: Mode) -> list[Judgement]:
    """Returns each use of the accent `colour`, as #rrggbb, in the themes of the mode."""
    found = []
    for theme, values in zip(("light", "dark"), colours.accents(colour.lower()), strict=True):
        if theme not in THEMES[mode]:
            continue
        fill, words = colours.rgb(values["accent"]), colours.rgb(values["on_accent"])
        found.append(Judgement(theme, "fill", min(colours.contrast(fill, one) for one in GROUNDS[theme]), SEEN))
        found.append(Judgement(theme, "words", colours.contrast(fill, words), READABLE))
    return found


def passes(colour: str, mode: Mode) -> bool:
    """Returns whether the widget may have this accent colour in this mode."""
    return all(one.passes for one in judge(colour, mode))


def check(colour: str, mode: Mode) -> None:
    """Raises LowContrast (colour) with the ratio, the one that is needed, and the nearest colour that passes."""
    failed = next((one for one in judge(colour, mode) if not one.passes), None)
    if failed is not None:
        # rounded down, so that no ratio is shown as enough that is not
        ratio = math.floor(failed.ratio * 100) / 100
        raise LowContrast(has=f"{ratio:.2f}", needs=f"{failed.needs:.1f}", proposal=nearest(colour, mode))


@lru_cache(maxsize=256)
def nearest(colour: str, mode: Mode) -> str:
    """Returns the colour nearest to this one, at the same hue, that passes; the colour itself when it does."""
    colour = colour.lower()
    if passes(colour, mode):
        return colour
    wanted = _lab(colours.rgb(colour))
    by_distance = sorted(_candidates(wanted), key=lambda one: math.dist(_lab(one), wanted))
    return next((found for found in map(colours.as_hex, by_distance) if passes(found, mode)), "#000000")


def _candidates(wanted: Lab) -> list[Rgb]:
    """Returns for each chroma up to that of `wanted` the lightest colour of its hue that is dark enough."""
    lightness, chroma = wanted[0], math.hypot(wanted[1], wanted[2])
    hue = math.atan2(wanted[2], wanted[1]) if chroma > HUE_LOST_BELOW else 0.0
    found = []
    for step in range(CHROMA_STEPS + 1):
        part = chroma * step / CHROMA_STEPS
        low, high, best = 0.0, lightness, None
        for _ in range(LIGHTNESS_STEPS):
            middle = (low + high) / 2
            rgb = _rgb((middle, part * math.cos(hue), part * math.sin(hue)))
            if rgb is None:  # this chroma does not exist at this lightness, which lies below those that have it
                low = middle
            elif colours.luminance(rgb) <= LUMINANCE_MAX:
                low, best = middle, rgb
            else:
                high = middle
        if best is not None:
            found.append(best)
    return found


def _lab(rgb: Rgb) -> Lab:
    """Returns the colour in OKLab (Björn Ottosson, 2020)."""
    red, green, blue = (colours.linear(part / 255) for part in rgb)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _rgb(lab: Lab) -> Rgb | None:
    """Returns the sRGB colour nearest to one in OKLab; None when sRGB does not have it."""
    light, a, b = lab
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    parts = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    if not all(-0.002 <= part <= 1.002 for part in parts):
        return None
    red, green, blue = (round(255 * _encoded(min(max(part, 0.0), 1.0))) for part in parts)
    return red, green, blue


def _encoded(part: float) -> float:
    return 12.92 * part if part <= 0.0031308 else float(1.055 * part ** (1 / 2.4) - 0.055)
