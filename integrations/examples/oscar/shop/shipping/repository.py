"""Shipping of this shop: one method with one price."""

from decimal import Decimal

from oscar.apps.shipping import methods, repository


class Parcel(methods.FixedPrice):
    """4.90 with tax."""

    code, name = "parcel", "Parcel"
    charge_excl_tax, charge_incl_tax = Decimal("4.12"), Decimal("4.90")


class Repository(repository.Repository):
    """Named as Oscar looks it up."""

    methods = (Parcel(),)
