"""From the two dialects of the wire to what the books understand.

Generic bodies (upper case, `create`/`update`) are checked against the object's fields; legacy functions (lower case)
have passed the schema. Sheet 5.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from lxml import etree

from . import cash, journals, settlement, subledger
from .books import Company
from .masters import POINTS, NewParty
from .objects import OBJECTS, Obj
from .refusal import format_wrong, invalid
from .store import Row
from .subledger import Line
from .values import amount, day, day_of, key, truth, typed

Node = etree._Element
LINE_DIMS = {
    "locationid": "LOCATIONID", "departmentid": "DEPARTMENTID", "projectid": "PROJECTID", "customerid": "CUSTOMERID",
    "vendorid": "VENDORID", "employeeid": "EMPLOYEEID", "itemid": "ITEMID", "classid": "CLASSID", "taskid": "TASKID",
    "contractid": "CONTRACTID", "warehouseid": "WAREHOUSEID", "costtypeid": "COSTTYPEID",
}  # fmt: skip
JOURNAL_DIMS = {"LOCATION": "LOCATIONID", "DEPARTMENT": "DEPARTMENTID"} | {
    name: name for name in LINE_DIMS.values() if name not in ("LOCATIONID", "DEPARTMENTID")
}


def text(node: Node | None, name: str) -> str:
    """The text of a child, empty where there is none; letters of either case in generic objects."""
    if node is None:
        return ""
    child = node.find(name)
    return (child.text or "").strip() if child is not None else ""


def has(node: Node, name: str) -> bool:
    return node.find(name) is not None


# legacy


def legacy_day(node: Node, name: str) -> date | None:
    child = node.find(name)
    if child is None:
        return None
    return day_of({str(part.tag): (part.text or "").strip() for part in child}, name)


def _must_day(node: Node, name: str) -> date:
    found = legacy_day(node, name)
    if found is None:
        raise invalid(f"Required field {name} is missing.")
    return found


def legacy_lines(node: Node, name: str) -> list[Line]:
    return [_legacy_line(line) for line in node.iterfind(f"{name}/lineitem")]


def _legacy_line(node: Node) -> Line:
    dims = {to: text(node, name) for name, to in LINE_DIMS.items() if text(node, name)}
    custom = custom_fields(node)
    return Line(
        amount(text(node, "amount")),
        text(node, "glaccountno"),
        text(node, "accountlabel"),
        text(node, "memo"),
        text(node, "offsetglaccountno"),
        dims | _own_dims(custom),
        {name: value for name, value in custom.items() if not name.startswith("GLDIM")},
    )


def _own_dims(fields: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name.startswith("GLDIM") and value}


def custom_fields(node: Node) -> dict[str, str]:
    fields = node.iterfind("customfields/customfield")
    return {text(f, "customfieldname").upper(): text(f, "customfieldvalue") for f in fields}


def legacy_document(company: Company, node: Node, kind: subledger.Kind, number: str, reference: str, items: str) -> Any:
    kept = _known_custom(company, kind.object, custom_fields(node))
    return subledger.NewDocument(
        party=text(node, kind.party_id.lower()),
        day=_must_day(node, "datecreated"),
        lines=legacy_lines(node, items),
        posted=legacy_day(node, "dateposted"),
        due=legacy_day(node, "datedue"),
        term=text(node, "termname"),
        number=fit(company, text(node, number), 45, number),
        reference=fit(company, text(node, reference), 45, reference),
        description=fit(company, text(node, "description"), 1000, "description"),
        external=text(node, "externalid"),
        currency=text(node, "currency"),
        rate=_maybe_amount(node, "exchrate"),
        draft=text(node, "action") == "Draft",
        fields={**kept, "PRBATCHKEY": text(node, "batchkey"), "SUPDOCID": text(node, "supdocid")},
    )


def legacy_payment(node: Node) -> settlement.NewPayment:
    details = [_legacy_detail(item) for item in node.iterfind("arpaymentitem")]
    total = amount(text(node, "paymentamount"))
    over = total - sum((d.cash for d in details), Decimal(0))
    if over < 0:
        raise format_wrong("The sum of the items is greater than the payment amount.")
    received = _must_day(node, "datereceived")
    dims = {"LOCATIONID": text(node, "overpaylocid"), "DEPARTMENTID": text(node, "overpaydeptid")}
    return settlement.NewPayment(
        party=text(node, "customerid"),
        day=received,
        method=text(node, "paymentmethod") or "Printed Check",
        details=details,
        bank=text(node, "bankaccountid"),
        undeposited=text(node, "undepfundsacct"),
        number=text(node, "refid"),
        currency=text(node, "currency"),
        over=over,
        over_dims={name: value for name, value in dims.items() if value},
        summary=text(node, "batchkey"),
    )


def _legacy_detail(node: Node) -> settlement.Detail:
    return settlement.Detail(key(text(node, "invoicekey")), cash=amount(text(node, "amount")))


def legacy_application(node: Node) -> tuple[int, date, list[tuple[int, Decimal]], str]:
    items = node.iterfind("arpaymentitems/arpaymentitem")
    parts = [(key(text(item, "invoicekey")), amount(text(item, "amount"))) for item in items]
    return key(text(node, "arpaymentkey")), _must_day(node, "paymentdate"), parts, text(node, "memo")


def legacy_receipt(company: Company, node: Node) -> cash.NewReceipt:
    return cash.NewReceipt(
        payer=text(node, "payee"),
        day=_must_day(node, "paymentdate"),
        received=_must_day(node, "receiveddate"),
        method=text(node, "paymentmethod"),
        lines=legacy_lines(node, "receiptitems"),
        bank=text(node, "bankaccountid"),
        undeposited=text(node, "undepglaccountno"),
        deposited=legacy_day(node, "depositdate"),
        number=text(node, "refid"),
        description=text(node, "description"),
        currency=text(node, "currency"),
        rate=_maybe_amount(node, "exchrate"),
        fields=_known_custom(company, "OTHERRECEIPTS", custom_fields(node)),
    )


def reversal_day(node: Node) -> date:
    return _must_day(node, "datereversed")


def _maybe_amount(node: Node, name: str) -> Decimal | None:
    return amount(text(node, name), name) if text(node, name) else None


def _known_custom(company: Company, name: str, fields: dict[str, str]) -> Row:
    known = company.setup["CUSTOM"].get(name, ())
    for field in fields:
        if field not in known and company.knobs.unknown_fields == "refuse":
            raise invalid(f"Custom field {field} is not valid for {name}.")
    return {field: value for field, value in fields.items() if field in known}


# generic


class Body:
    """A generic object as it was sent: element names in upper case, unknown ones refused, texts cut or refused."""

    def __init__(self, company: Company, obj: Obj, node: Node, extra: frozenset[str] = frozenset()) -> None:
        self.company, self.obj = company, obj
        self.nodes = {str(child.tag).upper(): child for child in node if isinstance(child.tag, str)}
        custom = company.setup["CUSTOM"].get(obj.name, ())
        known = obj.fields.keys() | obj.sends | set(custom) | extra
        for name in list(self.nodes):
            if name not in known and not name.startswith("GLDIM"):
                if company.knobs.unknown_fields == "refuse":
                    raise invalid(f"Invalid field '{name}' for object {obj.name}.")
                del self.nodes[name]
        self.custom = {name: self.text(name) for name in self.nodes if name in custom}

    def text(self, name: str) -> str:
        node = self.nodes.get(name)
        return (node.text or "").strip() if node is not None else ""

    def given(self, name: str) -> bool:
        return name in self.nodes

    def must(self, name: str) -> str:
        if not self.text(name):
            raise invalid(f"Required field {name} is missing.", f"Provide a value for {name}.")
        return self.text(name)

    def day(self, name: str) -> date | None:
        return day(self.text(name), name) if self.text(name) else None

    def must_day(self, name: str) -> date:
        return day(self.must(name), name)

    def amount(self, name: str) -> Decimal | None:
        return amount(self.text(name), name) if self.text(name) else None

    def key(self, name: str) -> int | None:
        return key(self.text(name), name) if self.text(name) else None

    def parts(self, collection: str, item: str) -> Iterator["Body"]:
        node = self.nodes.get(collection)
        if node is None:
            return
        for child in node:
            if str(child.tag).upper() == item:
                yield Body(self.company, OBJECTS[item], child, _DETAIL_EXTRA)

    def fields(self, *skip: str) -> Row:
        """Every plain field that was sent, in its type."""
        made: Row = {}
        for name in self.nodes:
            field = self.obj.fields.get(name)
            if field and name not in skip:
                made[name] = typed(fit(self.company, self.text(name), field.length, name), field.type, name)
        return made | self.custom

    def dims(self, names: dict[str, str]) -> dict[str, str]:
        own = _own_dims({name: self.text(name) for name in self.nodes})
        return {to: self.text(name) for name, to in names.items() if self.text(name)} | own


_DETAIL_EXTRA = frozenset({"CURRENCY"})


def fit(company: Company, value: str, length: int, name: str) -> str:
    if not length or len(value) <= length or company.knobs.too_long == "keep":
        return value
    if company.knobs.too_long == "cut":
        return value[:length]
    raise format_wrong(f"The value of {name} is longer than {length} characters.", "Use a shorter value.")


def generic_party(company: Company, name: str, node: Node) -> NewParty:
    body = Body(company, OBJECTS[name], node)
    contact = body.nodes.get("DISPLAYCONTACT")
    points = {point: text(body.nodes[point], "CONTACTNAME") for point in POINTS if body.given(point)}
    fields = body.fields()
    if body.given("DELIVERYOPTIONS"):  # the SDK's spelling
        fields["DELIVERY_OPTIONS"] = body.text("DELIVERYOPTIONS")
    return NewParty(fields, generic_contact(company, contact) if contact is not None else None, points)


def generic_contact(company: Company, node: Node) -> Row:
    body = Body(company, OBJECTS["CONTACT"], node)
    fields = body.fields()
    for child in body.nodes.get("MAILADDRESS", ()):
        # the pages disagree about the name of the code element; all three are taken
        name = str(child.tag).upper().replace("ISOCOUNTRYCODE", "COUNTRYCODE")
        place = f"MAILADDRESS.{name}"
        known = OBJECTS["CONTACT"].fields.get(place)
        if known is None:
            raise invalid(f"Invalid field '{name}' for object MAILADDRESS.")
        fields[place] = fit(company, (child.text or "").strip(), known.length, place)
    return fields


def generic_payment(company: Company, way: settlement.Way, node: Node) -> settlement.NewPayment:
    body = Body(company, OBJECTS[way.object], node)
    receipt = way is settlement.RECEIPT
    dims = {"LOCATIONID": body.text("OVERPAYMENTLOCATIONID"), "DEPARTMENTID": body.text("OVERPAYMENTDEPARTMENTID")}
    details = [_detail(part) for part in body.parts(way.detail + "S", way.detail)]
    needs_method = receipt or any(detail.cash for detail in details)
    paid = body.day("PAYMENTDATE")
    return settlement.NewPayment(
        party=body.must(way.document.party_id),
        day=body.must_day("RECEIPTDATE" if receipt else "PAYMENTDATE"),
        method=body.must("PAYMENTMETHOD") if needs_method else body.text("PAYMENTMETHOD") or "EFT",
        details=details,
        bank=body.text("FINANCIALENTITY"),
        undeposited=body.text("UNDEPOSITEDACCOUNTNO"),
        paid=paid or company.today(),
        number=fit(company, body.text("DOCNUMBER"), 45, "DOCNUMBER"),
        description=fit(company, body.text("DESCRIPTION"), 1000, "DESCRIPTION"),
        currency=body.text("CURRENCY"),
        over=body.amount("OVERPAYMENTAMOUNT") or Decimal("0.00"),
        over_dims={name: value for name, value in dims.items() if value},
        settled=body.amount("AMOUNTTOPAY"),
        settled_trx=body.amount("TRX_AMOUNTTOPAY"),
        rate=body.amount("EXCHANGE_RATE"),
        draft=body.text("ACTION") == "Draft",
        summary=body.text("PRBATCH"),
        fields=body.custom,
    )


_CREDITS = {
    "ADJUSTMENT": "TRX_ADJUSTMENTAMOUNT",
    "INLINE": "TRX_INLINEAMOUNT",
    "ADVANCE": "TRX_POSTEDADVANCEAMOUNT",
    "OVERPAYMENT": "TRX_POSTEDOVERPAYMENTAMOUNT",
    "NEGATIVEINVOICE": "TRX_NEGATIVEINVOICEAMOUNT",
}


def _detail(body: Body) -> settlement.Detail:
    adjustment = body.given("POSADJKEY")
    if adjustment and body.given("RECORDKEY"):
        raise invalid("A detail names an invoice or an adjustment, not both.")
    target = body.key("POSADJKEY" if adjustment else "RECORDKEY")
    if target is None:
        raise invalid("Required field RECORDKEY is missing.")
    entry = body.key("POSADJENTRYKEY" if adjustment else "ENTRYKEY")
    credits = [_credit(body, kind, name) for kind, name in _CREDITS.items() if body.given(f"{kind}KEY")]
    cash, discount_day = body.amount("TRX_PAYMENTAMOUNT") or Decimal("0.00"), body.day("DISCOUNTDATE")
    return settlement.Detail(target, adjustment, entry, cash, credits, discount_day)


def _credit(body: Body, kind: str, name: str) -> settlement.Credit:
    value = body.amount(name)
    if value is None:
        raise invalid(f"Required field {name} is missing.")
    found = body.key(f"{kind}KEY")
    assert found is not None
    return settlement.Credit(kind, found, value, body.key(f"{kind}ENTRYKEY"))


def generic_advance(company: Company, node: Node) -> tuple[settlement.NewPayment, list[Line]]:
    body = Body(company, OBJECTS["ARADVANCE"], node)
    lines = [_generic_line(part) for part in body.parts("ARADVANCEITEMS", "ARADVANCEITEM")]
    new = settlement.NewPayment(
        party=body.must("CUSTOMERID"),
        day=body.must_day("RECEIPTDATE"),
        method=body.must("PAYMENTMETHOD"),
        details=(),
        bank=body.text("FINANCIALENTITY"),
        undeposited=body.text("UNDEPOSITEDACCOUNTNO"),
        paid=body.day("PAYMENTDATE") or company.today(),
        number=body.text("DOCNUMBER"),
        description=body.text("DESCRIPTION"),
        currency=body.text("CURRENCY"),
        summary=body.text("PRBATCH"),
        fields=body.custom,
    )
    return new, lines


def generic_bill(company: Company, node: Node) -> subledger.NewDocument:
    body = Body(company, OBJECTS["APBILL"], node)
    draft = body.text("ACTION") == "Draft"
    number = fit(company, body.text("RECORDID"), 45, "RECORDID")
    if set(number) & set("&<>#?\"'"):
        raise format_wrong("The bill number holds a character that is not allowed.")
    kept: Row = {name: body.text(name) for name in ("PAYMENTPRIORITY", "SUPDOCID", "PRBATCH") if body.given(name)}
    kept["ONHOLD"] = truth(body.text("ONHOLD") or "false")
    return subledger.NewDocument(
        party=body.must("VENDORID"),
        day=body.must_day("WHENCREATED"),
        lines=[_generic_line(part) for part in body.parts("APBILLITEMS", "APBILLITEM")],
        posted=body.day("WHENPOSTED"),
        due=body.day("WHENDUE") if draft else body.must_day("WHENDUE"),
        term=body.text("TERMNAME"),
        number=number,
        reference=body.text("DOCNUMBER"),
        description=body.text("DESCRIPTION"),
        currency=body.text("CURRENCY"),
        rate=body.amount("EXCHANGE_RATE"),
        draft=draft,
        fields={**kept, **body.custom},
    )


def _generic_line(body: Body) -> Line:
    value = body.amount("TRX_AMOUNT") or body.amount("AMOUNT")
    if value is None:
        # the misleading text is the real one (sheet 5.9)
        raise invalid("Remove the extra line item in the request, then reclassify the bill.")
    dims = body.dims({name: name for name in LINE_DIMS.values()})
    return Line(value, body.text("ACCOUNTNO"), body.text("ACCOUNTLABEL"), body.text("ENTRYDESCRIPTION"),
                body.text("OFFSETGLACCOUNTNO"), dims, body.custom)  # fmt: skip


def generic_journal(company: Company, node: Node) -> journals.NewBatch:
    body = Body(company, OBJECTS["GLBATCH"], node)
    return journals.NewBatch(
        journal=body.must("JOURNAL"),
        day=body.must_day("BATCH_DATE"),
        title=fit(company, body.must("BATCH_TITLE"), 80, "BATCH_TITLE"),
        entries=[_journal_line(part) for part in body.parts("ENTRIES", "GLENTRY")],
        reference=fit(company, body.text("REFERENCENO"), 40, "REFERENCENO"),
        base_location=body.text("BASELOCATION_NO"),
        reverse_on=body.day("REVERSEDATE"),
        draft=body.text("STATE") == "Draft",
        fields=body.custom,
    )


def _journal_line(body: Body) -> journals.NewEntry:
    side = body.must("TR_TYPE")
    if side not in ("1", "-1"):
        raise format_wrong(f"'{side}' is not a valid TR_TYPE.", "Use 1 for debit or -1 for credit.")
    value = body.amount("TRX_AMOUNT")
    value = body.amount("AMOUNT") if value is None else value
    if value is None:
        raise invalid("Required field TRX_AMOUNT is missing.")
    memo = fit(body.company, body.text("DESCRIPTION"), 1000, "DESCRIPTION")
    document = fit(body.company, body.text("DOCUMENT"), 30, "DOCUMENT")
    return journals.NewEntry(
        body.must("ACCOUNTNO"), value, side == "1", body.text("CURRENCY"), body.amount("EXCHANGE_RATE"), memo, document,
        body.dims(JOURNAL_DIMS),
    )  # fmt: skip


def flag(node: Node, name: str, default: str) -> bool:
    return truth(text(node, name) or default)
