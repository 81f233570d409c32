"""Documents as bytes: canonical JSON, so that they can be kept, hashed and compared."""

import dataclasses
import hashlib
import json
import types
import typing
from datetime import date
from decimal import Decimal
from typing import Any

from audit.models import Record
from connectors.base import Document
from portal.engine import access


def of(record: Record) -> Document:
    """The document that was frozen for this record."""
    assert record.document is not None
    return load(access.system(record.link.target).kinds[record.kind], bytes(record.document))


def dump(document: Document) -> bytes:
    return json.dumps(_plain(document), sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def load(kind: type[Document], body: bytes) -> Document:
    made: Document = _typed(kind, json.loads(body))
    return made


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, Decimal | date):
        return str(value)
    if value is None or isinstance(value, str | int | bool):
        return value
    raise TypeError(f"a document holds no {type(value).__name__}")


def _typed(kind: Any, value: Any) -> Any:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return None if value is None else _typed(next(one for one in args if one is not types.NoneType), value)
    if origin is tuple:
        of = [args[0]] * len(value) if args[-1:] == (Ellipsis,) else list(args)
        return tuple(_typed(one, part) for one, part in zip(of, value, strict=True))
    if origin is not None:
        return {name: _typed(args[1], one) for name, one in value.items()} if isinstance(value, dict) else value
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        names = [one.name for one in dataclasses.fields(kind)]
        return kind(**{name: _typed(hints[name], value[name]) for name in names if name in value})  # type: ignore[operator]
    if kind is Decimal:
        return Decimal(value)
    if kind is date:
        return date.fromisoformat(value)
    return value
