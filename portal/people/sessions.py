"""Sessions that know whose they are, so that a person can see and end them. Named by SESSION_ENGINE."""

from datetime import datetime
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from portal.people.models import Session

ABOUT = "about"
"""What a sign-in notes in its session: ip, agent, and when it was made."""


class SessionStore(DatabaseStore):
    seen_at: datetime | None = None
    """When it was noted last, as loaded."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def load(self) -> dict[str, Any]:
        row = self._get_session_from_db()  # type: ignore[attr-defined]
        self.seen_at = row.seen_at if row else None
        return self.decode(row.session_data) if row else {}

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        row: Any = super().create_model_instance(data)
        about = data.get(ABOUT, {})
        row.user_id = data.get(SESSION_KEY)
        row.ip = about.get("ip", "")
        row.agent = about.get("agent", "")
        row.made_at = parse_datetime(about["at"]) if about else None
        row.seen_at = timezone.now()
        return row
