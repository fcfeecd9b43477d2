"""Brotli, if the browser accepts it: best compression, cached, for shared texts; fast for single responses."""

from functools import lru_cache

import brotli
from flask import Response, request

ENCODING = "br"
BYTES_MIN = 256


def shared(text: str, content_type: str) -> Response:
    """Returns the response with a text that is the same for many: compressed as small as possible, and cached."""
    if not _taken():
        return _varying(Response(text, content_type=content_type))
    return _packed(Response(content_type=content_type), _smallest(text))


def quickly(response: Response) -> Response:
    """Returns the response to one shopper, compressed quickly; a hook for `after_request`."""
    if not _taken() or response.content_encoding or response.is_streamed or len(response.data) < BYTES_MIN:
        return response
    return _packed(response, bytes(brotli.compress(response.data, quality=5)))


@lru_cache(maxsize=1024)
def _smallest(text: str) -> bytes:
    return bytes(brotli.compress(text.encode(), quality=11))


def _taken() -> bool:
    return request.accept_encodings.quality(ENCODING) > 0


def _packed(response: Response, body: bytes) -> Response:
    response.data = body
    response.content_encoding = ENCODING
    return _varying(response)


def _varying(response: Response) -> Response:
    response.vary.add("Accept-Encoding")
    return response
