"""Stripe credit note → AR credit memo with its number; what its invoice was coded as, the other way round.
docs/accounting.md 3.7
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from connectors.base import Desk, Json
from connectors.errors import Refused
from connectors.integrations.stripe_intacct import amount, texts, twins
from connectors.integrations.stripe_intacct.coding import Place, bare, coded, place_of
from connectors.money import cut, docno
from connectors.sage_intacct.documents import Adjustment, Invoice, Line
from connectors.stripe.client import id_of
from connectors.stripe.reading import moment

VOIDED = "-V"


def translate(payload: Json, desk: Desk) -> Adjustment:
    note, invoice = payload["credit_note"], payload["invoice"]
    credited = desk.posted("invoice", invoice["id"]).document
    twins.before_note(payload)
    entity = credited.lines[0].entity
    currency = amount.held(desk, note["currency"], entity)
    desk.because("day", f"Stripe {dated_by(note)}")
    parts = _parts(payload, credited, desk)
    _check(parts.values(), note)
    number = docno(note["number"])
    desk.because("number", f"Stripe number {note['number']}")
    return Adjustment(
        control=desk.control,
        number=number,
        customer=credited.customer,
        day=day_of(note, desk, entity),
        lines=_lines(parts, currency, note),
        invoice=credited.number,
        description=texts.described(
            "credit note", note["number"], f"for {texts.number(invoice)}", texts.party(invoice), note["id"]
        ),
        external=note["id"],
        currency=credited.currency,
        base_currency=credited.base_currency,
        rate_type=credited.rate_type,
        summary=str(desk.option("ar_summary") or ""),
        draft=desk.option("post_as") == "draft",
        entity=credited.entity,
    )


def void(payload: Json, desk: Desk) -> Adjustment:
    """A note that was taken back: the opposite memo, `<number>-V`."""
    note = payload["credit_note"]
    memo = desk.posted("credit_note", note["id"]).document
    assert isinstance(memo, Adjustment)
    desk.because("day", "Stripe voided_at")
    return replace(
        memo,
        control=desk.control,
        number=docno(memo.number + VOIDED),
        day=desk.day(moment(int(note["voided_at"])), memo.lines[0].entity),
        posted=None,
        lines=tuple(replace(line, amount=-line.amount) for line in memo.lines),
        description=texts.described("credit note", note["number"], "voided", note["id"]),
        external="",
    )


def day_of(note: Json, desk: Desk, entity: str) -> date:
    return desk.day(moment(int(note[dated_by(note)])), entity)


def dated_by(note: Json) -> str:
    return "effective_at" if note.get("effective_at") else "created"


# --- parts ------------------------------------------------------------------------------------------------------------


def takes(payload: Json, credited: Invoice, desk: Desk, currency: amount.Currency) -> dict[Line, Decimal]:
    """What a note takes off each account, for whatever else takes back what it left. `payload` as for `translate`."""
    return {coding: currency.amount(minor) for coding, minor in _parts(payload, credited, desk).items()}


def _parts(payload: Json, credited: Invoice | Adjustment, desk: Desk) -> dict[Line, int]:
    """Minor units that each coding gives back."""
    entity = credited.lines[0].entity
    place = place_of(desk, payload["invoice"], day_of(payload["credit_note"], desk, entity), entity)
    frozen = {one.source: one.line for one in credited.coding}
    sums: dict[Line, int] = defaultdict(int)
    for line in payload["lines"]:
        for coding, minor in _of_line(line, frozen, desk, place):
            sums[coding] += minor
    for coding, minor in _shipping(payload["credit_note"], frozen):
        sums[coding] += minor
    for rate, minor in _taxes(payload).items():
        coding = frozen.get(rate) or _tax(rate, payload, desk, place)
        desk.because(f"lines.{rate}", "frozen coding of the invoice" if rate in frozen else "mapped today")
        sums[bare(coding)] += minor
    return {coding: minor for coding, minor in sums.items() if minor}


def _of_line(line: Json, frozen: dict[str, Line], desk: Desk, place: Place) -> Iterable[tuple[Line, int]]:
    source = str(line.get("invoice_line_item") or "")
    discount = sum(row["amount"] for row in line.get("discount_amounts") or ())
    inclusive = sum(row["amount"] for row in line.get("taxes") or () if row["tax_behavior"] == "inclusive")
    grant = sum(row["amount"] for row in line.get("pretax_credit_amounts") or () if row["type"] != "discount")
    apart = frozen.get(f"{source}:discount")
    revenue = line["amount"] - inclusive - (0 if apart else discount)
    yield bare(_coding(line, source, frozen, desk, place)), revenue
    if apart and discount:
        yield bare(apart), -discount
    if grant and (of_grant := frozen.get(f"{source}:grant")):
        yield bare(of_grant), -grant


def _coding(line: Json, source: str, frozen: dict[str, Line], desk: Desk, place: Place) -> Line:
    if source in frozen:
        desk.because(f"lines.{line['id']}", f"frozen coding of the invoice's line {source}")
        return frozen[source]
    row = desk.map("revenue_account", "*", on=place.day, at=f"lines.{line['id']}.account")
    return coded(desk, row, place, f"lines.{line['id']}")


def _shipping(note: Json, frozen: dict[str, Line]) -> Iterable[tuple[Line, int]]:
    cost = note.get("shipping_cost") or {}
    if net := int(cost.get("amount_total") or 0) - int(cost.get("amount_tax") or 0):
        if "shipping" not in frozen:
            raise _undecided("The note gives shipping back that its invoice did not have.", note["id"])
        yield bare(frozen["shipping"]), net


def _taxes(payload: Json) -> dict[str, int]:
    taxes: dict[str, int] = defaultdict(int)
    for line in payload["lines"]:
        for tax in line.get("taxes") or ():
            taxes[_rate(tax)] += tax["amount"]
    for tax in (payload["credit_note"].get("shipping_cost") or {}).get("taxes") or ():
        taxes[id_of(tax["rate"])] += tax["amount"]
    return taxes


def _rate(tax: Json) -> str:
    return id_of((tax.get("tax_rate_details") or {}).get("tax_rate"))


def _tax(rate: str, payload: Json, desk: Desk, place: Place) -> Line:
    known = payload["tax_rates"].get(rate) or {}
    area = "/".join(str(known.get(name) or "") for name in ("country", "state", "tax_type")) if known else ""
    row = desk.map("tax_account", rate, area, "*", on=place.day, at=f"lines.{rate}.account")
    return coded(desk, row, place, f"lines.{rate}")


def _check(parts: Iterable[int], note: Json) -> None:
    if (found := sum(parts)) != note["total"]:
        raise Refused(
            f"The lines of {note['number']} sum to {found}, Stripe's total is {note['total']} (minor units).",
            code="source.inconsistent",
            field="total",
            value=str(note["total"]),
            cure="Send the credit note to support with both sums; nothing is posted that does not add up.",
        )


def _lines(parts: dict[Line, int], currency: amount.Currency, note: Json) -> tuple[Line, ...]:
    if any(minor < 0 for minor in parts.values()):
        raise _undecided("The note would raise one account while it lowers another.", note["id"])
    memo = cut(f"Credit note {note['number']}", texts.DESCRIPTION)
    return tuple(replace(coding, amount=-currency.amount(minor), memo=memo) for coding, minor in parts.items())


def _undecided(said: str, value: str) -> Refused:
    return Refused(
        said,
        cause="decision",
        code="decision.needed",
        field="lines",
        value=value,
        cure="Decide which accounts bear this credit note and book it by hand.",
    )
