"""QR codes, as the path of an SVG."""

import segno

from widget_server.widget.shapes.referral import QrCode


def of(text: str) -> QrCode:
    """Returns the text as a QR code."""
    code = segno.make(text, micro=False, error="m")
    rows = [[bool(module) for module in row] for row in code.matrix]
    return {"size": len(rows), "path": _path(rows)}


def _path(rows: list[list[bool]]) -> str:
    """Returns the dark modules as one SVG path, one unit per module."""
    parts = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            if not row[x]:
                x += 1
                continue
            start = x
            while x < len(row) and row[x]:
                x += 1
            parts.append(f"M{start} {y}h{x - start}v1h-{x - start}z")
    return "".join(parts)
