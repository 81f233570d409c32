"""Letters: the texts are in templates/mail, the links lead to PUBLIC_URL (never to the host that a request names)."""

import hashlib
import logging
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse

from portal.engine import clock
from portal.people.models import Letter
from portal.people.places import address

PER_ADDRESS = 5
"""Letters of all kinds to one address, an hour."""
PER_PLACE = {"invitation": 100}
"""Kind → letters that one network address may ask for, an hour."""
FROM_ONE_PLACE = 20

log = logging.getLogger(__name__)


class NotSent(Exception):
    """No letter went out; the sentence is for the person, and tells nothing about the address."""


def send(request: HttpRequest, kind: str, to: str, **context: Any) -> None:
    """Sends templates/mail/KIND.txt: the first line is the subject. Never inside a transaction."""
    _count(request, kind.partition(".")[0], to)
    text = render_to_string(f"mail/{kind}.txt", {**context, "product": "ml-connector", "home": settings.PUBLIC_URL})
    subject, _, body = text.strip().partition("\n")
    try:
        EmailMessage(subject, body.strip() + "\n", to=[to]).send()
    except (SMTPException, OSError) as error:
        log.warning("a letter of kind %s was not sent: %s", kind, type(error).__name__)
        raise NotSent("The letter could not be sent just now. Try again later, or tell the operators.") from None


def link(name: str, *args: Any) -> str:
    return settings.PUBLIC_URL.rstrip("/") + reverse(name, args=args)


def _count(request: HttpRequest, kind: str, to: str) -> None:
    now = clock.now()
    digest = hashlib.sha256(f"{settings.SECRET_KEY}|{to.lower()}".encode()).hexdigest()
    Letter.objects.filter(at__lt=now - Letter.KEPT).delete()
    lately = Letter.objects.filter(at__gt=clock.in_seconds(-3600, now))
    here = lately.filter(asked_from=address(request), kind=kind).count()
    if here >= PER_PLACE.get(kind, FROM_ONE_PLACE) or lately.filter(to=digest).count() >= PER_ADDRESS:
        raise NotSent("Too many letters were asked for within an hour. Look into the mailbox, or wait.")
    Letter.objects.create(kind=kind, to=digest, asked_from=address(request), at=now)
