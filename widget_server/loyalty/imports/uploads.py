"""Uploads: a secret address for one file, and the file that was sent there (wix-api §2, acceptance 56)."""

import secrets
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from widget_server import clock
from widget_server.db import Int, ShopTable, Text, UtcDateTime
from widget_server.errors import NotFound, UploadGone
from widget_server.loyalty.imports import csv_files, stored_files
from widget_server.loyalty.imports.csv_files import CsvFile
from widget_server.loyalty.imports.stored_files import Stored
from widget_server.loyalty.program.shops import Shop

FILE_BYTES_MAX = 10 * 1024 * 1024
UPLOAD_MINUTES = 60
KEPT_DAYS = 30  # how long the file, with its e-mail addresses, is kept


class Upload(ShopTable):
    """An address for one file. `id` is secret: its holder may upload once; then size, digest and file are set."""

    id = Text(primary_key=True)
    size = Int(null=True)
    digest = Text(null=True)
    file_id = Text(null=True)
    created_at = UtcDateTime()


def new_upload(shop: Shop) -> Upload:
    """Make a secret address for one file, valid for UPLOAD_MINUTES; its `id` is the last part of it (wix-api §2)."""
    upload = Upload(id=secrets.token_urlsafe(24), shop_id=shop.id, created_at=clock.now())
    upload.save(force_insert=True)
    return upload


def receive(upload_id: str, content: BinaryIO) -> Upload:
    """Store the file that is sent to the address. Raises UploadGone, FileTooLarge; then nothing is stored."""
    since = clock.now() - timedelta(minutes=UPLOAD_MINUTES)
    open_ones = (Upload.id == upload_id, Upload.size.is_null(), Upload.created_at > since)
    upload: Upload | None = Upload.everywhere().where(*open_ones).first()
    if upload is None:
        raise UploadGone()
    stored = stored_files.store(upload.shop_id, content, bytes_max=FILE_BYTES_MAX)
    if not _attach(upload, stored, *open_ones):  # a concurrent upload was faster
        stored_files.remove(upload.shop_id, stored.id)
        raise UploadGone()
    return upload


def take_in(folder: Path) -> int:
    """Move files that an earlier version stored in a folder of this host into the database; returns how many.

    A file without an import or upload is deleted. May be run again, and on each host.
    """
    count = 0
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        lacking = (Upload.id == path.name, Upload.size.is_null(False), Upload.file_id.is_null())
        upload: Upload | None = Upload.everywhere().where(*lacking).first()
        if upload is not None:
            with path.open("rb") as content:
                stored = stored_files.store(upload.shop_id, content, bytes_max=FILE_BYTES_MAX)
            if _attach(upload, stored, *lacking):
                count += 1
            else:
                stored_files.remove(upload.shop_id, stored.id)
        path.unlink()
    return count


def _attach(upload: Upload, stored: Stored, *conditions: Any) -> bool:
    """Attach the stored file to the upload, if `conditions` still hold; returns whether they did."""
    upload.size, upload.digest, upload.file_id = stored.size, stored.digest, stored.id
    facts = {Upload.size: stored.size, Upload.digest: stored.digest, Upload.file_id: stored.id}
    return bool(Upload.change(upload.shop_id, facts, *conditions))


def file_of(shop_id: str, upload_id: str) -> CsvFile:
    """Returns the file of an upload, as it was sent. Raises NotFound when it is deleted, and Unreadable."""
    upload = Upload.one(shop_id, Upload.id == upload_id)
    if upload is None or upload.file_id is None:
        raise NotFound("The file is gone.")
    return csv_files.read(partial(stored_files.opened, shop_id, upload.file_id))
