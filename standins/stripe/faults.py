"""What can go wrong between a caller and the shop, on demand: a fault says which requests it meets, and how often."""

import json
import re
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from standins.serve import Reply
from standins.stripe.errors import ApiError

KINDS = {
    "rate_limit": "429 with `reason` in Stripe-Rate-Limited-Reason",
    "lock_timeout": "429 lock_timeout without a Request-Id",
    "error_before": "500 (or `status`), nothing done; stored under the idempotency key",
    "error_after": "500 (or `status`) after it was done; stored under the idempotency key",
    "reset_before": "connection reset, nothing done",
    "reset_after": "connection reset after it was done",
    "silent_after": "done, then no answer for `seconds`, then reset",
    "half": "the answer breaks off in the middle",
    "drip": "the answer takes `seconds`, byte by byte",
    "slow": "waits `seconds` before it does anything",
    "commit_late": "504 at once; done `seconds` later",
    "html": "a proxy's page with `status` in place of the answer; nothing done",
    "html_after": "the same, but done",
    "unauthorized": "401",
    "short_page": "a list answers only `keep` rows and says has_more as `more`",
}


@dataclass
class Fault:
    kind: str
    method: str = ""
    path: str = ""  # a regular expression
    contains: str = ""  # in the decoded query or body
    times: int = 1  # -1: for ever
    skip: int = 0
    reason: str = "global-rate"
    seconds: float = 1.0
    status: int = 0
    keep: int = 60
    more: bool = False
    met: int = 0

    def meets(self, method: str, path: str, text: str) -> bool:
        return self.method in ("", method) and bool(re.search(self.path, path)) and self.contains in text


@dataclass
class Faults:
    waiting: list[Fault] = field(default_factory=list)

    def add(self, kind: str, **how: Any) -> None:
        if kind not in KINDS:
            raise ValueError(f"no fault named {kind}; there are {', '.join(KINDS)}")
        self.waiting.append(Fault(kind, **how))

    def next(self, method: str, path: str, text: str) -> Fault | None:
        for fault in self.waiting:
            if fault.times and fault.meets(method, path, text):
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.times -= 1 if fault.times > 0 else 0
                fault.met += 1
                return fault
        return None

    def clear(self) -> None:
        self.waiting.clear()

    def as_list(self) -> list[dict[str, Any]]:
        return [asdict(f) for f in self.waiting]


def refusal(fault: Fault) -> ApiError | None:
    """The faults that are answers of the API itself, before anything is done."""
    if fault.kind == "rate_limit":
        return ApiError("Request rate limit exceeded.", 429, code="rate_limit")
    if fault.kind == "lock_timeout":
        message = "This object cannot be accessed right now because another API request is accessing it."
        return ApiError(message, 429, code="lock_timeout")
    if fault.kind == "unauthorized":
        return ApiError("Invalid API Key provided: sk_test_****", 401)
    return None


def proxy_page(status: int) -> Reply:
    page = (
        f"<html><head><title>{status}</title></head><body><center><h1>{status} Bad Gateway</h1></center></body></html>"
    )
    return Reply(status, page.encode(), {"Content-Type": "text/html"})


def spoiled(reply: Reply, fault: Fault) -> Reply:
    """What is left of a good answer."""
    if fault.kind in ("half", "drip"):
        return replace(reply, end=fault.kind, seconds=fault.seconds)
    if fault.kind == "reset_after":
        return replace(reply, end="reset")
    if fault.kind == "silent_after":
        return replace(reply, end="silent", seconds=fault.seconds)
    if fault.kind == "html_after":
        return proxy_page(fault.status or 502)
    if fault.kind == "short_page" and reply.status == 200:
        body = json.loads(reply.body)
        body.update(data=body.get("data", [])[: fault.keep], has_more=fault.more)
        return replace(reply, body=json.dumps(body).encode())
    return reply
