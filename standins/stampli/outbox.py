"""The folders that the server shows: outbound, and below it archive and error. Real files in a real directory."""

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

OUTBOUND = "outbound"
KEPT_APART = "private/other-customer.csv"
"""What nobody may ever read from here: symbolic links lead to it."""


class Outbox:
    def __init__(self, root: Path | None = None) -> None:
        self.ours = root is None
        self.root = root or Path(tempfile.mkdtemp(prefix="ml-stampli-"))
        self.out = self.root / OUTBOUND
        for folder in (self.out / "archive", self.out / "error", self.root / "private"):
            folder.mkdir(parents=True, exist_ok=True)
        (self.root / KEPT_APART).write_text("vendor,amount\nNOT FOR YOU,1.00\n")

    def close(self) -> None:
        if self.ours:
            shutil.rmtree(self.root, ignore_errors=True)

    def real(self, path: str) -> Path:
        """Of a path as the server's users know it: from the root, without dots."""
        return self.root / path.lstrip("/")

    # --- what an exporter does

    def drop(self, name: str, content: bytes | str, mtime: int | None = None) -> Path:
        """Whole at once, as by a rename from elsewhere."""
        path = self.out / name
        made = self.root / "private" / ".being-written"
        made.write_bytes(_bytes(content))
        if mtime is not None:
            os.utime(made, (mtime, mtime))
        made.replace(path)
        return path

    def begin(self, name: str, content: bytes | str) -> Path:
        """Writes in place; `go_on` and `drop` say how it ends."""
        path = self.out / name
        path.write_bytes(_bytes(content))
        return path

    def go_on(self, name: str, content: bytes | str) -> Path:
        path = self.out / name
        with path.open("ab") as file:
            file.write(_bytes(content))
        stamp = path.stat()
        os.utime(path, (time.time(), max(time.time(), stamp.st_mtime + 1)))  # later, however coarse the clock is
        return path

    def rename(self, name: str, new: str) -> None:
        (self.out / name).replace(self.out / new)

    def remove(self, name: str) -> None:
        (self.out / name).unlink()

    def lose_folder(self, name: str) -> None:
        """The archive or error folder goes, with what is in it."""
        shutil.rmtree(self.out / name)

    def make_folder(self, name: str) -> None:
        (self.out / name).mkdir(exist_ok=True)

    def clear(self) -> None:
        for entry in self.out.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        self.make_folder("archive")
        self.make_folder("error")

    # --- what a person sees

    def names(self, folder: str = "") -> list[str]:
        return sorted(entry.name for entry in (self.out / folder).iterdir() if entry.is_file())

    def listed(self, folder: str = "") -> list[dict[str, Any]]:
        place = self.out / folder
        entries = sorted(place.iterdir(), key=lambda entry: os.fsencode(entry.name)) if place.is_dir() else []
        return [self._row(entry) for entry in entries if entry.is_symlink() or not entry.is_dir() or folder == ""]

    def _row(self, entry: Path) -> dict[str, Any]:
        at = entry.lstat()
        kind = "link" if entry.is_symlink() else "file" if entry.is_file() else "folder" if entry.is_dir() else "pipe"
        name = entry.name.encode("utf-8", "backslashreplace").decode()
        name = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
        return {"name": name, "size": at.st_size, "mtime": int(at.st_mtime), "kind": kind}


def _bytes(content: bytes | str) -> bytes:
    return content.encode() if isinstance(content, str) else content
