"""The Celery app: `celery -A portal worker -P threads`, and `-B` or a `celery -A portal beat` beside it."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["portal.doors"])


@app.on_after_configure.connect
def beat(sender: Celery, **kwargs: object) -> None:
    from django.conf import settings

    every = settings.WAITS.tick
    sender.conf.beat_schedule = {"tick": {"task": "portal.tick", "schedule": every, "options": {"expires": 2 * every}}}
