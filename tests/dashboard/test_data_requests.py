"""What the owner sees of a customer's request for their data, which Shopify passed on, until it is answered."""

from collections.abc import Callable

from tests.dashboard.conftest import Clerk
from tests.make import World
from tests.stores.test_data_requests import asks
from widget_server.loyalty.people import customers

DATABASES = ("sqlite",)


def test_the_owner_sees_it_and_the_download_ends_it(office: Callable[..., Clerk], world: World) -> None:
    ann = world.member("ann@example.com", name="Ann Lee")
    customers.update(ann.customer, external_id="77")
    asks(world, id=77)
    clerk = office()
    clerk.goes("/overview").presses("Ann Lee").sees("The customer asked for their data on")
    assert clerk.inspects() == []
    with clerk.page.expect_download() as downloading:
        clerk.page.locator("#data-request").get_by_role("button", name="Export data").click()
    assert downloading.value.suggested_filename == f"customer-{ann.id}.json"
    clerk.goes(f"/customers/{ann.id}").sees("Ann Lee")
    assert clerk.page.locator("#data-request").count() == 0
    clerk.goes("/overview")
    assert clerk.page.get_by_text("asked for their data").count() == 0
    reader = office("reader")
    asks(world, id=77, again=True)
    reader.goes(f"/customers/{ann.id}").sees("The customer asked for their data on")
    assert reader.page.get_by_role("button", name="Export data").count() == 0
