"""Brotli, if the browser accepts it: best compression, cached, for shared texts; fast for single responses."""

from functools import lru_cache

import brotli
from flask import Response, request
from werkzeug.http import parse_accept_header

ENCODING = "br"
BYTES_MIN = 256
QUICK = 5  # of 11 levels


def shared(text: str, content_type: str) -> Response:
    """Returns the response with a text that is the same for many: compressed as small as possible, and cached."""
    if not _taken():
        return _varying(Response(text, content_type=content_type))
    return _packed(Response(content_type=content_type), _smallest(text))


def quickly(response: Response) -> Response:
    """Returns the response to one shopper, compressed quickly; a hook for `after_request`."""
    if not _taken() or response.content_encoding or response.is_streamed or len(response.data) < BYTES_MIN:
        return response
    return _packed(response, quick(response.data))


def quick(body: bytes) -> bytes:
    """Returns the body compressed quickly."""
    return bytes(brotli.compress(body, quality=QUICK))


@lru_cache(maxsize=1024)
def _smallest(text: str) -> bytes:
    return bytes(brotli.compress(text.encode(), quality=11))


def _taken() -> bool:
    return is_accepted(request.headers.get("Accept-Encoding", ""))


@lru_cache(maxsize=256)
def is_accepted(header: str) -> bool:
    """Whether a browser with this `Accept-Encoding` header takes Brotli."""
    accepted: float = parse_accept_header(header).quality(ENCODING)
    return accepted > 0


def _packed(response: Response, body: bytes) -> Response:
    response.data = body
    response.content_encoding = ENCODING
    return _varying(response)


def _varying(response: Response) -> Response:
    response.vary.add("Accept-Encoding")
    return response
