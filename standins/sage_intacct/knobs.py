"""What nobody outside the vendor knows, or what differs between companies: each test may turn it.

The names are the keys of `/_control/knobs`; sheet 11 lists the doubts behind them.
"""

from dataclasses import dataclass, field, fields
from typing import Any


@dataclass
class Knobs:
    # how a second run of a completed function control id is answered: refuse | refuse_bl01001973 | off
    uniqueid: str = "refuse"
    uniqueid_retention: float | None = None  # seconds; None keeps for ever
    # seconds until query and read see what was created (writes see it at once)
    visible_after: float = 0.0
    duplicate_invoice: str = "refuse"  # refuse | allow: document numbers of invoices, bills and adjustments, per party
    negative_invoice: str = "refuse"  # refuse | allow
    zero_invoice: str = "allow"  # allow | refuse: invoices and bills whose lines cancel out
    # a negative line of an invoice is a credit to be applied when paying, only lowers the total, or is not taken
    negative_line: str = "inline"  # inline | net | refuse
    # accounts that lines of receivables take with a revenue recognition template only
    deferred: list[str] = field(default_factory=list)
    bank_lines: str = "refuse"  # refuse | allow: accounts of banks on lines of receivables, payables, other receipts
    journal_cash: bool = True  # a journal with a line on the account of a bank needs cash management open
    advance: bool = True  # ARADVANCE can be created; False refuses it
    cashless: str = "allow"  # allow | account | refuse: an ARPYMT without cash; with a bank account named only; never
    auto_number: bool = True  # a document without number gets one; False refuses it
    # words of a closed-period refusal: on_or_after | closed | subledger | bare | number_only
    period_text: str = "on_or_after"
    override_posting_date: bool = True  # the company setting; False posts on the document date, whatever was sent
    reverse_unpaid: bool = True  # the AR set-up "reversal of unpaid invoices"
    reverse_unpaid_bills: bool = True  # its twin in the AP set-up
    # void_appaymentrequest: bills are due again; never of an EFT; as for a manual payment, its bills go with it
    void: str = "bills_due"  # bills_due | refuse | bills_reversed
    void_day: str = "payment"  # payment | today: the function takes no day
    credit_sign: str = "negative"  # negative | positive: the lines of an AP adjustment that lower what is owed
    # DONOTCUTCHECK of a vendor stops payment runs only; recorded payments too; its bills as well
    do_not_pay: str = "runs"  # runs | payments | bills
    definition_posting: str = "readable"  # readable | hidden: whether a query tells what a purchasing definition posts
    inter_entity: bool = True  # add due-to and due-from lines where entities do not balance
    # objects that come back Submitted instead of Posted, for example ["GLBATCH", "ARINVOICE"]
    submitted: list[str] = field(default_factory=list)
    too_long: str = "refuse"  # refuse | cut | keep
    unknown_fields: str = "refuse"  # refuse | ignore: elements of a generic object that the company does not have
    schema: str = "strict"  # strict | lenient: requests against the published order of elements
    after_failure: str = "aborted"  # aborted | omit: functions after the failing one, under transaction="true"
    concurrency: int = 2
    over_concurrency: str = "count"  # count | queue | 429
    latency: float = 0.0  # seconds per request
    function_latency: float = 0.0  # seconds per function
    session_seconds: float = 7200.0
    endpoint: str = ""  # what getAPISession returns; empty: the address that was called
    endpoint_path: str = "/ia/xml/xmlgw.phtml"  # another path binds sessions to it: callers must use what was returned
    modified_offset_hours: float = 0.0  # WHENMODIFIED is written in this offset from UTC
    support_ids: bool = True
    gzip: bool = True

    def turn(self, changes: dict[str, Any]) -> None:
        known = {f.name for f in fields(self)}
        if unknown := set(changes) - known:
            raise ValueError(f"no such knob: {', '.join(sorted(unknown))}")
        for name, value in changes.items():
            setattr(self, name, value)
