"""Taking a file away after its content is safe with us: never over another, never one that was not read."""

import hashlib
import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.errors import Refused
from connectors.files import RemoteFile
from connectors.sftp import ClearError, Session, Stat, StatusError, is_file, is_folder, same
from connectors.sftp.packets import PERMISSION_DENIED
from connectors.stampli import said
from connectors.stampli.listing import as_listed, path_in, path_of
from connectors.stampli.names import MOST_BYTES, markers
from connectors.stampli.settings import Settings


def target_name(name: str, sha256: str, at: datetime) -> str:
    """Sorts by time, tells the content, and keeps the name, as much of it as a name may have."""
    head = f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}_{sha256[:8]}_"
    raw = name.encode()
    if len(head) + len(raw) <= MOST_BYTES:
        return head + name
    stem, end = posixpath.splitext(name)
    room = MOST_BYTES - len(head) - len(end.encode())
    return head + stem.encode()[:room].decode(errors="ignore") + end


@dataclass(frozen=True)
class Away:
    session: Session
    settings: Settings
    folder: str

    def put(self, file: RemoteFile, sha256: str, at: datetime) -> str:
        """Where the file is now; empty: deleted. Called again with the same `at`, it finds what an earlier call did.

        Raises Refused with code archive.* where it stays, Changed where it is another file or gone, Unavailable where
        no clear answer came: call again then.
        """
        if self.settings.archive_mode == "leave":
            return path_of(file)
        there = self._lstat(path_of(file))
        if self.settings.archive_mode == "delete":
            self._delete(file, there)
            self._marks(file, lambda mark: "")
            return ""
        target = path_in(self.folder, target_name(file.name, sha256, at))
        self._move(file, there, target, sha256)
        self._marks(file, lambda mark: path_in(self.folder, target_name(mark, sha256, at)))
        return target

    # --- the file

    def _delete(self, file: RemoteFile, there: Stat | None) -> None:
        if there is None:
            return
        self._must_be(file, there)
        try:
            self.session.remove(path_of(file))
        except StatusError as status:
            if self._lstat(path_of(file)) is not None:
                raise said.of_moving(path_of(file), "", status) from None

    def _move(self, file: RemoteFile, there: Stat | None, target: str, sha256: str) -> None:
        if there is None:
            self._must_be_moved(file, target)
            return
        self._must_be(file, there)
        try:
            self._rename(path_of(file), target)
        except StatusError as status:
            self._explain(file, target, status)
        self._verify(file, target, sha256)

    def _rename(self, path: str, target: str) -> None:
        try:
            self.session.rename(path, target)
        except StatusError as status:
            may = self.settings.create_folders and status.code != PERMISSION_DENIED
            if not may or not self._folder_is_missing():
                raise
            self.session.mkdir(self.folder)
            self.session.rename(path, target)

    def _explain(self, file: RemoteFile, target: str, status: StatusError) -> None:
        """A clear no, unless the file is where it should be all the same: the answer to an earlier try was lost."""
        here, there = self._lstat(path_of(file)), self._lstat(target)
        if here is None:
            self._must_be_moved(file, target)
            return
        if there is not None:
            raise said.of_taken(path_of(file), target) from None
        if self._folder_is_missing():
            raise said.of_missing_folder(path_of(file), self.folder) from None
        raise said.of_moving(path_of(file), target, status) from None

    def _must_be_moved(self, file: RemoteFile, target: str) -> None:
        there = self._lstat(target)
        if there is None or not is_file(there) or there.size != file.size:
            raise said.of_gone(path_of(file))

    def _verify(self, file: RemoteFile, target: str, sha256: str) -> None:
        """Between our last look and the move somebody may have put another file in its place. It goes back."""
        moved = self._lstat(target)
        if moved is None:
            raise said.of_gone(path_of(file))
        if same(moved, as_listed(file)) or self._has(target, file.size, sha256):
            return
        try:
            self.session.rename(target, path_of(file))
        except StatusError as status:  # yet another has come meanwhile, or rights go one way only
            raise Refused(
                f"{path_of(file)} was replaced while it was moved: a file that nobody has read is now at {target}.",
                cause="decision",
                code="archive.unread",
                value=target,
                cure=f"Move {target} back into the outbound folder; the server said: {status.text}",
            ) from None
        raise said.of_changed(path_of(file))

    def _has(self, path: str, size: int, sha256: str) -> bool:
        """Servers over a store of objects give a moved file a new time: then only its content tells."""
        digest = hashlib.sha256()
        try:
            return self.session.read(path, digest.update, size).sha256 == sha256
        except ClearError:
            return False

    def _must_be(self, file: RemoteFile, there: Stat) -> None:
        if not is_file(there) or not same(there, as_listed(file)):
            raise said.of_changed(path_of(file))

    # --- what came with it

    def _marks(self, file: RemoteFile, target: Callable[[str], str]) -> None:
        """The files that said it was whole follow it: the next of the same name must wait for its own."""
        for mark in markers(file.name, self.settings):
            path, to = path_in(file.folder, mark), target(mark)
            there = self._lstat(path)
            if there is None or not is_file(there):
                continue
            try:
                if to:
                    self.session.rename(path, to)
                else:
                    self.session.remove(path)
            except StatusError as status:
                raise said.of_moving(path, to, status) from None

    # --- looks

    def _lstat(self, path: str) -> Stat | None:
        try:
            return self.session.lstat(path)
        except StatusError as status:
            raise said.of_reading(path, status) from None

    def _folder_is_missing(self) -> bool:
        try:
            there = self.session.stat(self.folder)
        except StatusError:
            return False  # it may not be looked at: then what was tried first says more
        return there is None or not is_folder(there)
