"""PNG files from outside: checked part by part, and written again from the parts that draw the picture.

Texts, profiles, animation and what follows the end are left out, so the file that is served is a picture and nothing
else. SVG files are refused: they can contain scripts and addresses.
"""

import struct
import zlib
from collections.abc import Iterator

from widget_server.errors import BadRequest

BYTES_MAX = 16 * 1024
SIDE_MIN, SIDE_MAX = 16, 512
SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEPT = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by the type of colour
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


def clean(content: bytes) -> bytes:
    """Returns the picture of a PNG file without anything else.

    Raises BadRequest (icon) for what is no PNG, too large in bytes or pixels, damaged, or larger unpacked than it says.
    """
    if len(content) > BYTES_MAX:
        raise BadRequest("The picture is larger than 16 kB.", field="icon")
    parts = [(kind, data) for kind, data in _parts(content) if kind in KEPT]
    kinds = [kind for kind, _ in parts]
    if kinds[:1] != [b"IHDR"] or kinds[-1:] != [b"IEND"] or kinds.count(b"IHDR") != 1 or parts[-1][1]:
        raise _damaged()
    _check_picture(parts[0][1], b"".join(data for kind, data in parts if kind == b"IDAT"), b"PLTE" in kinds)
    return SIGNATURE + b"".join(_written(kind, data) for kind, data in parts)


def _parts(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields the kind and the data of each part up to the end of the picture."""
    if not content.startswith(SIGNATURE):
        raise BadRequest("This is not a PNG file.", field="icon")
    at, kind = len(SIGNATURE), b""
    while kind != b"IEND":
        if at + 12 > len(content):
            raise _damaged()
        (length,), kind = struct.unpack(">I", content[at : at + 4]), content[at + 4 : at + 8]
        data, check = content[at + 8 : at + 8 + length], content[at + 8 + length : at + 12 + length]
        if len(check) != 4 or zlib.crc32(kind + data) != int.from_bytes(check):
            raise _damaged()
        if kind[:1].isupper() and kind not in KEPT:  # a part that is needed, and that we do not know
            raise _damaged()
        yield kind, data
        at += 12 + length


def _check_picture(header: bytes, packed: bytes, has_palette: bool) -> None:
    if len(header) != 13:
        raise _damaged()
    width, height, depth, colour, method, filters, interlaced = struct.unpack(">IIBBBBB", header)
    if not (SIDE_MIN <= width <= SIDE_MAX and SIDE_MIN <= height <= SIDE_MAX):
        raise BadRequest(f"The picture has {SIDE_MIN} to {SIDE_MAX} pixels on each side.", field="icon")
    if depth not in DEPTHS.get(colour, ()) or method or filters or interlaced > 1 or (colour == 3 and not has_palette):
        raise _damaged()
    if colour in (0, 4) and has_palette:
        raise _damaged()
    # an interlaced picture has up to seven times as many rows, each with a byte of its own
    most = height * ((width * CHANNELS[colour] * depth + 7) // 8 + 1) + (8 * (width + height) if interlaced else 0)
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(packed, most + 1)
    except zlib.error as broken:
        raise _damaged() from broken
    if len(unpacked) > most or not unpacker.eof or (not interlaced and len(unpacked) != most):
        raise _damaged()


def _written(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _damaged() -> BadRequest:
    return BadRequest("This PNG file is damaged.", field="icon")
