"""The second way through a file: every row with its values read and everything that is wrong with it."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, BinaryIO, Final

from connectors.files import Fault, FileRow
from connectors.names import fold
from connectors.stampli.files import amounts, columns, dates, words
from connectors.stampli.files.codes import fault
from connectors.stampli.files.currencies import DECIMALS
from connectors.stampli.files.keys import document_key, payment_key
from connectors.stampli.files.open import records_of
from connectors.stampli.files.opening import Opening
from connectors.stampli.files.ragged import belongs, shaped
from connectors.stampli.files.records import Record
from connectors.stampli.files.rules import Rules
from connectors.stampli.files.survey import Survey, sifted

_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_UNSEEN: Final = "\ufeff\u200b\u200c\u200d\u200e\u200f\u2060\u00ad \t\r\n\u00a0"
"""A cell of nothing else is blank: it would fold to nothing."""


def rows(stream: BinaryIO, survey: Survey, rules: Rules) -> Iterator[FileRow]:
    """Rows of one group make one document. Their `body`: `line` of the file, `cells` by name and `extra` by header as
    the file writes them, `values` as they were read (decimal texts, ISO dates), `class`, and what its status means."""
    if survey.opening is None:
        return
    reader = _Rows(survey.opening, survey, rules)
    before: list[str] = []
    waiting: list[Record] = []
    for record in sifted(records_of(stream, survey.opening, rules), survey.opening):
        if record[0] in survey.trailers:
            continue
        if shaped(record[2], survey.opening, rules):
            waiting.append(record)
            continue
        yield from reader.ragged(waiting, before, record[2])
        waiting = []
        before = record[2]
        yield reader.row(record)
    yield from reader.ragged(waiting, before, [])


class _Rows:
    def __init__(self, opening: Opening, survey: Survey, rules: Rules) -> None:
        self.opening, self.survey, self.rules = opening, survey, rules
        kind = opening.kind
        self.width = len(opening.names)
        self.known = [(name, at) for at, name in enumerate(opening.names) if name]
        self.unknown = [(header, at) for at, header in enumerate(opening.headers) if not opening.names[at]]
        self.amounts = [name for name in columns.AMOUNTS[kind] if name in opening.names]
        self.dates = [name for name in columns.DATES[kind] if name in opening.names]
        self.required = [name for name in columns.REQUIRED[kind] if name != "vendor"]
        self.two = rules.two_digit_years == "accept"
        self.serials = rules.serial_dates == "accept"
        self.last_day = survey.today + dates.AHEAD
        self.classes = words.classes(rules)

    # --- rows of the right shape

    def row(self, record: Record) -> FileRow:
        number, line, cells = record
        if len(cells) != self.width:
            cells = (cells + [""] * (self.width - len(cells)))[: self.width]
        faults: list[Fault] = []
        if _CONTROL.search("".join(cells)):
            faults += self._controls(cells)
        body = self._body(line, cells)
        given: dict[str, str] = body["cells"]
        faults += self._missing(given)
        values = self._values(given, faults)
        body["values"] = values
        body["class"] = self._class(given, faults)
        if "status" in self.opening.names:
            body["status"] = words.status(given.get("status", ""), self.opening.kind)
        main = columns.AMOUNT[self.opening.kind]
        return FileRow(number, self._group(number, given, body["class"]), body, tuple(faults), values.get(main, ""))

    def _body(self, line: int, cells: Sequence[str]) -> dict[str, Any]:
        given = {name: text for name, at in self.known if (text := cells[at]) and not _blank(text)}
        extra = {header: text for header, at in self.unknown if (text := cells[at])}
        return {"line": line, "cells": given, "extra": extra}

    def _controls(self, cells: Sequence[str]) -> list[Fault]:
        found = []
        for at, cell in enumerate(cells):
            if match := _CONTROL.search(cell):
                said = f"It is U+{ord(match[0]):04X}, in {self.opening.headers[at]}."
                shown = _CONTROL.sub("\ufffd", cell)
                found.append(fault("control_char", said, column=self.opening.names[at], value=shown))
        return found

    def _missing(self, given: dict[str, str]) -> list[Fault]:
        lacking = [name for name in self.required if name not in given]
        if not any(name in given for name in columns.VENDORS):
            lacking.append("vendor")
        return [fault(f"missing_value:{name}", column=name) for name in lacking]

    # --- values

    def _values(self, given: dict[str, str], faults: list[Fault]) -> dict[str, str]:
        values: dict[str, str] = {}
        currency = self._currency(given, faults)
        if currency:
            values["currency"] = currency
        for name in self.amounts:
            if name in given and (value := self._amount(name, given[name], currency, faults)):
                values[name] = value
        for name in self.dates:
            if name in given and (day := self._date(name, given[name], faults)):
                values[name] = day
        return values

    def _currency(self, given: dict[str, str], faults: list[Fault]) -> str:
        text = given.get("currency", "")
        if not text:
            if not self.rules.default_currency:
                faults.append(fault("missing_value:currency", column="currency"))
            return self.rules.default_currency
        code = fold(text).upper()
        if code not in DECIMALS:
            faults.append(fault("currency_unknown", column="currency", value=text))
            return ""
        return code

    def _amount(self, name: str, text: str, currency: str, faults: list[Fault]) -> str:
        amount = amounts.read(text)
        value = amount.by(self.survey.sign)
        code = amount.wrong
        if not code and value is None:
            code = "amount_invalid" if self.survey.sign else "amount_ambiguous"
        if not code and currency and amount.currencies and currency not in amount.currencies:
            code = "currency_conflict"
        if not code and value is not None and currency and not amounts.fits(value, DECIMALS[currency]):
            code = "amount_precision"
        if code or value is None:
            said = f"{currency} has {DECIMALS[currency]}." if code == "amount_precision" else ""
            faults.append(fault(code, said, column=name, value=text))
            return ""
        return amounts.text(value, DECIMALS[currency]) if currency else f"{value:f}"

    def _date(self, name: str, text: str, faults: list[Fault]) -> str:
        day = dates.read(text, two_digits=self.two, serials=self.serials).by(self.survey.order)
        if day is None:
            faults.append(fault("date_invalid", column=name, value=text))
            return ""
        if not dates.FIRST <= day <= self.last_day:
            faults.append(fault("date_out_of_range", column=name, value=text))
            return ""
        return _iso(day)

    # --- which document

    def _class(self, given: dict[str, str], faults: list[Fault]) -> str:
        if self.opening.kind == "payment":
            return "payment"
        text = given.get("record_type", "")
        found = self.classes.get(columns.tight(text))
        if found is None:
            faults.append(fault("record_type_unknown", column="record_type", value=text))
        return found or "bill"

    def _group(self, number: int, given: dict[str, str], kind: str) -> str:
        if kind == "payment":
            return payment_key(given["payment_id"]) if "payment_id" in given else ""
        vendor = next((given[name] for name in columns.VENDORS if name in given), "")
        if not vendor or "invoice_number" not in given:
            return ""
        return document_key(kind, vendor, given["invoice_number"])

    # --- rows of another shape

    def ragged(self, waiting: Sequence[Record], before: list[str], after: list[str]) -> Iterator[FileRow]:
        """They have a fault and no values; the group is that of the row beside them which is of the same document."""
        for number, line, cells in waiting:
            code = shaped(cells, self.opening, self.rules)
            beside = belongs(cells, before, after, self.opening)
            row = self.row((number, line, beside or cells))
            body = self._body(line, (cells + [""] * self.width)[: self.width])
            if cells[self.width :]:
                body["extra"] = {**body["extra"], "": cells[self.width :]}
            said = f"It has {len(cells)} instead of {self.width}."
            group = row.group if beside or all(_named(body["cells"], self.opening.kind)) else ""
            yield FileRow(number, group, {**body, "values": {}, "class": row.body["class"]}, (fault(code, said),))


def _blank(text: str) -> bool:
    return not text.strip(_UNSEEN) or (not text.isascii() and not fold(text))


def _named(given: dict[str, str], kind: str) -> tuple[bool, bool]:
    by = "payment_id" if kind == "payment" else "invoice_number"
    return any(name in given for name in columns.VENDORS), by in given


def _iso(day: date) -> str:
    return day.isoformat()
