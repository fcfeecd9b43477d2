"""`manage.py fill_shop`: two products, an offer, a country, and the types of payment events."""

import os
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.contrib.sites.models import Site
from django.core.management.base import BaseCommand
from oscar.apps.catalogue.categories import create_from_breadcrumbs
from oscar.core.loading import get_model

GOODS = (("Fern mug", "Mugs", "10.00"), ("Fern", "Plants", "5.00"))


class Command(BaseCommand):
    """Fills an empty shop."""

    help = "Fills an empty shop."

    def handle(self, **_):
        """Create what the story needs; prices are without tax."""
        product_class = get_model("catalogue", "ProductClass").objects.create(name="Goods", track_stock=False)
        partner = get_model("partner", "Partner").objects.create(name="Fern Mugs")
        for title, category, price in GOODS:
            product = get_model("catalogue", "Product").objects.create(title=title, product_class=product_class)
            product.categories.add(create_from_breadcrumbs(category))
            product.stockrecords.create(partner=partner, partner_sku=title, price=Decimal(price), price_currency="EUR")
        self.reduce_mugs()
        get_model("address", "Country").objects.create(
            iso_3166_1_a2="DE", printable_name="Germany", name="Germany", is_shipping_country=True
        )
        for name in ("Paid", "Refunded"):
            get_model("order", "PaymentEventType").objects.create(name=name)
        get_user_model().objects.create_superuser("staff", "staff@shop.example", os.environ["SHOP_STAFF_PASSWORD"])
        Site.objects.update(domain=os.environ["SHOP_ORIGIN"].partition("://")[2], name="Fern Mugs")

    def reduce_mugs(self):
        """10 % off mugs, as an offer of the shop."""
        mugs = get_model("offer", "Range").objects.create(name="Mugs")
        mugs.included_categories.add(get_model("catalogue", "Category").objects.get(name="Mugs"))
        benefit, condition = get_model("offer", "Benefit"), get_model("offer", "Condition")
        get_model("offer", "ConditionalOffer").objects.create(
            name="Mugs reduced",
            exclusive=False,
            condition=condition.objects.create(type=condition.COUNT, range=mugs, value=1),
            benefit=benefit.objects.create(type=benefit.PERCENTAGE, range=mugs, value=10),
        )
