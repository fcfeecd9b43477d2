"""docs/architecture.md keeps its word: what it says is enough to touch is enough, in a copy of the product."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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

OPENING = """
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

from widget_server import config, db, ledger, migrate
from widget_server.app import create_app
from widget_server.loyalty.earning import rules
from widget_server.loyalty.program import programs, shops

SECRET = "whsec_" + "c" * 32
folder = Path.cwd()
url = f"sqlite:///{folder / 'loyalty.db'}"
app = create_app(config.Settings(database_url=url, secret_key="k" * 40, instance=folder))
db.connect()
migrate.upgrade()


def open_shop(platform):
    shop = shops.create(
        name="Copy", origins=["https://shop.example"], currency="EUR", timezone="UTC", locale="en", platform=platform,
        webhook_secret=SECRET,
    )
    programs.create(shop.id, "Club")
    settings = programs.ProgramSettings(orders_from=date(2000, 1, 1)).as_json()
    programs.Program.change(shop, {programs.Program.settings: settings})
    programs.activate(shop.id)
    return shop
"""

PLATFORM_STORY = """
shop = open_shop("prestashop")
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
headers = {"X-Presta": SECRET}
response = client.post(path, data=json.dumps(order), headers=headers)
assert response.json == {"status": "booked", "reason": None}, response.text
db.connect()
print([account.balance for account in ledger.Account.of(shop)])
"""

KIND = 'Kind("visit", limit=(1, "day"), reported_by="shop"),'
NEW_KIND = 'Kind("survey", limit=(1, "ever"), reported_by="shop"),'
KIND_STORY = """
from datetime import UTC, datetime

from standardwebhooks import Webhook

from widget_server.loyalty.people.customers import Customer
from widget_server.widget.views import earn

shop = open_shop("generic")
rules.save_rule(
    shop, "survey", kind="survey", position=1, points=50, title="Answer our survey", settings=rules.Terms().as_json()
)
client = app.test_client()
path = f"/stores/generic/{shop.id}/action"
for id in ("first", "second"):  # once ever, by the kind's nature
    action = {"id": id, "type": "survey", "customer": {"id": "c1", "email": "ann@example.com", "email_verified": True}}
    body, now = json.dumps(action), datetime.now(UTC)
    signature = Webhook(SECRET).sign(id, now, body)
    headers = {"webhook-id": id, "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
    response = client.post(path, data=body, headers=headers)
    assert response.status_code == 200, response.text
db.connect()
print([account.balance for account in ledger.Account.of(shop)])
ann = Customer.one(shop, Customer.external_id == "c1")
account = ledger.account_of(shop.id, ann.id)
print([(one["kind"], one["state"]) for one in earn.page(shop, programs.of(shop.id), ann, account)["rules"]])
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the product to add to."""
    shutil.copytree(ROOT / "widget_server", tmp_path / "widget_server", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "widget_static" / "dist", tmp_path / "widget_static" / "dist")
    shutil.copytree(ROOT / "widget_static" / "locales", tmp_path / "widget_static" / "locales")
    return tmp_path


def replace(file: Path, old: str, new: str) -> None:
    """Edit a file of the copy, at the one place where `old` stands."""
    text = file.read_text()
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file.name}"
    file.write_text(text.replace(old, new))


def run(copy: Path, story: str) -> str:
    """What a program prints that runs in the copy."""
    env = {**os.environ, "PYTHONPATH": str(copy)}
    ran = subprocess.run(
        [sys.executable, "-c", OPENING + story], cwd=copy, env=env, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_a_new_platform_is_a_folder_and_a_line(copy: Path) -> None:
    stores = copy / "widget_server" / "stores"
    (stores / "prestashop").mkdir()
    (stores / "prestashop" / "__init__.py").write_text(PLATFORM.lstrip())
    replace(stores / "platforms.py", LINE, f'{LINE}, "prestashop": prestashop')
    replace(stores / "platforms.py", "import generic, shopify", "import generic, prestashop, shopify")
    assert run(copy, PLATFORM_STORY) == "[100]\n"


def test_a_new_kind_of_rule_is_a_row(copy: Path) -> None:
    replace(copy / "widget_server" / "loyalty" / "earning" / "kinds.py", KIND, f"{KIND}\n        {NEW_KIND}")
    assert run(copy, KIND_STORY) == "[50]\n[('survey', 'done')]\n"
