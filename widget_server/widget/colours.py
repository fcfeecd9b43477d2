"""Three colours for each theme, computed from one accent colour (contrast of WCAG 2.2 AA).

`ink` is the accent as text: its lightness is changed until it reaches 4.5:1 on the QUIET background. `accent` is the
colour itself, in the dark theme the ink. `on_accent` is white where that is readable, else the dark theme's background,
and black for the few colours between on which neither is.
"""

import colorsys
from functools import lru_cache

from widget_server.widget.shapes.boot import Accent

WHITE, DARK, BLACK = (255, 255, 255), (22, 24, 28), (0, 0, 0)
QUIET = {"light": (244, 245, 246), "dark": (34, 37, 42)}
READABLE = 4.5
Rgb = tuple[int, int, int]


@lru_cache(maxsize=256)
def accents(hex_colour: str) -> tuple[Accent, Accent]:
    """Returns the three values for the light and for the dark theme, from a colour such as #1b6b4a."""
    return _theme(hex_colour, "light"), _theme(hex_colour, "dark")


def contrast(one: Rgb, other: Rgb) -> float:
    """Returns the WCAG contrast ratio of two colours, 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _theme(hex_colour: str, theme: str) -> Accent:
    raw = _rgb(hex_colour)
    ink = _readable(raw, theme)
    fill = ink if theme == "dark" else raw
    on_fill = next((one for one in (WHITE, DARK) if contrast(fill, one) >= READABLE), BLACK)
    return {"accent": _hex(fill), "on_accent": _hex(on_fill), "ink": _hex(ink)}


def _readable(colour: Rgb, theme: str) -> Rgb:
    hue, lightness, saturation = colorsys.rgb_to_hls(*(part / 255 for part in colour))
    ink, step = colour, 0.01 if theme == "dark" else -0.01
    while contrast(ink, QUIET[theme]) < READABLE:
        lightness += step
        red, green, blue = colorsys.hls_to_rgb(hue, min(max(lightness, 0), 1), saturation)
        ink = (round(red * 255), round(green * 255), round(blue * 255))
    return ink


def _luminance(colour: Rgb) -> float:
    parts = [part / 255 for part in colour]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _rgb(hex_colour: str) -> Rgb:
    return int(hex_colour[1:3], 16), int(hex_colour[3:5], 16), int(hex_colour[5:7], 16)


def _hex(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
