"""Files lie in the database in pieces: every host has them, and nobody holds more than a piece."""

import io
import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hosts import Hosts
from tests.integrator import Integrator
from tests.make import World, proof, undone
from widget_server import clock, jobs
from widget_server.errors import FileTooLarge, NotFound
from widget_server.loyalty.imports import stored_files, uploads
from widget_server.loyalty.imports.stored_files import PIECE_BYTES, StoredFile
from widget_server.loyalty.imports.uploads import Upload
from widget_server.loyalty.people import api_keys

MEMORY_BYTES_MAX = 8 * PIECE_BYTES


def kept(world: World, content: bytes) -> str:
    return stored_files.store(world.shop.id, io.BytesIO(content), bytes_max=len(content)).id


def read(world: World, file_id: str) -> bytes:
    with stored_files.opened(world.shop.id, file_id) as file:
        return file.read()


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
def test_what_is_stored_is_read_back(world: World, size: int) -> None:
    content = bytes(number % 251 for number in range(size))
    file_id = kept(world, content)
    assert read(world, file_id) == content
    pieces = [len(row.content) for row in StoredFile.of(world.shop).where(StoredFile.file_id == file_id)]
    assert max(pieces) <= PIECE_BYTES and sum(pieces) == size


def test_any_bytes_in_any_portions_are_read_back(world: World) -> None:
    @proof(25)
    @given(st.binary(max_size=300), st.lists(st.integers(1, 80), min_size=1, max_size=20))
    def is_read_back(content: bytes, portions: list[int]) -> None:
        with undone(), stored_files.opened(world.shop.id, kept(world, content)) as file:
            found = b"".join(file.read(size) for size in portions) + file.read()
            assert found == content

    is_read_back()


def test_a_file_that_is_too_large_leaves_nothing(world: World) -> None:
    with pytest.raises(FileTooLarge):
        stored_files.store(world.shop.id, io.BytesIO(b"x" * (PIECE_BYTES + 1)), bytes_max=PIECE_BYTES)
    assert stored_files.ids(world.shop.id) == []


def test_an_upload_that_breaks_off_leaves_nothing(world: World) -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            if stored_files.ids(world.shop.id):
                raise OSError("the caller has left")
            return b"x" * size

    with pytest.raises(OSError, match="left"):
        stored_files.store(world.shop.id, Broken(), bytes_max=10**9)  # type: ignore[arg-type]
    assert stored_files.ids(world.shop.id) == []


def test_a_file_that_goes_while_it_is_read_does_not_just_end(world: World) -> None:
    file_id = kept(world, b"x" * (2 * PIECE_BYTES))
    with stored_files.opened(world.shop.id, file_id) as file:
        file.read(PIECE_BYTES)
        stored_files.remove(world.shop.id, file_id)
        with pytest.raises(NotFound):
            file.read()


def test_a_file_belongs_to_its_shop(world: World) -> None:
    file_id = kept(world, b"ours")
    other = World.create(name="Other")
    with pytest.raises(NotFound):
        read(other, file_id)
    stored_files.remove(other.shop.id, file_id)
    assert (stored_files.ids(other.shop.id), read(world, file_id)) == ([], b"ours")


def test_what_nobody_knows_any_more_goes_with_time(world: World) -> None:
    kept(world, b"x")
    stored_files.forget_old(timedelta(days=1))
    assert stored_files.ids(world.shop.id) != []
    with clock.at(clock.now() + timedelta(days=2)):
        stored_files.forget_old(timedelta(days=1))
    assert stored_files.ids(world.shop.id) == []


class Zeros(io.RawIOBase):
    """A file of 10 MB that lies nowhere."""

    left = 10 * 1024 * 1024

    def read(self, size: int = -1) -> bytes:
        size = min(size, self.left)
        self.left -= size
        return bytes(size)


def test_ten_megabytes_take_the_memory_of_some_pieces(world: World) -> None:
    tracemalloc.start()
    try:
        stored = stored_files.store(world.shop.id, Zeros(), bytes_max=Zeros.left)  # type: ignore[arg-type]
        with stored_files.opened(world.shop.id, stored.id) as file:
            assert sum(len(piece) for piece in iter(lambda: file.read(65_536), b"")) == Zeros.left
        assert tracemalloc.get_traced_memory()[1] < MEMORY_BYTES_MAX
    finally:
        tracemalloc.stop()


# Two hosts


@pytest.mark.parametrize(("uploads", "imports_", "reads"), [(0, 1, 0), (0, 1, 1), (1, 0, 0), (0, 0, 1)])
def test_a_file_that_came_to_one_host_is_there_for_the_other(
    world: World, tmp_path: Path, uploads: int, imports_: int, reads: int
) -> None:
    hosts = Hosts(tmp_path)
    world.member("ann@example.com")
    _, secret = api_keys.create_key(world.shop.id, "server")
    base = "/loyalty-imports/v1/loyalty-imports"
    with hosts.on(uploads) as client:
        address = Integrator(client, secret).post(f"{base}/wixmp-upload-url")
        sent = client.put(address["uploadUrl"], data=b"email,points\nann@example.com,7\nnobody@example.com,8\n")
        assert sent.status_code == 200
    with hosts.on(imports_) as client:
        made = Integrator(client, secret).post(base, {"fileUrl": address["uploadUrl"]})["loyaltyImport"]
        jobs.run_all()
        Integrator(client, secret).post(f"{base}/execute", {"loyaltyImportId": made["id"]})
        jobs.run_all()
    with hosts.on(reads) as client:
        asked = f"{base}/error-file-download-url?loyaltyImportId={made['id']}"
        lines = client.get(Integrator(client, secret).get(asked)["url"]).get_data(as_text=True)
        assert "nobody@example.com,8" in lines
    assert hosts.files() == []


# What an earlier version kept in a folder


def test_files_in_the_folder_are_taken_in_once(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "imports"
    folder.mkdir()
    upload = uploads.new_upload(world.shop)
    Upload.change(world.shop, {Upload.size: 4, Upload.digest: "d"}, Upload.id == upload.id)
    (folder / upload.id).write_bytes(b"a,b\n")
    (folder / "nobodys").write_bytes(b"ann@example.com")
    assert [uploads.take_in(folder), uploads.take_in(folder), uploads.take_in(tmp_path / "none")] == [1, 0, 0]
    row = Upload.need(world.shop, Upload.id == upload.id)
    assert read(world, row.file_id) == b"a,b\n"
    assert list(folder.iterdir()) == []
