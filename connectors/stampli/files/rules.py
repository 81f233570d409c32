"""How the files of one customer are to be understood where a file does not say it itself."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, get_type_hints

from connectors.base import ask
from connectors.errors import Malformed
from connectors.stampli.files.amounts import Sign
from connectors.stampli.files.currencies import DECIMALS
from connectors.stampli.files.dates import Order

_YES_NO: Final = (("reject", "reject the row"), ("accept", "accept it"))
_LEAST: Final = {"max_rows": 1, "max_cell": 1_000}
_MOST: Final = {"max_rows": 10_000_000, "max_cell": 8 << 20}


@dataclass(frozen=True)
class Rules:
    default_currency: str = ask(
        "Currency of files that name none", help="Three letters. Empty: such rows are rejected.", default=""
    )
    default_entity: str = ask("Entity of files that name none", default="")
    slash_dates: str = ask(
        "Dates such as 04/06/2026",
        help="Only where no date of the file has a part over 12, which would show it.",
        default="MDY",
        choices=(("MDY", "month first"), ("DMY", "day first")),
    )
    decimals: str = ask(
        "Amounts such as 1,234 or 1.234",
        help="Only where no amount of the file shows which sign divides the decimals.",
        default="",
        choices=(("", "reject the row"), ("point", "decimals after a point"), ("comma", "decimals after a comma")),
    )
    fallback_encoding: str = ask("Encoding of files that are not UTF-8 or UTF-16", default="cp1252")
    control_totals: str = ask(
        "Totals at the end of a file",
        default="strict",
        choices=(
            ("strict", "must fit, or the file is rejected"),
            ("warn", "a difference is told"),
            ("ignore", "not compared"),
        ),
    )
    short_rows: str = ask("Rows that lack only cells which need not be filled", default="reject", choices=_YES_NO)
    two_digit_years: str = ask("Years of two digits", default="reject", choices=_YES_NO)
    serial_dates: str = ask("Dates as the serial numbers of a spreadsheet", default="reject", choices=_YES_NO)
    missing_due_date: str = ask(
        "Bills with neither due date nor terms",
        default="invoice_date",
        choices=(("invoice_date", "are due on the invoice date"), ("leave", "have no due date")),
    )
    entity_of: str = ask(
        "Entities",
        help="Stampli can divide one invoice over companies.",
        default="document",
        choices=(("document", "one for all lines of a document"), ("line", "each line has its own")),
    )
    zero_total: str = ask(
        "Documents that come to zero",
        default="reject",
        choices=(("reject", "reject them"), ("skip", "pass them over, and say so")),
    )
    bill_words: str = ask("Further kinds of record that are bills", help="Divided by commas.", default="")
    credit_words: str = ask("Further kinds of record that are credits", help="Divided by commas.", default="")
    invoice_files: str = ask(
        "Names of files of invoices", help="Patterns, divided by blanks. Empty: the columns tell.", default=""
    )
    payment_files: str = ask(
        "Names of files of payments", help="Patterns, divided by blanks. Empty: the columns tell.", default=""
    )
    max_rows: int = ask("Most rows of one file", default=1_000_000)
    max_cell: int = ask("Most characters of one cell", default=1 << 20)

    def __post_init__(self) -> None:
        for one in fields(self):
            value, choices = getattr(self, one.name), dict(one.metadata["choices"])
            if choices and value not in choices:
                raise Malformed(one.name, f"is none of {', '.join(filter(None, choices))}", value=str(value))
        for name, least in _LEAST.items():
            if not least <= getattr(self, name) <= _MOST[name]:
                raise Malformed(name, f"must be between {least} and {_MOST[name]}", value=str(getattr(self, name)))
        if self.default_currency and self.default_currency not in DECIMALS:
            raise Malformed("default_currency", "is no code of ISO 4217 in capitals", value=self.default_currency)
        try:
            codecs.lookup(self.fallback_encoding)
        except LookupError:
            raise Malformed("fallback_encoding", "is no encoding", value=self.fallback_encoding) from None

    @property
    def decimal_sign(self) -> Sign:
        signs: dict[str, Sign] = {"point": ".", "comma": ","}
        return signs.get(self.decimals, "")

    @property
    def date_order(self) -> Order:
        return "DMY" if self.slash_dates == "DMY" else "MDY"


def rules_of(given: Mapping[str, Any]) -> Rules:
    """From what is kept with the connection, where other things stand too. Raises Malformed."""
    hints = get_type_hints(Rules)
    known = {one.name: given[one.name] for one in fields(Rules) if given.get(one.name) not in (None, "")}
    try:
        return Rules(**{name: hints[name](value) for name, value in known.items()})
    except (TypeError, ValueError) as error:
        raise Malformed("", f"a limit is not a whole number: {error}") from None
