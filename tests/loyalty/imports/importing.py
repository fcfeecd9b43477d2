"""What the tests of imports share: a file that is uploaded, parsed and imported."""

import io
from typing import Any

from tests.make import World
from widget_server import jobs
from widget_server.loyalty.imports import imports, stored_files, uploads
from widget_server.loyalty.imports.imports import Import
from widget_server.loyalty.imports.uploads import Upload
from widget_server.loyalty.points import batches
from widget_server.loyalty.points.batch_tables import Batch


def uploaded(world: World, content: str | bytes) -> Upload:
    """Staff send a file to an address they asked for."""
    upload = uploads.new_upload(world.shop)
    data = content if isinstance(content, bytes) else content.encode()
    return uploads.receive(upload.id, io.BytesIO(data))


def content_of(upload: Upload) -> bytes:
    with stored_files.opened(upload.shop_id, str(upload.file_id)) as file:
        return file.read()


def parsed(world: World, content: str | bytes) -> Import:
    """The file is there and was read."""
    made = imports.create(world.shop, f"https://widget.test/uploads/{uploaded(world, content).id}?x=1", file_name="f")
    assert made.status == "parsing"
    return settled(made)


def settled(made: Import) -> Import:
    """The worker does what is due; the import as it is then."""
    jobs.run_all()
    return Import.need(made.shop_id, Import.id == made.id)


def imported(world: World, content: str | bytes, **facts: Any) -> Import:
    """The whole way."""
    made = parsed(world, content)
    assert imports.execute(world.shop, made.id, source="staff", **facts).status == "importing"
    return settled(made)


def batch_of(made: Import) -> Batch:
    return Batch.need(made.shop_id, Batch.id == made.batch_id)


def figures(made: Import) -> tuple[str, int, int, int, int]:
    """Status, and of the rows how many there were: in all, booked, skipped, failed."""
    batch = batch_of(made)
    return made.status, batch.total, batch.succeeded, batch.skipped, batch.failed


def reasons(made: Import, world: World) -> dict[int, str]:
    """Why rows failed, by their number."""
    return {item.line: item.code for item in batches.errors(world.shop, made.batch_id)}
