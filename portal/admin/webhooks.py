"""The webhook of a connection as a person sets it up: address, signing secrets while they are rolled, and what came."""

from typing import Any

from django import forms

from audit.models import Delivery
from connectors.base import Hook
from portal.doors.hooks import fits
from portal.engine import access
from portal.models import Connection


class HookSecret(forms.Form):
    secret = forms.CharField(
        label="Signing secret",
        max_length=500,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
        help_text="What the outside system shows beside the webhook that you made there.",
    )
    keep = forms.BooleanField(
        label="Keep the earlier secret valid too",
        required=False,
        help_text="While you are changing from one secret to the next. Retire the earlier one afterwards.",
    )


def context(row: Connection, of: Hook) -> dict[str, Any]:
    """Two queries, however many deliveries there are."""
    last = Delivery.objects.filter(connection=row).order_by("-pk")
    genuine = last.exclude(status=Delivery.Status.REFUSED).first()
    secrets = row.hook_secrets()
    return {
        "hook": access.hook_url(row),
        "hook_events": of.events,
        "hook_secrets": len(secrets),
        "hook_rolled": fits(genuine, row, secrets[:1]) if genuine and len(secrets) > 1 else False,
        "genuine": genuine,
        "refused": last.filter(status=Delivery.Status.REFUSED).first(),
    }
