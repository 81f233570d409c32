"""The SQL-like text of `readByQuery` (sheet 6.2): comparisons, like, in, is null, and, or, brackets."""

import re
from collections.abc import Callable
from typing import Any

from .refusal import Refusal
from .store import Row
from .values import Operand, written

Test = Callable[[Row], bool]
Column = Callable[[str], Callable[[Row], Any]]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:\\.|[^'\\])*')|(?P<sign><=|>=|<>|!=|=|<|>|\(|\)|,)|(?P<word>[A-Za-z0-9_.\-:/]+))"
)
_SIGNS = {"=": (0,), "<": (-1,), ">": (1,), "<=": (-1, 0), ">=": (0, 1), "<>": (-1, 1), "!=": (-1, 1)}


def parse(text: str, column: Column) -> Test:
    if not text.strip():
        return lambda row: True
    parser = _Parser(_tokens(text), column)
    test = parser.either()
    if parser.left:
        raise _wrong(text)
    return test


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if not found:
            raise _wrong(text)
        kind = str(found.lastgroup)
        value = found.group(kind)
        tokens.append((kind, re.sub(r"\\(.)", r"\1", value[1:-1]) if kind == "text" else value))
        at = found.end()
    return tokens


def _wrong(text: str) -> Refusal:
    return Refusal("Query Failed", f"The query is not valid: {text}")


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], column: Column) -> None:
        self.left = tokens
        self.column = column

    def either(self) -> Test:
        tests = [self._both()]
        while self._take("OR"):
            tests.append(self._both())
        return lambda row: any(test(row) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._take("AND"):
            tests.append(self._one())
        return lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self._take("("):
            test = self.either()
            self._must(")")
            return test
        read = self.column(self._next())
        if self._take("IS"):
            wanted = not self._take("NOT")
            self._must("NULL")
            return lambda row: (read(row) in (None, "")) == wanted
        negated = self._take("NOT")
        if self._take("LIKE"):
            return _like(read, self._next(), wanted=not negated)
        if self._take("IN"):
            return _in(read, self._list(), wanted=not negated)
        return _compared(read, self._next(), self._next())

    def _list(self) -> list[str]:
        self._must("(")
        values = [self._next()]
        while self._take(","):
            values.append(self._next())
        self._must(")")
        return values

    def _take(self, word: str) -> bool:
        if self.left and self.left[0][0] != "text" and self.left[0][1].upper() == word:
            self.left.pop(0)
            return True
        return False

    def _must(self, word: str) -> None:
        if not self._take(word):
            raise _wrong(" ".join(value for _, value in self.left))

    def _next(self) -> str:
        if not self.left:
            raise _wrong("")
        return self.left.pop(0)[1]


def _like(read: Callable[[Row], Any], text: str, *, wanted: bool) -> Test:
    pattern = re.compile(re.escape(text).replace("%", ".*"), re.DOTALL)
    return lambda row: read(row) not in (None, "") and bool(pattern.fullmatch(written(read(row)))) == wanted


def _in(read: Callable[[Row], Any], values: list[str], *, wanted: bool) -> Test:
    operands = [Operand(value) for value in values]
    return lambda row: read(row) not in (None, "") and any(o.compare(read(row)) == 0 for o in operands) == wanted


def _compared(read: Callable[[Row], Any], sign: str, text: str) -> Test:
    if sign not in _SIGNS:
        raise _wrong(sign)
    operand, wanted = Operand(text), _SIGNS[sign]
    return lambda row: read(row) not in (None, "") and operand.compare(read(row)) in wanted
