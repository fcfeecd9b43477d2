"""Who is here: the script tag, the token of a signed-in customer, and the friend's code a visitor came with."""

from collections.abc import Callable

from django.conf import settings
from django.db.models import Model
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from loyalty_widget import identity_token
from oscar.apps.checkout.signals import post_checkout

from loyalty.models import OrderNews
from loyalty.orders import person

View = Callable[[HttpRequest], HttpResponse]


def script_source(request: HttpRequest) -> dict[str, str]:
    """Context processor: the address of the script."""
    return {"loyalty_script": f"{settings.LOYALTY_URL}/widget.js?shop={settings.LOYALTY_EMBED_KEY}"}


@never_cache
def token(request: HttpRequest) -> HttpResponse:
    """What `data-identity-url` names: a token for a signed-in customer, 204 for everybody else."""
    if not request.user.is_authenticated:
        return HttpResponse(status=204)
    secret = settings.LOYALTY_IDENTITY_SECRET
    return JsonResponse({"token": identity_token(settings.LOYALTY_SHOP_ID, secret, person(request.user))})


def keep_friend_code(get_response: View) -> View:
    """Middleware: keeps the code of `?ref=` in the session."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.GET.get("ref"):
            request.session["loyalty_friend"] = request.GET["ref"][:64]
        return get_response(request)

    return middleware


@receiver(post_checkout)
def note_friend(order: Model, request: HttpRequest, **_: object) -> None:
    """The order says by whose code its buyer came; still in the transaction that stores it."""
    OrderNews.objects.filter(order=order).update(friend_code=request.session.get("loyalty_friend", ""))
