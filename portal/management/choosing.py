"""The workspace that a command is told."""

from django.core.management.base import CommandError

from portal.models import Workspace


def named(name: str) -> Workspace:
    """By its name, or by `#` and its number where several are called so."""
    try:
        workspace = Workspace.named(name)
    except Workspace.MultipleObjectsReturned as several:
        raise CommandError(str(several)) from None
    if workspace is None:
        raise CommandError(f"There is no workspace {name}.")
    return workspace
