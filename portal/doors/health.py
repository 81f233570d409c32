"""Two small pages for machines: is it alive, and how is it doing."""

from django.db import connection
from django.db.models import Count, Min, Q
from django.http import HttpRequest, HttpResponse, JsonResponse

from audit.models import Record, State
from portal.engine import clock, queues
from portal.models import Schedule


def health(request: HttpRequest) -> JsonResponse:
    """200 while the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"ok": True})


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text, computed from the tables: right whatever the number of processes. No name of any workspace."""
    now = clock.now()
    counts = dict.fromkeys(State.values, 0) | dict(Record.objects.order_by().values_list("state").annotate(Count("pk")))
    lines = [f'ml_records{{state="{state}"}} {count}' for state, count in sorted(counts.items())]
    moving = ~Q(state=State.READY) | queues.RELEASED
    due = Record.objects.filter(moving, state__in=[State.DUE, State.READY, State.UNSURE])
    oldest = due.aggregate(Min("due_at"))["due_at__min"]
    lines.append(f"ml_oldest_due_seconds {max(0.0, (now - oldest).total_seconds()) if oldest else 0:.1f}")
    sweep = Schedule.objects.filter(name="sweep").values_list("next_due", flat=True).first()
    if sweep:
        lines.append(f"ml_sweep_late_seconds {max(0.0, (now - sweep).total_seconds()):.1f}")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4")
