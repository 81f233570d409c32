"""What can go wrong, on demand: a fault says which requests it meets, and how often."""

import threading
from dataclasses import asdict, dataclass, field
from typing import Any

KINDS = {
    "cut": "the connection is reset; of a read, `after` so many bytes of the file",
    "stall": "no answer for `seconds`; of a read, `after` so many bytes",
    "lost": "it is done, and the connection is reset in place of the answer",
    "refuse": "answered with the status `code` (3 permission denied, 4 failure, 8 unsupported)",
    "swap": "right before it is done, somebody puts other content (`content`) in the place of the file",
    "slow": "answered `seconds` later",
}
OPS = ("sign-in", "list", "stat", "open", "read", "rename", "remove", "mkdir", "write")


@dataclass
class Fault:
    kind: str
    op: str
    path: str = ""  # occurs in the path
    times: int = 1  # -1: for ever
    skip: int = 0
    after: int = 0
    seconds: float = 60.0
    code: int = 4
    content: str = "replaced\n"
    met: int = 0


@dataclass
class Faults:
    waiting: list[Fault] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, kind: str, op: str, **how: Any) -> Fault:
        if kind not in KINDS or op not in OPS:
            raise ValueError(f"no fault {kind} at {op}; there are {', '.join(KINDS)} at {', '.join(OPS)}")
        fault = Fault(kind, op, **how)
        with self.lock:
            self.waiting.append(fault)
        return fault

    def next(self, op: str, path: str, upto: int = 0) -> Fault | None:
        """`upto`: how far a read goes."""
        with self.lock:
            for fault in self.waiting:
                if fault.times and fault.op == op and fault.path in path and upto >= fault.after:
                    if fault.skip:
                        fault.skip -= 1
                        continue
                    fault.times -= 1 if fault.times > 0 else 0
                    fault.met += 1
                    return fault
        return None

    def clear(self) -> None:
        with self.lock:
            self.waiting.clear()

    def as_list(self) -> list[dict[str, Any]]:
        return [asdict(one) for one in self.waiting]
