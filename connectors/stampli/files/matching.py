"""Vendors and accounts of a file among those that the books offer: by exact id or exact name, never by resemblance."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal

from connectors.base import Choice
from connectors.names import fold

Code = Literal["", "not_found", "ambiguous", "inactive"]
_NEAR: Final = 5


@dataclass(frozen=True)
class Match:
    """`value`: what the books call it; empty where `code` says why there is none. `near`: for a person to look at."""

    value: str = ""
    code: Code = ""
    by: Literal["", "mapping", "id", "name"] = ""
    label: str = ""
    near: tuple[Choice, ...] = ()
    name_differs: bool = False
    """The id is right, but its name in the books is another than in the file."""


class Offered:
    """Made once of what the books offer in one table, and asked for each document."""

    def __init__(self, choices: Iterable[Choice]) -> None:
        self._by_id: dict[str, list[Choice]] = defaultdict(list)
        self._by_name: dict[str, list[Choice]] = defaultdict(list)
        for choice in choices:
            self._by_id[fold(choice.value)].append(choice)
            self._by_name[fold(choice.label)].append(choice)

    def vendor(self, written: Mapping[str, str], mapping: Mapping[str, str] | None = None) -> Match:
        """`written`: id and name as the file has them. `mapping`: what finance has said for an id or a name, folded."""
        id, name = written.get("id", ""), written.get("name", "")
        for text in (id, name):
            if text and mapping and (value := mapping.get(fold(text))):
                return self._mapped(value)
        if found := self._by_id.get(fold(id), []) if id.strip() else []:
            return self._by_its_id(found, id, name)
        return self._named(name, id)

    def value(self, text: str) -> Match:
        """An account or a dimension: by its number alone."""
        found = self._by_id.get(fold(text), []) if text.strip() else []
        if not found:
            return Match(code="not_found", near=self.near(text))
        return self._by_its_id(found, text, "")

    def near(self, text: str) -> tuple[Choice, ...]:
        """What resembles it: only for a person who has to choose."""
        word = fold(text)
        found = get_close_matches(word, [*self._by_id, *self._by_name], n=_NEAR, cutoff=0.7) if word else []
        unique = {one.value: one for key in found for one in [*self._by_id.get(key, []), *self._by_name.get(key, [])]}
        return tuple(unique.values())[:_NEAR]

    def _mapped(self, value: str) -> Match:
        found = self._by_id.get(fold(value), [])
        if not found:
            return Match(code="not_found", by="mapping", near=self.near(value))
        match = self._by_its_id(found, value, "")
        return Match(match.value, match.code, "mapping", match.label, match.near)

    def _by_its_id(self, found: list[Choice], id: str, name: str) -> Match:
        """Of two that differ in case only, the one that is written the same."""
        same = [one for one in found if one.value == id.strip()] or found
        if len(same) > 1:
            return Match(code="ambiguous", by="id", near=tuple(same))
        one = same[0]
        if not one.active:
            return Match(code="inactive", by="id", label=one.label, near=(one,))
        differs = bool(name.strip()) and name != id and fold(name) != fold(one.label)
        return Match(one.value, by="id", label=one.label, name_differs=differs)

    def _named(self, name: str, id: str) -> Match:
        found = self._by_name.get(fold(name), []) if name.strip() else []
        active = [one for one in found if one.active]
        if len(active) == 1:
            return Match(active[0].value, by="name", label=active[0].label)
        if active:
            return Match(code="ambiguous", by="name", near=tuple(active))
        if found:
            return Match(code="inactive", by="name", near=tuple(found))
        return Match(code="not_found", near=self.near(id) or self.near(name))


def match_vendor(
    written: Mapping[str, str], offered: Iterable[Choice], mapping: Mapping[str, str] | None = None
) -> Match:
    """For one document; for many, make one `Offered`."""
    return Offered(offered).vendor(written, mapping)


def match_choice(text: str, offered: Iterable[Choice]) -> Match:
    return Offered(offered).value(text)
