"""Workspaces, memberships and users: for the operators of the installation."""

from typing import Any

from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from portal.admin import roles
from portal.admin.scoped import Scoped
from portal.models import Membership, Workspace


class OperatorsInline(TabularInline):
    """The rows of an operators' page; its permissions are that page's."""

    model = Membership
    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return roles.operator(request)

    has_change_permission = has_delete_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return roles.operator(request)


@admin.register(Workspace)
class WorkspaceAdmin(Scoped):
    workspace_path = "pk"
    list_display = ("name", "time_zone")
    search_fields = ("name",)
    inlines = (OperatorsInline,)


@admin.register(Membership)
class MembershipAdmin(Scoped):
    list_display = ("user", "workspace", "role")
    list_filter = ("role",)
    list_select_related = ("user", "workspace")
    search_fields = ("user__username", "workspace__name")
    autocomplete_fields = ("user",)


class ForOperators(Scoped):
    """A model that belongs to no workspace."""

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = self.model._default_manager.all()
        return rows if roles.operator(request) else rows.none()

    def workspace_of(self, row: Any) -> int:
        return 0


admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(ForOperators, DjangoUserAdmin):  # type: ignore[misc]  # their `actions` are typed differently
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "is_superuser", "is_active", "last_login")
    list_filter = ("is_superuser", "is_active")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser")}),
    )
    inlines = (OperatorsInline,)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()


for model in list(admin.site._registry):
    # The schedule is the code's, and lock-outs are seen below: their own pages would invite changes that do not last.
    if model._meta.app_label in ("axes", "django_celery_beat"):
        admin.site.unregister(model)


@admin.register(AccessAttempt)
class LockOutAdmin(ForOperators):
    """Failed sign-ins. Deleting one lifts the lock-out."""

    list_display = ("attempt_time", "username", "ip_address", "failures_since_start")
    search_fields = ("username", "ip_address")
