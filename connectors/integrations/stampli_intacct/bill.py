"""Stampli bill → APBILL; Stampli credit → AP adjustment that lowers what is owed. docs/accounting.md 4.1, 4.3"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.base import Desk, Document, Json, Skip
from connectors.errors import NotYet, Refused
from connectors.integrations.stampli_intacct.coding import Coder
from connectors.integrations.stampli_intacct.faults import Faults
from connectors.integrations.stampli_intacct.texts import described
from connectors.integrations.stampli_intacct.vendor import vendor_of
from connectors.money import allocate, docno, exact
from connectors.sage_intacct.bookable import SMALLEST, Money, due_day, money, session_of
from connectors.sage_intacct.documents import Bill, BillReversal, Line, VendorCredit, VendorCreditReversal

ZERO = Decimal(0)


def bill(told: Json, desk: Desk) -> Document | Skip:
    of = _read(told, desk)
    made = Bill(
        control=desk.control,
        number=of.number,
        vendor=of.vendor,
        day=of.day,
        posted=of.posted,
        due=_due(told, desk, of.day),
        lines=tuple(of.lines),
        description=described(told, of.number),
        reference=str(told.get("po_number") or "")[:30],
        term=_term(told, desk, of.day),
        summary=str(desk.option("ap_summary") or ""),
        draft=desk.option("post_as") == "draft",
        entity=of.session,
        currency=of.money.currency,
        base_currency=of.money.base_currency,
        rate_type=of.money.rate_type,
    )
    return _unless_posted(desk, "bill", told, made)


def void(told: Json, desk: Desk) -> Document | Skip:
    """The reversal of a bill, on its own day: prepared, and sent once a person has approved it."""
    posted: Bill = desk.posted("bill", str(told["document"])).document
    day = posted.posted or posted.day
    said = described(told, posted.number, "void")
    return BillReversal(
        control=desk.control,
        number=posted.number,
        vendor=posted.vendor,
        day=day,
        description=said,
        entity=posted.entity,
    )


def credit_void(told: Json, desk: Desk) -> Document | Skip:
    """A credit is taken back by its opposite, on its own day: held as any void."""
    posted: VendorCredit = desk.posted("credit", str(told["document"])).document
    return VendorCreditReversal(
        control=desk.control,
        number=f"{posted.number}-V",
        of=posted.number,
        vendor=posted.vendor,
        day=posted.day,
        posted=posted.posted,
        lines=tuple(replace(line, amount=-line.amount) for line in posted.lines),
        description=described(told, posted.number, "void of credit"),
        currency=posted.currency,
        base_currency=posted.base_currency,
        rate_type=posted.rate_type,
        summary=posted.summary,
        entity=posted.entity,
    )


def credit(told: Json, desk: Desk) -> Document | Skip:
    of = _read(told, desk)
    made = VendorCredit(
        control=desk.control,
        number=of.number,
        vendor=of.vendor,
        day=of.day,
        posted=of.posted,
        lines=tuple(_below_zero(of.lines)),
        description=described(told, of.number, "credit"),
        summary=str(desk.option("ap_summary") or ""),
        draft=desk.option("post_as") == "draft",
        entity=of.session,
        currency=of.money.currency,
        base_currency=of.money.base_currency,
        rate_type=of.money.rate_type,
    )
    return _unless_posted(desk, "credit", told, made)


@dataclass(frozen=True)
class _Read:
    number: str
    vendor: str
    day: date
    posted: date | None
    lines: list[Line]
    money: Money
    session: str


def _read(told: Json, desk: Desk) -> _Read:
    """All faults of all rows together; raises if there is any."""
    faults = Faults(desk)
    day = date.fromisoformat(told["invoice_date"])
    rows = [int(row) for row in told["rows"]]
    vendor = vendor_of(desk, told, faults, rows, day)
    coder = Coder(desk, told, faults, day)
    lines = coder.lines()
    faults.end()
    lines = [replace(line, amount=exact(line.amount, SMALLEST)) for line in lines]
    lines = _with_tax(told, desk, lines, day)
    held = money(desk, str(told["currency"]), lines[0].entity, str(desk.option("rate_type") or ""))
    number = docno(str(told["number"]))
    _alone(desk, told, vendor, number)
    posted = date.fromisoformat(told["posting_date"]) if told.get("posting_date") else None
    return _Read(number, vendor, day, posted, lines, held, session_of(desk, ("vendor", vendor), lines))


def _alone(desk: Desk, told: Json, vendor: str, number: str) -> None:
    """One document alone may bear this number of this vendor, and this id of Stampli."""
    cure = "Compare both in Stampli: leave this one if it is the same invoice, or give it another number there."
    twin = Refused(
        f"Another document of {vendor} already has the number {number}.",
        cause="decision",
        code="held.possible_duplicate",
        field="number",
        value=f"{vendor} {number}",
        cure=cure,
    )
    desk.claim(f"{told['class']}:{vendor}:{number}"[:255], "ref", twin)
    if id := str(told.get("stampli_id") or ""):
        same = f"Another document has the Stampli id {id} of {told['number']}."
        desk.claim(
            f"stampli:{told['class']}:{id}"[:255],
            "id",
            Refused(same, cause="decision", code="held.possible_duplicate", field="stampli_id", value=id, cure=cure),
        )


# --- tax --------------------------------------------------------------------------------------------------------------


def _with_tax(told: Json, desk: Desk, lines: list[Line], day: date) -> list[Line]:
    """Tax that the total holds and the lines do not: on lines of its own, or spread over the lines that bear it."""
    how = told["tax"]["how"]
    if how not in ("line", "document"):
        return lines  # there is none, or it is part of the lines
    parts = _by_code(told) if how == "line" else {"": (list(range(len(lines))), Decimal(told["tax"]["amount"]))}
    if desk.option("tax") == "in_cost":
        return _in_cost(lines, parts)
    return lines + [_tax_line(desk, code, lines[places[0]], tax, day) for code, (places, tax) in parts.items() if tax]


def _by_code(told: Json) -> dict[str, tuple[list[int], Decimal]]:
    """Code → places of the lines that bear it, and what it comes to."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for place, one in enumerate(told["lines"]):
        if one.get("tax_amount"):
            places[str(one.get("tax_code") or "")].append(place)
            sums[str(one.get("tax_code") or "")] += Decimal(one["tax_amount"])
    return {code: (places[code], sums[code]) for code in places}


def _tax_line(desk: Desk, code: str, beside: Line, tax: Decimal, day: date) -> Line:
    row = desk.map("tax_account", code, on=day, at="lines.tax")
    memo = f"Tax {code}".strip()
    return replace(beside, amount=exact(tax, SMALLEST), account=row.value, memo=memo, item="", project="")


def _in_cost(lines: list[Line], parts: dict[str, tuple[list[int], Decimal]]) -> list[Line]:
    made = list(lines)
    for places, tax in parts.values():
        shares = allocate(tax, [lines[place].amount for place in places], SMALLEST)
        for place, share in zip(places, shares, strict=True):
            made[place] = replace(made[place], amount=made[place].amount + share)
    return made


# --- what the rest comes from -----------------------------------------------------------------------------------------


def _due(told: Json, desk: Desk, day: date) -> date:
    if told.get("due_date"):
        return date.fromisoformat(told["due_date"])
    if term := _term(told, desk, day):
        return due_day(desk, term, day)
    raise Refused(
        "The file gives neither due date nor terms.",
        cause="decision",
        code="decision.needed",
        field="due_date",
        value=str(told["number"]),
        cure="Give the due date in Stampli, or choose in the settings that bills are due on the day of the invoice.",
    )


def _term(told: Json, desk: Desk, day: date) -> str:
    """Where the file gives terms and no due date."""
    terms = str(told.get("terms") or "")
    if not terms or told.get("due_date"):
        return ""
    return desk.map("term", terms, on=day, at="term").value


def _below_zero(lines: Sequence[Line]) -> list[Line]:
    """What lowers the credit is netted into lines of its coding; what stays above zero the document refuses."""
    net: dict[Line, Decimal] = {}
    memos: dict[Line, str] = {}
    for line in lines:
        coding = replace(line, amount=ZERO, memo="")
        net[coding] = net.get(coding, ZERO) + line.amount
        memos.setdefault(coding, line.memo)
    if all(line.amount < 0 for line in lines):
        return list(lines)
    return [replace(coding, amount=amount, memo=memos[coding]) for coding, amount in net.items() if amount]


# --- what was posted before -------------------------------------------------------------------------------------------


def _unless_posted(desk: Desk, flow: str, told: Json, made: Bill | VendorCredit) -> Document | Skip:
    """A document that was posted is never posted again nor changed: what a later file says of it is shown."""
    try:
        before: Any = desk.posted(flow, str(told["key"])).document
    except NotYet:
        return made
    if replace(before, control=made.control) == made:
        return Skip("it was posted already, the same", code="duplicate")
    raise Refused(
        f"{made.number} of {made.vendor} changed after it was posted: {differences(before, made)}.",
        cause="decision",
        code="held.changed",
        field="number",
        value=f"{made.vendor} {made.number}",
        cure="Correct the document in Sage Intacct by hand if it is wrong there, then leave this; or give it a number"
        " of its own in Stampli.",
    )


def differences(before: Any, now: Any) -> str:
    """In words, what a person would compare: date, due date, currency, lines."""
    told = []
    for name, label in (("day", "date"), ("posted", "posting date"), ("due", "due date"), ("currency", "currency")):
        was, will = getattr(before, name, None), getattr(now, name, None)
        if was != will:
            told.append(f"{label} {was} became {will}")
    was_lines, now_lines = _plain(before.lines), _plain(now.lines)
    gone, new = [x for x in was_lines if x not in now_lines], [x for x in now_lines if x not in was_lines]
    if gone or new:
        told.append(f"lines {', '.join(gone) or 'none'} became {', '.join(new) or 'none'}")
    return "; ".join(told) or "its texts differ"


def _plain(lines: Sequence[Line]) -> list[str]:
    return [
        " ".join(part for part in (line.account, line.location, line.department, str(line.amount)) if part)
        for line in lines
    ]
