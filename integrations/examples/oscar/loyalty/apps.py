"""The loyalty program as an app of the shop."""

from django.apps import AppConfig


class LoyaltyConfig(AppConfig):
    """Listens to the shop's orders from the start."""

    name = "loyalty"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        """Connect the receivers."""
        from loyalty import codes, orders, visitors  # noqa: F401, PLC0415
