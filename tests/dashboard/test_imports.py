"""Imports in the dashboard: each numbered step of "Through CSV import" of the guide, and what it does not tell."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.dashboard.conftest import PHONE, Clerk, Desk
from tests.make import Shopper, World
from widget_server import jobs
from widget_server.loyalty.imports import imports
from widget_server.loyalty.imports.imports import Import
from widget_server.loyalty.points.adjustments import Adjustment

DATABASES = ("sqlite",)
FILE = "email,points\nann@example.com,50\nnobody@example.com,5\n"
XSS = '"><img src=x onerror=alert(1)>'


@pytest.fixture
def ann(world: World) -> Shopper:
    """A member with 100 points."""
    ann = world.member()
    ann.is_given(100)
    return ann


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file on the computer of the owner."""
    path = tmp_path / "june.csv"
    path.write_text(FILE)
    return path


def sent(desk: Desk, text: str = FILE, *, mode: str = "add", name: str = "june.csv") -> str:
    """Send a file and let the worker read it; answers the address of its page."""
    token = desk.token
    form = {"csrf_token": token, "mode": mode, "file": (io.BytesIO(text.encode()), name)}
    answer = desk.client.post("/dashboard/imports/new", data=form, content_type="multipart/form-data")
    assert answer.status_code == 303, answer.text
    jobs.run_all()
    return str(answer.headers["Location"]).removeprefix("/dashboard")


def previewed(desk: Desk, text: str = FILE, *, mode: str = "add", **columns: str) -> str:
    """The same, with its preview; answers the address of its page."""
    place = sent(desk, text, mode=mode)
    chosen = dict(
        re.findall(r'<select[^>]* name="(\w+)".*?<option selected value="([^"]*)"', desk.get(place).text, re.S)
    )
    answer = desk.post(f"{place}/columns", **{**chosen, "day_order": "", **columns})
    assert answer.status_code == 303, answer.text
    jobs.run_all()
    return place


# Through CSV import, step by step


def test_the_steps_of_through_csv_import(office: Callable[..., Clerk], world: World, ann: Shopper, file: Path) -> None:
    clerk = office("marketer")
    # 1. use the CSV import to adjust the points of more than one customer at a time
    clerk.goes("/imports")
    # 2. click Adjust total points
    clerk.presses("Adjust total points").sees("Import a file")
    # 3. select Add points to existing member balances in the drop-down menu Import Type
    clerk.page.get_by_label("Import Type").select_option(label="Add points to existing member balances")
    # 4. click the Choose file button and upload the CSV file from the computer
    clerk.page.get_by_label("CSV file").set_input_files(file)
    clerk.presses("Continue").sees("The file is being read")
    jobs.run_all()
    clerk.sees("Show the preview").presses("Show the preview").sees("The preview is being made")
    jobs.run_all()
    clerk.sees("Rows to import").sees("No customer has this e-mail address.")
    assert ann.balance == 100
    # 5. optional: enter a reason, which only staff see
    clerk.types(Reason_for_the_adjustment="summer party")
    # 6. leave a comment for the customer: the default one, or a custom one
    clerk.page.get_by_label("Custom comment").first.check()
    clerk.page.get_by_role("textbox", name="Custom comment").fill("Thanks for coming!")
    # 7. click Import Points
    clerk.presses("Import Points")
    # 8. wait for the confirmation that the points are being imported
    clerk.sees("The points are being imported")
    jobs.run_all()
    clerk.sees("The file is imported.")
    assert ann.balance == 150
    note = Adjustment.of(world.shop).order_by(Adjustment.created_at.desc()).first()
    assert (note.reason, note.comment) == ("summer party", "Thanks for coming!")


def test_the_steps_work_without_a_script_and_on_a_phone(
    office: Callable[..., Clerk], world: World, ann: Shopper, file: Path
) -> None:
    clerk = office("owner", viewport=PHONE, java_script_enabled=False)
    clerk.goes("/imports/new")
    clerk.page.get_by_label("CSV file").set_input_files(file)
    clerk.presses("Continue")
    jobs.run_all()
    clerk.presses("Look again").presses("Show the preview")
    jobs.run_all()
    clerk.presses("Look again").presses("Import Points")
    jobs.run_all()
    clerk.presses("Look again").sees("The file is imported.")
    assert ann.balance == 150
    clerk.presses("Undo").sees("Undo the import of june.csv?").presses("Undo")
    jobs.run_all()
    clerk.presses("Look again").sees("The import is undone.")
    assert ann.balance == 100


def test_every_step_can_be_read_by_everybody(
    office: Callable[..., Clerk], world: World, ann: Shopper, file: Path
) -> None:
    clerk = office("owner")
    assert clerk.goes("/imports").inspects() == []
    assert clerk.goes("/imports/new").inspects() == []
    clerk.page.get_by_label("CSV file").set_input_files(file)
    clerk.presses("Continue").sees("The file is being read")
    jobs.run_all()
    clerk.sees("Show the preview")
    assert clerk.inspects() == []
    clerk.presses("Show the preview")
    jobs.run_all()
    clerk.sees("Rows to import")
    assert clerk.inspects() == []
    clerk.presses("Import Points")
    jobs.run_all()
    clerk.sees("The file is imported.")
    assert clerk.inspects() == []
    assert clerk.goes("/imports").inspects() == []


# What a desk tells


def test_the_preview_tells_what_would_change(desk: Desk, ann: Shopper) -> None:
    shown = desk.get(previewed(desk)).text
    facts = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", shown))
    assert (facts["Rows to import"], facts["Rows with problems"], facts["Points added"]) == ("1", "1", "50")
    assert (facts["Their balances before"], facts["Their balances after"], ann.balance) == ("100", "150", 100)
    assert "Row 3" in shown


def test_columns_are_matched_by_hand(desk: Desk, ann: Shopper) -> None:
    place = sent(desk, "who,old,new\nann@example.com,1,2\n")
    missing = desk.post(f"{place}/columns", email="0", points="-", day_order="")
    assert missing.status_code == 422
    assert "This is needed." in missing.text
    twice = desk.post(f"{place}/columns", email="0", points="0", day_order="")
    assert (twice.status_code, "Give each field a column of its own." in twice.text) == (422, True)
    assert desk.post(f"{place}/columns", email="0", points="2", day_order="").status_code == 303
    jobs.run_all()
    assert desk.post(f"{place}/execute", comment_kind="default").status_code == 303
    jobs.run_all()
    assert ann.balance == 102


def test_the_same_file_again_is_a_question(desk: Desk, ann: Shopper) -> None:
    for _ in range(2):
        place = previewed(desk)
        answer = desk.post(f"{place}/execute", comment_kind="default")
        jobs.run_all()
    assert answer.status_code == 422
    assert "This file was imported before" in answer.text
    assert desk.post(f"{place}/execute", comment_kind="default", again="y").status_code == 303
    jobs.run_all()
    assert ann.balance == 200


def test_failed_rows_are_downloaded_and_the_import_undone(desk: Desk, ann: Shopper) -> None:
    place = previewed(desk)
    desk.post(f"{place}/execute", comment_kind="default")
    jobs.run_all()
    assert "Download the failed rows" in desk.get(place).text
    told = desk.get(f"{place}/errors.csv")
    assert told.headers["Content-Type"].startswith("text/csv")
    assert "nobody@example.com,5,No customer has this e-mail address." in told.text
    assert desk.post(f"{place}/undo").status_code == 303
    jobs.run_all()
    assert "The import is undone." in desk.get(place).text
    assert ann.balance == 100


def test_another_apps_file_is_named_and_members_come_in(desk: Desk, ann: Shopper) -> None:
    text = "Email,Points Balance,Birthdate,VIP Tier,Activation Date,Credits Balance\nann@example.com,70,1990-03-31,,,\n"
    place = previewed(desk, text, mode="members")
    assert "Columns of Rivo" in desk.get(place).text
    desk.post(f"{place}/execute", comment_kind="default")
    jobs.run_all()
    assert (ann.balance, ann.customer.birthday) == (70, "1990-03-31")


def test_a_file_that_cannot_be_read_says_why(desk: Desk) -> None:
    assert "There is no row below the header." in desk.get(sent(desk, "email,points\n")).text


def test_templates_can_be_downloaded(desk: Desk) -> None:
    for mode in ("add", "set", "members", "history", "codes"):
        assert desk.get(f"/imports/template/{mode}.csv").text.startswith("email,")


def test_what_a_file_says_never_becomes_markup(desk: Desk, ann: Shopper) -> None:
    text = f'email,points,"{XSS.replace(chr(34), chr(34) * 2)}"\n{XSS.replace(chr(34), "")},5,x\nann@example.com,5,x\n'
    place = previewed(desk, text)
    desk.post(f"{place}/execute", comment_kind="custom", comment=XSS, reason=XSS)
    jobs.run_all()
    for path in (place, f"{place}?step=columns", "/imports", f"{place}/undo"):
        assert "<img" not in desk.get(path).text


@pytest.mark.parametrize(("role", "may"), [("owner", True), ("marketer", True), ("support", False), ("reader", False)])
def test_who_may_import(desk_of: Callable[..., Desk], role: Any, may: bool) -> None:
    desk = desk_of(role)
    for path in ("/imports", "/imports/new"):
        assert desk.get(path).status_code == (200 if may else 403)


def test_a_shop_sees_its_own_imports_alone(desk: Desk, world: World) -> None:
    other = World.create(name="Other")
    upload = imports.uploads.new_upload(other.shop)
    imports.uploads.receive(upload.id, io.BytesIO(FILE.encode()))
    foreign = imports.create(other.shop, upload.id, file_name="theirs.csv")
    assert "theirs.csv" not in desk.get("/imports").text
    for ending in ("", "/state", "/errors.csv"):
        assert desk.get(f"/imports/{foreign.id}{ending}").status_code == 404
    for ending in ("/columns", "/execute", "/undo"):
        assert desk.post(f"/imports/{foreign.id}{ending}").status_code == 404
    assert Import.of(world.shop).count() == 0
