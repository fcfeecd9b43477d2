"""Uploaded files, stored in the database in pieces: so every host that shares it has them (contracts §20).

Neither storing nor reading holds more than one piece in memory, or the write lock for longer than one piece takes.
"""

import hashlib
import io
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, BinaryIO

from peewee import CompositeKey

from widget_server import clock
from widget_server.db import Bytes, Int, ShopTable, Text, UtcDateTime, delete_before, insert_once, new_id
from widget_server.errors import FileTooLarge, NotFound

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PIECE_BYTES = 256 * 1024


class StoredFile(ShopTable):
    """A piece of a file; pieces are numbered from 0."""

    file_id = Text()
    number = Int()
    content = Bytes()
    created_at = UtcDateTime(index=True)

    class Meta:
        primary_key = CompositeKey("shop_id", "file_id", "number")


@dataclass(frozen=True)
class Stored:
    """What was stored: `size` in bytes, `digest` is the SHA-256 of the content, in hex."""

    id: str
    size: int
    digest: str


def store(shop_id: str, content: BinaryIO, *, bytes_max: int) -> Stored:
    """Store a file under a fresh id. Raises FileTooLarge, and what reading raises; then nothing is stored."""
    file_id, size, digest, number = new_id(), 0, hashlib.sha256(), 0
    try:
        while (piece := content.read(PIECE_BYTES)) or not number:  # an empty file is a file too
            size += len(piece)
            if size > bytes_max:
                raise FileTooLarge()
            digest.update(piece)
            row = {"shop_id": shop_id, "file_id": file_id, "number": number, "content": piece}
            insert_once(StoredFile, {**row, "created_at": clock.now()})
            number += 1
    except BaseException:
        remove(shop_id, file_id)
        raise
    return Stored(file_id, size, digest.hexdigest())


def opened(shop_id: str, file_id: str) -> BinaryIO:
    """Returns a stream of the file. Reading raises NotFound when the file was removed meanwhile."""
    return io.BufferedReader(_Pieces(shop_id, file_id), PIECE_BYTES)


def ids(shop_id: str) -> list[str]:
    """Returns the ids of all files of this shop, also those of interrupted uploads."""
    return [row.file_id for row in StoredFile.of(shop_id, StoredFile.file_id).where(StoredFile.number == 0)]


def remove(shop_id: str, file_id: str) -> None:
    """Delete the file; an unknown one changes nothing."""
    StoredFile.remove(shop_id, StoredFile.file_id == file_id)


def forget_old(kept: timedelta) -> None:
    """Delete what was stored longer than `kept` ago, whether or not it is still referenced."""
    delete_before(StoredFile, StoredFile.created_at, clock.now() - kept)


class _Pieces(io.RawIOBase):
    """The pieces of a file as one stream, each read from the database when it is needed."""

    def __init__(self, shop_id: str, file_id: str) -> None:
        self.shop_id, self.file_id = shop_id, file_id
        self.number, self.rest = 0, memoryview(b"")

    def readable(self) -> bool:
        """True: the stream can be read, always."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill `buffer` from the current piece; returns the bytes read, 0 at the end of the file."""
        if not self.rest:
            self.rest = memoryview(self._next())
        into = memoryview(buffer).cast("B")
        count = min(len(into), len(self.rest))
        into[:count] = self.rest[:count]
        self.rest = self.rest[count:]
        return count

    def _next(self) -> bytes:
        piece = self._piece(self.number)
        if piece is None and (self.number == 0 or self._piece(0) is None):  # not the end: the file was removed
            raise NotFound("The file is gone.")
        self.number += 1
        return piece or b""

    def _piece(self, number: int) -> bytes | None:
        this_one = (StoredFile.file_id == self.file_id, StoredFile.number == number)
        found: bytes | None = StoredFile.of(self.shop_id, StoredFile.content).where(*this_one).scalar()
        return found
