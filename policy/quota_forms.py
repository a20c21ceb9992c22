"""Forms of the quotas' pages."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms

from org.models import Unit, User
from org.permissions import can_see_company
from policy.models import Quota
from policy.operations.quota_raises import RaiseDraft
from policy.operations.quotas import THRESHOLDS, QuotaDraft
from policy.permissions import scopes_visible_to
from policy.queries.content import ORG, slug_of

# A choice that says nothing would be read as one left out.
ALL = "all"


def _amount(**more: Any) -> forms.DecimalField:
    return forms.DecimalField(max_digits=18, decimal_places=2, **more)


class QuotaForm(forms.Form):
    """Sets a quota, or other terms of one."""

    scope = forms.ChoiceField(label="Of")
    metric = forms.ChoiceField(
        label="Counts",
        choices=Quota.Metric.choices,
        help_text="Dollars are the fair one: a count of tokens punishes cheap models.",
    )
    limit = _amount(label="Limit")
    window = forms.ChoiceField(choices=Quota.Window.choices, initial=Quota.Window.DAY)
    per = forms.ChoiceField(
        label="For",
        choices=[(each.value or ALL, each.label) for each in Quota.Per],
        initial=Quota.Per.PERSON,
    )
    mode = forms.ChoiceField(label="When it is used up", choices=Quota.Mode.choices)
    burst = _amount(
        label="May be borrowed from the next window", required=False, min_value=0, initial=0
    )
    carry_over_pct = forms.IntegerField(
        label="Carried over, in per cent", required=False, min_value=0, max_value=100, initial=0
    )
    thresholds = forms.CharField(
        label="Thresholds, in per cent",
        initial=", ".join(map(str, THRESHOLDS)),
        help_text="From which shares on pages mark it and people are told.",
    )
    exempt = forms.CharField(
        label="Exempt",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One a line, as calls name them.",
    )
    is_prorated = forms.BooleanField(
        label="Who is new has a share of the first window", required=False
    )
    reason = forms.CharField(max_length=200, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered: Any = self.fields["scope"]
        offered.choices = _scopes(user)

    def clean_thresholds(self) -> list[int]:
        parts = [part.strip() for part in self.cleaned_data["thresholds"].split(",")]
        if not all(part.isascii() and part.isdecimal() and len(part) <= 3 for part in parts):  # noqa: PLR2004 -- up to 100
            raise forms.ValidationError("Write per cents with commas between: 50, 80, 100.")
        return [int(part) for part in parts]

    def draft(self) -> QuotaDraft:
        given: dict[str, Any] = dict(self.cleaned_data)
        given.pop("reason")
        given["per"] = "" if given["per"] == ALL else given["per"]
        given["burst"] = given["burst"] or Decimal(0)
        given["carry_over_pct"] = given["carry_over_pct"] or 0
        given["exempt"] = [line.strip() for line in given["exempt"].splitlines() if line.strip()]
        return QuotaDraft(**given)


class RaiseForm(forms.Form):
    """Asks for more of a quota for a while."""

    who = forms.CharField(label="For whom", max_length=160)
    limit = _amount(label="Limit needed")
    ends_at = forms.DateTimeField(
        label="Until (UTC)", widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    reason = forms.CharField(max_length=200, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, quota: Quota, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not quota.per:
            del self.fields["who"]
        else:
            self.fields["who"].label = f"For which {quota.per}"

    def draft(self) -> RaiseDraft:
        ends_at: datetime = self.cleaned_data["ends_at"]
        return RaiseDraft(
            who=self.cleaned_data.get("who", ""),
            limit=self.cleaned_data["limit"],
            ends_at=ends_at,
        )


def _scopes(user: User) -> list[tuple[str, str]]:
    """Return what a quota may be set on: scopes in sight, and units that have none yet."""
    found = {scope.slug: scope.name for scope in scopes_visible_to(user).order_by("slug")}
    for unit in Unit.objects.visible_to(user).filter(retired_on=None).order_by("path"):
        found.setdefault(slug_of(unit), unit.name)
    if can_see_company(user):
        found.setdefault(ORG, "The whole company")
    return sorted(found.items(), key=lambda each: (each[0] != ORG, each[0]))
