"""docs/architecture.md keeps its word: six files and the languages are enough for a new tab, in a copy."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

VIEW = '''
"""The News tab."""

from widget_server.widget.shapes.member import News


def of(shop) -> News:
    """Returns the shop's news."""
    return {"text": f"News of {shop.name}"}
'''
COMPONENT = """
// News: what is new in the shop.

import { Title } from "../components";
import { h } from "../render";
import { state } from "../state";
import { t } from "../words";

export default function News() {
  return <div><Title>{t("name_news")}</Title><p>{t("news_for", { shop: state.tabData.news!.text })}</p></div>;
}
"""
STORY = """
from pathlib import Path

from tests.make import World
from tests.panels import Panel
from widget_server import config, db, migrate
from widget_server.app import create_app
from widget_server.widget import assets

folder = Path.cwd()
url = f"sqlite:///{folder / 'loyalty.db'}"
app = create_app(config.Settings(database_url=url, secret_key="k" * 40, instance=folder))
db.connect()
migrate.upgrade()
world = World.create()
panel = Panel(app.test_client(), world, world.member())
page = panel.client.get(f"/panel?shop={world.shop.embed_key}&tab=news").text
assert f'rel="modulepreload" href="/assets/{assets.tab_file("news")}"' in page
assert "News from {shop}" in page
assert panel.client.get("/assets/" + assets.tab_file("news")).status_code == 200
print(panel.get("/widget/panel?tab=news").json["news"])
"""


def _alter(file: Path, *changes: tuple[str, str]) -> None:
    text = file.read_text("utf-8")
    for old, new in changes:
        assert text.count(old) == 1, (file, old)
        text = text.replace(old, new)
    file.write_text(text, "utf-8")


def _add_tab(server: Path, panel: Path) -> None:
    """The six files."""
    _alter(
        server / "panel.py",
        ('"my_balance")', '"my_balance", "news")'),
        ('        "history":', '        "news": news.of(shop) if tab == "news" else None,\n        "history":'),
        (
            "from widget_server.widget.routes",
            "from widget_server.widget.views import news\nfrom widget_server.widget.routes",
        ),
    )
    shape = 'class News(TypedDict):\n    """News."""\n\n    text: str\n\n\nclass MemberPanel(TypedDict):'
    _alter(
        server / "shapes" / "member.py",
        ("class MemberPanel(TypedDict):", shape),
        ("    history: History | None", "    news: News | None\n    history: History | None"),
    )
    (server / "views" / "news.py").write_text(VIEW.lstrip(), "utf-8")
    row = '  news: { icon: "newsletter", part: "news", component: LATE },\n} satisfies'
    _alter(panel / "tabs.tsx", ("} satisfies", row))
    (panel / "tabs" / "news.tsx").write_text(COMPONENT.lstrip(), "utf-8")
    lists = json.loads((panel / "words_early.json").read_text("utf-8"))
    lists["every_tab"] += ["tab_news", "name_news"]
    (panel / "words_early.json").write_text(json.dumps({**lists, "news": ["news_for"]}, indent=2), "utf-8")


def _run(folder: Path, *command: str | Path, **env: str) -> str:
    ran = subprocess.run(command, cwd=folder, env={**os.environ, **env}, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_a_sixth_tab_is_six_files_and_its_words(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "widget_server", tmp_path / "widget_server", ignore=shutil.ignore_patterns("__pycache__"))
    static = tmp_path / "widget_static"
    skipped = shutil.ignore_patterns("node_modules", "dist")
    shutil.copytree(ROOT / "widget_static", static, ignore=skipped)
    (static / "node_modules").symlink_to((ROOT / "widget_static" / "node_modules").resolve())
    _add_tab(tmp_path / "widget_server" / "widget", static / "src" / "panel")
    for file in (static / "locales").glob("*.json"):
        more = {"tab_news": "News", "name_news": "News", "news_for": "News from {shop}"}
        file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), **more}, ensure_ascii=False), "utf-8")

    here = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    types = _run(tmp_path, sys.executable, "-m", "widget_server.widget.typescript", **here)
    (static / "src" / "api.ts").write_text(types, "utf-8")
    _run(static, static / "node_modules" / ".bin" / "tsc", "--noEmit")
    _run(static, "node", "build.mjs")
    assert _run(tmp_path, sys.executable, "-c", STORY, **here) == "{'text': 'News of Fjord & Fern'}\n"
