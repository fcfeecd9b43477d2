"""Oscar's app with this shop's strategy of prices."""

from oscar.apps.partner import apps


class PartnerConfig(apps.PartnerConfig):
    """Named as Oscar looks it up."""

    name = "shop.partner"
