"""Documents by chance, written in a style by chance, and read back: the same, or refused; never something else."""

import csv
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.base import Json
from connectors.files import FileRejected
from connectors.names import fold
from connectors.stampli.files import FileReader, Layout, Rules, detect, layout_of
from tests.stampli.samples import TODAY, Read, read

# In Windows-1252 none of these can be taken for UTF-8.
TEXT = st.text(alphabet="abcXYZ019 ,;|~^\t.'\"-éñüß\n=+@", max_size=12).map(str.strip)
CODE = st.text(alphabet="abcXYZ019-/ .#", min_size=1, max_size=8).map(str.strip).filter(bool)
AMOUNT = st.integers(min_value=1, max_value=10**9).map(lambda cents: Decimal(cents).scaleb(-2))


@dataclass(frozen=True)
class Line:
    account: str
    amount: Decimal
    text: str


@dataclass(frozen=True)
class Paper:
    """A bill, or a credit with negative lines."""

    vendor: str
    number: str
    day: date
    currency: str
    credit: bool
    lines: tuple[Line, ...]

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))


@dataclass(frozen=True)
class Style:
    delimiter: str
    quote: str
    quote_all: bool
    end: str
    encoding: str
    dates: str
    decimal: str
    thousands: bool
    totals: bool
    trailer: bool
    preamble: bool
    blanks: bool
    seed: int

    def day(self, day: date) -> str:
        return day.strftime(self.dates)

    def amount(self, amount: Decimal) -> str:
        text = f"{amount:,.2f}" if self.thousands else f"{amount:.2f}"
        return text.translate(str.maketrans(",.", ".,")) if self.decimal == "," else text


LINES = st.lists(st.builds(Line, CODE, AMOUNT, TEXT), min_size=1, max_size=4)
PAPERS = st.lists(
    st.builds(
        Paper,
        vendor=CODE,
        number=CODE,
        day=st.dates(date(2024, 1, 1), date(2026, 12, 31)),
        currency=st.sampled_from(["USD", "EUR", "GBP"]),
        credit=st.just(False),
        lines=LINES.map(tuple),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda one: (fold(one.vendor), fold(one.number)),
).map(lambda papers: [_credit(one) if n % 3 == 2 else one for n, one in enumerate(papers)])
STYLES = st.builds(
    Style,
    delimiter=st.sampled_from(list(",;\t|^~")),
    quote=st.sampled_from(['"', '"', "'"]),
    quote_all=st.booleans(),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]),
    dates=st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%Y%m%d", "%d %b %Y", "%m/%d/%Y", "%d/%m/%Y", "%m-%d-%Y"]),
    decimal=st.sampled_from([".", ","]),
    thousands=st.booleans(),
    totals=st.booleans(),
    trailer=st.booleans(),
    preamble=st.booleans(),
    blanks=st.booleans(),
    seed=st.integers(0, 2**32),
)


def _credit(paper: Paper) -> Paper:
    lines = tuple(Line(line.account, -line.amount, line.text) for line in paper.lines)
    return Paper(paper.vendor, paper.number, paper.day, paper.currency, True, lines)


NAMES = {
    "vendor": ("Vendor ID", "SUPPLIER_NO", "payeeId"),
    "number": ("Invoice Number", "Bill #", "invoiceNo"),
    "day": ("Invoice Date", "BILL_DATE", "date"),
    "currency": ("Currency", "currencyCode"),
    "account": ("GL Account", "Account No.", "glCode"),
    "amount": ("Line Amount", "Amount", "NET_AMOUNT"),
    "text": ("Line Description", "Memo"),
    "type": ("Record Type", "docType"),
    "total": ("Invoice Total", "amountDue"),
    "line": ("Line Number", "line #"),
    "other": ("Approver", "Cost Centre Owner"),
}


def cells(papers: Sequence[Paper], style: Style) -> list[dict[str, str]]:
    rows = []
    for paper in papers:
        for n, line in enumerate(paper.lines, 1):
            row = {
                "vendor": paper.vendor,
                "number": paper.number,
                "day": style.day(paper.day),
                "currency": paper.currency,
                "account": line.account,
                "amount": style.amount(line.amount),
                "text": line.text,
                "type": "Credit" if paper.credit else "Invoice",
                "line": str(n),
                "other": "x",
            }
            rows.append(row | ({"total": style.amount(paper.total)} if style.totals else {}))
    return rows


def written(papers: Sequence[Paper], style: Style) -> bytes:
    dice = random.Random(style.seed)
    rows = cells(papers, style)
    order = list(rows[0])
    dice.shuffle(order)
    text = io.StringIO(newline="")
    # Apostrophes are only taken for quotes where they stand around the header; and the writer of Python before 3.13
    # leaves a line feed without quotes where lines end in another sign.
    every = style.quote_all or style.quote == "'" or style.end == "\r"
    out = csv.writer(
        text,
        delimiter=style.delimiter,
        quotechar=style.quote,
        quoting=csv.QUOTE_ALL if every else csv.QUOTE_MINIMAL,
        lineterminator=style.end,
    )
    if style.preamble:
        out.writerow(["Exported by Stampli"])
    out.writerow([dice.choice(NAMES[name]) for name in order])
    for row in rows:
        if style.blanks and dice.random() < 0.3:
            text.write(style.end)
        out.writerow([row[name] for name in order])
    if style.trailer:
        total = sum((paper.total for paper in papers), Decimal(0))
        end = {"amount": style.amount(total), order[0] if order[0] not in ("number", "amount") else "other": "Total"}
        out.writerow([end.get(name, "") for name in order])
    return text.getvalue().encode(style.encoding)


def rules(style: Style) -> Rules:
    return Rules(slash_dates="DMY" if style.dates.startswith("%d") else "MDY")


def said(papers: Sequence[Paper]) -> list[Json]:
    return sorted(
        (
            {
                "class": "credit" if paper.credit else "bill",
                "vendor": paper.vendor,
                "number": paper.number,
                "date": paper.day.isoformat(),
                "currency": paper.currency,
                "total": f"{paper.total:.2f}",
                "lines": [(line.account, f"{line.amount:.2f}", line.text) for line in paper.lines],
            }
            for paper in papers
        ),
        key=str,
    )


def understood(result: Read) -> list[Json]:
    return sorted(
        (
            {
                "class": one["class"],
                "vendor": one["vendor"]["id"],
                "number": one["number"],
                "date": one["invoice_date"],
                "currency": one["currency"],
                "total": one["total"],
                "lines": [(line["gl_account"], line["amount"], line["description"]) for line in one["lines"]],
            }
            for one in result.payloads
        ),
        key=str,
    )


CHANCE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(papers=PAPERS, style=STYLES)
@CHANCE
def test_what_is_written_in_any_style_is_read_back_the_same(papers: list[Paper], style: Style) -> None:
    result = read(io.BytesIO(written(papers, style)), rules(style))
    assert result.codes == {}
    assert understood(result) == said(papers)
    assert result.survey.amount == sum((paper.total for paper in papers), Decimal(0))


@given(papers=PAPERS, style=STYLES)
@CHANCE
def test_what_is_confirmed_is_read_the_same_again(papers: list[Paper], style: Style) -> None:
    data = written(papers, style)
    layout = layout_of(detect(io.BytesIO(data), rules(style), TODAY).json())
    reader = FileReader(rules(style), TODAY, [layout], confirm=True)
    found = reader.survey(io.BytesIO(data))
    assert found.rows == sum(len(paper.lines) for paper in papers)
    assert isinstance(layout, Layout)


@given(papers=PAPERS, style=STYLES)
@CHANCE
def test_xml_of_the_same_documents_says_the_same(papers: list[Paper], style: Style) -> None:
    parts = ["<Invoices>"]
    for paper in papers:
        total = f"<InvoiceTotal>{style.amount(paper.total)}</InvoiceTotal>" if style.totals else ""
        parts.append(
            f"<Invoice><RecordType>{'Credit' if paper.credit else ''}</RecordType><VendorId>{escape(paper.vendor)}"
            f"</VendorId><InvoiceNumber>{escape(paper.number)}</InvoiceNumber><Lines>"
        )
        parts += (
            f"<Line><LineNumber>{n}</LineNumber><GLAccount>{escape(line.account)}</GLAccount>"
            f"<LineAmount>{style.amount(line.amount)}</LineAmount><Memo>{escape(line.text)}</Memo></Line>"
            for n, line in enumerate(paper.lines, 1)
        )
        parts.append(
            f"</Lines><InvoiceDate>{style.day(paper.day)}</InvoiceDate><Currency>{paper.currency}</Currency>"
            f"{total}</Invoice>"
        )
    result = read(io.BytesIO("".join([*parts, "</Invoices>"]).encode()), rules(style))
    assert understood(result) == said(papers)


@given(papers=PAPERS, style=STYLES, data=st.data())
@CHANCE
def test_a_file_that_was_cut_is_never_read_as_another_amount(
    papers: list[Paper], style: Style, data: st.DataObject
) -> None:
    """Where each document states its total, no cut and no lost line can make another document of it."""
    style = Style(**{**vars(style), "totals": True, "trailer": False})
    whole = written(papers, style)
    at = data.draw(st.integers(0, len(whole)))
    try:
        result = read(io.BytesIO(whole[:at]), rules(style))
    except FileRejected:
        return
    meant = {(one["vendor"], one["number"]): one for one in said(papers)}
    for one in understood(result):
        known = meant.get((one["vendor"], one["number"]))
        # A cut inside of the last cell may leave a shorter number, so that it is of no document that is meant.
        if known:
            assert one["total"] == known["total"]
            assert sorted(line[1] for line in one["lines"]) == sorted(line[1] for line in known["lines"])


@given(papers=PAPERS, style=STYLES, data=st.data())
@CHANCE
def test_a_broken_byte_never_raises_anything_but_a_refusal(
    papers: list[Paper], style: Style, data: st.DataObject
) -> None:
    whole = bytearray(written(papers, style))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        result = read(io.BytesIO(bytes(whole)), rules(style))
    except FileRejected:
        return
    for row in result.rows:
        assert row.faults or row.group in result.documents
    detect(io.BytesIO(bytes(whole)), rules(style), TODAY)
