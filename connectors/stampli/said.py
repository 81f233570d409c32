"""What the server says no to → our error, and what to tell the person. By code first; its words are only shown."""

from typing import Final

from connectors.errors import ConnectorError, Denied, Refused, Unavailable
from connectors.files import Changed, FileRejected
from connectors.sftp import StatusError
from connectors.sftp.packets import EXISTS, NO_SUCH_FILE, PERMISSION_DENIED, UNSUPPORTED

ASK: Final = "Ask Stampli, or whoever runs the server,"


def of_listing(folder: str, status: StatusError) -> ConnectorError:
    if status.code == NO_SUCH_FILE:
        cure = "Correct the outbound folder in the connection; upper and lower case count."
        return Denied(f"There is no folder {folder}: {status.text}", code="folder.missing", cure=cure)
    if status.code == PERMISSION_DENIED:
        cure = f"{ASK} to let this user list it."
        return Denied(f"The folder {folder} may not be listed: {status.text}", code="folder.not_allowed", cure=cure)
    said = f"The folder {folder} could not be listed: {status.text}"
    return Unavailable(said, sent=False, code="folder.failed")


def of_reading(path: str, status: StatusError) -> ConnectorError:
    if status.code == NO_SUCH_FILE:
        return Changed(f"{path} was there and is gone.", code="file.gone")
    if status.code == PERMISSION_DENIED:
        cure = f"{ASK} to let this user read it; it is tried again at each look."
        said = f"{path} may not be read: {status.text}"
        return Refused(said, cause="settings", code="file.not_allowed", value=path, cure=cure)
    return Unavailable(f"{path} could not be read: {status.text}", sent=False, code="file.failed")


def of_moving(path: str, target: str, status: StatusError) -> Refused:
    """`target` is empty where it was to be deleted. Nothing was changed."""
    where = f"{path} to {target}" if target else path
    verb = "moved" if target else "deleted"
    if status.code == PERMISSION_DENIED:
        cure = f"{ASK} to let this user {'rename in both folders' if target else 'delete there'}, or set the archive"
        return _not_away(
            "not_allowed", f"{where} may not be {verb}: {status.text}", path, f"{cure} mode of the connection to leave."
        )
    if status.code == UNSUPPORTED:
        cure = "Set the archive mode of the connection to delete or leave."
        return _not_away("unsupported", f"The server cannot do that to {where}: {status.text}", path, cure)
    if status.code == EXISTS:
        return of_taken(path, target)
    cure = f"{ASK} why; folders on different disks cannot be moved between. It is tried again at each look."
    return _not_away("failed", f"{where} was not {verb}: {status.text}", path, cure)


def of_missing_folder(path: str, folder: str) -> Refused:
    cure = f"Make the folder {folder}, or let it be made in the settings of the connection."
    return _not_away("missing_folder", f"There is no folder {folder}.", path, cure)


def of_taken(path: str, target: str) -> Refused:
    return _not_away("taken", f"{target} is there already.", path, "Look at both files; nothing is overwritten.")


def of_gone(path: str) -> Changed:
    return Changed(f"{path} is gone, and not to where it would have been put.", code="file.gone")


def of_changed(path: str) -> Changed:
    return Changed(f"{path} is not what was seen there before; it is looked at anew.")


def of_too_large(path: str, size: int, most: int) -> FileRejected:
    cure = "Have smaller files exported, or raise the limit in the settings of the connection."
    return FileRejected(f"{path} has {size} bytes; {most} are read at most.", code="too_large", value=path, cure=cure)


def _not_away(code: str, said: str, path: str, cure: str) -> Refused:
    return Refused(said, cause="settings", code=f"archive.{code}", value=path, cure=cure)
