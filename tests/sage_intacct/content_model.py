"""A reading of the published content models of our own: each model becomes a regular expression over child names.

`faults(element)` lists what is wrong with an element and everything in it. Children of `create` and `update` are free.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

_MODELS: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "xml-3.0-content-models.json").read_text())
_NAME = re.compile(r"[A-Za-z_][\w.]*")
_TYPE = re.compile(r":xs:\w+(\[[^\]]*\])?(=\w+)?")
_TIMES = re.compile(r"[?*+]|\{(\d+),(\d+|unbounded)\}")


class _Reader:
    """Reads one model. `inner` collects the models of elements that are described inside of it."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.inner: dict[str, str] = {}
        self.order: list[str] = []

    def read(self) -> str:
        return self._item()

    def _space(self) -> None:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found

    def _item(self) -> str:
        self._space()
        made = self._group() if self.text[self.at] == "(" else self._element()
        times = self._take(_TIMES)
        if not times:
            return made
        if times[1] is None:
            return f"{made}{times[0]}"
        return f"{made}{{{times[1]},{'' if times[2] == 'unbounded' else times[2]}}}"

    def _group(self) -> str:
        self.at += 1
        items, joined = [self._item()], ""
        self._space()
        while self.text[self.at] != ")":
            joined = self.text[self.at]
            self.at += 1
            items.append(self._item())
            self._space()
        self.at += 1
        if joined == "&":
            self.order = [word for item in items for word in re.findall(r"<(\w+)>", item)]
        return f"(?:{('|' if joined == '|' else '').join(items)})"

    def _element(self) -> str:
        found = self._take(_NAME)
        assert found, self.text[self.at :]
        if self._take(_TYPE):
            self.inner[found[0]] = "ANY"  # a plain value here, whatever the name means elsewhere
        if self.text[self.at : self.at + 2] == "{(":
            self.inner[found[0]] = self._braces()
        return f"(?:<{found[0]}>)"

    def _braces(self) -> str:
        start, depth = self.at, 0
        while True:
            depth += {"{": 1, "}": -1}.get(self.text[self.at], 0)
            self.at += 1
            if depth == 0:
                return self.text[start + 1 : self.at - 1]


@cache
def _compiled(model: str) -> tuple[re.Pattern[str], dict[str, str], list[str]]:
    reader = _Reader(model)
    return re.compile(reader.read()), reader.inner, reader.order


def faults(element: Any, models: dict[str, str] | None = None) -> list[str]:
    name = str(element.tag)
    model = (models or {}).get(name) or _MODELS["elements"].get(name, {}).get("model")
    if name == "function":
        return _function(element)
    if model is None or "ANY" in model:
        return []
    if model == "empty":
        return [f"{name} is not empty"] if len(element) else []
    pattern, inner, order = _compiled(model)
    children = [str(child.tag) for child in element]
    if order:
        children.sort(key=lambda tag: order.index(tag) if tag in order else len(order))
    own = "".join(f"<{tag}>" for tag in children)
    wrong = [] if pattern.fullmatch(own) else [f"{name}: {own} is not {model}"]
    return wrong + [fault for child in element for fault in faults(child, {**(models or {}), **inner})]


def _function(element: Any) -> list[str]:
    control = element.get("controlid")
    if control is None or len(control) > 256 or len(element) != 1:
        return ["function: control id or content"]
    if element[0].tag not in _MODELS["functions_allowed"]:
        return [f"function: {element[0].tag} is not known"]
    return faults(element[0])
