"""The form of one row of a mapping table: its fields follow from the table that the integration declares."""

from collections.abc import Mapping as Map
from collections.abc import Sequence
from typing import Any

from django import forms

from connectors.base import Table
from mappings.models import Choice, Mapping
from portal.admin import words
from portal.models import Link

OFFERED = 1000
"""Choices that a page carries; all are accepted."""


class MappingForm(forms.Form):
    """`values`: what a record asked for, from the closest to the most general. A row that is changed keeps its source
    value and its first day: another one would be another decision."""

    source = forms.CharField(max_length=255)
    target = forms.CharField(max_length=255)
    valid_from = forms.DateField(
        required=False,
        label="Valid from",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Compared with the accounting day of a document. Empty: always.",
    )

    def __init__(
        self,
        *args: Any,
        link: Link,
        table: Table,
        row: Mapping | None = None,
        values: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.link, self.table, self.row = link, table, row
        self.lists: dict[str, list[tuple[str, str]]] = {}
        self.labels: dict[str, str] = {}
        self._source(values)
        self._target()
        self.names = [name for fact in table.facts for name in self._named(fact)]
        for name in self.names:
            self._fact(name)

    def _source(self, values: Sequence[str]) -> None:
        if self.row is not None:
            del self.fields["source"], self.fields["valid_from"]
            return
        field = self.fields["source"]
        field.label = "When the source says"
        field.help_text = "Exactly as the source writes it. * stands for all others."
        self.lists["source"] = [(value, "") for value in values] + [("*", "all others")]
        self._suggest("source")
        if values:
            self.initial.setdefault("source", values[0])

    def _target(self) -> None:
        field = self.fields["target"]
        field.label = f"In the books ({self.table.label.lower()})"
        if not self.table.choices:
            if self.table.facts:  # such a row says dimensions; the word is the person's own
                field.label, field.required = "Note", False
            return
        self.lists["target"] = self._offered(self.table.choices)
        self._suggest("target")
        if self.lists["target"]:
            field.help_text = "Type a number or a name and pick from what the books offer."
        else:
            field.help_text = "What the books offer was not read yet: ping the connection, or type the number exactly."

    def _named(self, fact: str) -> list[str]:
        """GLDIM* stands for all dimensions that begin so, which the company has made for itself."""
        if not fact.endswith("*"):
            return [fact]
        own = Choice.objects.filter(connection_id=self.link.target_id, active=True, facts__choices=True)
        rows = own.filter(value__startswith=fact[:-1]).order_by("value")
        self.labels = dict(rows.values_list("value", "label"))
        return list(self.labels)

    def _fact(self, name: str) -> None:
        key, label = f"fact_{name}", self.labels.get(name) or words.field(name)
        self.fields[key] = forms.CharField(required=False, max_length=255, label=label)
        self.lists[key] = self._offered(name)
        self._suggest(key)
        if self.row is not None:
            self.initial.setdefault(key, self.row.facts.get(name, ""))

    def _suggest(self, name: str) -> None:
        self.fields[name].widget.attrs |= {"list": f"list_{name}", "autocomplete": "off"}

    def _offered(self, table: str) -> list[tuple[str, str]]:
        rows = Choice.objects.filter(connection_id=self.link.target_id, table=table, active=True).order_by("value")
        return list(rows.values_list("value", "label")[:OFFERED])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.table.choices:
            self._must_be_offered("target", self.table.choices)
        for name in self.names:
            self._must_be_offered(f"fact_{name}", name)
        if self.row is None and cleaned.get("source"):
            self._must_be_new(cleaned)
        return cleaned

    def _must_be_offered(self, name: str, table: str) -> None:
        value = self.cleaned_data.get(name)
        rows = Choice.objects.filter(connection_id=self.link.target_id, table=table)
        if not value or not rows.exists():
            return
        known = rows.filter(value=value).first()
        if known is None:
            self.add_error(name, f"The books do not offer {value}. Pick from the list, or add it there first.")
        elif not known.active:
            self.add_error(name, f"{known} is not active in the books.")

    def _must_be_new(self, cleaned: dict[str, Any]) -> None:
        key = {"source": cleaned["source"], "valid_from": cleaned.get("valid_from")}
        rows = Mapping.objects.filter(link=self.link, table=self.table.key, retired=False, **key)
        if rows.exists():
            self.add_error(
                "source", "There is a row for this already. Change that one, or give this one a later first day."
            )

    @property
    def facts(self) -> dict[str, str]:
        return {name: value for name in self.names if (value := self.cleaned_data[f"fact_{name}"])}

    def rows(self) -> list[tuple[forms.BoundField, Sequence[tuple[str, str]]]]:
        """The fields with what is suggested for them."""
        lists: Map[str, list[tuple[str, str]]] = self.lists
        return [(field, lists.get(field.name, ())) for field in self]
