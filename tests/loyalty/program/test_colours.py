"""The contrast of WCAG 2.2 AA holds for any colour that an owner picks."""

from hypothesis import example, given
from hypothesis import strategies as st

from tests.make import tries
from widget_server.loyalty.program import colours

GROUNDS = {"light": ("#ffffff", "#f4f5f6"), "dark": ("#16181c", "#22252a")}  # --bg and --quiet
ANY = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


def ratio(one: str, other: str) -> float:
    """WCAG's own formula, written down a second time."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@example("#ff0000")  # neither white nor the dark ground reads on it
@example("#777777")
@example("#000000")
@example("#ffffff")
@example("#ffd400")
@given(ANY)
@tries(300)
def test_every_ratio_of_the_table_is_reached(colour: str) -> None:
    light, dark = colours.accents(colour)
    for theme, values in (("light", light), ("dark", dark)):
        assert all(ratio(values["ink"], ground) >= 4.5 for ground in GROUNDS[theme]), (theme, values)
        assert ratio(values["accent"], values["on_accent"]) >= 4.5, (theme, values)


@given(ANY)
@tries(100)
def test_the_owner_s_colour_stays_hers_where_it_is_a_ground(colour: str) -> None:
    light, dark = colours.accents(colour)
    assert light["accent"] == colour
    assert dark["accent"] == dark["ink"]
    for theme, values in (("light", light), ("dark", dark)):
        if all(ratio(colour, ground) >= 4.51 for ground in GROUNDS[theme]):
            assert values["ink"] == colour


def test_white_is_preferred_where_it_reads() -> None:
    assert colours.accents("#1b6b4a")[0] == {"accent": "#1b6b4a", "on_accent": "#ffffff", "ink": "#1b6b4a"}
    assert colours.accents("#ffd400")[0]["on_accent"] == "#16181c"  # yellow stays yellow with dark words
    assert colours.accents("#ff0000")[0]["on_accent"] == "#000000"
