"""Purchasing transactions (sheet 5.12): kept, numbered, closed, readable. No conversions.

A definition may post: it then makes a bill, or entries in the ledger, as a company that is set up otherwise would see.
"""

from decimal import Decimal

from lxml import etree

from . import bodies, subledger
from .books import Company
from .ledger import Entry, Source, cents, post
from .refusal import Refusal, duplicate_number, invalid, wrong_state
from .store import Row
from .values import amount

Node = etree._Element
STATES = {"Draft": ("Draft", "I"), "Pending": ("Pending", "O"), "Closed": ("Closed", "D"), "": ("Pending", "O")}


def create_potransaction(company: Company, node: Node) -> str:
    definition = bodies.text(node, "transactiontype")
    kept = company.master("PODOCUMENTPARAMS", "DOCID", definition)
    if kept is None or kept["STATUS"] != "active":
        raise invalid(f"The transaction definition '{definition}' is not valid.")
    vendor = subledger.check_party(company, subledger.APBILL, bodies.text(node, "vendorid"))
    items = [_item(company, item) for item in node.iterfind("potransitems/potransitem")]
    number = _number(company, node, definition)
    row = company.add("PODOCUMENT", _row(company, node, definition, number, vendor, items))
    for line, item in enumerate(items):  # zero-based on read, as documented
        company.add("PODOCUMENTENTRY", {"DOCHDRNO": row["RECORDNO"], "DOCHDRID": row["DOCID"], "LINE_NO": line, **item})
    if kept.get("UPDATES_GL") == "AP":
        company.change("PODOCUMENT", row, PRRECORDKEY=_bill(company, row, items)["RECORDNO"])
    elif kept.get("UPDATES_GL") == "GL":
        _accrue(company, row, items)
    return str(row["DOCID"])


def update_potransaction(company: Company, node: Node) -> str:
    row = next(iter(company.find("PODOCUMENT", "DOCID", node.get("key") or "")), None)
    if row is None:
        raise invalid(f"Could not find Document {node.get('key')}.")
    if row["STATE"] in ("Closed", "Converted"):
        raise wrong_state(f"The document {row['DOCID']} is {row['STATE']} and cannot be edited.")
    changes: Row = {}
    if bodies.text(node, "state"):
        changes["STATE"], changes["RAWSTATE"] = STATES[bodies.text(node, "state")]
    if bodies.text(node, "message"):
        changes["MESSAGE"] = bodies.text(node, "message")
    company.change("PODOCUMENT", row, **changes)
    return str(row["DOCID"])


def _bill(company: Company, row: Row, items: list[Row]) -> Row:
    lines = [subledger.Line(item["TOTAL"], _COST, memo=item["MEMO"], dims=_dims(item)) for item in items]
    new = subledger.NewDocument(
        row["CUSTVENDID"], row["WHENCREATED"], lines, due=row["WHENDUE"], number=row["DOCNO"], reference=row["PONUMBER"]
    )
    made = subledger.create(company, subledger.APBILL, new)
    return company.change("APBILL", made, MODULEKEY="9.PO", DESCRIPTION2=row["DOCID"])


def _accrue(company: Company, row: Row, items: list[Row]) -> None:
    currency = row["CURRENCY"]
    entries = [
        Entry(account, sign * item["TOTAL"], sign * item["TOTAL"], currency, _dims(item), item["MEMO"], row["DOCNO"])
        for item in items
        for account, sign in ((_COST, 1), (_ACCRUED, -1))
    ]
    title = f"Purchasing {row['DOCID']}"
    post(
        company, row["WHENPOSTED"], Source("PODOCUMENT", row["RECORDNO"], "9.PO", "PJ", title, row["PONUMBER"]), entries
    )


_COST, _ACCRUED = "60100", "20500"


def _dims(item: Row) -> dict[str, str]:
    return {name: item[name] for name in bodies.LINE_DIMS.values() if item.get(name)}


def _number(company: Company, node: Node, definition: str) -> str:
    number = bodies.text(node, "documentno")
    if not number:
        if not company.knobs.auto_number:
            raise Refusal("PL01000127", "Document Number is missing")
        return f"PO-{company.running(f'PO {definition}'):04d}"
    if any(row["DOCPARID"] == definition for row in company.find("PODOCUMENT", "DOCNO", number)):
        raise duplicate_number()
    return number


def _row(company: Company, node: Node, definition: str, number: str, vendor: Row, items: list[Row]) -> Row:
    state, code = STATES.get(bodies.text(node, "state"), STATES[""])
    total = sum((item["TOTAL"] for item in items), Decimal("0.00"))
    created = bodies.legacy_day(node, "datecreated")
    return {
        "DOCNO": number,
        "DOCID": f"{definition}-{number}",
        "DOCPARID": definition,
        "PONUMBER": bodies.text(node, "referenceno"),
        "CUSTVENDID": vendor["VENDORID"],
        "CUSTVENDNAME": vendor["NAME"],
        "VENDORDOCNO": bodies.text(node, "vendordocno"),
        "STATE": state,
        "RAWSTATE": code,
        "WHENCREATED": created,
        "WHENPOSTED": bodies.legacy_day(node, "dateposted") or created,
        "WHENDUE": bodies.legacy_day(node, "datedue") or created,
        "TERMNAME": bodies.text(node, "termname"),
        "MESSAGE": bodies.text(node, "message"),
        "CURRENCY": bodies.text(node, "currency") or company.currency,
        "BASECURR": company.currency,
        "TOTAL": total,
        "SUBTOTAL": total,
        "TRX_TOTAL": total,
        "TRX_SUBTOTAL": total,
        "PRRECORDKEY": None,
    }


def _item(company: Company, node: Node) -> Row:
    item = company.master("ITEM", "ITEMID", bodies.text(node, "itemid"))
    if item is None or item["STATUS"] != "active":
        raise invalid(f"The item '{bodies.text(node, 'itemid')}' is not valid.", "Select a valid item.")
    unit = bodies.text(node, "unit")
    if item.get("UOMGRP") and unit != item["UOMGRP"]:  # compared letter by letter
        raise Refusal("BL03000018", f"Missing unit or unit '{unit}' is not valid for item {item['ITEMID']}.")
    quantity, price = amount(bodies.text(node, "quantity")), amount(bodies.text(node, "price") or "0")
    dims = {to: bodies.text(node, name) for name, to in bodies.LINE_DIMS.items() if bodies.text(node, name)}
    return {
        **dims,
        "ITEMID": item["ITEMID"],
        "ITEMDESC": bodies.text(node, "itemdesc") or item["NAME"],
        "QUANTITY": quantity,
        "UNIT": unit,
        "PRICE": price,
        "TRX_PRICE": price,
        "TOTAL": cents(quantity * price),
        "MEMO": bodies.text(node, "memo"),
    }
