"""An address takes one file, for an hour, of 10 MB at most."""

import io
from datetime import timedelta

import pytest

from tests.loyalty.imports.importing import content_of, uploaded
from tests.make import World, at_once
from widget_server import clock
from widget_server.errors import FileTooLarge, UploadGone
from widget_server.loyalty.imports import stored_files, uploads
from widget_server.loyalty.imports.uploads import Upload


def test_an_address_takes_one_file(world: World) -> None:
    upload = uploaded(world, "a,b\n")
    assert content_of(upload) == b"a,b\n"
    with pytest.raises(UploadGone):
        uploads.receive(upload.id, io.BytesIO(b"other"))
    assert content_of(upload) == b"a,b\n"
    for name in ("nonsense", "../loyalty.db", ""):
        with pytest.raises(UploadGone):
            uploads.receive(name, io.BytesIO(b"x"))


def test_two_files_for_one_address_at_once_leave_one(world: World) -> None:
    upload = uploads.new_upload(world.shop)
    sent = [f"file {number}".encode() for number in range(4)]
    results = at_once(*[lambda data=data: uploads.receive(upload.id, io.BytesIO(data)) for data in sent])
    (kept,) = [answer for answer in results if isinstance(answer, Upload)]
    assert len([answer for answer in results if isinstance(answer, UploadGone)]) == 3
    assert sent[results.index(kept)] == content_of(kept)


def test_an_address_is_good_for_an_hour(world: World) -> None:
    upload = uploads.new_upload(world.shop)
    with clock.at(clock.now() + timedelta(minutes=61)), pytest.raises(UploadGone):
        uploads.receive(upload.id, io.BytesIO(b"x"))


def test_a_file_has_10_megabytes_at_most(world: World) -> None:
    upload = uploads.new_upload(world.shop)
    with pytest.raises(FileTooLarge):
        uploads.receive(upload.id, io.BytesIO(b"x" * (10 * 1024 * 1024 + 1)))
    assert stored_files.ids(world.shop.id) == []
    assert uploads.receive(upload.id, io.BytesIO(b"x" * (10 * 1024 * 1024))).size == 10 * 1024 * 1024
