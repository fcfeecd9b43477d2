"""Names from outside are one line that shows what is written; webhooks are cleaned, forms refused by field."""

import pytest
from flask.testing import FlaskClient

from tests.make import World, refused
from tests.panels import Panel
from widget_server.errors import BadRequest
from widget_server.loyalty.people import customer_edits, lines, recognition
from widget_server.loyalty.people.customers import Person

ODD = ["Ann\u202eeeL", "Ann\r\nBcc: eve@example.com", "Ann\x00", "Ann\x9b", "Ann\u2066 Lee\u2069", "Ann\u2028Lee"]


@pytest.mark.parametrize("name", ODD)
def test_webhooks_are_cleaned_and_forms_name_the_field(world: World, name: str) -> None:
    told = recognition.recognise(world.shop.id, Person(external_id="c-1", name=name, phone=f"030{name}"))
    assert lines.is_line(told.name or "") and lines.is_line(told.phone or "")
    assert (told.name or "").startswith("Ann")
    for field in ("name", "phone"):
        refusal = refused(lambda field=field: customer_edits.edit(world.shop.id, told.id, **{field: name}), BadRequest)
        assert refusal.field == field
        made = Person(**{"email": "bob@example.com", field: name})
        assert refused(lambda made=made: customer_edits.create(world.shop.id, made), BadRequest).field == field


def test_a_name_typed_at_sign_up_is_refused_by_its_field(world: World, client: FlaskClient) -> None:
    panel = Panel(client, world)
    for name, status in ((ODD[0], 400), ("Ann Lee", 200), ("آن لي", 200)):
        answer = panel.post("/widget/session/sign-up", {"email": "ann@example.com", "name": name})
        assert answer.status_code == status
        if status == 400:
            assert answer.json["error"]["field"] == "name"


@pytest.mark.parametrize(
    ("told", "kept"), [(" Ann \t Lee\n", "Ann Lee"), ("\u202e", None), (None, None), ("Ann\x00Lee", "Ann Lee")]
)
def test_what_is_left_of_a_text(told: str | None, kept: str | None) -> None:
    assert lines.clean(told) == kept
