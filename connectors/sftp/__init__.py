"""SFTP: the twin of `connectors.http`. The same guard of addresses, the same slots, a deadline for everything.

Over paramiko's transport: no agent, no key files, no configuration of the machine's user is ever looked at.
"""

from connectors.sftp.connecting import About, HostKeyChanged, Login, Waits
from connectors.sftp.keys import HostKey, host_keys, looks_wrong, private_key
from connectors.sftp.packets import ClearError, Entry, Stat, StatusError, shown
from connectors.sftp.session import (
    ChangingError,
    NotAFileError,
    Read,
    Session,
    SftpWire,
    TooLargeError,
    is_file,
    is_folder,
    same,
)

__all__ = [
    "About",
    "ChangingError",
    "ClearError",
    "Entry",
    "HostKey",
    "HostKeyChanged",
    "Login",
    "NotAFileError",
    "Read",
    "Session",
    "SftpWire",
    "Stat",
    "StatusError",
    "TooLargeError",
    "Waits",
    "host_keys",
    "is_file",
    "is_folder",
    "looks_wrong",
    "private_key",
    "same",
    "shown",
]
