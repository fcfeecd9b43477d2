"""Small pictures: PNG files of a palette, which are written anew only when one sees a difference."""

import base64
import struct
import zlib
from pathlib import Path

from playwright.sync_api import Page

# the most frequent colours of the picture, and for each pixel the nearest of them
REDUCE = """async (source) => {
  const image = new Image();
  image.src = "data:image/png;base64," + source;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
  const counts = new Map();
  for (const one of pixels) counts.set(one, (counts.get(one) ?? 0) + 1);
  const palette = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, COLORS).map(([color]) => color);
  const parts = (color) => [color & 255, (color >> 8) & 255, (color >> 16) & 255];
  const known = new Map(palette.map((color, at) => [color, at]));
  const distance = (a, b) => parts(a).reduce((sum, part, at) => sum + (part - parts(b)[at]) ** 2, 0);
  const nearest = (color) => {
    let best = 0;
    for (let at = 1; at < palette.length; at++) {
      if (distance(palette[at], color) < distance(palette[best], color)) best = at;
    }
    known.set(color, best);
    return best;
  };
  let text = "";
  for (const one of pixels) text += String.fromCharCode(known.get(one) ?? nearest(one));
  return { width: image.width, height: image.height, palette: palette.flatMap(parts), pixels: btoa(text) };
}""".replace("COLORS", "64")
SIGNATURE = b"\x89PNG\r\n\x1a\n"
SAME = 0.002  # the part of the pixels that may differ while the file stays


def write(page: Page, shot: bytes, file: Path) -> bool:
    """Write the picture with a palette of 64 colours; returns False when the file there looks the same."""
    found = page.evaluate(REDUCE, base64.b64encode(shot).decode())
    width, height, palette = found["width"], found["height"], bytes(found["palette"])
    pixels = base64.b64decode(found["pixels"])
    if file.exists() and _looks_like(file.read_bytes(), width, height, palette, pixels):
        return False
    rows = b"".join(b"\0" + pixels[at : at + width] for at in range(0, len(pixels), width))
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"PLTE", palette), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    file.write_bytes(SIGNATURE + b"".join(_chunk(*one) for one in chunks))
    return True


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _looks_like(stored: bytes, width: int, height: int, palette: bytes, pixels: bytes) -> bool:
    """Whether a file that `write` has written shows the same but for a few pixels."""
    parts, at = {}, len(SIGNATURE)
    while at < len(stored):
        (length,) = struct.unpack_from(">I", stored, at)
        parts[stored[at + 4 : at + 8]] = stored[at + 8 : at + 8 + length]
        at += length + 12
    if struct.unpack_from(">II", parts[b"IHDR"]) != (width, height):
        return False
    rows = zlib.decompress(parts[b"IDAT"])
    before = b"".join(rows[at + 1 : at + 1 + width] for at in range(0, len(rows), width + 1))
    old, new = ([bytes(one) for one in zip(*[iter(colors)] * 3, strict=True)] for colors in (parts[b"PLTE"], palette))
    other = sum(old[a] != new[b] for a, b in zip(before, pixels, strict=True))
    return other <= SAME * len(pixels)
