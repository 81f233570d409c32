"""Workspaces with their people and invitations, for their owners; users and lock-outs, for the operators of the
installation."""

from typing import Any

from axes.models import AccessAttempt
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Exists, OuterRef
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from audit import trail
from portal.admin import roles, words
from portal.admin.scoped import Scoped, act, actor
from portal.engine import clock
from portal.engine.decide import NotNow
from portal.models import Invitation, Membership, RecoveryCode, SecondFactor, Workspace
from portal.people import invitations
from portal.people.forms import Invite, WorkspaceForm
from portal.people.pages import person


@admin.register(Workspace)
class WorkspaceAdmin(Scoped):
    """The page of a workspace: who is in it, who is invited, and what is asked of them."""

    workspace_path = "pk"
    list_display = ("name", "number", "time_zone", "people", "second_factor_said")
    search_fields = ("name",)
    ordering = ("name", "pk")
    acts = ("invite", "require")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(count=Count("memberships"))

    @display(description="number")
    def number(self, row: Workspace) -> str:
        return f"#{row.pk}"

    @display(description="people", ordering="count")
    def people(self, row: Any) -> int:
        return int(row.count)

    @display(description="second factor")
    def second_factor_said(self, row: Workspace) -> str:
        return "required" if row.second_factor else ""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Who sees only one is led to its page."""
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        mine = list(roles.of(request))
        if len(mine) == 1 and not roles.operator(request) and not request.GET:
            return HttpResponseRedirect(self.url("change", mine[0]))
        return super().changelist_view(request, extra_context)

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.may(request, "add"):
            raise PermissionDenied
        form = WorkspaceForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            given = form.cleaned_data
            with transaction.atomic():
                row = Workspace.objects.create(name=given["workspace"], time_zone=given["time_zone"])
                self.tell(request, row, "workspace.opened", f"{row} was opened")
            messages.success(request, "Open. Invite its owner.")
            return HttpResponseRedirect(self.url("change", row.pk))
        return self.page(request, "portal/form.html", "Add a workspace", form=form, back=self.url("changelist"))

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        row = self.one(request, object_id)
        if row is None:
            return self.missing(request, object_id)
        if request.method == "POST":
            return self._change(request, row)
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET", "POST"])
        return self._show(request, row, WorkspaceForm(initial={"workspace": row.name, "time_zone": row.time_zone}))

    def _change(self, request: HttpRequest, row: Workspace) -> HttpResponse:
        if not self.may(request, "change", row):
            raise PermissionDenied
        form = WorkspaceForm(request.POST)
        if not form.is_valid():
            return self._show(request, row, form)
        before = f"{row.name}, {row.time_zone}"
        with transaction.atomic():
            row.name, row.time_zone = form.cleaned_data["workspace"], form.cleaned_data["time_zone"]
            row.save(update_fields=["name", "time_zone"])
            self.tell(request, row, "workspace.changed", f"{row.name}, {row.time_zone}; it was {before}")
        messages.success(request, "Saved.")
        return HttpResponseRedirect(self.url("change", row.pk))

    def _show(self, request: HttpRequest, row: Workspace, form: WorkspaceForm) -> HttpResponse:
        factor = SecondFactor.objects.filter(user=OuterRef("user"), confirmed=True)
        members = row.memberships.select_related("user").annotate(factor=Exists(factor))
        may_manage = self.may(request, "invite", row)
        pending = Invitation.pending(clock.now()).filter(workspace=row).order_by("-made_at") if may_manage else []
        return self.page(
            request,
            "people/workspace.html",
            row.name,
            original=row,
            row=row,
            zone=row.time_zone,
            members=[_member(one) for one in members.order_by("user__first_name", "user__username")],
            about=[(role.label, Membership.ABOUT[role]) for role in Membership.Role],
            roles=Membership.Role.choices,
            pending=[(one, _url("invitation", "revoke", one.pk)) for one in pending],
            invite_form=Invite(workspace=row) if may_manage else None,
            invite_url=self.url("invite", row.pk),
            require_url=self.url("require", row.pk) if self.may(request, "require", row) else "",
            form=form if self.may(request, "change", row) else None,
        )

    @act("invite")
    def invite(self, request: HttpRequest, row: Workspace) -> str:
        form = Invite(request.POST, workspace=row)
        if not form.is_valid():
            raise NotNow(" ".join(str(said) for errors in form.errors.values() for said in errors))
        email, role = form.cleaned_data["email"], form.cleaned_data["role"]
        invitations.invite(request, row, email, role)
        self.tell(request, row, "person.invited", f"{email} as {role}")
        return f"A letter is on its way to {email}. The link in it counts once, for {invitations.GOOD_FOR.days} days."

    @act("require")
    def require(self, request: HttpRequest, row: Workspace) -> str:
        """By update(): no document depends on it, so none is to be prepared anew."""
        on = request.POST.get("on") == "yes"
        if on and not request.user.is_verified():  # type: ignore[union-attr]
            raise NotNow("Set up your own second factor first, on the page “Your account”.")
        with transaction.atomic():
            Workspace.objects.filter(pk=row.pk).update(second_factor=on)
            self.tell(request, row, "workspace.second_factor", "required" if on else "no longer required")
        if on:
            return "Required. Who has none is led to setting it up before anything else is shown."
        return "A second factor is no longer required here."


def _member(one: Any) -> dict[str, Any]:
    user = one.user
    return {
        "row": one,
        "name": user.get_full_name() or user.get_username(),
        "email": user.email or user.get_username(),
        "factor": one.factor,
        "seen": words.when(user.last_login, one.workspace.time_zone) if user.last_login else "",
        "closed": not user.is_active,
        "role_url": _url("membership", "role", one.pk),
        "remove_url": _url("membership", "remove", one.pk),
        "leave_url": _url("membership", "leave", one.pk),
    }


def _url(model: str, act_name: str, pk: int) -> str:
    return reverse(f"admin:portal_{model}_{act_name}", args=[pk])


class OfWorkspace(Scoped):
    """Rows that are shown on the page of their workspace and have none of their own."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.may(request, "view"):
            raise PermissionDenied
        return HttpResponseRedirect(reverse("admin:portal_workspace_changelist"))

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        row = self.one(request, object_id)
        if row is None:
            return self.missing(request, object_id)
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        return HttpResponseRedirect(self.after(request, row))

    def after(self, request: HttpRequest, row: Any) -> str:
        return reverse("admin:portal_workspace_change", args=[row.workspace_id])


@admin.register(Membership)
class MembershipAdmin(OfWorkspace):
    acts = ("role", "remove", "leave")

    @act("role")
    def role(self, request: HttpRequest, row: Membership) -> str:
        wanted = request.POST.get("role", "")
        if wanted not in Membership.Role.values:
            raise NotNow("There is no such role. Nothing was done.")
        if wanted == row.role:
            return f"{row.user} is {wanted} already."
        with transaction.atomic():
            _keep_an_owner(row)
            Membership.objects.filter(pk=row.pk).update(role=wanted)
            self.tell(request, row, "person.role", f"{row.user} is {wanted} now; it was {row.role}")
        return f"{row.user} is {wanted} now."

    @act("remove")
    def remove(self, request: HttpRequest, row: Membership) -> str:
        self._take_out(request, row)
        return f"{row.user} is out."

    @act("leave")
    def leave(self, request: HttpRequest, row: Membership) -> str:
        """What everybody may do with his own place."""
        if row.user_id != request.user.pk:
            raise NotNow("This is somebody else's place. Nothing was done.")
        self._take_out(request, row)
        return f"You left {row.workspace}."

    def _take_out(self, request: HttpRequest, row: Membership) -> None:
        """What this person has invited is revoked too: the links may lie in a mailbox of his."""
        with transaction.atomic():
            _keep_an_owner(row)
            now = clock.now()
            by = Invitation.pending(now).filter(workspace=row.workspace_id, invited_by=row.user.get_username())
            revoked = by.update(revoked_at=now)
            also = f", with {revoked} open invitations" if revoked else ""
            Membership.objects.filter(pk=row.pk).delete()
            self.tell(request, row, "person.removed", f"{row.user}, who was {row.role}{also}")

    def after(self, request: HttpRequest, row: Any) -> str:
        still = Membership.objects.filter(user_id=person(request).pk, workspace=row.workspace_id).exists()
        return super().after(request, row) if still or roles.operator(request) else reverse("admin:index")


def _keep_an_owner(leaving: Membership) -> None:
    """Inside a transaction. The owners' rows are locked, so that two who leave at once do not both see the other."""
    owners = Membership.objects.select_for_update().filter(workspace=leaving.workspace_id, role=Membership.Role.OWNER)
    left = [one for one in owners.select_related("user").order_by("pk") if one.pk != leaving.pk and one.user.is_active]
    if leaving.role == Membership.Role.OWNER and not left:
        raise NotNow("This is the last owner of the workspace: make somebody else an owner first. Nothing was done.")


@admin.register(Invitation)
class InvitationAdmin(OfWorkspace):
    acts = ("revoke",)

    @act("revoke")
    def revoke(self, request: HttpRequest, row: Invitation) -> str:
        now = clock.now()
        with transaction.atomic():
            if not Invitation.pending(now).filter(pk=row.pk).update(revoked_at=now):
                raise NotNow("This invitation is no longer open.")
            self.tell(request, row, "person.invitation_revoked", row.email)
        return f"The invitation of {row.email} no longer counts."


class ForOperators(Scoped):
    """A model that belongs to no workspace."""

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = self.model._default_manager.all()
        return rows if roles.operator(request) else rows.none()

    def workspace_of(self, row: Any) -> int:
        return 0


admin.site.login_template = "people/login.html"
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
    change_form_outer_before_template = "people/user_factor.html"
    acts = ("lost_factor",)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        known = SecondFactor.objects.filter(user_id=object_id, confirmed=True) if object_id.isdecimal() else None
        url = self.url("lost_factor", object_id) if known is not None and known.exists() else ""
        return super().change_view(request, object_id, form_url, {"lost_factor_url": url, **(extra_context or {})})

    @act("lost_factor")
    def lost_factor(self, request: HttpRequest, row: User) -> str:
        """For who lost authenticator and recovery codes. Told in the trail of each workspace of this person."""
        if request.POST.get("sure") != "yes":
            raise NotNow("Say first that you made sure who asks. Nothing was done.")
        with transaction.atomic():
            gone = SecondFactor.objects.filter(user=row).delete()[0]
            RecoveryCode.objects.filter(user=row).delete()
            said = f"an operator took the second factor off {row.get_username()}"
            at, by = clock.now(), actor(request)
            within = Membership.objects.filter(user=row).values_list("workspace_id", flat=True)
            trail.write(trail.entry(one, "person.factor_off", at=at, said=said, actor=by) for one in within)
        return f"{row} has no second factor any more." if gone else f"{row} had none."


for model in list(admin.site._registry):
    # The schedule is the code's, and lock-outs are seen below: their own pages would invite changes that do not last.
    if model._meta.app_label in ("axes", "django_celery_beat"):
        admin.site.unregister(model)


@admin.register(AccessAttempt)
class LockOutAdmin(ForOperators):
    """Failed sign-ins. Deleting one lifts the lock-out."""

    list_display = ("attempt_time", "username", "ip_address", "failures_since_start")
    search_fields = ("username", "ip_address")
