"""Names and amounts as people read them. Keys of the code are shown beside them, never instead."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from audit.models import Record, State, Verdict, WaitsFor
from connectors import registry

COLOURS = {
    State.POSTED: "success",
    State.WAITING: "warning",
    State.UNSURE: "warning",
    State.FAILED: "danger",
    State.SENDING: "info",
    State.READY: "info",
    State.DUE: "info",
}
"""State → colour of its label."""
VERDICTS = {
    Verdict.AGREES: "success",
    Verdict.DIFFERS: "danger",
    Verdict.VOIDED: "danger",
    Verdict.MISSING: "danger",
    Verdict.NOT_OURS: "warning",
}
BAD = frozenset(VERDICTS) - {Verdict.AGREES}
ABOUT = {
    State.DUE: "It is about to be read and prepared.",
    State.READY: "It is prepared and goes out with the next batch.",
    State.SENDING: "It is being sent right now.",
    State.UNSURE: "It was sent and no clear answer came. We look whether it is there; nothing is sent meanwhile.",
    State.POSTED: "It stands in the books.",
    State.SKIPPED: "It posts nothing.",
}
SHORT = {"gl": "GL", "ar": "AR", "ap": "AP", "id": "ID"}
WHOLE = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split())
THREE = frozenset("BHD IQD JOD KWD LYD OMR TND".split())


def money(amount: Decimal | None, currency: str = "") -> str:
    if amount is None:
        return ""
    places = 0 if currency in WHOLE else 3 if currency in THREE else 2
    shown = f"{amount:,.{max(places, _places(amount))}f}"
    return f"{shown} {currency}".strip()


def currency(record: Record) -> str:
    """The document's own, or that of the books where they have only one."""
    return record.currency or str(record.link.target.facts.get("base_currency", ""))


def _places(amount: Decimal) -> int:
    """An amount is never shown shorter than it is."""
    exponent = amount.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def flow(name: str) -> str:
    """`stripe_intacct.invoice` → its label; the name itself where the integration is no longer there."""
    integration, _, key = name.partition(".")
    known = registry.INTEGRATIONS.get(integration)
    return next((one.label for one in known.flows if one.key == key), name) if known else name


def short_flow(name: str) -> str:
    """What it is at the source: enough where the whole list goes one way."""
    return flow(name).partition(" → ")[0]


def integration(key: str) -> str:
    known = registry.INTEGRATIONS.get(key)
    return known.label if known else key


def system(key: str) -> str:
    known = registry.SYSTEMS.get(key)
    return known.label if known else key


def roles(system_key: str) -> list[str]:
    """What a connection to this system can be in an integration: a source here, a target there."""
    said = []
    for one in registry.INTEGRATIONS.values():
        said += [f"source of {one.label}"] if one.source == system_key else []
        said += [f"target of {one.label}"] if one.target == system_key else []
    return said


def table(integration_key: str, key: str) -> str:
    known = registry.INTEGRATIONS.get(integration_key)
    return next((one.label for one in known.tables if one.key == key), key) if known else key


def state(record: Record) -> str:
    """One line: the state, and for what it waits."""
    if record.state == State.WAITING:
        return f"waits for {WaitsFor(record.waits_for).label}" if record.waits_for else "waits"
    return State(record.state).label


def field(name: str) -> str:
    """`posted_to` → `Posted to`, `gl_account` → `GL account`."""
    words = " ".join(SHORT.get(word, word) for word in name.strip("_").split("_"))
    return words[:1].upper() + words[1:]


def when(instant: datetime, zone: str) -> str:
    """In the workspace's own time."""
    return f"{instant.astimezone(ZoneInfo(zone)):%-d %b %Y, %H:%M}"


def age(since: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits."""
    passed = max(now - since, timedelta(0))
    for unit, one in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if passed.total_seconds() >= one:
            return f"{int(passed.total_seconds() // one)} {unit}"
    return "now"
