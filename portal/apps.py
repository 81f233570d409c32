from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.db.models import F
from django.db.models.signals import post_delete, post_save


class PortalConfig(AppConfig):
    name = "portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from mappings.models import Mapping, Period
        from portal.engine.access import load_plugins
        from portal.models import Connection, FlowSetting, Link, Workspace
        from portal.people import devices

        load_plugins()
        user_logged_in.connect(devices.note_sign_in, dispatch_uid="note_sign_in")
        post_save.connect(devices.end_when_closed, sender=settings.AUTH_USER_MODEL, dispatch_uid="end_when_closed")
        for model in (Mapping, Period, Connection, Link, FlowSetting, Workspace):
            for signal in (post_save, post_delete):
                signal.connect(grow_revision, sender=model, dispatch_uid=f"{model.__name__}.{id(signal)}")
        post_save.connect(move_slots, sender=Workspace, dispatch_uid="Workspace.slots")


def grow_revision(sender: type, instance: Any, **kwargs: object) -> None:
    """Whatever a prepared document may have asked has changed: in the same transaction the workspace's revision grows,
    and what was prepared under an earlier one is prepared again."""
    from portal.models import Workspace

    owner = instance
    for step in ("link", "connection"):
        owner = getattr(owner, step, owner)
    workspace_id = instance.pk if sender is Workspace else owner.workspace_id
    Workspace.objects.filter(pk=workspace_id).update(revision=F("revision") + 1)


def move_slots(sender: type, instance: Any, **kwargs: object) -> None:
    """The time zone of a workspace may be another now: its flows run by that."""
    from portal.engine import schedules

    schedules.move_zone(instance)
