"""The tables of Oscar, unchanged."""

from oscar.apps.shipping.models import *  # noqa: F403
