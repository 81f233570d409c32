"""Invitations: a place in a workspace for whoever reads the mail, once."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import TrailEntry
from portal.models import Invitation, Membership
from tests.pages import factories
from tests.people.conftest import PASSWORD, browser, letter, link, member, person

CHOSEN = {"name": "Bob", "password": PASSWORD, "again": PASSWORD}


def invited(owner: Membership, email: str = "bob@example.com", role: str = "finance") -> str:
    url = reverse("admin:portal_workspace_invite", args=[owner.workspace_id])
    answer = browser(owner.user).post(url, {"email": email, "role": role}, follow=True)
    return str(answer.text)


def test_a_new_person_joins_with_the_role_of_the_invitation() -> None:
    owner = member()
    text = invited(owner)
    assert "A letter is on its way to bob@example.com" in text
    assert "Invited, not here yet" in text and "Revoke" in text
    assert owner.workspace.name in letter()
    guest = Client()
    assert "Join as finance" in guest.get(link()).text
    assert guest.post(link(), CHOSEN, follow=True).status_code == 200
    joined = Membership.objects.get(user__username="bob@example.com")
    assert (joined.workspace, joined.role) == (owner.workspace, "finance")
    assert set(TrailEntry.objects.values_list("what", flat=True)) == {"person.invited", "person.joined"}


def test_an_invitation_counts_once() -> None:
    invited(member())
    Client().post(link(), CHOSEN)
    assert Client().post(link(), {**CHOSEN, "name": "Eve"}).status_code == 404
    assert User.objects.count() == 2


def test_who_has_an_account_joins_after_signing_in_and_nobody_else_does() -> None:
    owner, bob = member(), person("bob@example.com")
    invited(owner)
    where = link()
    assert "has an account already" in Client().get(where).text
    assert Client().post(where, CHOSEN).status_code == 200
    other = browser(person("eve@example.com"))
    assert "You are signed in as" in other.post(where).text
    assert Membership.objects.count() == 1
    assert browser(bob).post(where).status_code == 302
    assert bob.memberships.get().role == "finance"


def test_who_signs_out_to_accept_is_led_back_to_the_invitation() -> None:
    owner = member()
    invited(owner)
    client = browser(person("eve@example.com"))
    client.get(link())
    answer = client.post(reverse("admin:logout"), {"next": link()})
    assert answer.headers["Location"] == link()


def test_an_owner_does_not_learn_whether_an_address_is_known() -> None:
    owner = member()
    person("known@example.com")
    texts = [invited(owner, f"{name}@example.com").replace(name, "x") for name in ("known", "unknown")]
    assert "on its way to x@example.com" in texts[0] and "on its way to x@example.com" in texts[1]
    assert len({one.body.split("http")[0] for one in mail.outbox}) == 1


def test_a_revoked_and_an_expired_invitation_are_worth_nothing() -> None:
    owner = member()
    invited(owner)
    row = Invitation.objects.get()
    answer = browser(owner.user).post(reverse("admin:portal_invitation_revoke", args=[row.pk]), follow=True)
    assert "no longer counts" in answer.text
    assert Client().post(link(), CHOSEN).status_code == 404
    invited(owner)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().get(link()).status_code == 404
    assert User.objects.count() == 1


def test_a_second_invitation_replaces_the_first() -> None:
    owner = member()
    invited(owner, role="owner")
    first = link()
    invited(owner, role="auditor")
    assert Client().get(first).status_code == 404
    Client().post(link(), CHOSEN)
    assert Membership.objects.get(user__username="bob@example.com").role == "auditor"


def test_a_member_is_not_invited_again() -> None:
    owner = member()
    assert "This person is here already" in invited(owner, owner.user.email)
    assert mail.outbox == []


def test_what_somebody_invited_goes_with_him() -> None:
    owner = member()
    second = member(email="second@example.com", workspace=owner.workspace)
    invited(second)
    browser(owner.user).post(reverse("admin:portal_membership_remove", args=[second.pk]))
    assert Client().get(link()).status_code == 404


def test_the_link_is_nowhere_but_in_the_letter() -> None:
    invited(member())
    token = link().strip("/").rpartition("/")[2]
    assert token not in str(list(Invitation.objects.values_list()))
    assert token not in str(list(TrailEntry.objects.values_list()))


# --- the last owner ---------------------------------------------------------------------------------------------------


def test_the_last_owner_stays_one() -> None:
    owner = member()
    client = browser(owner.user)
    for act, body in (("role", {"role": "auditor"}), ("remove", {})):
        answer = client.post(reverse(f"admin:portal_membership_{act}", args=[owner.pk]), body, follow=True)
        assert "This is the last owner" in answer.text
    owner.refresh_from_db()
    assert owner.role == "owner"


def test_an_owner_whose_account_is_closed_does_not_count() -> None:
    owner = member()
    second = member(email="second@example.com", workspace=owner.workspace)
    User.objects.filter(pk=second.user_id).update(is_active=False)
    browser(owner.user).post(reverse("admin:portal_membership_remove", args=[owner.pk]))
    assert Membership.objects.filter(pk=owner.pk).exists()


def test_one_of_two_owners_may_go_and_is_out_at_once() -> None:
    owner = member()
    second = member(email="second@example.com", workspace=owner.workspace)
    client = browser(owner.user)
    client.post(reverse("admin:portal_membership_role", args=[second.pk]), {"role": "support"})
    client.post(reverse("admin:portal_membership_role", args=[second.pk]), {"role": "owner"})
    answer = client.post(reverse("admin:portal_membership_remove", args=[owner.pk]))
    assert answer.headers["Location"] == reverse("admin:index")
    assert client.get(reverse("admin:audit_record_changelist")).status_code == 403
    told = list(TrailEntry.objects.order_by("pk").values_list("what", flat=True))
    assert told == ["person.role", "person.role", "person.removed"]


def test_a_person_leaves_by_himself_and_takes_nobody_else_out() -> None:
    owner = member()
    auditor, finance = (member(role, f"{role}@example.com", owner.workspace) for role in ("auditor", "finance"))
    client = browser(auditor.user)
    answer = client.post(reverse("admin:portal_membership_leave", args=[finance.pk]), follow=True)
    assert "somebody else" in answer.text
    answer = client.post(reverse("admin:portal_membership_leave", args=[auditor.pk]), follow=True)
    assert "You left" in answer.text
    assert set(owner.workspace.memberships.values_list("role", flat=True)) == {"owner", "finance"}
    assert (
        "last owner"
        in browser(owner.user).post(reverse("admin:portal_membership_leave", args=[owner.pk]), follow=True).text
    )


def test_two_workspaces_of_one_name_are_told_apart_by_commands() -> None:
    made = [factories.WorkspaceFactory.create(name="Twin") for _ in range(2)]
    with pytest.raises(CommandError, match=f"#{made[0].pk}, #{made[1].pk}"):
        call_command("replay", workspace="Twin", reason="x", state="FAILED")
    call_command("replay", workspace=f"#{made[1].pk}", reason="x", state="FAILED")
