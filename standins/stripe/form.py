"""The form encoding of the API: nested brackets, indexed or empty-bracket lists; and the check of what was sent."""

import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from standins.stripe.errors import ApiError

Json = dict[str, Any]

_SCHEMAS = Path(__file__).parent / "data" / "params.schema.json"  # derived from the published type declarations
_NAME = re.compile(r"([^\[\]]+)|\[([^\[\]]*)\]")


def parse(pairs: Iterable[tuple[str, str]]) -> Json:
    """Lists stay maps of their indexes until a schema says that they are lists."""
    whole: Json = {}
    for name, value in pairs:
        path = [a or b for a, b in _NAME.findall(name)]
        place = whole
        for step in path[:-1]:
            inner = place.setdefault(step or str(len(place)), {})
            if not isinstance(inner, dict):
                raise ApiError(f"Invalid parameter: {name}", param=name)
            place = inner
        place[path[-1] or str(len(place))] = value
    return whole


@cache
def schemas() -> Json:
    defs: Json = json.loads(_SCHEMAS.read_text())["$defs"]
    return defs


def simple(names: str = "") -> Json:
    """A schema in short, for calls that the data file does not hold: "amount:integer name metadata:map"."""
    types = {
        "string": {"type": "string"},
        "integer": {"type": "integer"},
        "boolean": {"type": "boolean"},
        "map": {"anyOf": [{"enum": [""]}, {"type": "object", "additionalProperties": {"type": "string"}}]},
        "strings": {"type": "array", "items": {"type": "string"}},
        "any": {"x-cut": True},
    }
    properties: Json = {"expand": types["strings"]}
    for word in names.split():
        name, _, type = word.partition(":")
        properties[name] = types[type or "string"]
    return {"type": "object", "properties": properties, "additionalProperties": False}


def listing(names: str = "", *, dated: bool = False) -> Json:
    """`dated`: the list can be asked by `created`; lists inside of an object and of endpoints cannot."""
    schema = simple(f"limit:integer starting_after ending_before {names}")
    if dated:
        schema["properties"]["created"] = schemas()["EventListParams"]["properties"]["created"]
    return schema


def nothing() -> Json:
    """Of a call that takes no parameters, not even `expand`: deleting."""
    return {"type": "object", "properties": {}, "additionalProperties": False}


def checked(value: Any, schema: Json, name: str = "") -> Any:
    if "x-cut" in schema:
        return value
    if "anyOf" in schema:
        return _one_of(value, schema["anyOf"], name)
    if "enum" in schema or "const" in schema:
        return _literal(value, schema.get("enum") or [schema["const"]], name)
    return _READERS[schema.get("type", "string")](value, schema, name)


def _one_of(value: Any, options: list[Json], name: str) -> Any:
    trouble: ApiError | None = None
    for option in options:
        try:
            return checked(value, option, name)
        except ApiError as error:
            trouble = error
    raise trouble or ApiError("Invalid parameter", param=name)


def _literal(value: Any, allowed: list[Any], name: str) -> Any:
    if value not in allowed:
        raise ApiError(f"Invalid {name}: must be one of {', '.join(map(str, allowed))}", param=name)
    return value


def _text(value: Any, schema: Json, name: str) -> str:
    if not isinstance(value, str):
        raise ApiError(f"Invalid string: {value}", param=name)
    if len(value) > int(schema.get("maxLength", 5000)):
        raise ApiError(f"Invalid string: {name} is too long", code="parameter_invalid_string", param=name)
    return value


def _integer(value: Any, schema: Json, name: str) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"-?\d+", value):
        raise ApiError(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
    return int(value)


def _number(value: Any, schema: Json, name: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ApiError(f"Invalid decimal: {value}", code="parameter_invalid_decimal", param=name) from None


def _boolean(value: Any, schema: Json, name: str) -> bool:
    if value not in ("true", "false"):
        raise ApiError(f"Invalid boolean: {value}", param=name)
    return bool(value == "true")


def _array(value: Any, schema: Json, name: str) -> list[Any]:
    if not isinstance(value, dict):
        raise ApiError(f"Invalid array: {name}", param=name)
    order = sorted(value, key=lambda k: (not k.isdigit(), int(k) if k.isdigit() else 0))
    return [checked(value[k], schema.get("items", {"x-cut": True}), f"{name}[{k}]") for k in order]


def _object(value: Any, schema: Json, name: str) -> Json:
    if not isinstance(value, dict):
        raise ApiError("Invalid object", param=name)
    properties, more = schema.get("properties", {}), schema.get("additionalProperties", True)
    read = {}
    for key, inner in value.items():
        full = f"{name}[{key}]" if name else key
        if key in properties:
            read[key] = checked(inner, properties[key], full)
        elif more is False:
            raise ApiError(f"Received unknown parameter: {full}", code="parameter_unknown", param=full)
        else:
            read[key] = checked(inner, more, full) if isinstance(more, dict) else inner
    for key in schema.get("required", []):
        if key not in read:
            full = f"{name}[{key}]" if name else key
            raise ApiError(f"Missing required param: {full}.", code="parameter_missing", param=full)
    return read


_READERS: dict[str, Any] = {
    "string": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "array": _array,
    "object": _object,
}
