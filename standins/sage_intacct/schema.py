"""Checks an envelope and the legacy functions against the published content models, before all else.

The models stand in `data/xml-3.0-content-models.json`; its `notation` says how they are written. A fixed order becomes
a regular expression over the names of the children; an "all" group becomes counts. Bodies of `create` and `update` are
not described there: the schema skips them.
"""

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

DATA = json.loads((Path(__file__).parent / "data" / "xml-3.0-content-models.json").read_text())
FUNCTIONS = frozenset(DATA["functions_allowed"])
TEXTS = frozenset(DATA["text_only_elements"])
_LIBXML = 1871  # the code that libxml2 gives to "this element is not expected"


@dataclass(frozen=True)
class Invalid(Exception):
    message: str
    line: int
    code: int = _LIBXML


@dataclass
class Model:
    """What may stand inside one element."""

    pattern: re.Pattern[str] | None = None
    counts: dict[str, tuple[int, int]] | None = None  # an "all" group: name -> least, most
    inline: dict[str, "Model"] = field(default_factory=dict)
    text: str = ""  # the type of a text: xs:string, xs:boolean, xs:integer[...]
    anything: bool = False
    attributes: dict[str, Any] = field(default_factory=dict)


def check(request: etree._Element) -> None:
    """Raise `Invalid` at the first element that the schema does not expect."""
    _element(request, "request", _model("request"))


def _element(node: etree._Element, name: str, model: Model) -> None:
    _attributes(node, name, model)
    if model.anything:
        return
    if model.text:
        _text(node, name, model.text)
        return
    children = [child for child in node if isinstance(child.tag, str)]
    if (node.text or "").strip() or any((child.tail or "").strip() for child in children):
        raise Invalid(f"Element '{name}': Character content other than whitespace is not allowed.", _line(node))
    _order(node, name, model, children)
    for child in children:
        tag = str(child.tag)
        _element(child, tag, model.inline.get(tag) or _model(tag))


def _order(node: etree._Element, name: str, model: Model, children: list[etree._Element]) -> None:
    tags = [str(child.tag) for child in children]
    if name == "function":
        if len(tags) != 1 or tags[0] not in FUNCTIONS:
            shown = tags[0] if tags else ""
            raise Invalid(f"Element '{shown}': This element is not expected.", _line(node))
    elif model.counts is not None:
        _counted(node, name, model.counts, tags)
    elif model.pattern is not None and not model.pattern.fullmatch("".join(f"{tag} " for tag in tags)):
        bad = _first_unexpected(model.pattern, tags)
        at = _line(children[bad]) if bad < len(children) else _line(node)
        said = f"Element '{tags[bad]}': This element is not expected." if bad < len(tags) else ""
        raise Invalid(said or f"Element '{name}': Missing child element(s).", at)


def _first_unexpected(pattern: re.Pattern[str], tags: list[str]) -> int:
    """`re` does not tell how far a match could go; the first child that is out of place is good enough."""
    known = set(re.findall(r"[A-Za-z0-9_]+", pattern.pattern))
    for index, tag in enumerate(tags):
        if tag not in known:
            return index
    for index in range(len(tags)):
        rest = tags[:index] + tags[index + 1 :]
        if pattern.fullmatch("".join(f"{tag} " for tag in rest)):
            return index
    return len(tags)


def _counted(node: etree._Element, name: str, counts: dict[str, tuple[int, int]], tags: list[str]) -> None:
    for tag in tags:
        if tag not in counts:
            raise Invalid(f"Element '{tag}': This element is not expected.", _line(node))
    for tag, (least, most) in counts.items():
        if not least <= tags.count(tag) <= most:
            raise Invalid(f"Element '{name}': Missing or repeated child element '{tag}'.", _line(node))


def _attributes(node: etree._Element, name: str, model: Model) -> None:
    for attribute in node.attrib:
        if attribute not in model.attributes and not model.anything:
            raise Invalid(f"Element '{name}', attribute '{attribute!s}': The attribute is not allowed.", _line(node))
    for attribute, rule in model.attributes.items():
        value = node.get(attribute)
        if value is None and rule.get("use") == "required":
            raise Invalid(f"Element '{name}': The attribute '{attribute}' is required but missing.", _line(node))
        if value is not None and (
            ("enum" in rule and value not in rule["enum"]) or len(value) > rule.get("maxLength", 1e9)
        ):
            raise Invalid(f"Element '{name}', attribute '{attribute}': '{value}' is not allowed.", _line(node))


def _text(node: etree._Element, name: str, type_: str) -> None:
    for child in node:
        if isinstance(child.tag, str):
            raise Invalid(f"Element '{child.tag}': This element is not expected.", _line(child))
    text = (node.text or "").strip()
    wrong = (
        (type_.startswith("xs:boolean") and text not in ("true", "false", "0", "1"))
        or (type_.startswith("xs:integer") and not _integer(text, type_))
        or (type_.startswith("restricted") and len(text) > 256)
    )
    if wrong:
        raise Invalid(f"Element '{name}': '{text}' is not a valid value of the atomic type '{type_}'.", _line(node))


def _integer(text: str, type_: str) -> bool:
    if not re.fullmatch(r"[+-]?\d+", text):
        return False
    bounds = {key: int(value) for key, value in re.findall(r"(minInclusive|maxInclusive)=(\d+)", type_)}
    return bounds.get("minInclusive", -(10**18)) <= int(text) <= bounds.get("maxInclusive", 10**18)


def _line(node: etree._Element) -> int:
    line = node.sourceline
    return line if isinstance(line, int) else 1


# reading the notation


@cache
def _model(name: str) -> Model:
    if name == "function":
        return Model(attributes=DATA["elements"]["function"]["attributes"])
    if name not in DATA["elements"]:
        # elements without a model: functions out of scope, and plain texts
        return Model(text="xs:string") if name in TEXTS else Model(anything=True)
    entry = DATA["elements"][name]
    attributes = entry.get("attributes", {})
    text = entry.get("model")
    if text is None or text == "text":
        return Model(text=entry.get("type", "xs:string"), attributes=attributes)
    if text == "empty":
        return Model(pattern=re.compile(""), attributes=attributes)
    if "ANY" in text:
        return Model(anything=True, attributes=attributes)
    model = _Reader(text).model()
    return Model(model.pattern, model.counts, model.inline, attributes=attributes)


_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_TYPE = re.compile(r":((?:xs:)?[A-Za-z]+(?:\[[^\]]*\])?)(?:=[A-Za-z0-9]+)?")
_TIMES = re.compile(r"\{(\d+),(\d+|unbounded)\}")


class _Reader:
    """Recursive descent over one model; yields a regular expression and the models of inline elements."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.inline: dict[str, Model] = {}

    def model(self) -> Model:
        if "&" in _without_inline(self.text):
            return self._all()
        pattern = self._group_with_times()
        assert self.at == len(self.text), f"not understood: {self.text[self.at :]!r}"
        return Model(pattern=re.compile(pattern), inline=self.inline)

    def _all(self) -> Model:
        counts: dict[str, tuple[int, int]] = {}
        self._expect("(")
        while True:
            name, times = self._particle_name()
            counts[name] = {"": (1, 1), "?": (0, 1), "*": (0, 10**6), "+": (1, 10**6)}[times]
            if self._peek() != "&":
                break
            self.at += 1
        self._expect(")")
        return Model(counts=counts, inline=self.inline)

    def _group_with_times(self) -> str:
        self._expect("(")
        parts, between = [self._particle()], ""
        while self._peek() in (",", "|"):
            between = self._peek()
            self.at += 1
            parts.append(self._particle())
        self._expect(")")
        body = "|".join(parts) if between == "|" else "".join(parts)
        return f"(?:{body}){self._times()}"

    def _particle(self) -> str:
        if self._peek() == "(":
            return self._group_with_times()
        name, times = self._particle_name()
        return f"(?:{name} ){times}"

    def _particle_name(self) -> tuple[str, str]:
        self._peek()
        found = _WORD.match(self.text, self.at)
        assert found, f"not understood: {self.text[self.at :]!r}"
        name = found.group()
        self.at = found.end()
        self._inline_type(name)
        return name, self._times()

    def _inline_type(self, name: str) -> None:
        if typed := _TYPE.match(self.text, self.at):
            self.at = typed.end()
            self.inline[name] = Model(text=typed.group(1))
        elif self.text[self.at : self.at + 1] == "{" and not _TIMES.match(self.text, self.at):
            end = _closing(self.text, self.at)
            inner = self.text[self.at + 1 : end]
            self.inline[name] = _Reader(inner if inner.startswith("(") else f"({inner})").model()
            self.at = end + 1

    def _times(self) -> str:
        if found := _TIMES.match(self.text, self.at):
            self.at = found.end()
            most = "" if found.group(2) == "unbounded" else found.group(2)
            return f"{{{found.group(1)},{most}}}"
        if self.text[self.at : self.at + 1] in ("?", "*", "+"):
            self.at += 1
            return self.text[self.at - 1]
        return ""

    def _peek(self) -> str:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1
        return self.text[self.at : self.at + 1]

    def _expect(self, sign: str) -> None:
        assert self._peek() == sign, f"{sign!r} expected at {self.text[self.at :]!r}"
        self.at += 1


def _closing(text: str, start: int) -> int:
    depth = 0
    for index in range(start, len(text)):
        depth += (text[index] == "{") - (text[index] == "}")
        if depth == 0:
            return index
    raise AssertionError(f"no closing brace in {text!r}")


def _without_inline(text: str) -> str:
    kept, depth = [], 0
    for sign in text:
        depth += sign == "{"
        if depth == 0:
            kept.append(sign)
        depth -= sign == "}"
    return "".join(kept)
