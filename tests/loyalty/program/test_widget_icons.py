"""Pictures of the launcher: what is no plain small PNG is refused, and what is served is written anew."""

import struct

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from tests.make import World, refused, tries
from tests.pictures import part, png
from widget_server.errors import BadRequest, NotFound
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.program import png_icons, widget_icons
from widget_server.loyalty.program.png_icons import SIGNATURE
from widget_server.loyalty.program.widget_icons import WidgetIcon
from widget_server.program_file import apply, current
from widget_server.program_file.facts import ProgramFile

SVG = b'<svg xmlns="http://www.w3.org/2000/svg">%s</svg>'
HOSTILE = {
    "svg": SVG % b'<path d="M0 0h9v9z"/>',
    "svg with a script": SVG % b"<script>alert(1)</script>",
    "svg with an event": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "svg with html": SVG % b'<foreignObject><iframe src="javascript:alert(1)"/></foreignObject>',
    "svg with an address": SVG % b'<image href="https://evil.example/x"/>',
    "svg with an entity": b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + SVG % b"<text>&x;</text>",
    "svg that begins as a png": SIGNATURE + SVG % b"<script>alert(1)</script>",
    "html": b"<!doctype html><script>alert(1)</script>",
    "gif": b"GIF89a" + b"\0" * 40,
    "nothing": b"",
    "signature alone": SIGNATURE,
    "without an end": png()[:-12],
    "wrong sum": png()[:40] + b"\xff" + png()[41:],
    "too small": png(8, 32),
    "too wide": png(513, 16),
    "huge": png(2**31 - 1, 2**31 - 1, rows=b""),
    "a bomb": png(rows=b"\0" * 5_000_000),
    "short of rows": png(rows=b"\0" * 10),
    "unknown needed part": png(32, 32, part(b"EVIL", b"x")),
    "bad depth": png(depth=3),
    "too large": png(32, 32, part(b"teXt", b"x" * 17_000)),
    "two headers": png(32, 32, part(b"IHDR", struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0))),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_small_png_is_refused(world: World, name: str) -> None:
    assert refused(lambda: widget_icons.add(world.shop, HOSTILE[name]), BadRequest).field == "icon"
    assert WidgetIcon.of(world.shop).count() == 0


def test_only_the_picture_is_kept() -> None:
    hidden = (part(b"tEXt", b"Comment\0<script>alert(1)</script>"), part(b"eXIf", b"where it was taken"))
    assert png_icons.clean(png(32, 32, *hidden) + b"<script>behind the end</script>") == png()


@given(st.binary(max_size=60), st.integers(0, 200))
@tries(200)
def test_no_bytes_break_it(noise: bytes, at: int) -> None:
    for content in (noise, SIGNATURE + noise, png()[:at] + noise + png()[at + len(noise) :]):
        try:
            assert png_icons.clean(content).startswith(SIGNATURE)
        except BadRequest as refusal:
            assert refusal.field == "icon"


def test_it_is_stored_once_and_served_for_good(world: World, client: FlaskClient) -> None:
    name = widget_icons.add(world.shop, png())
    assert widget_icons.add(world.shop, png()) == name and WidgetIcon.of(world.shop).count() == 1
    assert AuditEntry.of(world.shop).where(AuditEntry.noun == "widget_icon").count() == 1
    refused(lambda: widget_icons.content(world.shop, "0" * 32 + ".png"), NotFound)
    response = client.get(f"/icons/{world.shop.embed_key}/{name}")
    assert (response.data, response.content_type) == (png(), "image/png")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "immutable" in response.headers["Cache-Control"]
    assert client.get(f"/icons/{world.shop.embed_key}/{'0' * 32}.png").status_code == 404
    assert client.get(f"/icons/pk_other/{name}").status_code == 404


def test_the_look_names_a_picture_of_this_shop(world: World, client: FlaskClient) -> None:
    facts = {**(current.of(world.shop).widget or {}), "icon_file": "0" * 32 + ".png"}
    wanted = ProgramFile(widget=facts)
    assert refused(lambda: apply.apply(world.shop, wanted), BadRequest).field == "widget.icon_file"
    facts["icon_file"] = widget_icons.add(world.shop, png())
    apply.apply(world.shop, wanted)
    assert (
        f"/icons/{world.shop.embed_key}/{facts['icon_file']}"
        in client.get(f"/widget.js?shop={world.shop.embed_key}").text
    )
