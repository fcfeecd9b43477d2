"""Oscar's app with this shop's shipping."""

from oscar.apps.shipping import apps


class ShippingConfig(apps.ShippingConfig):
    """Named as Oscar looks it up."""

    name = "shop.shipping"
