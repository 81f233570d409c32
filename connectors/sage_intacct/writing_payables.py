"""The same of payables: a vendor that payment runs leave out, a bill and a credit of one cent, both taken back."""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from connectors.base import Done, Finding
from connectors.sage_intacct import proofs
from connectors.sage_intacct.documents import Bill, BillReversal, Line, Vendor, VendorCredit, VendorCreditReversal
from connectors.sage_intacct.probing import found

CENT: Final = Decimal("0.01")


def probe(books: Any, given: Mapping[str, str], left: list[str]) -> Iterator[Finding]:
    """`books`: those of `writing`. `given`: expense, the account of the lines, and location."""
    vendor = f"MLPROBE{books.key[:10].upper()}"
    left.append(f"vendor {vendor}, perhaps")
    place = len(left) - 1
    made = books.post(Vendor(control=books.control(), id=vendor, name="ml-connector probe", payment_blocked=True))
    if not isinstance(made, Done):
        left.pop()
        yield found("rights", "vendor", "A vendor can be made", "failed", made.said, made.cure)
        return
    left[place] = f"vendor {vendor}, active"
    yield found("rights", "vendor", "A vendor can be made", "ok", vendor)
    yield from _of_bill(books, vendor, given, left)
    yield from _of_credit(books, vendor, given, left)
    answer = books.change_object("VENDOR", "VENDORID", vendor, ("STATUS", "inactive"))
    label = "The vendor is made inactive"
    if not isinstance(answer, Done):
        yield found("data", "vendor_inactive", label, "warning", answer.said, "Make it inactive by hand.")
        return
    left[place] = f"vendor {vendor}, inactive"
    yield found("data", "vendor_inactive", label, "ok")


def _line(amount: Decimal, given: Mapping[str, str]) -> Line:
    return Line(amount=amount, account=given["expense"], memo="probe", location=given.get("location", ""))


def _common(books: Any, vendor: str, given: Mapping[str, str]) -> dict[str, Any]:
    currency = given.get("currency", "")
    today = datetime.now(UTC).date()
    money = {"currency": currency, "base_currency": currency}
    return {"control": books.control(), "vendor": vendor, "day": today, "description": "ml-connector probe", **money}


# --- the bill ---------------------------------------------------------------------------------------------------------


def _of_bill(books: Any, vendor: str, given: Mapping[str, str], left: list[str]) -> Iterator[Finding]:
    label = "A bill can be made, of a vendor that is not to be paid"
    first = _bill(books, vendor, given)
    left.append(f"bill {first.number} of {vendor}, 0.01, perhaps")
    place = len(left) - 1
    made = books.post(first)
    if not isinstance(made, Done):
        left.pop()
        yield found("rights", "bill", label, "failed", made.said, made.cure)
        return
    left[place] = f"bill {first.number} of {vendor}, 0.01, open"
    state = books.state(first)
    cure = "" if state == "posted" else "The company wants approvals: bills wait for them there."
    yield found("rights", "bill", label, "warning" if cure else "ok", f"{first.number}, {state}", cure)
    second = books.post(_bill(books, vendor, given))
    yield books.refusal("duplicate_bill", "A second bill of the same number", second)
    if isinstance(second, Done):
        left.append(f"a second bill {first.number} of {vendor}, 0.01, open")
        return
    reversal = BillReversal(control=books.control(), number=first.number, vendor=vendor, day=first.day)
    answer = books.post(reversal)
    label = "Reversal of unpaid bills"
    if isinstance(answer, Done):
        left[place] = f"bill {first.number} of {vendor}, 0.01, reversed"
        yield found("settings", "bill_reversal", label, "ok", "It is allowed.")
        return
    cure = (
        "Allow it under Accounts Payable > Setup > Configure Accounts Payable, or bills are taken back by vendor"
        " credits. Reverse the bill of the probe by hand."
    )
    yield found("settings", "bill_reversal", label, "warning", answer.said, cure)


def _bill(books: Any, vendor: str, given: Mapping[str, str]) -> Bill:
    common = _common(books, vendor, given)
    return Bill(number=vendor, due=common["day"], lines=(_line(CENT, given),), **common)


# --- the credit -------------------------------------------------------------------------------------------------------


def _of_credit(books: Any, vendor: str, given: Mapping[str, str], left: list[str]) -> Iterator[Finding]:
    label = "A vendor credit lowers what is owed"
    credit = VendorCredit(number=f"{vendor}-C", lines=(_line(-CENT, given),), **_common(books, vendor, given))
    left.append(f"vendor credit {credit.number}, 0.01, perhaps")
    place = len(left) - 1
    made = books.post(credit)
    if not isinstance(made, Done):
        left.pop()
        yield found("rights", "credit", label, "failed", made.said, made.cure)
        return
    left[place] = f"vendor credit {credit.number}, 0.01, open"
    lowers = _balance_told(books)
    if lowers is None:
        said = "No balance of a vendor tells it."
        yield found("settings", "credit_sign", label, "not_checkable", said, "The first credit is looked at.")
    else:
        said = "The balance of the vendor shows it." if lowers else "The balance of the vendor shows that it raised it."
        cure = "" if lowers else "Send this to support: no credit goes out until its sign is put right."
        outcome: Any = "ok" if lowers else "failed"
        yield found("settings", "credit_sign", label, outcome, said, cure, {"credit_lowers": lowers})
    back = VendorCreditReversal(
        number=f"{credit.number}-V", of=credit.number, lines=(_line(CENT, given),), **_common(books, vendor, given)
    )
    if isinstance(books.post(back), Done):
        left[place] = f"vendor credit {credit.number}, 0.01, with its opposite, reversed"


def _balance_told(books: Any) -> bool | None:
    """Balances may follow a moment later."""
    end = time.monotonic() + books.patience
    while True:
        told = proofs.credit_lowers(books.client.call, books.client.rows)
        if told is not None or time.monotonic() > end:
            return told
        time.sleep(books.between)
