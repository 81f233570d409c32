"""Documents of the payable side, as the fact sheet's examples have them, and what a look shows for them."""

from datetime import date
from decimal import Decimal
from typing import Any

from connectors.base import Found, Look, Ref
from connectors.sage_intacct.documents import (
    Bill,
    BillPayment,
    BillPaymentVoid,
    BillReversal,
    OrderLine,
    Paid,
    PurchaseOrder,
    PurchaseOrderClose,
    Vendor,
    VendorCredit,
    VendorCreditReversal,
)

from .fakes import line, seen, there

DAY = date(2026, 1, 10)
VENDOR_ID = "STP-V77"


def cost(amount: str = "250.75", **more: Any) -> Any:
    return line(amount, **{"account": "60100", "memo": "Paper", "location": "US-100", "department": "OPS", **more})


def vendor(**more: Any) -> Vendor:
    return Vendor(**{"control": "k:vendor", "id": VENDOR_ID, "name": "Papier & Söhne AG", **more})


def bill(**more: Any) -> Bill:
    given = {
        "control": "k:bill",
        "number": "PA-2026-17",
        "vendor": VENDOR_ID,
        "day": DAY,
        "due": date(2026, 2, 9),
        "lines": (cost(),),
    }
    return Bill(**{**given, **more})


def credit(**more: Any) -> VendorCredit:
    given = {"control": "k:credit", "number": "PA-CM-2", "vendor": VENDOR_ID, "day": DAY, "lines": (cost("-50.00"),)}
    return VendorCredit(**{**given, **more})


def credit_taken_back(**more: Any) -> VendorCreditReversal:
    given = {"control": "k:credit:v", "number": "PA-CM-2-V", "of": "PA-CM-2", "vendor": VENDOR_ID, "day": DAY}
    return VendorCreditReversal(**{**given, "lines": (cost("50.00"),), **more})


def paid(amount: str = "250.75", bill: str = "PA-2026-17", **more: Any) -> Paid:
    return Paid(bill=bill, amount=Decimal(amount), **more)


def bill_payment(**more: Any) -> BillPayment:
    given = {
        "control": "k:paid",
        "number": "EFT-88",
        "vendor": VENDOR_ID,
        "day": date(2026, 2, 1),
        "account": "BOA-OPER",
        "paid": (paid(),),
    }
    return BillPayment(**{**given, **more})


def bill_reversal(**more: Any) -> BillReversal:
    given = {"control": "k:bill:v", "number": "PA-2026-17", "vendor": VENDOR_ID, "day": date(2026, 1, 20)}
    return BillReversal(**{**given, **more})


def void(**more: Any) -> BillPaymentVoid:
    given = {"control": "k:paid:v", "number": "EFT-88", "vendor": VENDOR_ID, "day": date(2026, 2, 3)}
    return BillPaymentVoid(**{**given, **more})


def ordered(quantity: str = "3", price: str = "19.99", **more: Any) -> OrderLine:
    given = {"item": "PAPER-A4", "unit": "Each", "location": "US-100", "memo": "A4"}
    return OrderLine(quantity=Decimal(quantity), price=Decimal(price), **{**given, **more})


def order(**more: Any) -> PurchaseOrder:
    given = {
        "control": "k:po",
        "definition": "Purchase Order",
        "number": "PO-000000007",
        "vendor": VENDOR_ID,
        "day": DAY,
        "lines": (ordered(),),
    }
    return PurchaseOrder(**{**given, **more})


def order_close(**more: Any) -> PurchaseOrderClose:
    given = {"control": "k:po:close", "definition": "Purchase Order", "number": "PO-000000007", "day": DAY}
    return PurchaseOrderClose(**{**given, **more})


# --- what a look shows ------------------------------------------------------------------------------------------------

KNOWN = (Ref("vendor", VENDOR_ID), there("vendor", VENDOR_ID, raw={"STATUS": "active", "ONHOLD": "false"}))


def open_bill(due: str = "250.75", number: str = "PA-2026-17", **more: Any) -> tuple[Ref, Found]:
    return Ref("bill", number, VENDOR_ID), there("bill", number, VENDOR_ID, due, **{"id": "5501", **more})


def open_credit(**more: Any) -> tuple[Ref, Found]:
    return Ref("vendor_credit", "PA-CM-2", VENDOR_ID), there("vendor_credit", "PA-CM-2", VENDOR_ID, "-50.00", **more)


def open_payment(**more: Any) -> tuple[Ref, Found]:
    given = {"id": "9033", **more}
    return Ref("bill_payment", "EFT-88", VENDOR_ID), there("bill_payment", "EFT-88", VENDOR_ID, "250.75", **given)


def open_order(**more: Any) -> tuple[Ref, Found]:
    ref = Ref("purchase_order", "PO-000000007", "Purchase Order")
    return ref, there("purchase_order", ref.key, ref.party, "59.97", **{"id": "Purchase Order-PO-0031", **more})


def look() -> Look:
    return seen(KNOWN, open_bill(), open_credit(), open_payment(), open_order())
