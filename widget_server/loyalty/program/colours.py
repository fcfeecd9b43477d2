"""Three colours for each theme, computed from one accent colour (contrast of WCAG 2.2 AA).

`ink` is the accent as text: its lightness is changed until it reaches 4.5:1 on the QUIET background. `accent` is the
colour itself, in the dark theme the ink. `on_accent` is white where that is readable, else the dark theme's background,
and black for the few colours between on which neither is.
"""

import colorsys
import re
from functools import lru_cache
from typing import Literal, TypedDict

Theme = Literal["light", "dark"]
Rgb = tuple[int, int, int]
WHITE, DARK, BLACK = (255, 255, 255), (22, 24, 28), (0, 0, 0)
QUIET: dict[Theme, Rgb] = {"light": (244, 245, 246), "dark": (34, 37, 42)}
GROUNDS: dict[Theme, tuple[Rgb, ...]] = {"light": (WHITE, QUIET["light"]), "dark": (DARK, QUIET["dark"])}
READABLE = 4.5
HEX = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)


class Accent(TypedDict):
    """One theme's colours, as #rrggbb or in CSS light-dark()."""

    accent: str
    on_accent: str
    ink: str


@lru_cache(maxsize=256)
def accents(hex_colour: str) -> tuple[Accent, Accent]:
    """Returns the three values for the light and for the dark theme, from a colour such as #1b6b4a."""
    return _theme(hex_colour, "light"), _theme(hex_colour, "dark")


def is_colour(text: str) -> bool:
    """Returns whether the text is a colour as #rrggbb."""
    return HEX.fullmatch(text) is not None


def contrast(one: Rgb, other: Rgb) -> float:
    """Returns the WCAG contrast ratio of two colours, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: Rgb) -> float:
    """Returns the relative luminance of WCAG, 0 to 1."""
    red, green, blue = (linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear(part: float) -> float:
    """Returns a part of an sRGB colour, 0 to 1, as an amount of light."""
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def rgb(hex_colour: str) -> Rgb:
    """Returns the three parts of #rrggbb, each 0 to 255."""
    return int(hex_colour[1:3], 16), int(hex_colour[3:5], 16), int(hex_colour[5:7], 16)


def as_hex(colour: Rgb) -> str:
    """Returns the colour as #rrggbb."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _theme(hex_colour: str, theme: Theme) -> Accent:
    raw = rgb(hex_colour)
    ink = _readable(raw, theme)
    fill = ink if theme == "dark" else raw
    on_fill = next((one for one in (WHITE, DARK) if contrast(fill, one) >= READABLE), BLACK)
    return {"accent": as_hex(fill), "on_accent": as_hex(on_fill), "ink": as_hex(ink)}


def _readable(colour: Rgb, theme: Theme) -> Rgb:
    hue, lightness, saturation = colorsys.rgb_to_hls(*(part / 255 for part in colour))
    ink, step = colour, 0.01 if theme == "dark" else -0.01
    while contrast(ink, QUIET[theme]) < READABLE:
        lightness += step
        red, green, blue = colorsys.hls_to_rgb(hue, min(max(lightness, 0), 1), saturation)
        ink = (round(red * 255), round(green * 255), round(blue * 255))
    return ink
