"""Examinations as a person reads them: by layer, from the outer one inwards, and what changed since the one before."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from portal.engine.examine import SILENCE
from portal.models import Connection, Examination

LAYERS = {
    "reach": ("Reach", "Is there an answer at all?"),
    "sign-in": ("Sign-in", "Are the credentials accepted, and whose are they?"),
    "rights": ("Rights", "May they do what the flows need?"),
    "settings": ("Settings", "Is the other side set up as it must be?"),
    "data": ("Data", "Is there what documents will refer to?"),
}
OUTCOMES = {
    "ok": ("success", "ok"),
    "failed": ("danger", "failed"),
    "warning": ("warning", "warning"),
    "not_checkable": ("", "not checkable"),
}
STEADY = ("sign-in", "settings")
"""Layers in which other words are another state of things; elsewhere they are seconds and counts."""
HISTORY = 10


def latest(rows: Sequence[Examination]) -> dict[str, Any]:
    """The last one of these, which are the newest first."""
    if not rows:
        return {}
    row = rows[0]
    running = row.ended_at is None
    silent = running and (timezone.now() - row.heard_at).total_seconds() > SILENCE
    return {
        "row": row,
        "layers": _layers(row.checks),
        "running": running and not silent,
        "cut_off": silent,
        "failed": sum(check["outcome"] == "failed" for check in row.checks),
        "asks": next((check for check in row.checks if check["outcome"] == "failed" and check.get("confirm")), None),
    }


def history(connection: Connection, most: int = HISTORY) -> list[dict[str, Any]]:
    """The newest first, each with what changed since the one before. One query."""
    rows = list(connection.examinations.order_by("-pk")[: most + 1])
    before = [*rows[1:], None]
    return [{"row": row, "changes": changes(before[at], row)} for at, row in enumerate(rows[:most])]


def changes(before: Examination | None, after: Examination) -> list[str]:
    """In words. Between two that were cut short by a failure, only what both looked at is compared."""
    if before is None:
        return ["the first one"]
    then = {check["key"]: check for check in before.checks}
    now = {check["key"]: check for check in after.checks}
    said = [line for key, check in now.items() if (line := _change(then.get(key), check))]
    gone = [then[key] for key in then if key not in now and then[key]["outcome"] == "failed"]
    said += [f"{check['label']}: failed before, not looked at or in order now" for check in gone]
    return said or ["nothing"]


def _change(then: dict[str, Any] | None, now: dict[str, Any]) -> str:
    word = OUTCOMES[now["outcome"]][1]
    if then is None:
        return f"{now['label']}: {word} now" if now["outcome"] == "failed" else ""
    if then["outcome"] != now["outcome"]:
        return f"{now['label']}: {OUTCOMES[then['outcome']][1]} → {word}"
    if now["layer"] in STEADY and then["said"] != now["said"]:
        return f"{now['label']}: {then['said'] or 'nothing'} → {now['said'] or 'nothing'}"
    return ""


def _layers(checks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = [
        {**check, "colour": OUTCOMES[check["outcome"]][0], "word": OUTCOMES[check["outcome"]][1]} for check in checks
    ]
    grouped = [(*words, [row for row in rows if row["layer"] == layer]) for layer, words in LAYERS.items()]
    return [{"label": label, "about": about, "checks": of, "worst": _worst(of)} for label, about, of in grouped if of]


def _worst(checks: list[dict[str, Any]]) -> tuple[str, str]:
    outcomes = [check["outcome"] for check in checks]
    return OUTCOMES[next((one for one in ("failed", "warning") if one in outcomes), "ok")]
