"""Golden pairs: what the source sent and finance decided, beside what must be posted. A new case is a new folder."""

import json
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from connectors import registry
from connectors.base import Document, Skip
from connectors.errors import ConnectorError, Refused
from tests.desk import MemoryDesk

GOLDEN = Path(__file__).resolve().parent.parent / "golden"


def cases(integration: str) -> list[str]:
    return sorted(folder.name for folder in (GOLDEN / integration).iterdir() if (folder / "source.json").exists())


def read(integration: str, case: str, name: str) -> Any:
    return json.loads((GOLDEN / integration / case / f"{name}.json").read_text())


def made(integration: str, case: str) -> tuple[Any, MemoryDesk]:
    """What the flow makes of a case: a document, a skip or an error; and the desk that was asked."""
    of = registry.integration(integration)
    source = read(integration, case, "source")
    desk = MemoryDesk(
        read(integration, case, "mappings"), of.options, lambda earlier: _document(integration, earlier), f"c-{case}"
    )
    try:
        return of.flow(source["flow"]).translate(source["payload"], desk), desk
    except ConnectorError as error:
        return error, desk


@cache
def _document(integration: str, case: str) -> Document:
    document, _ = made(integration, case)
    assert isinstance(document, Document), f"{case}: {document}"
    return document


def shown(result: Any, desk: MemoryDesk) -> Any:
    """As it stands in document.json: what is sent that differs from its default, amounts and days as text."""
    if isinstance(result, Skip):
        return {"skip": result.why, "code": result.code}
    if isinstance(result, ConnectorError):
        return {"error": type(result).__name__, "code": result.code} | _cause(result)
    claims = [f"{row}:{part}" for row, part in desk.claims]
    return {"kind": result.kind, **_plain(result)} | ({"claims": claims} if claims else {})


def _cause(error: ConnectorError) -> dict[str, str]:
    return {"cause": error.cause} if isinstance(error, Refused) else {}


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        given = [(one, getattr(value, one.name)) for one in fields(value) if one.name not in ("control", "coding")]
        return {one.name: _plain(held) for one, held in given if one.default is MISSING or held != one.default}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, (Decimal, date)) else value
