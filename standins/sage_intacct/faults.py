"""The fault script: rules that match a document or a request and fire once, or `times` times.

A rule is JSON: {"fault": "commit_then_reset", "match": {"controlid": "ml:stripe:in_A1:invoice"}, "times": 1}.

`match` (all given must hold; none given matches every request):
    controlid   the control id of a function, exactly
    text        occurs in the bytes of a function (key, number, name)
    function    a name such as create_invoice, or with its object: "create ARPYMT"
    nth         the n-th request from when the rule was set, counting from 1
    writes      true: only requests that write, false: only those that do not
All rules that match a request are used up by it; of those that end the answer the strongest wins.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

# how the answer ends, strongest first
ENDS = (
    "before", "throttle", "http", "poison", "late", "commit_then_reset", "commit_then_500", "silent", "half",
    "html_200", "two_roots", "drip", "bom", "blank_lines",
)  # fmt: skip
# what happens to the work of the matched function, or around it
WORK = ("expire_session", "abort_function", "fail_function", "close_period", "inactive", "stop_here", "slow")


class Call(Protocol):
    """What a rule can see of a function."""

    @property
    def controlid(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def object(self) -> str: ...

    @property
    def raw(self) -> bytes: ...


@dataclass
class Rule:
    fault: str
    match: dict[str, Any] = field(default_factory=dict)
    times: int = 1
    seconds: float = 0.0
    with_: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    fired: int = 0

    def spent(self) -> bool:
        return self.fired >= self.times

    def matches_request(self, calls: Sequence[Call], *, writes: bool) -> bool:
        if self.match.get("writes", writes) != writes:
            return False
        self.seen += 1
        if self.seen != self.match.get("nth", self.seen):
            return False
        return not self.names_function() or any(self.matches(call) for call in calls)

    def matches(self, call: Call) -> bool:
        match = self.match
        return (
            match.get("controlid", call.controlid) == call.controlid
            and match.get("function", call.name) in (call.name, f"{call.name} {call.object}".strip())
            and ("text" not in match or match["text"].encode() in call.raw)
        )

    def names_function(self) -> bool:
        return bool(self.match.keys() & {"controlid", "function", "text"})

    def as_json(self) -> dict[str, Any]:
        shown = {"fault": self.fault, "match": self.match, "times": self.times, "seconds": self.seconds}
        return {**shown, **self.with_, "fired": self.fired}


class Faults:
    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.fired: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def add(
        self, fault: str, match: dict[str, Any] | None = None, times: int = 1, seconds: float = 0.0, **with_: Any
    ) -> Rule:
        if fault not in ENDS + WORK:
            raise ValueError(f"no such fault: {fault}; there are {', '.join(ENDS + WORK)}")
        rule = Rule(fault, match or {}, times, seconds, with_)
        with self._lock:
            self.rules.append(rule)
        return rule

    def clear(self) -> None:
        with self._lock:
            self.rules.clear()
            self.fired.clear()

    def take(self, calls: Sequence[Call], *, writes: bool) -> "Taken":
        """The rules this request uses up."""
        with self._lock:
            hits = [r for r in self.rules if not r.spent() and r.matches_request(calls, writes=writes)]
            for rule in hits:
                rule.fired += 1
                ids = [call.controlid for call in calls if rule.matches(call)][:3]
                self.fired.append({"fault": rule.fault, "match": rule.match, "controlids": ids})
            self.rules = [r for r in self.rules if not r.spent()]
        return Taken(hits)


@dataclass(frozen=True)
class Taken:
    rules: list[Rule]

    def end(self) -> Rule | None:
        ends = [rule for rule in self.rules if rule.fault in ENDS]
        return min(ends, key=lambda rule: ENDS.index(rule.fault), default=None)

    def on(self, call: Call) -> list[Rule]:
        return [rule for rule in self.rules if rule.fault in WORK and rule.matches(call)]
