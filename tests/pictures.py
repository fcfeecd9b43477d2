"""Small PNG files."""

import struct
import zlib

from widget_server.loyalty.program.png_icons import SIGNATURE


def part(kind: bytes, data: bytes) -> bytes:
    """One part of a file: its length, kind, data and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int = 32, height: int = 32, *more: bytes, rows: bytes | None = None, depth: int = 8) -> bytes:
    """A red square, with further parts before the picture."""
    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    drawn = rows if rows is not None else (b"\0" + b"\xc0\0\0" * width) * height
    return SIGNATURE + b"".join((part(b"IHDR", header), *more, part(b"IDAT", zlib.compress(drawn)), part(b"IEND", b"")))
