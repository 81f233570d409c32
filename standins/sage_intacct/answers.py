"""Answers in the shapes of sheet 4.1 and 4.2."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from .reading import Found
from .refusal import Error

PROLOG = '<?xml version="1.0" encoding="UTF-8"?>\n'
CONTENT_TYPE = 'text/xml; encoding="UTF-8"'
ROLLED_BACK = Error("XL03000009", "The entire transaction in this operation has been rolled back due to an error.")


@dataclass
class Result:
    function: str
    controlid: str
    status: str = "success"
    key: str = ""
    data: str = ""
    errors: list[Error] = field(default_factory=list)


@dataclass(frozen=True)
class Said:
    """What the control block of a request said, echoed in its answer."""

    senderid: str = ""
    controlid: str = ""
    uniqueid: str = ""
    dtdversion: str = ""
    whitespace: bool = True
    additional: bool = False
    support_ids: bool = True


@dataclass(frozen=True)
class Signed:
    """The authentication block."""

    status: str
    user: str = ""
    company: str = ""
    entity: str | None = None
    since: str = ""
    until: str = ""


def element(name: str, value: object) -> str:
    return f"<{name}>{escape(str(value))}</{name}>"


def control_failure(said: Said, error: Error) -> bytes:
    return _response(said, _control(said, "failure"), _errors(said, [error]))


def acknowledged(said: Said) -> bytes:
    return _response(said, "<acknowledgement><status>success</status></acknowledgement>", _control(said, "success"))


def gateway_failure(number: str, text: str) -> bytes:
    """The front's own short form: status only, number and description only."""
    error = f"{element('errorno', number)}{element('description', f'{text} [Request ID: {token_urlsafe(12)}]')}"
    body = f"<control><status>failure</status></control><errormessage><error>{error}</error></errormessage>"
    return f"{PROLOG}<response>{body}</response>".encode()


def refused_sign_in(said: Said, signed: Signed, error: Error) -> bytes:
    operation = f"<operation>{_authentication(signed)}{_errors(said, [error])}</operation>"
    return _response(said, _control(said, "success"), operation)


def answered(said: Said, signed: Signed, results: Sequence[Result]) -> bytes:
    body = "".join(_result(said, result) for result in results)
    return _response(said, _control(said, "success"), f"<operation>{_authentication(signed)}{body}</operation>")


def created(objects: Sequence[tuple[str, dict[str, Any]]]) -> str:
    rows = "".join(
        f"<{name}>{''.join(element(field, value) for field, value in fields.items())}</{name}>"
        for name, fields in objects
    )
    return f'<data listtype="objects" count="{len(objects)}">{rows}</data>'


def found(what: Found) -> str:
    attributes = "".join(f' {name}="{escape(value, {chr(34): "&quot;"})}"' for name, value in what.attributes.items())
    if what.as_json:
        return f"<data{attributes}>{escape(json.dumps([dict(row) for row in what.rows]))}</data>"
    rows = []
    for index, row in enumerate(what.rows):
        owned = _owned(what, index)
        rows.append(f"<{what.tag}>{''.join(element(name, value) for name, value in row)}{owned}</{what.tag}>")
    return f"<data{attributes}>{''.join(rows)}</data>"


def _owned(what: Found, index: int) -> str:
    if not what.nested:
        return ""
    collection, item, lines = what.nested[index]
    inner = "".join(f"<{item}>{''.join(element(n, v) for n, v in line)}</{item}>" for line in lines)
    return f"<{collection}>{inner}</{collection}>"


def _response(said: Said, *parts: str) -> bytes:
    text = f"<response>{''.join(parts)}</response>"
    if not said.whitespace:
        return (PROLOG + text).encode()
    root = etree.fromstring(text)
    etree.indent(root)
    return PROLOG.encode() + etree.tostring(root, encoding="utf-8")


def _control(said: Said, status: str) -> str:
    uniqueid = element("uniqueid", said.uniqueid) if said.senderid else ""
    version = element("dtdversion", said.dtdversion) if said.senderid else ""
    ids = f"{element('senderid', said.senderid)}{element('controlid', said.controlid)}"
    return f"<control>{element('status', status)}{ids}{uniqueid}{version}</control>"


def _authentication(signed: Signed) -> str:
    parts = [element("status", signed.status), element("userid", signed.user), element("companyid", signed.company)]
    if signed.entity is not None:
        parts += [element("locationid", signed.entity)]
        parts += [element("sessiontimestamp", signed.since), element("sessiontimeout", signed.until)]
    return f"<authentication>{''.join(parts)}</authentication>"


def _result(said: Said, result: Result) -> str:
    parts = [element("status", result.status), element("function", result.function)]
    parts.append(element("controlid", result.controlid))
    if result.key:
        parts.append(element("key", result.key))
    parts.append(result.data)
    if result.errors:
        parts.append(_errors(said, result.errors))
    return f"<result>{''.join(parts)}</result>"


def _errors(said: Said, errors: Sequence[Error]) -> str:
    return f"<errormessage>{''.join(_error(said, error, n) for n, error in enumerate(errors))}</errormessage>"


def _error(said: Said, error: Error, place: int) -> str:
    text = error.text
    if said.support_ids and place == 0:
        text = f"{text} [Support ID: {token_urlsafe(6)}%7E{token_urlsafe(24)}]".strip()
    parts = [element("errorno", error.number), element("description", error.title), element("description2", text)]
    parts.append(element("correction", error.correction))
    if said.additional:
        parts.append(_additional(error))
    return f"<error>{''.join(parts)}</error>"


def _additional(error: Error) -> str:
    """Only when asked for: the JavaScript SDK fails on it. The ids are invented."""
    target = '<target domain="" requestinfo="" object="" field="" businessInfo=""/>'
    said = "".join(
        f"<{name}><messageid>IA.STAND_IN</messageid>{target}<placeholders></placeholders></{name}>"
        for name in ("description", "cdescription", "correction")
    )
    head = f"<errorid>SI-{error.number}</errorid><category>Stand-in</category>"
    return f"<additionalinfo>{head}{target}{said}</additionalinfo>"
