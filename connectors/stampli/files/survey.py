"""The first way through a file: all that is decided once for the whole of it, or why nothing of it can be carried."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO, Final

from connectors.base import Json
from connectors.stampli.files import amounts, columns, dates, trailer
from connectors.stampli.files.amounts import EXACT, Sign
from connectors.stampli.files.codes import Note, note, rejected
from connectors.stampli.files.dates import Order
from connectors.stampli.files.layout import Layout
from connectors.stampli.files.open import opened, records_of
from connectors.stampli.files.opening import Opening
from connectors.stampli.files.ragged import Neighbours, shaped
from connectors.stampli.files.records import Record
from connectors.stampli.files.rules import Rules

_NOTES: Final = 50


@dataclass(frozen=True)
class Survey:
    """What the whole file says about itself. `opening` is None where it is empty."""

    today: date
    opening: Opening | None = None
    rows: int = 0
    amount: Decimal | None = Decimal(0)
    """The sum of the amounts of all rows that can be read; None where it depends on what nothing shows."""
    unread: int = 0
    """Rows whose amount cannot be read."""
    sign: Sign = ""
    sign_proof: str = ""
    order: Order = "MDY"
    order_proof: str = ""
    trailers: frozenset[int] = frozenset()
    notes: tuple[Note, ...] = ()

    def told(self) -> Json:
        """For people, as JSON."""
        notes = [{"code": one.code, "said": one.said} for one in self.notes]
        told: Json = {"rows": self.rows, "amount": None if self.amount is None else f"{self.amount:f}", "notes": notes}
        told["unread"] = self.unread
        if self.opening is None:
            return told
        used = [(header, name) for header, name in zip(self.opening.headers, self.opening.names, strict=True)]
        return told | {
            "kind": self.opening.kind,
            "format": self.opening.format,
            "encoding": self.opening.encoding,
            "encoding_proof": self.opening.encoding_proof,
            "delimiter": self.opening.delimiter if self.opening.format == "csv" else "",
            "quote": self.opening.quote if self.opening.format == "csv" else "",
            "header": self.opening.header,
            "columns": [list(pair) for pair in used],
            "decimals": self.sign,
            "decimals_proof": self.sign_proof,
            "dates": self.order,
            "dates_proof": self.order_proof,
        }


@dataclass
class _Pass:
    opening: Opening
    rules: Rules
    rows: int = 0
    unread: int = 0
    lost: int = 0
    certain: Decimal = Decimal(0)
    """What can be read in one way only; `point` and `comma`: what else comes to, read so."""
    point: Decimal = Decimal(0)
    comma: Decimal = Decimal(0)
    signs: dict[Sign, str] = field(default_factory=dict)
    orders: dict[Order, str] = field(default_factory=dict)
    assumed: bool = False

    def __post_init__(self) -> None:
        kind = self.opening.kind
        self._amounts = list(self.opening.places(*columns.AMOUNTS[kind]).items())
        self._dates = list(self.opening.places(*columns.DATES[kind]).items())
        self._main = columns.AMOUNT[kind]
        self._two = self.rules.two_digit_years == "accept"
        self._serials = self.rules.serial_dates == "accept"
        self._neighbours = Neighbours(self.opening)
        self._width = len(self.opening.names)
        self._keys = [at for at in (self.opening.at("invoice_number"), self.opening.at("payment_id")) if at is not None]

    def row(self, record: Record) -> None:
        number, _, cells = record
        self.rows += 1
        if self.rows > self.rules.max_rows:
            raise rejected("too_many_rows", f"The limit is {self.rules.max_rows}.")
        if shaped(cells, self.opening, self.rules):
            self._neighbours.ragged(record)
            self.unread += 1
            return
        self._neighbours.good(cells)
        if len(cells) < self._width:
            cells = cells + [""] * (self._width - len(cells))
        for name, at in self._amounts:
            if (text := cells[at]) and not text.isspace():
                self._amount(number, name, text)
            elif name == self._main:
                self.unread += 1
        for name, at in self._dates:
            if (text := cells[at]) and not text.isspace():
                self._date(number, name, text)
        if any(not cells[at].strip() for at in self._keys):
            self.lost += 1

    def _amount(self, number: int, name: str, text: str) -> None:
        amount = amounts.read(text)
        if amount.proves and amount.proves not in self.signs:
            self.signs[amount.proves] = f"{text.strip()[:60]} in row {number}"
            if len(self.signs) > 1:
                raise rejected("amount_style_mixed", _and(self.signs.values()), column=name, value=text)
        if name != self._main:
            return
        value = amount.by("")
        if value is not None:
            self.certain = EXACT.add(self.certain, value)
        elif amount.point is not None and amount.comma is not None:
            self.point = EXACT.add(self.point, amount.point)
            self.comma = EXACT.add(self.comma, amount.comma)
        else:
            self.unread += 1

    def _date(self, number: int, name: str, text: str) -> None:
        day = dates.read(text, two_digits=self._two, serials=self._serials)
        self.assumed = self.assumed or day.ambiguous
        if day.proves and day.proves not in self.orders:
            self.orders[day.proves] = f"{text.strip()[:60]} in row {number}"
            if len(self.orders) > 1:
                raise rejected("date_style_mixed", _and(self.orders.values()), column=name, value=text)

    def end(self) -> None:
        self._neighbours.end()

    def sign(self) -> tuple[Sign, str]:
        for sign, proof in self.signs.items():
            return sign, proof
        return self.rules.decimal_sign, "as the settings say" if self.rules.decimal_sign else ""

    def sums(self) -> dict[Sign, Decimal]:
        """By the sign that divides decimals; one entry where it makes no difference."""
        sign, _ = self.sign()
        both: dict[Sign, Decimal] = {
            ".": EXACT.add(self.certain, self.point),
            ",": EXACT.add(self.certain, self.comma),
        }
        if sign:
            return {sign: both[sign]}
        return both if both["."] != both[","] else {"": both["."]}


def survey(stream: BinaryIO, rules: Rules, today: date, layout: Layout | None = None, name: str = "") -> Survey:
    """Raises FileRejected. `name`: of the file, for the patterns of names that are set."""
    opening = opened(stream, rules, layout, name)
    if opening is None:
        return Survey(today)
    work = _Pass(opening, rules)
    last: deque[Record] = deque()
    notes = list(opening.notes)
    for record in sifted(records_of(stream, opening, rules), opening, notes):
        last.append(record)
        if len(last) > trailer.LAST:
            work.row(last.popleft())
    csv = opening.format == "csv"
    trailers = [record for record in last if csv and trailer.is_trailer(record, opening)]
    for record in last:
        if record not in trailers:
            work.row(record)
    work.end()
    return _surveyed(work, today, trailers, notes)


def _surveyed(work: _Pass, today: date, trailers: list[Record], notes: list[Note]) -> Survey:
    sums = work.sums()
    sign, sign_proof = work.sign()
    counted = trailer.Counted(work.rows, frozenset(sums.values()), sign)
    for record in trailers:
        notes += trailer.compared(record, counted, work.rules.control_totals)
    order, order_proof = next(iter(work.orders.items()), (work.rules.date_order, ""))
    if work.assumed and not work.orders:
        notes.append(note("date_order_assumed"))
    if work.lost and not work.opening.has_total:
        notes.append(note("rows_without_document", f"They are {work.lost}."))
    return Survey(
        today=today,
        opening=work.opening,
        rows=work.rows,
        amount=next(iter(sums.values())) if len(sums) == 1 else None,
        unread=work.unread,
        sign=sign,
        sign_proof=sign_proof,
        order=order,
        order_proof=order_proof or ("as the settings say" if work.assumed else ""),
        trailers=frozenset(record[0] for record in trailers),
        notes=tuple(notes[:_NOTES]),
    )


def sifted(records: Iterator[Record], opening: Opening, notes: list[Note] | None = None) -> Iterator[Record]:
    """Those that are neither blank nor a header again. Raises FileRejected where a second header differs."""
    if opening.format == "xml":
        yield from records
        return
    words = {columns.tight(header) for header in opening.headers} - {""}
    headers = {header.strip().casefold() for header in opening.headers} - {""}
    for record in records:
        cells = record[2]
        if not any(cell and not cell.isspace() for cell in cells):
            continue
        first = next(cell for cell in cells if cell and not cell.isspace())
        if first.strip("\ufeff \t").casefold() in headers and _is_header(cells, words, opening):
            if notes is not None and len(notes) < _NOTES:
                notes.append(note(f"repeated_header:{record[0]}"))
            continue
        yield record


def _is_header(cells: list[str], words: set[str], opening: Opening) -> bool:
    """Raises FileRejected for a header that is not the first one."""
    here = [columns.tight(cell) for cell in cells]
    while here and not here[-1]:
        here.pop()
    if here == [columns.tight(header) for header in opening.headers]:
        return True
    names = columns.understood(cells, opening.kind)
    if sorted(here) == sorted(columns.tight(header) for header in opening.headers) or (
        not columns.missing(names, opening.kind)
    ):
        raise rejected("second_header_differs", f"It has {len(words.intersection(here))} of its names.")
    return False


def _and(texts: Any) -> str:
    return f"{' and '.join(texts)}."
