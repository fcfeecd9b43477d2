"""The outbox: which orders the loyalty server has not been told of in their newest state."""

from django.db import models


class OrderNews(models.Model):
    """One order: it waits while `sent` is below `revision`; without `due_at` it waits for a person."""

    order = models.OneToOneField("order.Order", models.CASCADE, related_name="+")
    friend_code = models.CharField(max_length=64, blank=True)
    revision = models.PositiveIntegerField(default=0)
    sent = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
