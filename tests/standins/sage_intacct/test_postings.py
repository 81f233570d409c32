"""What documents do to the ledger, and what is refused. The figures are the worked examples of the posting rules."""

import pytest

from standins.sage_intacct.ledger import balances

from .wire import Wire, customer, entry, equal, invoice, journal, line, memo, open_wire, pays, query, receipt, tag


def ok(wire: Wire, call: str) -> int:
    answer = wire.call(call)
    assert answer.status_of_first == "success", answer.error
    return answer.key


def refused(wire: Wire, call: str) -> str:
    answer = wire.call(call)
    assert answer.status_of_first == "failure", answer.body
    return answer.error


def due(wire: Wire, key: int, name: str = "ARINVOICE") -> str:
    return wire.call(query(name, "TOTALDUE", equal("RECORDNO", key))).text(".//TOTALDUE")


def state(wire: Wire, key: int, name: str = "ARINVOICE") -> str:
    return wire.call(query(name, "STATE", equal("RECORDNO", key))).text(".//STATE")


def the_invoice(wire: Wire) -> int:
    wire.call(customer())
    return ok(wire, invoice("F-7", line("40100", "185.00"), line("40200", "89.99"), line("22010", "22.68")))


def test_an_invoice_two_receipts_and_an_overpayment(wire: Wire) -> None:
    key = the_invoice(wire)
    assert wire.balance("12100") == "297.67"
    ok(wire, receipt("p-1", pays(key, "150.00")))
    assert (due(wire, key), state(wire, key)) == ("147.67", "Partially Paid")
    over = "<OVERPAYMENTAMOUNT>52.33</OVERPAYMENTAMOUNT>"
    ok(wire, receipt("p-2", pays(key, "147.67"), more=over))
    assert (due(wire, key), state(wire, key)) == ("0", "Paid")
    assert [wire.balance(a) for a in ("10210", "12100", "24200")] == ["350.00", "0.00", "-52.33"]


def test_a_payment_above_what_is_due_is_refused_and_leaves_nothing(wire: Wire) -> None:
    key = the_invoice(wire)
    assert "exceeds total amount due" in refused(wire, receipt("p", pays(key, "297.68")))
    assert due(wire, key) == "297.67"
    assert not wire.company.rows("ARPYMT")
    assert refused(wire, receipt("p", pays(43, "1.00"))).startswith("DL03000005 No record exits for the recordkey 43")


def test_a_negative_line_is_a_credit_to_be_applied_with_the_receipt(wire: Wire) -> None:
    wire.call(customer())
    key = ok(wire, invoice("F-8", line("40100", "100.00"), line("40900", "-20.00")))
    assert due(wire, key) == "80"
    assert "exceeds total amount due" in refused(wire, receipt("p", pays(key, "100.00")))
    inline = tag("INLINEKEY", key) + tag("TRX_INLINEAMOUNT", "20.00")
    ok(wire, receipt("p", pays(key, "80.00", inline)))
    assert due(wire, key) == "0"
    assert [wire.balance(a) for a in ("10210", "12100", "40900")] == ["80.00", "0.00", "20.00"]


def test_a_credit_memo_applied_without_cash(wire: Wire) -> None:
    key = the_invoice(wire)
    credit = ok(wire, memo("CN-1", line("40100", "-47.67")))
    assert due(wire, credit, "ARADJUSTMENT") == "-47.67"
    applied = tag("ADJUSTMENTKEY", credit) + tag("TRX_ADJUSTMENTAMOUNT", "47.67")
    call = receipt("ap-1", tag("RECORDKEY", key) + applied, bank="")
    ok(wire, call)
    assert (due(wire, key), due(wire, credit, "ARADJUSTMENT")) == ("250", "0")
    assert (wire.balance("12100"), wire.balance("10210")) == ("250.00", "0.00")
    assert "exceeds the credit available" in refused(wire, call)


def test_a_whole_life_leaves_the_customer_with_150_open(wire: Wire) -> None:
    wire.call(customer())
    key = ok(wire, invoice("F-9", line("40100", "1000.00")))
    ok(wire, receipt("p-1", pays(key, "400.00")))
    ok(wire, receipt("p-2", pays(key, "600.00"), more="<OVERPAYMENTAMOUNT>100.00</OVERPAYMENTAMOUNT>"))
    note = ok(wire, memo("CN-1", line("40100", "-200.00")))
    refund = ok(wire, memo("re_1", line("24100", "150.00")))
    ok(wire, journal("re_1", entry("24100", "150.00"), entry("10210", "-150.00")))
    applied = tag("ADJUSTMENTKEY", note) + tag("TRX_ADJUSTMENTAMOUNT", "150.00")
    ok(wire, receipt("ap", tag("POSADJKEY", refund) + applied, bank=""))
    assert (due(wire, note, "ARADJUSTMENT"), due(wire, refund, "ARADJUSTMENT")) == ("-50", "0")
    accounts = ("12100", "24200", "24100", "10210", "40100")
    assert [wire.balance(a) for a in accounts] == ["-50.00", "-100.00", "0.00", "950.00", "-800.00"]


def test_an_overpayment_and_an_advance_can_be_applied_later(wire: Wire) -> None:
    wire.call(customer())
    first = ok(wire, invoice("F-1", line("40100", "10.00")))
    paid = ok(wire, receipt("p", pays(first, "10.00"), more="<OVERPAYMENTAMOUNT>5.00</OVERPAYMENTAMOUNT>"))
    second = ok(wire, invoice("F-2", line("40100", "25.00")))
    over = tag("OVERPAYMENTKEY", paid) + tag("TRX_POSTEDOVERPAYMENTAMOUNT", "5.00")
    ok(wire, receipt("ap-1", tag("RECORDKEY", second) + over, bank=""))
    items = f"<ARADVANCEITEM>{tag('ACCOUNTNO', '24300')}{tag('TRX_AMOUNT', '20.00')}</ARADVANCEITEM>"
    head = "<PAYMENTMETHOD>EFT</PAYMENTMETHOD><CUSTOMERID>C-1</CUSTOMERID><DOCNUMBER>ch_1</DOCNUMBER>"
    dated = "<RECEIPTDATE>01/20/2026</RECEIPTDATE><FINANCIALENTITY>STRIPE-USD</FINANCIALENTITY>"
    kept = ok(wire, f"<create><ARADVANCE>{head}{dated}<ARADVANCEITEMS>{items}</ARADVANCEITEMS></ARADVANCE></create>")
    advance = tag("ADVANCEKEY", kept) + tag("TRX_POSTEDADVANCEAMOUNT", "20.00")
    ok(wire, receipt("ap-2", tag("RECORDKEY", second) + advance, bank=""))
    assert due(wire, second) == "0"
    assert [wire.balance(a) for a in ("12100", "24200", "24300", "10210")] == ["0.00", "0.00", "0.00", "35.00"]


def test_reversing_a_receipt_makes_the_invoice_due_again(wire: Wire) -> None:
    key = the_invoice(wire)
    paid = ok(wire, receipt("p", pays(key, "297.67")))
    assert "cannot be reversed" in refused(wire, _reverse("invoice", key, 25))
    assert "must not be before" in refused(wire, _reverse("arpayment", paid, 19))
    ok(wire, _reverse("arpayment", paid, 25))
    assert (due(wire, key), state(wire, key), state(wire, paid, "ARPYMT")) == ("297.67", "Posted", "Reversed")
    ok(wire, _reverse("invoice", key, 25))
    assert (due(wire, key), state(wire, key)) == ("0", "Reversed")
    assert {str(v) for v in _balances(wire).values()} == {"0.00"}
    assert "cannot be paid" in refused(wire, receipt("p", pays(key, "1.00")))


def _reverse(kind: str, key: int, on: int) -> str:
    date = f"<datereversed><year>2026</year><month>01</month><day>{on}</day></datereversed>"
    return f'<reverse_{kind} key="{key}">{date}</reverse_{kind}>'


def _balances(wire: Wire) -> dict[str, object]:
    return dict(balances(wire.company))


def test_journals_must_balance_and_name_real_accounts(wire: Wire) -> None:
    ok(wire, journal("j-1", entry("10100", "970.50"), entry("62500", "29.50"), entry("10210", "-1000.00")))
    assert "do not balance" in refused(wire, journal("j-2", entry("10100", "1.00"), entry("62500", "-0.99")))
    assert "at least two" in refused(wire, journal("j-3", entry("10100", "1.00")))
    assert "is not valid" in refused(wire, journal("j-4", entry("99999", "1.00"), entry("10100", "-1.00")))
    negative = f"<GLENTRY>{tag('ACCOUNTNO', '10100')}{tag('TR_TYPE', 1)}{tag('TRX_AMOUNT', '-1')}</GLENTRY>"
    assert "must not be negative" in refused(wire, journal("j-5", negative, entry("62500", "1.00")))
    gone = entry("10100", "1.00", more="<LOCATIONID>US-100</LOCATIONID>")
    assert "Invalid field 'LOCATIONID'" in refused(wire, journal("j-6", gone, entry("62500", "-1.00")))


def test_what_an_account_or_a_party_forbids(wire: Wire) -> None:
    wire.call(customer())
    assert "associated to the Bank account" in refused(wire, invoice("F", line("10210", "1.00")))
    with wire.books.unit():
        account = wire.company.master("GLACCOUNT", "ACCOUNTNO", "40100")
        assert account
        wire.company.change("GLACCOUNT", account, REQUIREDEPT=True)
    assert "missing the Department dimension for the Account 40100" in refused(wire, invoice("F"))
    ok(wire, invoice("F", line("40100", "1.00", more="<departmentid>SALES</departmentid>")))
    ok(wire, "<update><CUSTOMER><CUSTOMERID>C-1</CUSTOMERID><ONHOLD>true</ONHOLD></CUSTOMER></update>")
    assert "is on hold" in refused(wire, invoice("G", line("40200", "1.00")))
    ok(wire, "<update><CUSTOMER><CUSTOMERID>C-1</CUSTOMERID><STATUS>inactive</STATUS></CUSTOMER></update>")
    assert "is inactive" in refused(wire, invoice("G", line("40200", "1.00")))


def test_duplicates_by_id_by_number_and_by_contact_name(wire: Wire) -> None:
    the_invoice(wire)
    assert refused(wire, customer()).startswith(
        "BL34000061 Another Customer with the given value(s) C-1  already exists"
    )
    assert refused(wire, invoice("F-7")).startswith("BL03002185")
    wire.call(customer("C-2", "Other"))
    ok(wire, invoice("F-7", party="C-2"))
    wire.books.knobs.duplicate_invoice = "allow"
    ok(wire, invoice("F-7"))


@pytest.mark.parametrize(("words", "said"), [
    ("on_or_after", "Date must be on or after 02/01/2026."),
    ("closed", "The period for the date 01/15/2026 is closed"),
    ("subledger", "The Accounts Receivable period of 01/15/2026 is closed"),
    ("bare", "The period is closed."),
])  # fmt: skip
def test_closed_periods_per_module(wire: Wire, words: str, said: str) -> None:
    wire.call(customer())
    wire.books.knobs.period_text = words
    wire.company.configure(CLOSED=[{"module": "AR", "entity": "", "through": "2026-01-31"}])
    assert said in refused(wire, invoice("F"))
    ok(wire, invoice("F", on="2026-02-01"))
    ok(wire, journal("j", entry("62500", "1.00"), entry("10990", "-1.00"), on="01/15/2026"))


def test_the_posting_date_may_be_set_apart_unless_the_company_forbids_it(wire: Wire) -> None:
    wire.call(customer())
    wire.company.configure(CLOSED=[{"module": "GL", "entity": "", "through": "2026-01-31"}])
    posted = "</datecreated><dateposted><year>2026</year><month>2</month><day>1</day></dateposted>"
    call = invoice("F-1").replace("</datecreated>", posted)
    wire.books.knobs.override_posting_date = False
    assert "on or after 02/01/2026" in refused(wire, call)
    wire.books.knobs.override_posting_date = True
    ok(wire, call)


def test_closed_periods_per_entity(entities: Wire) -> None:
    entities.call(customer())
    entities.company.configure(CLOSED=[{"module": "AR", "entity": "E200", "through": "2026-03-31"}])
    assert "on or after 04/01/2026" in refused(entities, invoice("F", line("40100", "1.00", "US-200")))
    ok(entities, invoice("F", line("40100", "1.00", "US-100")))


def test_journals_balance_per_entity_unless_a_source_is_named(entities: Wire) -> None:
    sides = (entry("10300", "10.00", "US-100"), entry("10210", "-10.00", "US-200"))
    assert "does not balance by entity" in refused(entities, journal("j", *sides))
    assert "Location" in refused(entities, journal("j", entry("10300", "1.00", ""), entry("10210", "-1.00", "")))
    ok(entities, journal("j", *sides, more="<BASELOCATION_NO>E100</BASELOCATION_NO>"))
    assert (entities.balance("12900"), entities.balance("22900")) == ("10.00", "-10.00")


def test_an_invoice_in_euro_settled_in_dollars_leaves_an_exchange_gain() -> None:
    wire = open_wire(multi_currency=True).sign_in()
    wire.call(customer())
    key = ok(wire, invoice("F-EUR", line("40100", "100.00"), currency="EUR"))
    assert wire.balance("12100") == "108.50"
    more = "<CURRENCY>EUR</CURRENCY><AMOUNTTOPAY>109.31</AMOUNTTOPAY><TRX_AMOUNTTOPAY>100.00</TRX_AMOUNTTOPAY>"
    ok(wire, receipt("p", pays(key, "100.00"), more=more))
    assert [wire.balance(a) for a in ("10210", "12100", "70100")] == ["109.31", "0.00", "-0.81"]
    wire.server.stop()


def test_foreign_currency_needs_to_be_enabled(wire: Wire) -> None:
    wire.call(customer())
    assert "Enable foreign-currency transactions" in refused(wire, invoice("F", currency="EUR"))


def test_other_receipts_do_not_touch_customers(wire: Wire) -> None:
    dates = "".join(f"<{n}><year>2026</year><month>01</month><day>12</day></{n}>" for n in ("paymentdate",))
    received = "<receiveddate><year>2026</year><month>01</month><day>12</day></receiveddate>"
    call = (
        f"<record_otherreceipt>{dates}<payee>Walk-in</payee>{received}<paymentmethod>EFT</paymentmethod>"
        f"<bankaccountid>STRIPE-USD</bankaccountid><refid>ch_9</refid>"
        f"<receiptitems>{line('40300', '80.00')}</receiptitems></record_otherreceipt>"
    )
    key = ok(wire, call)
    assert (wire.balance("10210"), wire.balance("40300")) == ("80.00", "-80.00")
    found = wire.call(query("OTHERRECEIPTS", "RECORDNO", equal("REFID", "ch_9")))
    assert int(found.text(".//OTHERRECEIPTS/RECORDNO")) == key


def test_a_submitted_journal_is_not_in_the_ledger_until_released(wire: Wire) -> None:
    wire.books.knobs.submitted = ["GLBATCH"]
    key = ok(wire, journal("j", entry("62500", "1.00"), entry("10990", "-1.00")))
    assert (state(wire, key, "GLBATCH"), wire.balance("62500")) == ("Submitted", "0.00")


def test_bills_vendor_credits_and_payments_on_the_payable_side(wire: Wire) -> None:
    contact = "<DISPLAYCONTACT><PRINTAS>Paper</PRINTAS></DISPLAYCONTACT>"
    ok(wire, f"<create><VENDOR><VENDORID>V-1</VENDORID><NAME>Paper</NAME>{contact}</VENDOR></create>")
    parts = tag("ACCOUNTNO", "60100") + tag("TRX_AMOUNT", "250.75") + tag("LOCATIONID", "US-100")
    item = f"<APBILLITEM>{parts}</APBILLITEM>"
    dates = "<WHENCREATED>01/10/2026</WHENCREATED><WHENDUE>02/09/2026</WHENDUE>"
    body = f"<VENDORID>V-1</VENDORID>{dates}<RECORDID>B-1</RECORDID><APBILLITEMS>{item}</APBILLITEMS>"
    bill = ok(wire, f"<create><APBILL>{body}</APBILL></create>")
    assert (wire.balance("60100"), wire.balance("20100")) == ("250.75", "-250.75")
    created = "<datecreated><year>2026</year><month>01</month><day>18</day></datecreated>"
    lines = f"<apadjustmentitems>{line('60100', '-50.75')}</apadjustmentitems>"
    credit = ok(
        wire,
        f"<create_apadjustment><vendorid>V-1</vendorid>{created}<adjustmentno>CM</adjustmentno>{lines}</create_apadjustment>",
    )
    used = tag("ADJUSTMENTKEY", credit) + tag("TRX_ADJUSTMENTAMOUNT", "50.75")
    detail = f"<APPYMTDETAIL>{pays(bill, '200.00', used)}</APPYMTDETAIL>"
    head = "<PAYMENTMETHOD>EFT</PAYMENTMETHOD><FINANCIALENTITY>BOA-OPER</FINANCIALENTITY><VENDORID>V-1</VENDORID>"
    dated = "<DOCNUMBER>E-1</DOCNUMBER><PAYMENTDATE>02/01/2026</PAYMENTDATE><CURRENCY>USD</CURRENCY>"
    ok(wire, f"<create><APPYMT>{head}{dated}<APPYMTDETAILS>{detail}</APPYMTDETAILS></APPYMT></create>")
    assert [wire.balance(a) for a in ("20100", "10100", "60100")] == ["0.00", "-200.00", "200.00"]
    assert due(wire, bill, "APBILL") == "0"


def test_texts_and_fields_a_company_does_not_have(wire: Wire) -> None:
    assert "Invalid field 'NICKNAME'" in refused(wire, customer(more="<NICKNAME>x</NICKNAME>"))
    assert "longer than 20" in refused(wire, customer("C" * 21))
    ok(wire, customer(more="<ML_SOURCE_KEY>cus_1</ML_SOURCE_KEY>"))
    assert wire.call(query("CUSTOMER", "ML_SOURCE_KEY")).text(".//ML_SOURCE_KEY") == "cus_1"
    assert "Required field PRINTAS" in refused(wire, customer("C-2").replace("<PRINTAS>Acme Ltd</PRINTAS>", ""))


def test_amounts_are_kept_with_two_places(wire: Wire) -> None:
    wire.call(customer())
    key = ok(wire, invoice("F", line("40100", "1.005")))
    assert due(wire, key) == "1.01"
    assert refused(wire, invoice("G", line("40100", "1,000.00"))).startswith("BL03000018")
