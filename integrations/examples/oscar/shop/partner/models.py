"""The tables of Oscar, unchanged."""

from oscar.apps.partner.models import *  # noqa: F403
