"""docs/architecture.md keeps its word: what it says is enough to touch is enough, in a copy of the product."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

PLATFORM = '''
"""PrestaShop: what it sends is signed with a word, and says everything in one topic."""

import json

from widget_server.stores.messages import OrderSeen, is_no_ping as is_ping

TOPICS = ("order",)
ENDINGS = frozenset()
CALLS = ()
APPLY_URL = "/cart?code={code}"
CODES = None


def verify(secret, headers, body):
    return headers.get("X-Presta") == secret


def translate(topic, body):
    return OrderSeen(json.loads(body))
'''
LINE = '"woocommerce": woocommerce'

STORY = """
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

from widget_server import config, db, ledger, migrate
from widget_server.app import create_app
from widget_server.loyalty.earning import rules
from widget_server.loyalty.program import programs, shops

folder = Path.cwd()
url = f"sqlite:///{folder / 'loyalty.db'}"
app = create_app(config.Settings(database_url=url, secret_key="k" * 40, instance=folder))
db.connect()
migrate.upgrade()
shop = shops.create(
    name="Presta", origins=["https://shop.example"], currency="EUR", timezone="UTC", locale="en", platform="prestashop",
    webhook_secret="a-webhook-secret-of-some-length",
)
programs.create(shop.id, "Club")
settings = programs.ProgramSettings(orders_from=date(2000, 1, 1)).as_json()
programs.Program.change(shop, {programs.Program.settings: settings})
programs.activate(shop.id)
rules.save_rule(
    shop, "orders", kind="order", position=1, rate_points=10, rate_per=Decimal(1), settings=rules.Terms().as_json()
)
order = {
    "id": "1", "number": "#1", "status": "paid", "currency": "EUR", "source": "web",
    "placed_at": "2026-03-01T10:00:00Z", "modified_at": "2026-03-01T10:00:00Z",
    "customer": {"id": "c1", "email": "ann@example.com", "email_verified": True},
    "lines": [{"id": "1", "product_id": "p", "name": "Mug", "quantity": 1, "subtotal": "10.00"}],
    "shipping": "0.00", "discount": "0.00", "tax": "0.00", "total": "10.00", "coupon_codes": [], "refunds": [],
}
client = app.test_client()
path = f"/stores/prestashop/{shop.id}/order"
assert client.post(path, data=json.dumps(order)).status_code == 401
headers = {"X-Presta": "a-webhook-secret-of-some-length"}
told = client.post(path, data=json.dumps(order), headers=headers)
assert told.json == {"status": "booked", "reason": None}, told.text
db.connect()
print([account.balance for account in ledger.Account.of(shop)])
"""


def test_a_new_platform_is_a_folder_and_a_line(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "widget_server", tmp_path / "widget_server", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "widget_static" / "dist", tmp_path / "widget_static" / "dist")
    stores = tmp_path / "widget_server" / "stores"
    (stores / "prestashop").mkdir()
    (stores / "prestashop" / "__init__.py").write_text(PLATFORM.lstrip())
    registry = (stores / "platforms.py").read_text()
    assert registry.count(LINE) == 1
    registry = registry.replace(LINE, f'{LINE}, "prestashop": prestashop')
    (stores / "platforms.py").write_text(
        registry.replace("import generic, shopify", "import generic, prestashop, shopify")
    )
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", STORY], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "[100]\n"), ran.stderr
