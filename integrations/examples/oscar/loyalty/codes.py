"""Codes come in: a code of the loyalty program becomes a voucher of Oscar when a shopper types it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Model
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.forms import Form
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from loyalty_widget import amount, request
from oscar.core.loading import get_class, get_model

from loyalty.orders import SHOP, coins, person

Range, Condition, Benefit, ConditionalOffer = (
    get_model("offer", name) for name in ("Range", "Condition", "Benefit", "ConditionalOffer")
)
Voucher, VoucherApplication = get_model("voucher", "Voucher"), get_model("voucher", "VoucherApplication")
OURS, ALONE = "Loyalty", "Loyalty, with no other code:"  # how the names of our vouchers begin
WHY_NOT = {
    "not_yours": "This code belongs to somebody else.",
    "below_minimum": "The basket is below the minimum of this code.",
    "other_collection": "This code is for other goods.",
    "product_missing": "Put the free product into the basket first.",
    "used": "This code has been used.",
    "expired": "This code has expired.",
    "no_response": "Codes of the loyalty program cannot be checked now. Please try again later.",
}


def ask(code: str, basket: Model, user: AbstractBaseUser | AnonymousUser) -> dict[str, Any]:
    """Returns what the loyalty server says about a code and this basket; prices with tax, as the shopper sees them."""
    lines = [
        {
            "product_id": str(line.product_id),
            "quantity": line.quantity,
            "collection_ids": [str(one.pk) for one in line.product.get_categories()],
        }
        for line in basket.all_lines()
    ]
    cart = {"code": code, "currency": basket.currency, "subtotal": amount(coins(basket.total_incl_tax)), "lines": lines}
    cart["customer"] = person(user) if user.is_authenticated else None
    try:
        status, said = request(*SHOP, "coupons/check", cart)
    except OSError:
        status, said = 503, None
    return said if status == 200 and said else {"valid": False, "reason": "no_response", "code": None}


def learn(said: dict[str, Any]) -> None:
    """Make the voucher of a valid code, or bring its amount and its end up to date."""
    code, discount, kind = said["code"], said["discount"], said["discount"]["type"]
    end = parse_datetime(said["expires_at"]) if said["expires_at"] else timezone.now() + timedelta(days=1)
    value = {"amount": discount["amount"], "percent": discount["percent"]}.get(kind, 100)
    voucher = Voucher.objects.filter(code=code).first()
    if voucher:
        Voucher.objects.filter(pk=voucher.pk).update(end_datetime=end)
        Benefit.objects.filter(offers__vouchers=voucher).update(value=value)
        return
    goods, _ = Range.objects.get_or_create(name="All goods", defaults={"includes_all_products": True})
    if kind == "free_product" or said["collection_ids"]:
        goods, _ = Range.objects.get_or_create(name=f"{OURS} {code}", is_public=False)
        goods.included_categories.set(said["collection_ids"])
        if kind == "free_product":
            goods.add_product(get_model("catalogue", "Product").objects.get(pk=discount["product_id"]))
    types = {"amount": Benefit.FIXED, "free_shipping": Benefit.SHIPPING_PERCENTAGE}
    benefit = Benefit.objects.create(
        type=types.get(kind, Benefit.PERCENTAGE),
        range=None if kind == "free_shipping" else goods,
        value=value,
        max_affected_items=1 if kind == "free_product" else None,
    )
    minimum = Decimal(said["minimum_subtotal"] or "0.01")
    offer = ConditionalOffer.objects.create(
        name=f"{OURS} {code}",
        offer_type=ConditionalOffer.VOUCHER,
        condition=Condition.objects.create(type=Condition.VALUE, range=goods, value=minimum),
        benefit=benefit,
        exclusive=False,  # goods that are reduced already can be bought with a code
        max_basket_applications=1,  # otherwise Oscar takes an amount off once for each piece
    )
    voucher = Voucher.objects.create(
        name=f"{OURS if said['combines'] else ALONE} {code}",
        code=code,
        usage=Voucher.SINGLE_USE,
        start_datetime=timezone.now() - timedelta(minutes=1),
        end_datetime=end,
    )
    voucher.offers.add(offer)


@receiver(post_save, sender=get_model("order", "Order"))
def release(instance: Model, **_: object) -> None:
    """A cancelled order frees its codes: at the loyalty server by its status, and here."""
    if instance.status == "Cancelled":
        VoucherApplication.objects.filter(order=instance, voucher__name__startswith=OURS).delete()


class AddCode(get_class("basket.views", "VoucherAddView")):
    """Oscar's view that adds a voucher to the basket; the page's listener gives the JSON to the widget."""

    def form_valid(self, form: Form) -> HttpResponse:
        """Ask the loyalty server first, then do what Oscar does with any voucher."""
        basket, code = self.request.basket, form.cleaned_data["code"]
        said = ask(code, basket, self.request.user) if basket.id else {"valid": False, "reason": "unknown"}
        code = form.cleaned_data["code"] = said.get("code") or code
        others = basket.vouchers.exclude(code=code) if basket.id else Voucher.objects.none()
        own = Voucher.objects.filter(code=code).exclude(name__startswith=OURS).exists()
        if said["valid"]:
            learn(said)
        if others.filter(name__startswith=ALONE).exists() or (
            said["valid"] and not said["combines"] and others.exists()
        ):
            messages.error(self.request, "This code cannot be used together with another one.")
        elif not said["valid"] and said["reason"] != "unknown" and not own:
            messages.error(self.request, WHY_NOT.get(said["reason"], "This code cannot be used now."))
        else:
            super().form_valid(form)
        if "application/json" not in self.request.headers.get("accept", ""):
            return redirect("basket:summary")
        told = [str(one) for one in messages.get_messages(self.request)]
        is_in = bool(basket.id) and basket.vouchers.filter(code=code).exists()
        return JsonResponse({"ok": is_in, "reason": told[-1] if told else "The basket is empty."})
