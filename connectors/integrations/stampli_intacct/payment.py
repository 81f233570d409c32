"""Stampli payment → APPYMT, one per payment id; a voided one → its void, held for a person. docs/accounting.md 4.2"""

from datetime import date
from decimal import Decimal

from connectors.base import Desk, Document, Json, Skip
from connectors.errors import NotYet, Refused
from connectors.integrations.stampli_intacct.faults import Faults
from connectors.integrations.stampli_intacct.texts import described
from connectors.integrations.stampli_intacct.vendor import vendor_of
from connectors.money import docno, exact
from connectors.sage_intacct.bookable import SMALLEST, money
from connectors.sage_intacct.documents import BillPayment, BillPaymentVoid, Paid


def payment(told: Json, desk: Desk) -> Document | Skip:
    day = date.fromisoformat(told["payment_date"])
    vendor = _vendor(told, desk, day)
    _wait_for_bills(told, desk)
    bank = desk.map("bank_account", str(told.get("bank_account") or ""), on=day, at="account")
    _alone(desk, told, bank.value)
    held = money(desk, _currency(told, desk), "", str(desk.option("rate_type") or ""))
    number = docno(str(told.get("reference") or told["payment_id"]))
    made = BillPayment(
        control=desk.control,
        number=number,
        vendor=vendor,
        day=day,
        account=bank.value,
        paid=tuple(_paid(one) for one in told["lines"]),
        description=described({**told, "number": ""}, str(told["payment_id"]), _method(told)),
        draft=desk.option("post_as") == "draft",
        books=str((_choice(desk, bank.value) or {}).get("location") or ""),
        currency=held.currency,
        base_currency=held.base_currency,
        rate_type=held.rate_type,
    )
    return _unless_posted(desk, told, made)


def void(told: Json, desk: Desk) -> Document | Skip:
    """Prepared, and sent once a person has approved it."""
    posted = desk.posted("payment", str(told["document"]))
    day = date.fromisoformat(told["payment_date"])
    paid: BillPayment = posted.document
    described = f"Stampli void of {told['payment_id']}"
    day = max(day, paid.day)
    return BillPaymentVoid(
        control=desk.control, number=paid.number, vendor=paid.vendor, day=day, description=described, entity=paid.entity
    )


def _vendor(told: Json, desk: Desk, day: date) -> str:
    faults = Faults(desk)
    vendor = vendor_of(desk, told, faults, [int(row) for row in told["rows"]], day)
    faults.end()
    return vendor


def _wait_for_bills(told: Json, desk: Desk) -> None:
    """A bill that a file told of and that is not posted yet is waited for; any other is looked for at the target."""
    for one in told["lines"]:
        if not desk.known("bill", one["bill"]):
            continue
        try:
            desk.posted("bill", one["bill"])
        except NotYet as wait:
            raise NotYet(
                f"The bill {one['invoice_number']} is not posted yet.",
                code="dependency.bill",
                flow=wait.flow,
                key=wait.key,
            ) from None


def _currency(told: Json, desk: Desk) -> str:
    """That of the bills; the file seldom says it."""
    for one in told["lines"]:
        if desk.known("bill", one["bill"]):
            posted = desk.posted("bill", one["bill"]).document.currency
            if posted:
                return str(posted)
    return str(told["currency"])


def _paid(one: Json) -> Paid:
    amount = exact(Decimal(one["amount"]), SMALLEST)
    discount = exact(Decimal(one.get("discount") or 0), SMALLEST)
    return Paid(bill=docno(str(one["invoice_number"])), amount=amount, discount=discount)


def _method(told: Json) -> str:
    return " ".join(str(told.get(name) or "") for name in ("method", "reference")).strip()


def _choice(desk: Desk, account: str) -> dict[str, str] | None:
    choice = desk.choice("bank_account", account)
    return dict(choice.facts) if choice else None


def _alone(desk: Desk, told: Json, bank: str) -> None:
    """One payment alone may bear a reference of a method at a bank."""
    reference = str(told.get("reference") or "")
    if not reference:
        return
    used = Refused(
        f"The reference {reference} was used by another payment from {bank}.",
        cause="decision",
        code="held.reference_reused",
        field="reference",
        value=reference,
        cure="Compare both payments in Stampli; leave this one if it is the same payment.",
    )
    desk.claim(f"payment:{bank}:{told.get('method') or ''}:{reference}"[:255], "ref", used)


def _unless_posted(desk: Desk, told: Json, made: BillPayment) -> Document | Skip:
    try:
        before: BillPayment = desk.posted("payment", str(told["key"])).document
    except NotYet:
        return made
    if (before.day, before.vendor, before.paid) == (made.day, made.vendor, made.paid):
        return Skip("it was posted already, the same", code="duplicate")
    raise Refused(
        f"The payment {told['payment_id']} changed after it was posted.",
        cause="decision",
        code="held.changed",
        field="payment_id",
        value=str(told["payment_id"]),
        cure="Correct the payment in Sage Intacct by hand if it is wrong there, then leave this.",
    )
