"""The functions that write: generic create, update and delete, and the legacy ones (sheet 5)."""

from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from . import bodies, cash, journals, masters, purchasing, settlement, subledger
from .books import Company
from .objects import OBJECTS
from .refusal import Refusal, invalid
from .store import Row
from .values import key

Node = etree._Element


@dataclass(frozen=True)
class Made:
    """One record of a generic create or update."""

    object: str
    row: Row


Create = Callable[[Company, Node], Row]


def _party(name: str) -> Create:
    return lambda company, node: masters.create_party(company, name, bodies.generic_party(company, name, node))


CREATE: dict[str, Create] = {
    "CUSTOMER": _party("CUSTOMER"),
    "VENDOR": _party("VENDOR"),
    "CONTACT": lambda c, node: masters.create_contact(c, bodies.generic_contact(c, node)),
    "ARPYMT": lambda c, node: settlement.pay(
        c, settlement.RECEIPT, bodies.generic_payment(c, settlement.RECEIPT, node)
    ),
    "APPYMT": lambda c, node: settlement.pay(
        c, settlement.PAYMENT, bodies.generic_payment(c, settlement.PAYMENT, node)
    ),
    "ARADVANCE": lambda c, node: settlement.advance(c, *bodies.generic_advance(c, node)),
    "APBILL": lambda c, node: subledger.create(c, subledger.APBILL, bodies.generic_bill(c, node)),
    "GLBATCH": lambda c, node: journals.create(c, bodies.generic_journal(c, node)),
}
UPDATE: dict[str, Create] = {
    "CUSTOMER": lambda c, node: masters.update_party(c, "CUSTOMER", bodies.generic_party(c, "CUSTOMER", node)),
    "VENDOR": lambda c, node: masters.update_party(c, "VENDOR", bodies.generic_party(c, "VENDOR", node)),
    "CONTACT": lambda c, node: masters.update_contact(c, bodies.generic_contact(c, node)),
}


def create(company: Company, node: Node) -> Made:
    return _one(company, node, CREATE, "CREATE", "Could not create {} record!")


def update(company: Company, node: Node) -> Made:
    return _one(company, node, UPDATE, "UPDATE", "Could not update {} record!")


def _one(company: Company, node: Node, table: dict[str, Create], operation: str, echo: str) -> Made:
    name = str(node.tag).upper()
    if name not in table:
        raise invalid(f"Object definition {name} not found or does not support {operation.lower()} here.")
    company.must_be_allowed(operation, name)
    try:
        with company.books.store.unit():
            return Made(name, table[name](company, node))
    except Refusal as refusal:
        label = OBJECTS[name].label
        raise refusal.echoed(echo.format(label if label.startswith("GL") else label.lower())) from None


def delete(company: Company, name: str, number: int) -> None:
    company.must_be_allowed("DELETE", name)
    if name in subledger.KINDS:
        subledger.delete(company, subledger.KINDS[name], number)
    elif name == "GLBATCH":
        journals.delete(company, number)
    elif name in ("CUSTOMER", "VENDOR", "CONTACT"):
        masters.delete_master(company, name, number)
    elif name in settlement.WAYS:
        _delete_draft_payment(company, name, number)
    else:
        raise invalid(f"Object definition {name} not found or does not support delete here.")
    audit = {"OBJECTTYPE": name.lower(), "OBJECTKEY": number, "ACCESSTIME": company.instant(), "ACCESSMODE": "D"}
    company.add("AUDITHISTORY", {**audit, "SOURCE": "api"})


def _delete_draft_payment(company: Company, name: str, number: int) -> None:
    row = company.get(name, number)
    if row is None or row["RAWSTATE"] != "D":
        raise invalid(f"The payment {number} is not a draft and cannot be deleted.")
    settlement.unselect(company, settlement.WAYS[name], row)
    company.drop(name, number)


# legacy functions; the answer is the key


def create_invoice(company: Company, node: Node) -> str:
    new = bodies.legacy_document(company, node, subledger.ARINVOICE, "invoiceno", "ponumber", "invoiceitems")
    return str(subledger.create(company, subledger.ARINVOICE, new)["RECORDNO"])


def create_aradjustment(company: Company, node: Node) -> str:
    new = bodies.legacy_document(
        company, node, subledger.ARADJUSTMENT, "adjustmentno", "invoiceno", "aradjustmentitems"
    )
    return str(subledger.create(company, subledger.ARADJUSTMENT, new)["RECORDNO"])


def create_apadjustment(company: Company, node: Node) -> str:
    new = bodies.legacy_document(company, node, subledger.APADJUSTMENT, "adjustmentno", "billno", "apadjustmentitems")
    return str(subledger.create(company, subledger.APADJUSTMENT, new)["RECORDNO"])


def create_bill(company: Company, node: Node) -> str:
    new = bodies.legacy_document(company, node, subledger.APBILL, "billno", "ponumber", "billitems")
    return str(subledger.create(company, subledger.APBILL, new)["RECORDNO"])


def create_arpayment(company: Company, node: Node) -> str:
    return str(settlement.pay(company, settlement.RECEIPT, bodies.legacy_payment(node))["RECORDNO"])


def apply_arpayment(company: Company, node: Node) -> str:
    number, day, parts, memo = bodies.legacy_application(node)
    return str(settlement.apply(company, settlement.RECEIPT, number, day, parts, memo)["RECORDNO"])


def record_otherreceipt(company: Company, node: Node) -> str:
    return str(cash.receive(company, bodies.legacy_receipt(company, node))["RECORDNO"])


def _reverse_document(kind: subledger.Kind) -> Callable[[Company, Node], str]:
    def reverse(company: Company, node: Node) -> str:
        number, day = key(node.get("key") or ""), bodies.reversal_day(node)
        return str(subledger.reverse(company, kind, number, day, bodies.text(node, "description")))

    return reverse


def reverse_arpayment(company: Company, node: Node) -> str:
    number, day = key(node.get("key") or ""), bodies.reversal_day(node)
    return str(settlement.reverse(company, settlement.RECEIPT, number, day, bodies.text(node, "description")))


def void_appaymentrequest(company: Company, node: Node) -> str:
    keys = [key((child.text or "").strip()) for child in node.iterfind("appaymentkeys/appaymentkey")]
    return ",".join(str(settlement.void(company, one)) for one in keys)


# name -> (object for permissions, the function)
LEGACY: dict[str, tuple[str, Callable[[Company, Node], str]]] = {
    "create_invoice": ("ARINVOICE", create_invoice),
    "create_aradjustment": ("ARADJUSTMENT", create_aradjustment),
    "create_apadjustment": ("APADJUSTMENT", create_apadjustment),
    "create_bill": ("APBILL", create_bill),
    "create_arpayment": ("ARPYMT", create_arpayment),
    "apply_arpayment": ("ARPYMT", apply_arpayment),
    "record_otherreceipt": ("OTHERRECEIPTS", record_otherreceipt),
    "create_potransaction": ("PODOCUMENT", purchasing.create_potransaction),
    "update_potransaction": ("PODOCUMENT", purchasing.update_potransaction),
    "void_appaymentrequest": ("APPYMT", void_appaymentrequest),
    "reverse_invoice": ("ARINVOICE", _reverse_document(subledger.ARINVOICE)),
    "reverse_bill": ("APBILL", _reverse_document(subledger.APBILL)),
    "reverse_arpayment": ("ARPYMT", reverse_arpayment),
}


def legacy(company: Company, name: str, node: Node) -> str:
    subject, function = LEGACY[name]
    verb = name.partition("_")[0].upper()
    company.must_be_allowed(verb if verb in ("REVERSE", "VOID", "UPDATE") else "CREATE", subject)
    with company.books.store.unit():
        return function(company, node)
