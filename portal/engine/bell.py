"""The doorbell: says that a lane has work. Losing a ring makes work late, never lost."""

import logging

from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

from portal.engine import lanes

log = logging.getLogger(__name__)


def ring(lane_id: int) -> None:
    lanes.ring(lane_id)
    if not settings.REDIS_URL:
        return
    try:
        current_app.send_task("portal.drain_lane", args=[lane_id])
    except (OperationalError, OSError) as error:
        log.warning("the broker does not answer (%s); the sweep will do it", type(error).__name__)
