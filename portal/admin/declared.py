"""Forms from what a system or an integration declares in its dataclasses: `ask` and `secret`."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, get_type_hints

from django import forms

UNCHANGED = "Set. Leave empty to keep it."


def form_for(of: type, values: Mapping[str, Any]) -> type[forms.Form]:
    """`values` are the stored ones. A secret is never shown again: an empty field keeps what is stored."""
    hints = get_type_hints(of)
    made = {one.name: _field(one, hints[one.name], values) for one in fields(of)}
    for one in fields(of):
        made[one.name].where = one.metadata.get("where", "")  # type: ignore[attr-defined]  # shown beside the help
    return type(f"{of.__name__}Form", (forms.Form,), made)


def merged(of: type, stored: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored after the form: an empty secret stays what it was; names that are not declared stay too."""
    kept = {one.name for one in fields(of) if one.metadata.get("secret") and not given.get(one.name)}
    return {**stored, **{name: value for name, value in given.items() if name not in kept}}


def missing(of: type, values: Mapping[str, Any]) -> list[str]:
    """The labels of what must be given and is not."""
    return [_label(one) for one in fields(of) if _required(one) and not values.get(one.name)]


def shown(of: type, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Label and value of each field; of secrets only whether they are set."""
    return [(_label(one), _shown(one, values)) for one in fields(of)]


def defaults(of: type) -> dict[str, Any]:
    """What is usual, of each field that has such a value."""
    return {one.name: one.default for one in fields(of) if one.default is not MISSING}


def _shown(one: Field[Any], values: Mapping[str, Any]) -> str:
    value = values.get(one.name, "" if one.default is MISSING else one.default)
    if one.metadata.get("secret"):
        return "set" if value else "not set"
    labels = dict(one.metadata.get("choices", ()))
    return str(labels.get(value, {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value))


def _label(one: Field[Any]) -> str:
    return str(one.metadata.get("label") or one.name.replace("_", " ").capitalize())


def _required(one: Field[Any]) -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _field(one: Field[Any], of: Any, values: Mapping[str, Any]) -> forms.Field:
    default = "" if one.default is MISSING else one.default
    common = {"label": _label(one), "help_text": one.metadata.get("help", "")}
    if one.metadata.get("secret"):
        return _secret(one, common, known=bool(values.get(one.name)))
    initial = values.get(one.name, default)
    if of is bool:
        return forms.BooleanField(required=False, initial=initial, **common)
    if choices := one.metadata.get("choices"):
        return forms.ChoiceField(choices=choices, required="" not in dict(choices), initial=initial, **common)
    if of is int:
        return forms.IntegerField(required=_required(one), initial=initial, **common)
    return forms.CharField(required=_required(one), initial=initial, max_length=2000, **common)


def _secret(one: Field[Any], common: dict[str, Any], *, known: bool) -> forms.Field:
    help_text = " ".join(filter(None, [common["help_text"], UNCHANGED if known else ""]))
    required = _required(one) and not known
    common = {"required": required, "label": common["label"], "help_text": help_text, "strip": False}
    if one.metadata.get("lines"):
        area = forms.Textarea(attrs={"autocomplete": "off", "spellcheck": "false", "rows": 4})
        return forms.CharField(widget=area, max_length=20_000, **common)
    line = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"})
    return forms.CharField(widget=line, max_length=5000, **common)
