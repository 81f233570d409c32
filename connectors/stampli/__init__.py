"""Stampli as a source: files that it drops into a folder, fetched over SFTP."""

import re
from dataclasses import dataclass
from typing import Final

from connectors.base import Limits, System, ask, secret
from connectors.errors import Malformed
from connectors.files import FEED
from connectors.sftp import looks_wrong
from connectors.stampli.away import target_name
from connectors.stampli.client import Stampli
from connectors.stampli.files import Rules
from connectors.stampli.names import below, folder_fault
from connectors.stampli.settings import Settings, settings_of

_HOST: Final = re.compile(r"[A-Za-z0-9_.-]+|[0-9a-fA-F:.]+")


@dataclass(frozen=True)
class Credentials:
    host: str = ask("Host", help="Of the SFTP server that Stampli drops its files at, such as sftp.example.com.")
    username: str = ask("User name")
    company_id: str = ask("Company ID", help="By which Stampli knows your company. It keeps your records apart.")
    outbound_folder: str = ask(
        "Outbound folder", help="Where the files appear, as the user sees it after signing in: /outbound for instance."
    )
    port: int = ask("Port", default=22)
    password: str = secret("Password", default="", help="Or a private key, or both where the server wants two steps.")
    private_key: str = secret(
        "Private key",
        default="",
        lines=True,
        help="OpenSSH or PEM, whole, with its first and last line: ED25519, ECDSA, or RSA of 2048 bits and more.",
    )
    passphrase: str = secret("Passphrase", default="", help="Of the private key, if it has one.")
    archive_folder: str = ask(
        "Archive folder", default="archive", help="Where files go that are done. Below the outbound folder, or from /."
    )
    error_folder: str = ask("Error folder", default="error", help="Where files go that cannot be read. As above.")

    def __post_init__(self) -> None:
        if not _HOST.fullmatch(self.host):
            raise Malformed("host", "is not a host name: leave out sftp://, user and folder")
        if not 0 < self.port < 65_536:
            raise Malformed("port", "is between 1 and 65535", value=str(self.port))
        if not self.password and not self.private_key.strip():
            raise Malformed("password", "is missing, and so is a private key; one of them is needed")
        if self.private_key.strip() and (wrong := looks_wrong(self.private_key)):
            raise Malformed("private_key", wrong)
        for name in ("outbound_folder", "archive_folder", "error_folder"):
            if fault := folder_fault(getattr(self, name)):
                raise Malformed(name, fault)
        for name in ("archive_folder", "error_folder"):
            if below(self.outbound_folder, getattr(self, name)) == below(self.outbound_folder, "."):
                raise Malformed(name, "is the outbound folder; what is done would be read again")


SYSTEM: Final = System(
    key="stampli",
    label="Stampli",
    credentials=Credentials,
    connect=Stampli,
    # One session to fetch, one to examine; some servers let a user have no more than a few.
    limits=Limits(in_flight=2, read_deadline=120.0, pause_start=30.0),
    feeds={FEED: 900.0},
    settings={"The folder and its files": Settings, "How the files are understood": Rules},
)

__all__ = ["SYSTEM", "Credentials", "Settings", "Stampli", "settings_of", "target_name"]
