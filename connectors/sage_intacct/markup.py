"""How values are written into XML for Sage Intacct: characters, money, days, elements, the request around functions.

Everything here is pure. Text is made legal before it is escaped; names and keys are never made legal by guessing.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

from connectors.errors import Denied, Refused
from connectors.money import to_minor

Node = tuple[str, "str | Sequence[Node]"]
"""An element: its name, and its text or its children. An empty string gives an empty element. A child whose name
begins with @ is an attribute."""

# What XML 1.0 cannot carry, neither raw nor as &#n;. The gateway answers "Fatal Error 9" to all of them.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


# --- values -----------------------------------------------------------------------------------------------------------


def clean(text: str) -> str:
    """The text without what XML cannot carry; line ends as LF; NFC. Sheet 7."""
    return unicodedata.normalize("NFC", _ILLEGAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def single(text: str) -> str:
    """The same on one line, without blanks at the ends: for names, titles, memos."""
    return " ".join(clean(text).split())


def money(amount: Decimal, at: str = "amount") -> str:
    """Exactly two decimals. Refuses what the ledger would round: a third decimal, and what is no number."""
    if not isinstance(amount, Decimal):
        raise TypeError(f"{at}: money is Decimal, not {type(amount).__name__}")
    try:
        cents = to_minor(amount, 2)
    except Refused as refused:
        refused.field = at
        raise
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole}.{rest:02}"


def us_day(day: date) -> str:
    """mm/dd/yyyy: upper-case objects and filters."""
    return f"{day.month:02}/{day.day:02}/{day.year:04}"


def day_node(name: str, day: date) -> Node:
    """year, month, day as elements: lower-case functions."""
    return name, [("year", f"{day.year:04}"), ("month", f"{day.month:02}"), ("day", f"{day.day:02}")]


def flag(*, value: bool) -> str:
    return "true" if value else "false"


# --- elements ---------------------------------------------------------------------------------------------------------


def given(*pairs: tuple[str, str]) -> list[Node]:
    """Elements of those pairs that have a text."""
    return [(name, text) for name, text in pairs if text]


def written(node: Node) -> str:
    name, content = node
    if not _NAME.fullmatch(name):
        raise Refused(f"{name!r} cannot be the name of a field.", code="field.name", field=name)
    if isinstance(content, str):
        return f"<{name}>{escape(clean(content))}</{name}>"
    attributes = "".join(f" {at[1:]}={quoteattr(str(value))}" for at, value in content if at.startswith("@"))
    inside = "".join(written(child) for child in content if not child[0].startswith("@"))
    return f"<{name}{attributes}>{inside}</{name}>"


def function(control: str, call: Node) -> bytes:
    """One function with its control id: what is frozen, announced and sent, never with session or password."""
    if not 0 < len(control) <= 256 or clean(control) != control:
        raise Refused(
            "The control id must have 1 to 256 legal characters.", code="control.invalid", value=control[:300]
        )
    return f"<function controlid={quoteattr(control)}>{written(call)}</function>".encode()


# --- the request ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sender:
    id: str
    password: str


@dataclass(frozen=True)
class Login:
    user: str
    company: str
    password: str
    entity: str = ""


def envelope(
    sender: Sender,
    authentication: Login | str,
    functions: Sequence[bytes],
    *,
    control: str,
    unique: bool,
    detailed: bool = False,
) -> bytes:
    """The request around functions, which go in byte for byte. `authentication` is a login or a session id.

    https://developer.intacct.com/web-services/requests/: `uniqueid` left out means true, so it is always written.
    """
    head: list[Node] = [
        ("senderid", sender.id),
        ("password", sender.password),
        ("controlid", control),
        ("uniqueid", flag(value=unique)),
        ("dtdversion", "3.0"),
        ("includewhitespace", "false"),
    ]
    if detailed:
        head.append(("showadditionalerrorinfo", "true"))
    return b"".join(
        (
            b'<?xml version="1.0" encoding="UTF-8"?><request>',
            _secret(("control", head)),
            b'<operation transaction="false">',
            _secret(("authentication", _authentication(authentication))),
            b"<content>",
            *functions,
            b"</content></operation></request>",
        )
    )


def _authentication(by: Login | str) -> list[Node]:
    if isinstance(by, str):
        return [("sessionid", by)]
    login: list[Node] = [("userid", by.user), ("companyid", by.company), ("password", by.password)]
    return [("login", login + given(("locationid", by.entity)))]


def _secret(node: Node) -> bytes:
    """Written as it is: a password that was cleaned would be another password."""
    text = _verbatim(node)
    if _ILLEGAL.search(text):
        raise Denied(
            "A credential holds a character that XML cannot carry.",
            code="credentials.characters",
            cure="Type the sender, company and user credentials again by hand.",
        )
    return text.encode()


def _verbatim(node: Node) -> str:
    name, content = node
    inside = escape(content) if isinstance(content, str) else "".join(map(_verbatim, content))
    return f"<{name}>{inside}</{name}>"
