"""What a person may set for a connection besides its credentials: how its files are treated and understood, say."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect

from connectors import registry
from connectors.base import Json
from connectors.errors import ConnectorError
from portal.admin import declared
from portal.admin.scoped import Scoped
from portal.models import Connection

KNOBS = ("knobs",)


class Knobs(Scoped):
    def knobs_of(
        self, request: HttpRequest, row: Connection, given: Mapping[str, forms.Form] | None = None
    ) -> dict[str, Any]:
        """A form per group, or only what is set for those who may not change it."""
        may = self.may(request, "settings", row)
        groups = [
            {
                "label": label,
                "form": (given or {}).get(label) or (_form(of, row.settings) if may else None),
                "shown": declared.shown(of, row.settings),
            }
            for label, of in _groups(row).items()
        ]
        return {"knobs": groups, "knobs_wrong": bool(given), "knobs_url": self.url("knobs", row.pk) if may else ""}

    def knobs(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.one(request, object_id)
        if row is None:
            raise Http404
        if not self.may(request, "settings", row):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        groups = _groups(row)
        filled = {label: _form(of, row.settings, request.POST) for label, of in groups.items()}
        fit = [_fits(of, filled[label]) for label, of in groups.items()]  # each, so that all that is wrong is shown
        if not all(fit):
            return self.with_forms(request, row, filled)
        after = dict(row.settings)
        for label, of in groups.items():
            _set(after, of, filled[label].cleaned_data)
        self._keep(request, row, after)
        return HttpResponseRedirect(self.url("change", row.pk))

    knobs.permission = "settings"  # type: ignore[attr-defined]

    def with_forms(self, request: HttpRequest, row: Connection, given: Mapping[str, forms.Form]) -> HttpResponse:
        """The page of the row, with these forms and what is wrong in them."""
        raise NotImplementedError

    def _keep(self, request: HttpRequest, row: Connection, after: Json) -> None:
        before, row.settings = row.settings, after
        changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
        if changed:
            row.save(update_fields=["settings"])
            said = ", ".join(f"{name} is {after.get(name, 'as usual')}" for name in changed)
            self.tell(request, row, "connection.settings", f"{row}: {said}")


def _groups(row: Connection) -> Mapping[str, type]:
    of = registry.SYSTEMS.get(row.system)
    return of.settings if of else {}


def _form(of: type, values: Mapping[str, Any], data: Any = None) -> forms.Form:
    return declared.form_for(of, values)(data, auto_id=f"id_{of.__name__.lower()}_%s")


def _fits(of: type, form: forms.Form) -> bool:
    """The settings check themselves when they are made."""
    if not form.is_valid():
        return False
    made: Json = {}
    _set(made, of, form.cleaned_data)
    try:
        of(**made)
    except ConnectorError as error:
        form.add_error(
            error.field if error.field in form.fields else None, f"It {error.said.removeprefix(f'{error.field}: ')}."
        )
        return False
    return True


def _set(settings: Json, of: type, given: Mapping[str, Any]) -> None:
    """What is as usual is not kept: it goes along when what is usual changes."""
    for name, usual in declared.defaults(of).items():
        value = given.get(name)
        if value is None or value == usual:
            settings.pop(name, None)
        else:
            settings[name] = value
