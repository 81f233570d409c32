"""How this server behaves: every switch a test or a demonstration can turn, in one place."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass
class Knobs:
    read_only: bool = False  # nothing may be written, renamed or removed
    outbound_writable: bool = True  # files may be taken out of the outbound folder
    archive_writable: bool = True  # files may be put into the archive and error folders
    rename: str = "ok"  # or "unsupported", or "failure" (as between disks)
    new_time: bool = False  # a renamed file gets a new time, as over a store of objects
    stats: str = "all"  # what a listing tells: "all", or "none" (each name must be asked for)
    chunk: int = 0  # most bytes of one answer to a read; 0: as asked
    lies: list[str] = field(default_factory=list)  # names that the listing shows although nothing is there
    ciphers: list[str] = field(default_factory=list)  # the only ones offered; empty: all that the library has

    def turn(self, changes: dict[str, Any]) -> None:
        known = {one.name for one in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"no knob named {name}; there are {', '.join(sorted(known))}")
            setattr(self, name, value)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
