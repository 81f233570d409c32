"""What Sage Intacct says about payables → our cause and code, and who does what about it."""

import pytest

from connectors.errors import Refused
from connectors.sage_intacct import said
from connectors.sage_intacct.answers import Said


def meant(number: str, text: str, kind: str = "bill") -> Refused:
    error = said.of_write([Said(number, text)])
    assert isinstance(error, Refused)
    return said.of_kind(kind, error)


@pytest.mark.parametrize(
    ("number", "text", "cause", "code"),
    [
        ("BL03002185", "A transaction with that number already exists", "duplicate", "duplicate.foreign"),
        ("BL03002073", "Negative amounts are not allowed on the lines.", "data", "negative.refused"),
        ("BL01001973", "Vendor V1 is inactive.", "settings", "party.blocked"),
        ("BL01001973", "Could not create bill: vendor V9 is not valid.", "settings", "value.invalid"),
        ("BL01001973", "Vendor V1 is marked as not to be paid.", "settings", "party.blocked"),
        ("BL01001973", "Date must be on or after 02/01/2026.", "period", "period.closed"),
        ("BL01001973", "The Accounts Payable subledger is closed for 01/10/2026.", "period", "period.closed"),
        ("BL01001973", "The General Ledger is closed for the date 01/10/2026.", "period", "period.closed"),
        ("BL03000018", "This transaction is missing the Department dimension for the Account 60100.", "settings",
         "dimension.required"),
        ("BL03002129", "The bill B-1 is on hold and cannot be paid.", "settings", "bill.on_hold"),
        ("BL03002129", "The bill B-1 is Paid and cannot be edited.", "decision", "document.state"),
        ("PL01000127", "Document Number is missing", "settings", "number.missing"),
        ("DL03000005", "No record exits for the recordkey 5501", "settings", "reference.gone"),
        ("BL01001973", "Field LOCATIONID is configured as non-editable in Transaction Definition", "settings",
         "definition.locked"),
    ],
)  # fmt: skip
def test_a_refusal_in_payables_names_its_cause(number: str, text: str, cause: str, code: str) -> None:
    told = meant(number, text)
    assert (told.cause, told.code) == (cause, code)
    assert told.cure
    assert text in told.said


def test_more_than_is_due_is_an_over_payment_of_a_vendor_and_of_a_customer_what_it_was() -> None:
    words = "The payment amount exceeds total amount due."
    assert meant("BL01001973", words, "bill_payment").code == "over_payment"
    assert meant("BL01001973", words, "payment").code == "amount.over_due"


@pytest.mark.parametrize(
    ("kind", "code", "cured"),
    [
        ("invoice_reversal", "reversal.refused", "Accounts Receivable"),
        ("bill_reversal", "reversal.refused", "Accounts Payable"),
        ("bill_payment_void", "void.refused", "by hand"),
    ],
)
def test_what_the_company_does_not_take_back_waits_for_its_setting(kind: str, code: str, cured: str) -> None:
    told = meant("BL03002129", "Reversal is not enabled for this company.", kind)
    assert (told.cause, told.code) == ("settings", code)
    assert cured in told.cure


def test_a_closed_period_stays_a_closed_period_for_a_reversal() -> None:
    assert meant("BL01001973", "Date must be on or after 02/01/2026.", "bill_reversal").code == "period.closed"
