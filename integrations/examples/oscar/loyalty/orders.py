"""Orders go out: each change is noted in the shop's own transaction, and sent until the loyalty server has it."""

import logging
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import F, Model
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone
from loyalty_widget import order_body, request
from oscar.core.loading import get_model

from loyalty.models import OrderNews

SHOP = (settings.LOYALTY_URL, settings.LOYALTY_SHOP_ID, settings.LOYALTY_WEBHOOK_SECRET)
STATUS = {"Pending": "placed", "Paid": "paid", "Complete": "fulfilled", "Cancelled": "cancelled"}
log = logging.getLogger("loyalty")


def coins(money: Decimal) -> int:
    """Returns an amount of Oscar, a decimal of up to four places, in whole coins."""
    return int((money * 100).quantize(Decimal(1), ROUND_HALF_UP))


def person(user: AbstractBaseUser) -> dict[str, object]:
    """Oscar lets everybody register with any address, so `email_verified` is false."""
    return {"id": str(user.pk), "email": user.email, "email_verified": False, "name": user.get_full_name()}


def body_of(news: OrderNews) -> dict[str, object]:
    """Returns the whole order as it is now. All amounts contain tax, as `tax_included` says."""
    order = news.order
    return order_body(
        {
            "id": order.number,
            "number": order.number,
            "status": STATUS[order.status],
            "currency": order.currency,
            "placed_at": order.date_placed.isoformat(),
            "revision": news.revision,
            "tax_included": True,
            "customer": person(order.user) if order.user else {"id": None, "email": order.guest_email},
            "lines": [_line(one) for one in order.lines.all()],
            "shipping": coins(order.shipping_incl_tax),
            "shipping_tax": coins(order.shipping_incl_tax - order.shipping_excl_tax),
            "coupon_codes": [one.voucher_code for one in order.discounts.all() if one.voucher_code],
            "landing_referral": news.friend_code or None,
            "refunds": [_refund(one) for one in order.payment_events.filter(event_type__code="refunded")],
            "refunds_complete": True,
        }
    )


def _line(line: Model) -> dict[str, object]:
    before, after = coins(line.line_price_before_discounts_incl_tax), coins(line.line_price_incl_tax)
    return {
        "id": str(line.pk),
        "product_id": str(line.product_id) if line.product_id else None,
        "collection_ids": [str(one.pk) for one in line.product.get_categories()] if line.product else [],
        "name": line.title,
        "quantity": line.quantity,
        "subtotal": before,
        "discount": before - after,
        "tax": after - coins(line.line_price_excl_tax),
    }


def _refund(event: Model) -> dict[str, object]:
    lines = [
        {
            "line_id": str(one.line_id),
            "quantity": one.quantity,
            "amount": coins(one.line.line_price_incl_tax * one.quantity / one.line.quantity),
        }
        for one in event.line_quantities.select_related("line")
    ]
    when = event.date_created.isoformat()
    return {"id": str(event.pk), "amount": coins(event.amount), "lines": lines, "created_at": when}


@receiver(post_save, sender=get_model("order", "Order"))
@receiver(post_save, sender=get_model("order", "PaymentEvent"))
def note(instance: Model, **_: object) -> None:
    """Note that the order of this row changed."""
    news, _ = OrderNews.objects.get_or_create(order=getattr(instance, "order", instance))
    OrderNews.objects.filter(pk=news.pk).update(revision=F("revision") + 1, failures=0, due_at=timezone.now())


def send_due() -> None:
    """Send each order that is due. After no response, 429 and 5xx it is due again, after a pause that doubles."""
    for news in OrderNews.objects.filter(sent__lt=F("revision"), due_at__lte=timezone.now()).select_related("order"):
        try:
            status, said = request(*SHOP, "order", body_of(news))
        except OSError as problem:  # nobody is there
            status, said = 503, problem
        except Exception:  # an order with a status that is not in STATUS does not stop the others
            log.exception("order %s cannot be sent", news.order.number)
            status, said = 0, "not sent"
        log.info("order %s, revision %s: %s %s", news.order.number, news.revision, status, said)
        pause = min(settings.LOYALTY_PAUSE_SECONDS * 2 ** min(news.failures, 30), 86_400)
        if status == 200:  # "parked" too: its reason is logged here and shown to the owner
            after = {"sent": news.revision}
        elif status in (408, 429) or status >= 500:
            after = {"failures": news.failures + 1, "due_at": timezone.now() + timedelta(seconds=pause)}
        else:
            after = {"due_at": None}  # repeating does not help: a person has to look
        OrderNews.objects.filter(pk=news.pk, revision=news.revision).update(**after)
