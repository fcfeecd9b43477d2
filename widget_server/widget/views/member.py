"""The member's own data, as the panel shows it."""

from widget_server.loyalty.people.customers import Customer
from widget_server.widget.shapes.member import Member


def member(customer: Customer) -> Member:
    """Returns the data that members see about themselves."""
    return {
        "name": customer.name,
        "email": customer.email,
        "email_verified": customer.email_verified,
        "can_verify_email": customer.email_key is not None and not customer.email_verified,
        "birthday": customer.birthday,
        "has_password": customer.password_hash is not None,
    }
