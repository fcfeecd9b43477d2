"""Prices as themes print them, read by one function for every badge (acceptance 12)."""

import json
import re
import subprocess
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.browser.conftest import Visitor
from tests.browser.frameworks import ESBUILD, FOLDER
from tests.browser.pages import add_page, script_tag, settles

Make = Callable[..., Visitor]
SOURCE = FOLDER.parents[1] / "widget_static" / "src" / "price.ts"


def read(texts: list[str], decimals: int = 2) -> list[str | None]:
    """What the function makes of each text, for a currency of so many decimals."""
    build = [str(ESBUILD), str(SOURCE), "--bundle", "--format=iife", "--global-name=price"]
    code = subprocess.run(build, check=True, capture_output=True, text=True).stdout
    code += f"console.log(JSON.stringify({json.dumps(texts)}.map((text) => price.readPrice(text, {decimals}))))"
    done = subprocess.run(["node", "-"], input=code, check=True, capture_output=True, text=True)
    found: list[str | None] = json.loads(done.stdout)
    return found


PRINTED = {
    "19.80": "19.80",
    "1299": "1299",
    "1.299": "1.299",  # a bare number is read as programs write it
    "12,50": "12.50",
    "12,5": "12.5",
    "€1,299.00": "1299.00",
    "1 299,00 kr": "1299.00",
    "1\u00a0299,00\u00a0kr": "1299.00",
    "1\u202f299,00 €": "1299.00",
    "1.299,00": "1299.00",
    "1.299 €": "1299",
    "1,299": "1299",
    "1.299.000 đ": "1299000",
    "CHF 1'299.50": "1299.50",
    "CHF 1’299.–": "1299",
    "12,-": "12",
    "Rs. 1,29,900.00": "129900.00",
    "US$ 0.99": "0.99",
    "0,500 €": "0.500",
    "¥12,800": "12800",
    "1 299,500": "1299.500",
    "١٢٫٥٠": "12.50",
    "١٬٢٩٩٫٠٠ ر.س": "1299.00",
    "۱۲۵۰": "1250",
    " 007.50 ": "7.50",
}
NO_PRICE = [
    *("", "free", "-5", "−5,00 €", "-€5", "€10 – €20", "12,50 / 100 ml", "12.34.56", "1,2,3", "12 34", "1.299,00,1"),
    *("9999999999", "1e5", "1.1234567"),
]


def test_printed_prices_are_read() -> None:
    assert dict(zip(PRINTED, read(list(PRINTED)), strict=True)) == PRINTED


def test_what_is_no_price_is_none() -> None:
    assert dict(zip(NO_PRICE, read(NO_PRICE), strict=True)) == dict.fromkeys(NO_PRICE)


def test_three_digits_after_the_only_mark_are_decimals_where_the_currency_has_three() -> None:
    assert read(["KWD 1.299", "1,500 د.ك", "12,800.250"], 3) == ["1.299", "1.500", "12800.250"]


@pytest.mark.parametrize(
    "marks", [(",", "."), (".", ","), (" ", ","), ("\u00a0", ","), ("'", "."), ("", ","), ("٬", "٫")]
)
def test_whatever_a_shop_writes_between_its_digits_the_amount_is_the_same(marks: tuple[str, str]) -> None:
    thousands, point = marks

    @settings(max_examples=5, deadline=None)
    @given(st.lists(st.decimals(0, 999_999_999, places=2), min_size=50, max_size=50))
    def holds(amounts: list[Decimal]) -> None:
        texts = [f"{amount:,.2f}".translate(str.maketrans({",": thousands, ".": point})) + " €" for amount in amounts]
        assert [Decimal(one or -1) for one in read(texts)] == amounts

    holds()


def test_badges_read_them_and_say_once_on_the_console_which_they_cannot(visitor: Make) -> None:
    ann = visitor()
    badge = "<p data-loyalty-points-for='p1' data-loyalty-price='{}' data-loyalty-tax='{}'></p>"
    body = badge.format("1.299,00 €", "") + badge.format("119,00 €", "19,00 €") + badge.format("ask us", "")
    body = body.replace(" data-loyalty-tax=''", "")
    add_page(ann, "/test/prices", head=script_tag(ann.demo), body=body)
    ann.visits("/test/prices")
    badges = ann.page.locator("[data-loyalty-points-for]")
    badges.nth(1).filter(has_text="points").wait_for()
    plain, taxed, none = (re.sub(r"\D", "", one) for one in badges.all_inner_texts())
    assert (int(plain) * 100 // 1299, none) == (int(taxed), "")
    ann.page.evaluate("document.body.append(document.createElement('i'))")
    badges.first.evaluate("(badge) => { badge.dataset.loyaltyPrice = '12,50'; }")
    settles(ann)
    warned = [line for line in ann.complaints if "cannot be read" in line]
    assert warned == ann.complaints
    assert len(warned) == 1
