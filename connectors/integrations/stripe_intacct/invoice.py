"""Stripe invoice → AR invoice, from its finalization; below zero → AR credit memo. docs/accounting.md 3.2"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from connectors.base import Desk, Json, Skip
from connectors.errors import Refused, Unmapped
from connectors.integrations.stripe_intacct import amount, texts
from connectors.integrations.stripe_intacct.clearing import journal_symbol
from connectors.integrations.stripe_intacct.coding import (
    Place,
    bare,
    coded,
    customer_id,
    entity_of,
    place_of,
    place_of_line,
    session_of,
)
from connectors.integrations.stripe_intacct.netting import Part, by_coding, netted, summed
from connectors.money import cut, docno
from connectors.sage_intacct.documents import Adjustment, Coded, Customer, Invoice, Journal, Line
from connectors.stripe.client import id_of
from connectors.stripe.reading import finalized_at


@dataclass(frozen=True)
class Head:
    """What an invoice and a credit memo have in common."""

    number: str
    customer: str
    day: date
    description: str
    external: str
    entity: str
    block: amount.Block
    coding: tuple[Coded, ...]


def translate(payload: Json, desk: Desk) -> Invoice | Adjustment | Journal | Skip:
    invoice = payload["invoice"]
    _taxable(desk)
    day = _day(invoice, desk)
    entity = entity_of(desk, invoice, day)
    day = _day(invoice, desk, entity)
    currency = amount.held(desk, invoice["currency"], entity)
    place = place_of(desk, invoice, day, entity)
    parts = _parts(payload, desk, place)
    _check(parts, invoice)
    if invoice["total"] == 0 and not any(by_coding(parts).values()):
        return Skip("nothing to post: every account nets to zero", code="invoice.zero")
    head = _head(invoice, desk, day, entity, currency, parts)
    if number := in_ledger(invoice, desk):
        return _standing(number, head, parts, currency, desk, invoice)
    if invoice["total"] == 0 and desk.option("zero_total") == "journal":
        return _journal(head, summed(parts), currency, desk)
    if invoice["total"] < 0:
        return _credit_memo(head, summed(parts), currency, desk)
    return _invoice(head, netted(parts), currency, desk, invoice)


def _taxable(desk: Desk) -> None:
    if solutions := desk.target.facts.get("tax_solutions"):
        raise Refused(
            f"The company uses tax solutions ({', '.join(map(str, solutions))}); their entries cannot be made yet.",
            cause="settings",
            code="tax.solution",
            field="tax",
            cure="Book invoices of this company by hand; this link cannot go live.",
        )


# --- documents --------------------------------------------------------------------------------------------------------


def _head(invoice: Json, desk: Desk, day: date, entity: str, currency: amount.Currency, parts: Iterable[Part]) -> Head:
    written = f"{desk.option('number_prefix') or ''}{texts.number(invoice)}"
    number = docno(written)
    desk.because("number", f"Stripe number {written}")
    # A number that had to be changed is still found by its own letters.
    shown = written if number == written else f"{number} ({written})"
    return Head(
        number=number,
        customer=_customer(invoice, desk),
        day=day,
        description=texts.described(shown, texts.party(invoice), invoice["id"]),
        external=invoice["id"],
        entity=entity,
        block=amount.block(desk, currency, entity),
        coding=tuple(Coded(source=source, line=part.coding) for part in parts for source in part.sources),
    )


def in_ledger(invoice: Json, desk: Desk) -> str:
    """The number of the invoice that people made in the ledger, where this one names it."""
    key = str(desk.option("ledger_invoice_key") or "")
    return str((invoice.get("metadata") or {}).get(key) or "").strip() if key else ""


def _standing(
    number: str, head: Head, parts: list[Part], currency: amount.Currency, desk: Desk, invoice: Json
) -> Invoice:
    """Its lines say how much must be due, and bear refunds by today's mapping; none of them is sent."""
    if invoice["total"] <= 0:
        raise _undecided(f"It names the invoice {number} of the ledger, and asks for nothing.", "total")
    desk.because("number", f"metadata {desk.option('ledger_invoice_key')} of {invoice['id']}")
    return replace(
        _invoice(head, netted(parts), currency, desk, invoice), number=number, external="", coding=(), standing=True
    )


def _invoice(head: Head, parts: list[Part], currency: amount.Currency, desk: Desk, invoice: Json) -> Invoice:
    if desk.option("negative_lines") == "split_credit_memo":
        parts = [part for part in parts if part.minor > 0]  # the others stand on a credit memo of their own
    due = _due(invoice, desk, head)
    return Invoice(
        control=desk.control,
        number=head.number,
        customer=head.customer,
        day=head.day,
        due=due,
        lines=_lines(parts, currency, desk),
        description=head.description,
        external=head.external,
        term=_term(desk, head.day, due),
        currency=head.block.currency,
        base_currency=head.block.base_currency,
        rate_type=head.block.rate_type,
        summary=str(desk.option("ar_summary") or ""),
        draft=desk.option("post_as") == "draft",
        coding=head.coding,
        entity=session_of(desk, head.customer, [part.coding for part in parts]),
    )


def _credit_memo(head: Head, parts: list[Part], currency: amount.Currency, desk: Desk) -> Adjustment:
    """An AR invoice below zero does not exist: the customer's credit, under the same number."""
    if any(part.minor > 0 for part in parts):
        raise _undecided("Lines above and below zero in different accounts make one credit memo impossible.", "lines")
    return Adjustment(
        control=desk.control,
        number=head.number,
        customer=head.customer,
        day=head.day,
        lines=_lines(parts, currency, desk),
        description=head.description,
        external=head.external,
        currency=head.block.currency,
        base_currency=head.block.base_currency,
        rate_type=head.block.rate_type,
        summary=str(desk.option("ar_summary") or ""),
        draft=desk.option("post_as") == "draft",
        coding=head.coding,
        entity=session_of(desk, head.customer, [part.coding for part in parts]),
    )


def _journal(head: Head, parts: list[Part], currency: amount.Currency, desk: Desk) -> Journal:
    """For companies that take no invoice of zero: nobody owes anything, what moves is between its accounts."""
    lines = _lines(parts, currency, desk)
    return Journal(
        control=desk.control,
        number=head.number,
        journal=journal_symbol(desk),
        day=head.day,
        title=cut(head.description, texts.TITLE),
        lines=tuple(replace(line, amount=-line.amount, document=head.number) for line in lines),
        currency=head.block.currency,
        rate_type=head.block.rate_type,
        draft=desk.option("post_as") == "draft",
        entity=session_of(desk, head.customer, lines),
    )


def _undecided(said: str, field: str) -> Refused:
    return Refused(
        said,
        cause="decision",
        code="decision.needed",
        field=field,
        cure="Decide how this invoice is booked: map both to one account and replay, or book it by hand.",
    )


def _lines(parts: list[Part], currency: amount.Currency, desk: Desk) -> tuple[Line, ...]:
    for number, part in enumerate(parts, 1):
        desk.because(f"lines[{number}].amount", part.why)
    return tuple(
        replace(part.coding, amount=currency.amount(part.minor), memo=cut(part.memo, texts.DESCRIPTION))
        for part in parts
    )


def _customer(invoice: Json, desk: Desk) -> str:
    key = customer_id(invoice)
    if not key:
        raise Unmapped("customer", [f"invoice {invoice['id']} without customer"], field="customer")
    posted = desk.posted("customer", key)
    assert isinstance(posted.document, Customer)
    desk.because("customer", f"customer record {key}")
    return posted.document.id


# --- days -------------------------------------------------------------------------------------------------------------


def _day(invoice: Json, desk: Desk, entity: str = "") -> date:
    field = "effective_at" if invoice.get("effective_at") else "status_transitions.finalized_at"
    desk.because("day", f"Stripe {field}")
    return desk.day(_instant(int(invoice.get("effective_at") or finalized_at(invoice))), entity)


def _due(invoice: Json, desk: Desk, head: Head) -> date:
    if not invoice.get("due_date"):
        desk.because("due", "no due date at Stripe: the day of the invoice")
        return head.day
    desk.because("due", "Stripe due_date")
    return desk.day(_instant(int(invoice["due_date"])), head.entity)


def _term(desk: Desk, day: date, due: date) -> str:
    row = desk.maybe("term", str((due - day).days), on=day, at="term")
    return row.value if row else ""


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


# --- parts ------------------------------------------------------------------------------------------------------------


def _parts(payload: Json, desk: Desk, place: Place) -> list[Part]:
    """revenue = amount - discount - inclusive tax; tax per account; shipping without its tax; credit grants."""
    gross = desk.option("discount") == "gross"
    parts = [part for line in payload["lines"] for part in _of_line(line, payload, desk, place, gross=gross)]
    parts += _shipping(payload["invoice"], desk, place)
    return [part for part in [*parts, *_taxes(payload, desk, place)] if part.minor]


def _of_line(line: Json, payload: Json, desk: Desk, place: Place, *, gross: bool) -> Iterable[Part]:
    text, key = str(line.get("description") or ""), line["id"]
    discount = sum(row["amount"] for row in line.get("discount_amounts") or ())
    inclusive = sum(row["amount"] for row in line.get("taxes") or () if row["tax_behavior"] == "inclusive")
    grant = sum(row["amount"] for row in line.get("pretax_credit_amounts") or () if row["type"] != "discount")
    revenue = line["amount"] - inclusive - (0 if gross else discount)
    product = payload["products"].get(_product(line)) or {}
    values = _revenue_values(line, product, desk)
    row = desk.map("revenue_account", *values, "*", on=place.day, at=f"lines.{key}.account")
    place = place_of_line(desk, place, line, product, values, f"lines.{key}")
    why = (
        f"{key} {line['amount']}" + f" - discount {discount}" * bool(discount) + f" - tax {inclusive}" * bool(inclusive)
    )
    yield Part(coded(desk, row, place, f"lines.{key}"), revenue, text, why, (key,))
    if discount and gross:
        yield _own_line("discount_account", -discount, f"Discount: {text}", f"{key}:discount", desk, place)
    if grant:
        yield _own_line("billing_credit_account", -grant, f"Billing credit: {text}", f"{key}:grant", desk, place)


def _own_line(table: str, minor: int, memo: str, source: str, desk: Desk, place: Place) -> Part:
    row = desk.map(table, "*", on=place.day, at=f"lines.{table}")
    return Part(coded(desk, row, place, f"lines.{table}"), minor, memo, f"{source} {minor}", (source,))


def _revenue_values(line: Json, product: Json, desk: Desk) -> list[str]:
    category = (product.get("metadata") or {}).get(str(desk.option("category_key"))) or ""
    return [id_of(_price(line).get("price")), _product(line), str(category)]


def _product(line: Json) -> str:
    return id_of(_price(line).get("product"))


def _price(line: Json) -> Json:
    return (line.get("pricing") or {}).get("price_details") or {}


def _shipping(invoice: Json, desk: Desk, place: Place) -> list[Part]:
    cost = invoice.get("shipping_cost")
    if not cost:
        return []
    net = cost["amount_total"] - cost["amount_tax"]
    return [_own_line("shipping_account", net, "Shipping", "shipping", desk, place)] if net else []


def _taxes(payload: Json, desk: Desk, place: Place) -> list[Part]:
    """One line per tax account: Stripe's amounts as they are, inclusive and exclusive, that on shipping too."""
    found: dict[Line, list[tuple[str, int]]] = defaultdict(list)
    for rate, minor in _tax_by_rate(payload).items():
        if minor:
            row = desk.map("tax_account", *_tax_values(rate, payload), on=place.day, at=f"lines.{rate}.account")
            found[coded(desk, row, place, f"lines.{rate}")].append((rate, minor))
    return [
        Part(
            coding,
            sum(minor for _, minor in rows),
            "Tax",
            "; ".join(f"{rate} {minor}" for rate, minor in rows),
            tuple(rate for rate, _ in rows),
        )
        for coding, rows in found.items()
    ]


def _tax_by_rate(payload: Json) -> dict[str, int]:
    taxes: dict[str, int] = defaultdict(int)
    for line in payload["lines"]:
        for tax in line.get("taxes") or ():
            taxes[_rate(tax)] += tax["amount"]
    for rate, minor in _shipping_tax(payload["invoice"], taxes).items():
        taxes[rate] += minor
    return taxes


def _shipping_tax(invoice: Json, of_lines: dict[str, int]) -> dict[str, int]:
    """By rate where Stripe shows it; else what the invoice's own totals by rate have above its lines."""
    cost = invoice.get("shipping_cost") or {}
    if not cost.get("amount_tax"):
        return {}
    if cost.get("taxes"):
        return {id_of(tax["rate"]): tax["amount"] for tax in cost["taxes"]}
    total: dict[str, int] = defaultdict(int)
    for tax in invoice.get("total_taxes") or ():
        total[_rate(tax)] += tax["amount"]
    return {rate: minor - of_lines.get(rate, 0) for rate, minor in total.items()}


def _rate(tax: Json) -> str:
    return id_of((tax.get("tax_rate_details") or {}).get("tax_rate"))


def _tax_values(rate: str, payload: Json) -> list[str]:
    known = payload["tax_rates"].get(rate) or {}
    area = "/".join(str(known.get(name) or "") for name in ("country", "state", "tax_type"))
    return [rate, area if known else "", "*"]


def _check(parts: list[Part], invoice: Json) -> None:
    found = sum(part.minor for part in parts)
    if found != invoice["total"]:
        raise Refused(
            f"The lines of {texts.number(invoice)} sum to {found}, Stripe's total is {invoice['total']} (minor units).",
            code="source.inconsistent",
            field="total",
            value=str(invoice["total"]),
            cure="Send the invoice to support with both sums; nothing is posted that does not add up.",
        )


# --- netting ----------------------------------------------------------------------------------------------------------


def split(payload: Json, desk: Desk) -> Adjustment | Skip:
    """The negative lines that stay, as a credit memo beside their invoice: `<number>-C`."""
    invoice = payload["invoice"]
    if desk.option("negative_lines") != "split_credit_memo" or invoice["total"] < 0:
        return Skip("negative lines stand on the invoice itself", code="split.inline")
    if desk.nothing("invoice", invoice["id"]):
        return Skip("the invoice posts nothing", code="split.nothing")
    owed = desk.posted("invoice", invoice["id"]).document
    if isinstance(owed, Journal):
        return Skip("the invoice of zero is a journal", code="split.journal")
    if owed.standing:
        return Skip("people made the invoice in the ledger", code="split.standing")
    entity = owed.lines[0].entity
    currency = amount.held(desk, invoice["currency"], entity)
    rest = [part for part in netted(_parts(payload, desk, place_of(desk, invoice, owed.day, entity))) if part.minor < 0]
    if not rest:
        return Skip("no negative line stays: others of the same coding bear them", code="split.netted")
    desk.because("day", f"that of the invoice {owed.number}")
    head = _head(invoice, desk, owed.day, entity, currency, rest)
    return replace(_credit_memo(head, summed(rest), currency, desk), number=docno(head.number + "-C"), external="")


def groups(lines: tuple[Line, ...]) -> dict[Line, Decimal]:
    """The frozen coding of a posted invoice: what each account with its dimensions bears."""
    sums: dict[Line, Decimal] = defaultdict(Decimal)
    for line in lines:
        sums[bare(line)] += line.amount
    return dict(sums)
