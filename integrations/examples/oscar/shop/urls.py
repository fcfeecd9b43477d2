"""Addresses of the example shop: those of Oscar, and two of the loyalty program."""

from django.apps import apps
from django.conf import settings
from django.conf.urls.static import static
from django.urls import include, path
from loyalty.codes import AddCode
from loyalty.visitors import token

urlpatterns = [
    path("loyalty-token/", token),
    path("basket/vouchers/add/", AddCode.as_view()),  # before Oscar's own view of this address
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include(apps.get_app_config("oscar").urls[0])),
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]
