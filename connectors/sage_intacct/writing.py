"""What of a company only a write can tell. Makes a customer and an invoice of one cent, and takes them back: the
invoice is reversed, the customer made inactive. Both stay there; they are named. With an account for costs, the same of
a vendor, a bill and a vendor credit.
"""

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol

from connectors.base import Announce, Answer, Call, Document, Done, Finding, Look, Response, Window
from connectors.errors import ConnectorError, Refused, Unavailable
from connectors.http import boottime
from connectors.sage_intacct import answers, writing_payables
from connectors.sage_intacct.answers import Row
from connectors.sage_intacct.documents import Customer, Invoice, InvoiceReversal, Line
from connectors.sage_intacct.limits import LIMITS
from connectors.sage_intacct.markup import Node, function
from connectors.sage_intacct.probing import Outcome, found, moment
from connectors.sage_intacct.query import Query
from connectors.sage_intacct.sessions import Session

PATIENCE: Final = 60.0
"""Seconds that we wait for what was made to be seen."""
BETWEEN: Final = 0.2
NAME: Final = "ml-connector probe"
TAKEN_BACK: Final = (", inactive", ", reversed")


class Client(Protocol):
    def call(self, nodes: Sequence[Node], entity: str = "") -> list[answers.Result]: ...
    def sign_in(self, entity: str = "") -> tuple[Session, answers.Answer, Response]: ...
    def rows(self, queries: Sequence[Query], entity: str = "") -> list[list[Row]]: ...
    def look(self, documents: Sequence[Document]) -> Sequence[Look]: ...
    def render(self, document: Any, look: Look, before: Document | None) -> Call: ...
    def send(self, calls: Sequence[Call], announce: Announce) -> Mapping[str, Answer]: ...


class Books:
    """One write at a time, each under a control id of its own unless told otherwise."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.patience, self.between = PATIENCE, BETWEEN
        self.key = uuid.uuid4().hex[:12]
        self.writes = 0

    def control(self) -> str:
        self.writes += 1
        return f"ml-probe:{self.key}:{self.writes}"

    def post(self, document: Document) -> Answer:
        """As if nothing of its number were there."""
        look = replace(self.look(document), hits=())
        return self.send(self.client.render(document, look, None))

    def look(self, document: Document) -> Look:
        (look,) = self.client.look([document])
        return look

    def change(self, control: str, customer: str, *fields: Node) -> Answer:
        body: list[Node] = [("CUSTOMERID", customer), *fields]
        return self.send(Call(control, "customer", function(control, ("update", [("CUSTOMER", body)]))))

    def change_object(self, name: str, key: str, id: str, *fields: Node) -> Answer:
        control, body = self.control(), [(key, id), *fields]
        return self.send(Call(control, name.lower(), function(control, ("update", [(name, body)]))))

    def state(self, document: Document) -> str:
        return _state(self, document)

    def refusal(self, key: str, label: str, answer: Answer) -> Finding:
        return _refusal(key, label, answer)

    def send(self, call: Call) -> Answer:
        """Raises Unavailable where the answer does not say what became of it."""
        told = self.client.send([call], lambda: Window(boottime() + 30, boottime() + LIMITS.write_deadline))
        answer = told.get(call.control)
        if answer is None or isinstance(answer, Unavailable):
            raise Unavailable(f"No clear answer: {answer and answer.said}", sent=True)
        return answer


def probe(client: Client, given: Mapping[str, str]) -> Iterator[Finding]:
    """`given`: account and, where the company has several, location of the line of the invoice; without an account no
    invoice is made. Ends at the first answer that is not clear."""
    books = Books(client)
    customer = f"MLPROBE{books.key[:10].upper()}"
    left: list[str] = []
    try:
        yield from _of_customer(books, customer, left)
        if given.get("account"):
            yield from _of_invoice(books, customer, given, left)
        else:
            yield _skipped()
        yield _cleaned(books, customer, left)
        if given.get("expense"):
            yield from writing_payables.probe(books, given, left)
    except ConnectorError as error:
        yield found("data", "stopped", "The probe has ended early", "failed", error.said, error.cure)
    standing = [one for one in left if not one.endswith(TAKEN_BACK)]
    cure = "Take back by hand what still stands there." if standing else ""
    said = "; ".join(left) or "nothing"
    yield found("data", "left", "Left in the books", "warning" if standing else "ok", said, cure)


def _of_customer(books: Books, customer: str, left: list[str]) -> Iterator[Finding]:
    began = time.monotonic()
    left.append(f"customer {customer}, perhaps")
    made = books.post(Customer(control=books.control(), id=customer, name=NAME))
    if not isinstance(made, Done):
        left.clear()
        raise made
    left[0] = f"customer {customer}, active"
    yield found("rights", "customer", "A customer can be made", "ok", customer)
    yield _visible(books, customer, began)
    yield _clock(books, customer)
    yield _once(books, customer)
    again = books.post(Customer(control=books.control(), id=customer, name=NAME))
    yield _refusal("duplicate_customer", "A second customer of the same id", again)


def _visible(books: Books, customer: str, began: float) -> Finding:
    """How long a look may miss what was made. It must be well below the hold, after which absence is believed."""
    label = "How soon a look sees what was made"
    while not _rows(books, customer):
        if time.monotonic() - began > PATIENCE:
            cure = "Raise ML_MARGIN_SECONDS above what it takes: absence is believed after the hold."
            return found("data", "visible", label, "failed", f"not within {PATIENCE:.0f} s", cure)
        time.sleep(BETWEEN)
    seconds = round(time.monotonic() - began, 1)
    hold = LIMITS.write_deadline + LIMITS.processing + LIMITS.margin
    return found("data", "visible", label, "ok", f"within {seconds} s; absence is believed after {hold:.0f} s")


def _rows(books: Books, customer: str) -> list[Row]:
    query = Query("CUSTOMER", ("RECORDNO", "STATUS"), ("WHENMODIFIED",), "CUSTOMERID", (customer,))
    return books.client.rows([query])[0]


def _clock(books: Books, customer: str) -> Finding:
    """The zone of WHENMODIFIED, to the quarter of an hour."""
    label = "The zone in which it tells when something was changed"
    _, _, response = books.client.sign_in()
    row = _rows(books, customer)[0]
    told = moment(row.get("WHENMODIFIED", ""))
    try:
        now = parsedate_to_datetime(response.headers.get("date", "")).astimezone(UTC)
    except (TypeError, ValueError):
        now = datetime.now(UTC)
    if told is None:
        said = f"WHENMODIFIED is {row.get('WHENMODIFIED') or 'empty'}"
        return found("data", "modified", label, "not_checkable", said)
    hours = round((told.replace(tzinfo=UTC) - now).total_seconds() / 900) / 4
    return found("data", "modified", label, "ok", "UTC" if not hours else f"UTC {hours:+g} hours")


def _once(books: Books, customer: str) -> Finding:
    """The same change twice under one control id: nothing but the control id can refuse the second."""
    label = "A control id that was used is refused"
    control, comment = books.control(), ("COMMENTS", NAME)
    first = books.change(control, customer, comment)
    if not isinstance(first, Done):
        raise first
    second = books.change(control, customer, comment)
    if isinstance(second, Done):
        cure = "Nothing is sent twice without a look all the same. Tell support."
        return found("data", "uniqueid", label, "warning", "It is not: the second was carried out.", cure)
    known = isinstance(second, Refused) and second.code == "duplicate.control"
    outcome: Outcome = "ok" if known else "warning"
    cure = "" if known else "Send these words to support: they are not known yet, and would be taken for another error."
    return found("data", "uniqueid", label, outcome, second.said, cure)


def _refusal(key: str, label: str, answer: Answer) -> Finding:
    """How a second one of the same number is refused: what is known as a duplicate is looked at, never sent again."""
    if isinstance(answer, Done):
        return found(
            "data", key, label, "warning", "It is taken, too.", "Only our own looks keep it from being doubled."
        )
    known = isinstance(answer, Refused) and answer.cause == "duplicate"
    cure = "" if known else "Send these words to support: they are not known as a duplicate yet."
    return found("data", key, label, "ok" if known else "warning", f"refused: {answer.said}", cure)


# --- the invoice ------------------------------------------------------------------------------------------------------


def _skipped() -> Finding:
    said = "Name an account for its line (--account, --location)."
    return found("data", "invoice", "An invoice can be made and reversed", "not_checkable", said)


def _of_invoice(books: Books, customer: str, given: Mapping[str, str], left: list[str]) -> Iterator[Finding]:
    label = "An invoice can be made"
    first = _invoice(books, customer, given)
    left.append(f"invoice {first.number} of {customer}, 0.01, perhaps")
    made = books.post(first)
    if not isinstance(made, Done):
        left.pop()
        yield found("rights", "invoice", label, "failed", made.said, made.cure)
        return
    left[-1] = f"invoice {first.number} of {customer}, 0.01, open"
    state = _state(books, first)
    cure = "" if state == "posted" else "The company wants approvals: documents wait for them there."
    yield found("rights", "invoice", label, "warning" if cure else "ok", f"{first.number}, {state}", cure)
    second = books.post(_invoice(books, customer, given))
    yield _refusal("duplicate_invoice", "A second invoice of the same number", second)
    if isinstance(second, Done):
        left.append(f"a second invoice {first.number} of {customer}, 0.01, open")
        return
    yield _reversed(books, first, left)


def _invoice(books: Books, customer: str, given: Mapping[str, str]) -> Invoice:
    line = Line(amount=Decimal("0.01"), account=given["account"], memo=NAME, location=given.get("location", ""))
    today = datetime.now(UTC).date()
    return Invoice(
        control=books.control(),
        number=customer,
        customer=customer,
        day=today,
        due=today,
        lines=(line,),
        description=NAME,
        currency=given.get("currency", ""),
        base_currency=given.get("currency", ""),
    )


def _state(books: Books, document: Document) -> str:
    end = time.monotonic() + PATIENCE
    while not (hits := books.look(document).hits):
        if time.monotonic() > end:
            return "not seen yet"
        time.sleep(BETWEEN)
    return hits[0].state


def _reversed(books: Books, invoice: Invoice, left: list[str]) -> Finding:
    label = "Reversal of unpaid invoices"
    reversal = InvoiceReversal(
        control=books.control(), number=invoice.number, customer=invoice.customer, day=invoice.day
    )
    answer = books.post(reversal)
    if isinstance(answer, Done):
        left[-1] = f"invoice {invoice.number} of {invoice.customer}, 0.01, reversed"
        return found("settings", "reversal", label, "ok", "It is allowed.")
    cure = (
        "Allow it under Accounts Receivable > Setup > Configure Accounts Receivable, or let voided invoices become"
        " credit memos (an option of the link). Reverse the invoice of the probe by hand."
    )
    return found("settings", "reversal", label, "warning", answer.said, cure)


def _cleaned(books: Books, customer: str, left: list[str]) -> Finding:
    answer = books.change(books.control(), customer, ("STATUS", "inactive"))
    label = "The customer is made inactive"
    if not isinstance(answer, Done):
        return found("data", "inactive", label, "warning", answer.said, "Make it inactive by hand.")
    left[0] = f"customer {customer}, inactive"
    return found("data", "inactive", label, "ok")
