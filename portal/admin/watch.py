"""Operators come into every workspace; each workspace's trail says so. What they change stands there by itself."""

from collections.abc import Iterable
from datetime import UTC
from typing import Any

from django.http import HttpRequest

from audit import trail
from audit.models import TrailEntry
from portal.admin import roles
from portal.engine import clock

LOOKED = "operator.looked"


def looked(request: HttpRequest, model: Any, workspaces: Iterable[int]) -> None:
    """Written once per operator, workspace and day (UTC), at the first page that shows rows of it. The rows of a
    workspace in which the operator is a member are his own."""
    strange = {one for one in workspaces if one and one not in roles.all_of(request)} if roles.operator(request) else ()
    if not strange:
        return
    now = clock.now()
    name = f"{request.user.get_username()} (operator)"
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    today = TrailEntry.objects.filter(workspace__in=strange, at__gte=midnight, actor=name, what=LOOKED)
    known = set(today.values_list("workspace_id", flat=True))
    said = f"an operator looked into the workspace today, at first at {model._meta.verbose_name_plural}"
    trail.write(trail.entry(one, LOOKED, at=now, said=said, actor=name) for one in sorted(set(strange) - known))
