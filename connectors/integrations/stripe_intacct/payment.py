"""Stripe InvoicePayment → customer payment (ARPYMT). docs/accounting.md 3.3"""

from datetime import date
from decimal import Decimal

from connectors.base import Desk, Json, Posted, Ref, Skip
from connectors.errors import NotYet, Refused
from connectors.integrations.stripe_intacct import amount, texts
from connectors.integrations.stripe_intacct.carried import also_paid
from connectors.integrations.stripe_intacct.clearing import Settled, clearing_of, day_of, settled
from connectors.integrations.stripe_intacct.coding import customer_id
from connectors.integrations.stripe_intacct.receipt import brought, captured, receipt_of
from connectors.money import allocate, docno
from connectors.sage_intacct.documents import Advance, Application, Credit, Inline, Invoice, Payment
from connectors.stripe.client import id_of
from connectors.stripe.reading import moment, paid_at, recovery_key


def translate(payload: Json, desk: Desk) -> Payment | Application | Skip:
    payment, invoice, charge = payload["payment"], payload["invoice"], payload["charge"]
    if charge is None:
        return _outside(payload, desk)
    if payload["went_back"]:
        return Skip("the money went back before it was booked", code="payment.went_back")
    posted = desk.posted("invoice", invoice["id"])
    owed = _invoice(posted)
    _same_party(invoice, charge)
    if advance := _booked_before(charge, desk):
        return _of_advance(payload, owed, advance, desk)
    entity = owed.lines[0].entity
    currency = amount.held(desk, payment["currency"], entity)
    money = settled(desk, payload["balance_rows"], currency, captured(payload), entity)
    receipt = receipt_of(payload)
    also, excess = also_paid(payload, receipt, owed, desk)
    _claim(payload, desk)
    debt = _debt(payload, owed, desk)
    day = day_of(desk, payload["balance_rows"][0], entity)
    clearing = clearing_of(desk, money.currency, entity, day, "account")
    block = amount.block(desk, currency, entity)
    desk.because("applied", f"{payment['id']}: {receipt.applied} of {payment['amount_paid']} fits the invoice")
    return Payment(
        control=desk.control,
        number=docno(payload["key"]),
        customer=owed.customer,
        day=day,
        to=debt,
        applied=currency.amount(receipt.applied),
        also=also,
        excess=currency.amount(excess),
        excess_location=owed.lines[0].location if excess else "",
        excess_department=owed.lines[0].department if excess else "",
        inline=_inline(owed) if receipt.place == 0 and debt.kind == owed.kind else (),
        account=clearing.bank,
        method=_method(desk, charge, day),
        description=texts.described(
            charge["id"], texts.number(invoice), texts.party(invoice), id_of(charge.get("payment_intent"))
        ),
        currency=block.currency,
        base_currency=block.base_currency,
        books=entity,
        entity=owed.entity,
        # of what arrives in another currency the ledger is told both amounts, and takes no rate
        rate_type="" if money.exchanged or block.currency == block.base_currency else block.rate_type,
        settled=_share(payload, money) if money.exchanged else None,
        draft=desk.option("post_as") == "draft",
    )


# --- an invoice that was found later ----------------------------------------------------------------------------------


def _booked_before(charge: Json, desk: Desk) -> Advance | None:
    """The advance that this money was booked as, while no invoice named it."""
    try:
        before = desk.posted("sale", charge["id"]).document
    except NotYet:
        return None
    if isinstance(before, Advance):
        return before
    raise Refused(
        f"The charge {charge['id']} was booked as a sale before an invoice named it.",
        cause="decision",
        code="decision.needed",
        field="charge",
        value=charge["id"],
        cure="Reverse the sale by a journal, book the receipt by hand, then leave this record.",
    )


def _of_advance(payload: Json, owed: Invoice, advance: Advance, desk: Desk) -> Application | Skip:
    """Its cash is booked: what the invoice can take of the advance is applied, the rest stays open there."""
    payment, receipt = payload["payment"], receipt_of(payload)
    if not receipt.applied:
        return Skip("nothing was due; the advance stays open", code="payment.advance")
    if (advance.customer, advance.currency) != (owed.customer, owed.currency):
        raise Refused(
            f"The advance {advance.number} is of {advance.customer} {advance.currency}, the invoice {owed.number} of "
            f"{owed.customer} {owed.currency}.",
            cause="decision",
            code="party.mismatch",
            field="customer",
            value=advance.number,
            cure="Decide whose receivable this advance settles and apply it by hand.",
        )
    entity = owed.lines[0].entity
    currency = amount.held(desk, payment["currency"], entity)
    day = max(owed.day, advance.day)
    desk.because("day", "the later of advance and invoice")
    desk.because("credits", f"{payment['id']}: {receipt.applied} of {payment['amount_paid']} fits the invoice")
    credit = Credit(of=Ref("advance", advance.number, advance.customer), amount=currency.amount(receipt.applied))
    wants_account = desk.option("application_account") == "clearing"
    return Application(
        control=desk.control,
        number=docno(payload["key"]),
        customer=owed.customer,
        day=day,
        to=Ref("invoice", owed.number, owed.customer),
        credits=(credit,),
        account=clearing_of(desk, currency, entity, day, "account").bank if wants_account else "",
        description=texts.described("advance applied", payload["charge"]["id"], texts.number(payload["invoice"])),
        currency=owed.currency,
        base_currency=owed.base_currency,
        draft=desk.option("post_as") == "draft",
        entity=owed.entity,
    )


# --- outside ----------------------------------------------------------------------------------------------------------


def _outside(payload: Json, desk: Desk) -> Payment | Skip:
    """Money that never touched Stripe: the bank book shows it, unless finance names the bank that it went to."""
    if desk.option("out_of_band") != "bank_account":
        return Skip("not through Stripe", code="payment.out_of_band")
    payment, invoice = payload["payment"], payload["invoice"]
    owed = _invoice(desk.posted("invoice", invoice["id"]))
    entity = owed.lines[0].entity
    currency = amount.held(desk, payment["currency"], entity)
    receipt = receipt_of({**payload, "siblings": [payment], "charge": {"amount_captured": payment["amount_paid"]}})
    also, excess = also_paid(payload, receipt, owed, desk)
    desk.because("day", f"paid_at of {payment['id']}")
    day = desk.day(moment(paid_at(payment)), entity)
    bank = desk.map("bank_account", payment["payment"]["type"], "*", on=day, at="account").value
    desk.because("applied", f"{payment['id']}: {receipt.applied} of {payment['amount_paid']} fits the invoice")
    return Payment(
        control=desk.control,
        number=docno(payload["key"]),
        customer=owed.customer,
        day=day,
        to=_debt(payload, owed, desk),
        applied=currency.amount(receipt.applied),
        also=also,
        excess=currency.amount(excess),
        excess_location=owed.lines[0].location if excess else "",
        excess_department=owed.lines[0].department if excess else "",
        account=bank,
        description=texts.described("paid outside", texts.number(invoice), texts.party(invoice), payment["id"]),
        currency=owed.currency,
        base_currency=owed.base_currency,
        books=entity,
        entity=owed.entity,
        draft=desk.option("post_as") == "draft",
    )


def _debt(payload: Json, owed: Invoice, desk: Desk) -> Ref:
    """The invoice; where it was written off before this money came, the debit memo that takes the write-off back."""
    if desk.option("uncollectible") == "write_off":
        later = [row["id"] for row in payload["after_write_off"]]
        if payload["payment"]["id"] in later:
            key = recovery_key(payload["invoice"]["id"], later.index(payload["payment"]["id"]))
            if not desk.nothing("recovery", key):
                return Ref("adjustment", desk.posted("recovery", key).document.number, owed.customer)
    return Ref("invoice", owed.number, owed.customer)


def _invoice(posted: Posted) -> Invoice:
    if isinstance(posted.document, Invoice):
        return posted.document
    raise Refused(
        "The invoice that this money pays is a credit memo in the ledger.",
        cause="decision",
        code="decision.needed",
        field="to",
        value=posted.number,
        cure="Decide what this money is for and book it by hand.",
    )


def _same_party(invoice: Json, charge: Json) -> None:
    payer = id_of(charge.get("customer"))
    if payer and payer != customer_id(invoice):
        raise Refused(
            f"{payer} paid the invoice of {customer_id(invoice)}.",
            cause="decision",
            code="party.mismatch",
            field="customer",
            value=payer,
            cure="Decide whose receivable this money settles and book it by hand.",
        )


def _claim(payload: Json, desk: Desk) -> None:
    """One charge over several invoices: each payment claims its share of the row."""
    share = f":{payload['payment']['id']}" if len(payload["siblings"]) > 1 else ""
    for row in payload["balance_rows"]:
        desk.claim(row["id"] + share, "gross")


def _share(payload: Json, money: Settled) -> Decimal:
    """One charge over several invoices: what it settled for, by what each of them got of it."""
    place = [row["id"] for row in payload["siblings"]].index(payload["payment"]["id"])
    return allocate(money.amount, brought(payload), money.currency.unit)[place]


def _inline(owed: Invoice) -> tuple[Inline, ...]:
    """The first receipt uses up the negative lines of its invoice, else they stay open beside it."""
    if owed.standing:  # its lines are not those of Stripe
        return ()
    return tuple(Inline(line=n, amount=-line.amount) for n, line in enumerate(owed.lines, 1) if line.amount < 0)


def _method(desk: Desk, charge: Json, day: date) -> str:
    row = desk.maybe(
        "payment_method", (charge.get("payment_method_details") or {}).get("type") or "", on=day, at="method"
    )
    return row.value if row else "EFT"
