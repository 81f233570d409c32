"""Reads what Sage Intacct answers into plain values. Says nothing about what it means: that is `said.py`.

https://developer.intacct.com/web-services/error-handling/
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote

from lxml import etree

from connectors.errors import Malformed, Unavailable

Row = Mapping[str, str]
"""Names in upper case, children of children joined by a dot, everything as text; what is empty is ''."""

LIMIT: Final = 20_000_000
"""Bytes of one answer."""

# "[Support ID: abc%7Edef]" or "[Request ID: ...]" at the end of a text: kept apart, it would make every text unique.
_SUPPORT = re.compile(r"\s*\[(?:Support|Request) ID:\s*([^\]]*)\]\s*", re.IGNORECASE)
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Said:
    """One error as the vendor said it, the support id taken out of its texts."""

    number: str
    text: str
    title: str = ""
    correction: str = ""
    support: str = ""
    id: str = ""
    """`errorid` of additionalinfo, GL-0493 for instance: more exact than the number."""

    def sentence(self) -> str:
        words = " ".join(part for part in (self.title, self.text, self.correction) if part)
        name = f"{self.number}/{self.id}" if self.id else self.number
        return f"{name}: {words}" + (f" (support id {self.support})" if self.support else "")


@dataclass(frozen=True)
class Result:
    """The answer of one function."""

    status: str
    function: str
    control: str
    key: str
    rows: tuple[Row, ...]
    values: Row
    """What stands in `data` itself, beside rows."""
    count: int | None
    total: int | None
    remaining: int | None
    errors: tuple[Said, ...]


@dataclass(frozen=True)
class Answer:
    """A whole answer. Errors stand at the level where they were said."""

    control: str
    """Status of the control block: success, failure, or empty."""
    control_errors: tuple[Said, ...]
    authentication: str
    """Status of the authentication block; empty when there is none."""
    operation_errors: tuple[Said, ...]
    company: str
    entity: str
    since: datetime | None
    until: datetime | None
    results: tuple[Result, ...]

    def by_control(self) -> dict[str, Result]:
        """Results by control id; one that is said twice says nothing."""
        times = Counter(result.control for result in self.results)
        return {result.control: result for result in self.results if times[result.control] == 1}


def read(body: bytes) -> Answer:
    """Raises `Malformed` for no XML of theirs, `Unavailable` (perhaps carried out) for a page or half an answer.
    White space and a byte order mark before the prolog are passed over."""
    root = _root(body.lstrip(b"\xef\xbb\xbf \t\r\n"))
    operation = root.find("operation")
    where = etree.Element("none") if operation is None else operation
    seen = where.find("authentication")
    who = etree.Element("none") if seen is None else seen
    return Answer(
        control=_text(root, "control/status"),
        control_errors=_errors(root),
        authentication=_text(who, "status"),
        operation_errors=_errors(where),
        company=_text(who, "companyid"),
        entity=_text(who, "locationid"),
        since=_instant(_text(who, "sessiontimestamp")),
        until=_instant(_text(who, "sessiontimeout")),
        results=tuple(_result(element) for element in where.findall("result")),
    )


def _root(body: bytes) -> Any:
    if len(body) > LIMIT:
        raise Malformed("answer", f"more than {LIMIT} bytes")
    if _HTML.match(body):
        raise Unavailable(f"A web page came instead of an answer: {_title(body)}", sent=True, code="answer.page")
    if b"<!DOCTYPE" in body:
        raise Malformed("answer", "holds a DOCTYPE, which Sage Intacct never sends")
    try:
        root = etree.fromstring(body, _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        if not body.rstrip().endswith(b"</response>"):
            raise Unavailable("The answer broke off.", sent=True, code="answer.half") from error
        raise Malformed("answer", f"no well-formed XML: {error}") from error
    if root.tag != "response":
        raise Malformed("answer", f"its root is {root.tag!s:.40}, not response")
    return root


def _parser() -> Any:
    # no entities, no network, no DTD, no huge trees: what answers is not ours
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",  # their Content-Type has a parameter of its own making; it is always UTF-8
    )


def _title(body: bytes) -> str:
    found = re.search(rb"<title>(.{0,200}?)</title>", body, re.IGNORECASE | re.DOTALL)
    return found.group(1).decode("utf-8", "replace").strip() if found else "no title"


def _result(element: Any) -> Result:
    data = element.find("data")
    shape = {} if data is None else dict(data.attrib)
    return Result(
        status=_text(element, "status"),
        function=_text(element, "function"),
        control=_text(element, "controlid"),
        key=_text(element, "key"),
        rows=() if data is None else tuple(_row(child) for child in _records(data)),
        values={} if data is None else {str(child.tag).upper(): _own(child) for child in data if not len(child)},
        count=_number(shape.get("count")),
        total=_number(shape.get("totalcount")),
        remaining=_number(shape.get("numremaining")),
        errors=_errors(element),
    )


def _records(data: Any) -> Any:
    """Some functions put a further element around their records; those that describe an object, two."""
    described = data.findall("Type/Fields/Field")
    if described:
        return described
    inner = data[0] if len(data) == 1 else ()
    wrapped = len(inner) > 1 and len({child.tag for child in inner}) == 1 and all(len(child) for child in inner)
    return inner if wrapped else data


def _row(element: Any) -> Row:
    row: dict[str, str] = {}
    for child in element:
        name = str(child.tag).upper()
        row |= {f"{name}.{inner}": text for inner, text in _row(child).items()} if len(child) else {name: _own(child)}
    return row


def _errors(parent: Any) -> tuple[Said, ...]:
    return tuple(_said(error) for error in parent.findall("errormessage/error"))


def _said(error: Any) -> Said:
    support: list[str] = []
    title, text, correction = (
        _without_support(error, name, support) for name in ("description", "description2", "correction")
    )
    return Said(
        number=_text(error, "errorno"),
        text=text or title,
        title=title if text else "",
        correction=correction,
        support=support[0] if support else "",
        id=_text(error, "additionalinfo/errorid"),
    )


def _without_support(error: Any, name: str, support: list[str]) -> str:
    text = _text(error, name)
    support += [unquote(found) for found in _SUPPORT.findall(text)]
    return _SUPPORT.sub(" ", text).strip()


def _text(parent: Any, path: str) -> str:
    found = parent.find(path)
    return "" if found is None else _own(found)


def _own(element: Any) -> str:
    return (element.text or "").strip()


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"\d{1,18}", text) else None


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
