"""The `query` function: what is asked for, and the checks on a page of answers.

https://developer.intacct.com/web-services/queries/
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from connectors.errors import Malformed
from connectors.sage_intacct.answers import Result
from connectors.sage_intacct.markup import Node

PAGE: Final = 2000
"""Most rows of one page."""
MOST_VALUES: Final = 1000
"""Most values of one `in`."""


@dataclass(frozen=True)
class Query:
    """Rows of one object, ordered by RECORDNO. `optional` fields are left out where a company does not have them."""

    object: str
    fields: tuple[str, ...]
    optional: tuple[str, ...] = ()
    field: str = ""
    values: tuple[str, ...] = ()
    """`field` has one of these; no values: all rows."""
    page: int = PAGE
    offset: int = 0

    def node(self, missing: frozenset[str] = frozenset()) -> Node:
        names = [name for name in (*self.fields, *self.optional) if name not in missing or name in self.fields]
        parts: list[Node] = [("object", self.object), ("select", [("field", name) for name in names])]
        if self.values:
            parts.append(("filter", [("in", [("field", self.field), *(("value", value) for value in self.values)])]))
        return "query", [
            *parts,
            # without an order, rows repeat or get lost between pages
            ("orderby", [("order", [("field", "RECORDNO"), ("ascending", "")])]),
            # a session at top level would not see rows that belong to one entity
            ("options", [("showprivate", "true")]),
            ("pagesize", str(self.page)),
            ("offset", str(self.offset)),
        ]

    def called(self, names: Mapping[str, str]) -> "Query":
        """The same by the names that these fields have in this company."""
        fields, optional = (tuple(names.get(name, name) for name in part) for part in (self.fields, self.optional))
        return replace(self, fields=fields, optional=optional, field=names.get(self.field, self.field))

    def chunks(self) -> Iterator["Query"]:
        """The same in as many queries as its values need."""
        if not self.values:
            yield self
        for start in range(0, len(self.values), MOST_VALUES):
            yield replace(self, values=self.values[start : start + MOST_VALUES])

    def following(self, page: Result) -> "Query | None":
        """The query of the next page. Raises `Malformed` for a page with other rows than it claims."""
        rows, left = len(page.rows), page.remaining or 0
        if page.count is not None and page.count != rows:
            raise Malformed(self.object, f"a page claims {page.count} rows and holds {rows}")
        if page.total is not None and page.remaining is not None and self.offset + rows + left != page.total:
            raise Malformed(self.object, f"{page.total} rows in all, but {self.offset} + {rows} + {left} on the pages")
        if left and not rows:
            raise Malformed(self.object, f"an empty page with {left} rows to come")
        return replace(self, offset=self.offset + rows) if left else None


def wanted(values: Sequence[str]) -> tuple[str, ...]:
    """Each value once, in their order."""
    return tuple(dict.fromkeys(value for value in values if value))
