"""The requests that a connection may make, what it made of them, and whether a backfill stops at the limit."""

from typing import Any

from django import forms
from django.http import HttpRequest

from portal.admin.scoped import Scoped, act
from portal.engine import budget, clock
from portal.engine.decide import NotNow
from portal.models import Connection

BUDGETS = ("budget",)


class BudgetForm(forms.ModelForm):
    class Meta:
        model = Connection
        fields = ("calls_per_hour", "calls_per_day", "capped")
        labels = {
            "calls_per_hour": "Requests per hour",
            "calls_per_day": "Requests per day",
            "capped": "A backfill stops at the limit, until there is room again. Nothing live ever stops.",
        }
        help_texts = {
            "calls_per_hour": "Empty: what the system declares, if it does.",
            "calls_per_day": "Empty: what the system declares, if it does.",
            "capped": "",
        }


class Budgets(Scoped):
    def budget_of(self, request: HttpRequest, row: Connection) -> dict[str, Any]:
        may = self.may(request, "budget", row)
        return {
            "budget": meter(row, budget.spent([row], clock.now())[row.pk]),
            "budget_form": BudgetForm(instance=row) if may else None,
            "budget_url": self.url("budget", row.pk) if may else "",
        }

    @act("budget")
    def budget(self, request: HttpRequest, row: Connection) -> str:
        form = BudgetForm(request.POST, instance=row)
        if not form.is_valid():
            raise NotNow("The requests per hour and per day are whole numbers; empty where you know of no limit.")
        given = form.cleaned_data
        # No save: what is prepared does not depend on it.
        Connection.objects.filter(pk=row.pk).update(**given, capped_until=None)
        said = ", ".join(f"{name} is {value}" for name, value in given.items())
        self.tell(request, row, "connection.budget", f"{row}: {said}")
        return "Saved."


def meter(row: Connection, of: budget.Spent) -> dict[str, Any]:
    """As the pages show it: a line for the hour and for the day, with a bar where there is a limit."""
    lines = [
        {"label": label, "done": done, "most": most, "percent": min(100, done * 100 // most) if most else 0}
        for label, done, most in (("this hour", of.hour, of.per_hour), ("today", of.day, of.per_day))
    ]
    return {
        "lines": lines,
        "percent": of.percent,
        "known": bool(of.per_hour or of.per_day),
        "colour": "danger" if of.over_until else "warning" if of.near else "success",
        "rests": bool(row.capped and of.over_until),
    }
