"""A refund that no credit note claims, beside a note that nobody paid out: probably one return that was told twice. The
later of the two waits for a person. docs/accounting.md 3.6
"""

from connectors.base import Json
from connectors.errors import Refused
from connectors.integrations.stripe_intacct.shares import unclaimed


def before_refund(payload: Json) -> None:
    """Raises Refused, `refund.double`, where such a note came before this refund."""
    refund, notes = payload["refund"], payload["credit_notes"]
    earlier = [note for note in notes if _open(note) and _order(note) < _order(refund)]
    if earlier and unclaimed(refund, notes):
        raise Refused(
            f"The credit note {earlier[0].get('number')} waits to be paid out; this refund names no note.",
            cause="decision",
            code="refund.double",
            field="refund",
            value=refund["id"],
            cure="Decide: this refund pays that note, or they are two things.",
        )


def before_note(payload: Json) -> None:
    """Raises Refused, `refund.double`, where such a refund came before this note."""
    note, notes = payload["credit_note"], payload.get("credit_notes") or [payload["credit_note"]]
    refunds = payload.get("refunds") or []
    earlier = [one for one in refunds if _order(one) < _order(note) and unclaimed(one, notes)]
    if _open(note) and earlier:
        raise Refused(
            f"The refund {earlier[0]['id']} names no note; this note was to be paid out elsewhere.",
            cause="decision",
            code="refund.double",
            field="refund",
            value=earlier[0]["id"],
            cure="Decide: that refund paid this note (then leave this record), or they are two things.",
        )


def _open(note: Json) -> bool:
    return bool(note.get("out_of_band_amount")) and note["status"] != "void"


def _order(thing: Json) -> tuple[int, str]:
    return int(thing["created"]), str(thing["id"])
