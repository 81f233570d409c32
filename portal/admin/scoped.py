"""The base of every page: a user sees rows of his workspaces only, and another workspace's row is a missing one.

Everything that lists rows goes through `get_queryset` here: lists, filters, choices of forms, autocomplete, acts and
detail pages. What changes something is a POST view of its own (`act`): the admin's change views run inside a
transaction, in which nothing may call out, and the theme's actions may run on GET.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import ForeignKey, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from audit import trail
from audit.states import Stale
from portal.admin import look, roles, watch
from portal.engine import clock
from portal.engine.decide import NotNow
from portal.models import Workspace

STALE = "Somebody was first: it has changed since you opened this page. Nothing was done. Look at it as it is now."


def scope(request: HttpRequest, rows: QuerySet[Any], path: str) -> QuerySet[Any]:
    """Those rows that lie in a workspace in which this user may see such rows."""
    within = roles.workspaces(request, rows.model, "view")
    return rows if within is None else rows.filter(**{f"{path}__in": list(within)})


class ScopedRelatedFilter(admin.RelatedFieldListFilter):
    """Offers only what the user may see; Django's own would list the names of other workspaces' rows."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        rows = model_admin.seen(request, field.remote_field.model)
        return [(row.pk, str(row)) for row in rows]


class Rows(ChangeList):
    """A list without the theme's "(Show all)", which it would say of every list that is not counted twice."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.full_result_count = self.result_count
        if roles.operator(request) and self.model is not Workspace:  # their list is the operators' directory
            self.result_list = list(self.result_list)
            watch.looked(request, self.model, {self.model_admin.workspace_of(row) for row in self.result_list})


class Scoped(ModelAdmin):
    workspace_path: ClassVar[str] = "workspace"
    """The way from a row to its workspace."""
    acts: ClassVar[Sequence[str]] = ()
    """Names of the methods that are POST views on one row."""
    views: ClassVar[Sequence[str]] = ()
    """Names of the methods that are pages of one row, beside the one that the theme calls change: GET only."""

    actions = None
    show_full_result_count = False
    list_per_page = 50
    list_filter_sheet = True

    # --- rows -------------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return scope(request, super().get_queryset(request), self.workspace_path)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[Rows]:
        return Rows

    def seen(self, request: HttpRequest, model: Any) -> QuerySet[Any]:
        """The rows of another model that this user may see. Models without a page: none."""
        page = self.admin_site._registry.get(model)
        if not isinstance(page, Scoped):
            return model._default_manager.none()
        return scope(request, model._default_manager.all(), page.workspace_path)

    def formfield_for_foreignkey(self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", self.usable(request, db_field.remote_field.model))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def usable(self, request: HttpRequest, model: Any, act: str = "add") -> QuerySet[Any]:
        """The rows of another model that a row of this one may point to: those of workspaces where this user may make
        one."""
        page = self.admin_site._registry.get(model)
        rows = self.seen(request, model)
        within = roles.workspaces(request, self.model, act)
        if within is None or not isinstance(page, Scoped):
            return rows
        return rows.filter(**{f"{page.workspace_path}__in": list(within)})

    # --- permissions ------------------------------------------------------------------------------------------------

    def workspace_of(self, row: Model) -> int:
        for step in self.workspace_path.split("__")[:-1]:
            row = getattr(row, step)
        last = self.workspace_path.rpartition("__")[2]
        return int(row.pk if last == "pk" else getattr(row, f"{last}_id"))

    def may(self, request: HttpRequest, act: str, row: Model | None = None) -> bool:
        return roles.may(request, self.model, act, self.workspace_of(row) if row is not None else None)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "view")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "view", obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "add")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "delete", obj)

    # --- pages of our own -------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<path:object_id>/{name.replace('_', '-')}/",
                self.admin_site.admin_view(getattr(self, name)),
                name=self.url_name(name),
            )
            for name in (*self.acts, *self.views)
        ]
        return own + super().get_urls()

    def url_name(self, name: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{name}"

    def url(self, name: str, *args: Any) -> str:
        return reverse(f"admin:{self.url_name(name)}", args=args)

    def one(self, request: HttpRequest, object_id: str) -> Any:
        """The row, if this user may see it; else None, whether it is missing or somebody else's. One that lies in
        another workspace of this user than the chosen one is found too, and the choice follows."""
        row = self._find(request, object_id)
        if row is None and roles.chosen(request) is not None:
            with roles.everywhere(request):
                row = self._find(request, object_id)
            if row is not None and request.method == "GET":
                self._follow(request, row)
        if row is not None:
            watch.looked(request, self.model, {self.workspace_of(row)})
        return row

    def whole(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows as the page of one needs them."""
        return self.get_queryset(request)

    def _find(self, request: HttpRequest, object_id: str) -> Any:
        try:
            return self.whole(request).filter(pk=self.opts.pk.to_python(object_id)).first()
        except (ValidationError, ValueError, OverflowError):
            return None

    def _follow(self, request: HttpRequest, row: Model) -> None:
        there = self.workspace_of(row)
        if there:
            request.session["workspace"] = there
            messages.info(request, f"This is in {Workspace.objects.get(pk=there)}. The pages show that workspace now.")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """What Django's own pages ask."""
        return self.one(request, object_id)

    def missing(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

    def page(self, request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
        request.current_app = self.admin_site.name
        whole = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, **context}
        row = context.get("original")
        if row is not None and roles.several(request):
            whole["in_workspace"] = look.name_of(request, self.workspace_of(row))
        return TemplateResponse(request, template, whole)

    def after(self, request: HttpRequest, row: Any) -> str:
        """Where an act leads back to."""
        return self.back(request) or self.url("change", row.pk)

    def back(self, request: HttpRequest) -> str:
        """The page of ours that a guided way came from; empty: none, or no page of ours."""
        wanted = request.POST.get("next") or request.GET.get("next") or ""
        return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else ""

    def tell(self, request: HttpRequest, row: Model, what: str, said: str, **data: Any) -> None:
        """Writes to the workspace's trail who did it."""
        workspace = self.workspace_of(row)
        trail.write([trail.entry(workspace, what, at=clock.now(), said=said, actor=actor(request), data=data or None)])


def actor(request: HttpRequest) -> str:
    """Who does it, as the trail says it."""
    name = str(request.user.get_username())
    return f"{name} (operator)" if roles.operator(request) else name


Act = Callable[[Any, HttpRequest, Any], str | None]
View = Callable[[Any, HttpRequest, Any], HttpResponse]


def view(permission: str = "view") -> Callable[[View], Callable[..., HttpResponse]]:
    """A page of one row, by GET only, for those whose role in the row's workspace has this permission."""

    def decorate(method: View) -> Callable[..., HttpResponse]:
        @wraps(method)
        def page(self: Scoped, request: HttpRequest, object_id: str) -> HttpResponse:
            row = self.one(request, object_id)
            if row is None:
                raise Http404
            if not self.may(request, permission, row):
                raise PermissionDenied
            return method(self, request, row) if request.method == "GET" else HttpResponseNotAllowed(["GET"])

        page.permission = permission  # type: ignore[attr-defined]
        return page

    return decorate


def act(permission: str) -> Callable[[Act], Callable[..., HttpResponse]]:
    """A change of one row, by POST only, for those whose role in the row's workspace has this permission. The method
    returns what was done, in words. A row that the user may not see is answered as a missing one."""

    def decorate(method: Act) -> Callable[..., HttpResponse]:
        @wraps(method)
        def view(self: Scoped, request: HttpRequest, object_id: str) -> HttpResponse:
            row = self.one(request, object_id)
            if row is None:
                raise Http404
            if not self.may(request, permission, row):
                raise PermissionDenied
            if request.method != "POST":
                return HttpResponseNotAllowed(["POST"])
            level, said = _done(method, self, request, row)
            if said:
                messages.add_message(request, level, said)
            return HttpResponseRedirect(self.after(request, row))

        view.permission = permission  # type: ignore[attr-defined]
        return view

    return decorate


def _done(method: Act, page: Scoped, request: HttpRequest, row: Any) -> tuple[int, str]:
    try:
        return messages.SUCCESS, method(page, request, row) or ""
    except Stale:
        return messages.WARNING, STALE
    except NotNow as no:
        return messages.WARNING, str(no)
