"""What those see who are not in yet: the product, in plain words, and what of it is ready today."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from connectors import registry
from portal.admin import look


@dataclass(frozen=True)
class Offer:
    systems: tuple[str, str]
    """Their keys; the integration between them may go one way or both."""
    source: str
    target: str
    arrow: str
    about: str

    @property
    def ready(self) -> bool:
        """Carried today: the registry knows an integration between the two."""
        pairs = [{one.source, one.target} for one in registry.INTEGRATIONS.values()]
        return set(self.systems) in pairs


OFFERS = (
    Offer(
        ("stripe", "sage_intacct"),
        "Stripe",
        "Sage Intacct",
        "→",
        "Customers, invoices, payments, fees, refunds and credit notes become receivables, receipts and journals that "
        "agree with each payout.",
    ),
    Offer(
        ("stampli", "sage_intacct"),
        "Stampli",
        "Sage Intacct",
        "→",
        "Approved bills and their payments, dropped as files, become bills and bill payments with your vendors, "
        "accounts and dimensions.",
    ),
    Offer(
        ("adobe_commerce", "sage_intacct"),
        "Adobe Commerce",
        "Sage Intacct",
        "⇄",
        "Orders, invoices and credit memos of the shop reach the books; what the books know of customers and stock "
        "goes back to the shop.",
    ),
    Offer(
        ("acumatica", "stripe"),
        "Acumatica",
        "Stripe",
        "⇄",
        "Invoices of the ERP can be paid through Stripe; what was paid, refunded and charged as a fee is booked in "
        "Acumatica.",
    ),
)
"""The same system may be registered under any key of its folder; what is not registered is in preparation."""


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("admin:index")
    context = {"offers": OFFERS, "sign_up": settings.SIGN_UP, "favicon": look.favicon(request)}
    return render(request, "public/front.html", context)
