"""One customer's folders at Stampli, as the host sees them: what waits, its bytes, and taking it away.

Stampli publishes no interface of its own: it drops files of a layout that the customer chose, at the end of a way that
both agreed on. So nothing here knows columns; folders, patterns and pace are settings.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from connectors.addresses import typed
from connectors.base import Access, Account, Check, Choice, Json
from connectors.errors import NotYet
from connectors.files import Fetched, RemoteFile, Where
from connectors.sftp import (
    ChangingError,
    HostKey,
    Login,
    NotAFileError,
    Session,
    SftpWire,
    Stat,
    StatusError,
    TooLargeError,
    host_keys,
)
from connectors.stampli import ping, said
from connectors.stampli.away import Away
from connectors.stampli.listing import Look, as_listed, listing, path_in, path_of
from connectors.stampli.names import below
from connectors.stampli.reading import Reading
from connectors.stampli.settings import settings_of


class Stampli(Reading):
    """Each call signs in, does its work and leaves. Within `visit` they share one session: a poll is one visit.

    Besides what they say, all raise Unavailable, and Denied where server or user are not accepted: without a confirmed
    host key (`host_keys` in the settings: a list of {type, key}) nothing is signed in to.
    """

    def __init__(self, access: Access) -> None:
        self.credentials = access.credentials
        self.settings = settings_of(access.settings)
        self._settings = access.settings
        self.pins = host_keys(access.settings.get("host_keys") or ())
        self.wire = SftpWire(access.gate, access.reachable, self.settings.waits)
        self._reachable = access.reachable
        self._kept = access.kept
        self._session: Session | None = None

    # --- whom the credentials lead to

    def account(self) -> Account:
        """By host, user and company; the port may change. Asks nobody: what there is to know was typed."""
        given = self.credentials
        host = given.host.lower().rstrip(".")
        standin = typed(given.host, given.port) in self._reachable
        return Account(
            id=f"{host}|{given.username}|{given.company_id}",
            label=f"{given.company_id} ({given.username} at {host})",
            mode="test" if standin else "live",
            facts={"company_id": given.company_id},
        )

    def examine(self) -> Iterator[Check]:
        return ping.examine(self)

    def host_key(self) -> HostKey:
        """How the server is known at this moment; no credentials are sent for it."""
        return self.wire.host_key(self.credentials.host, self.credentials.port)[0]

    def choices(self, table: str) -> Iterator[Choice]:
        return iter(())

    # --- the files

    @contextmanager
    def visit(self, seconds: float = 900.0) -> Iterator[None]:
        """One session, in one slot, for what is called inside: seconds in all. A broken connection is opened anew."""
        with self.wire.session(self._login(), seconds) as session:
            self._session = session
            try:
                yield
            finally:
                self._session = None

    def list_files(self) -> Look:
        """What waits in the outbound folder, as it looks now. Raises Denied where the folder is not to be seen."""
        folder = self.credentials.outbound_folder
        with self.session(self.settings.waits.operation * 2) as session:
            try:
                entries, more = session.entries(folder, self.settings.max_entries)
            except StatusError as status:
                raise said.of_listing(folder, status) from None

            def look(name: str) -> Stat | None:
                try:
                    return session.lstat(path_in(folder, name))
                except StatusError:
                    return Stat(None)  # there, and nothing more is to be known of it

            return listing(folder, entries, more=more, settings=self.settings, look=look)

    def fetch(self, file: RemoteFile, into: Callable[[bytes], None]) -> Fetched:
        """Streams a file into a callable and proves that it stood still; only then do its bytes count.

        Raises Changed where it did not, FileRejected (too_large), Refused (file.not_allowed), and what `into` raises.
        """
        path, most = path_of(file), self.settings.max_file_bytes
        with self.session(self.settings.waits.file) as session:
            try:
                read = session.read(path, into, most, expected=as_listed(file))
            except StatusError as status:
                raise said.of_reading(path, status) from None
            except (ChangingError, NotAFileError):
                raise said.of_changed(path) from None
            except TooLargeError:
                raise said.of_too_large(path, file.size, most) from None
        return Fetched(read.size, read.sha256)

    def put_away(self, file: RemoteFile, sha256: str, where: Where, at: datetime) -> str:
        """Takes a file away whose content is safe with us, and says where it is now (empty: deleted).

        `at` names it: pass the same one when it is called again for the same file, so that what an earlier call did is
        found. Raises Changed where another file is in its place, or none; Refused with code archive.not_allowed,
        archive.missing_folder, archive.unsupported, archive.failed, archive.taken, archive.unread (a person must move a
        file back); Unavailable where the answer was lost.
        """
        with self.session(self.settings.waits.operation * 2) as session:
            return Away(session, self.settings, self.folder(where)).put(file, sha256, at)

    def load(self, stream: str, key: str) -> Json:
        """What the newest file told of it."""
        if self._kept is None:
            raise NotYet(f"Nobody keeps what files told of {stream} {key}.", code="file.missing")
        told: Json = self._kept.load(stream, key)
        return told

    # --- for the ping

    def folder(self, where: Where) -> str:
        given = self.credentials
        return below(given.outbound_folder, given.archive_folder if where == "archive" else given.error_folder)

    @contextmanager
    def session(self, seconds: float) -> Iterator[Session]:
        """That of the visit, or one of its own."""
        if self._session:
            yield self._session
            return
        with self.wire.session(self._login(), seconds + 2 * self.settings.connect_seconds) as session:
            yield session

    def _login(self) -> Login:
        given = self.credentials
        return Login(
            host=given.host,
            port=given.port,
            username=given.username,
            password=given.password,
            private_key=given.private_key,
            passphrase=given.passphrase,
            pins=self.pins,
        )
