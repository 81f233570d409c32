"""Sign-ins, second factors, invitations, and what keeps letters from becoming a flood."""

import hashlib
import secrets
import time
from base64 import b32encode
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import QuerySet
from django_otp.models import Device, ThrottlingMixin
from django_otp.oath import TOTP

from portal import sealed

ISSUER = "ml-connector"
STEP = 30
"""Seconds that a code of the authenticator counts; one step before and one after are taken too."""
NOBODY = 0
"""Secrets of a person belong to no workspace."""


class Session(AbstractBaseSession):
    """A sign-in of a browser. Deleting the row ends it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="sessions")
    ip = models.CharField(max_length=45, blank=True)
    agent = models.CharField(max_length=300, blank=True)
    made_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)

    class Meta(AbstractBaseSession.Meta):
        abstract = False

    @classmethod
    def get_session_store_class(cls) -> Any:
        from portal.people.sessions import SessionStore  # noqa: PLC0415 - the store needs this model

        return SessionStore


class SecondFactor(ThrottlingMixin, Device):
    """An authenticator's shared secret, sealed. Until it is confirmed by its first code it does nothing."""

    FIELD = "person.second_factor"
    MOST_COUNTED = 10
    """Wrong codes in a row that make the wait longer."""

    sealed_key = models.BinaryField()
    last_step = models.BigIntegerField(default=-1, help_text="a code counts once")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user"], name="second_factor_once")]

    @property
    def key(self) -> bytes:
        value: str = sealed.unseal(bytes(self.sealed_key), workspace_id=NOBODY, field=f"{self.FIELD}.{self.user_id}")
        return bytes.fromhex(value)

    @key.setter
    def key(self, value: bytes) -> None:
        self.sealed_key = sealed.seal(value.hex(), workspace_id=NOBODY, field=f"{self.FIELD}.{self.user_id}")

    @property
    def typed_key(self) -> str:
        """For those who cannot scan: in groups of four."""
        text = b32encode(self.key).decode()
        return " ".join(text[at : at + 4] for at in range(0, len(text), 4))

    @property
    def url(self) -> str:
        """What the QR code says: key-URI format, as authenticators read it."""
        label = quote(f"{ISSUER}:{self.user.get_username()}")
        query = urlencode({"secret": b32encode(self.key).decode(), "issuer": ISSUER})
        return f"otpauth://totp/{label}?{query}"

    def get_throttle_factor(self) -> int:
        """Seconds after the first wrong code; doubled with each further one."""
        return 1

    def throttle_increment(self, commit: bool = True) -> None:  # noqa: FBT001, FBT002 - the base class has it so
        """The wait ends growing at about eight minutes: who knows the password only must not lock the owner out for
        ever."""
        super().throttle_increment(commit=False)
        self.throttling_failure_count = min(self.throttling_failure_count, self.MOST_COUNTED)  # type: ignore[has-type]
        if commit:
            self.save()

    def verify_token(self, token: str) -> bool:
        """A code of the authenticator, or a recovery code. Each counts once; wrong ones in a row take ever longer."""
        if not self.verify_is_allowed()[0]:
            return False
        fits = self._is_code(token) if token.isascii() and token.isdigit() else self._is_recovery_code(token)
        if fits:
            self.throttle_reset(commit=False)
            self.save()
        else:
            self.throttle_increment()
        return fits

    def _is_code(self, token: str) -> bool:
        totp = TOTP(self.key, STEP)
        totp.time = time.time()
        if len(token) != 6 or not totp.verify(int(token), tolerance=1, min_t=self.last_step + 1):
            return False
        self.last_step = totp.t()
        return True

    def _is_recovery_code(self, token: str) -> bool:
        used = self.user.recovery_codes.filter(digest=RecoveryCode.digest_of(self.user_id, token))
        return bool(used.delete()[0])


class RecoveryCode(models.Model):
    """One way in without the authenticator. Only its digest is kept: the code is random, 79 bits, and shown once."""

    ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
    COUNT = 10

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "digest"], name="recovery_code_once")]

    def __str__(self) -> str:
        return f"a recovery code of {self.user}"

    @staticmethod
    def digest_of(user_id: int, code: str) -> str:
        """However it is typed: spaces, dashes and capitals do not count."""
        plain = "".join(letter for letter in code.lower() if letter.isalnum())
        return hashlib.sha256(f"{user_id}|{plain}".encode()).hexdigest()

    @staticmethod
    def renew(user: User) -> list[str]:
        """Ten new ones; the earlier ones are gone."""
        codes = ["".join(secrets.choice(RecoveryCode.ALPHABET) for _ in range(16)) for _ in range(RecoveryCode.COUNT)]
        RecoveryCode.objects.filter(user=user).delete()
        RecoveryCode.objects.bulk_create(
            [RecoveryCode(user=user, digest=RecoveryCode.digest_of(user.pk, code)) for code in codes]
        )
        return ["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in codes]


class Invitation(models.Model):
    """A place in a workspace for whoever reads the mail of an address. Counts once, until it expires or is revoked."""

    workspace = models.ForeignKey("portal.Workspace", models.CASCADE, related_name="invitations")
    email = models.EmailField(max_length=150)
    role = models.CharField(max_length=8)
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.CharField(max_length=160)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.email

    @staticmethod
    def digest_of(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    @staticmethod
    def pending(now: datetime) -> QuerySet["Invitation"]:
        return Invitation.objects.filter(accepted_at=None, revoked_at=None, expires_at__gt=now)


class Letter(models.Model):
    """That a letter went out, and why: so that nobody makes this portal flood a mailbox. Addresses are digests."""

    KEPT = timedelta(days=1)

    kind = models.CharField(max_length=20)
    to = models.CharField(max_length=64)
    asked_from = models.CharField(max_length=45)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["to", "at"]), models.Index(fields=["asked_from", "at"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.at}"
