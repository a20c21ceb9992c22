"""The form of the approval limits: a group of fields for each line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory

from finops.signing import MOST_SIGNERS, Limit
from org.operations.signing import SIGNING

ROOM = 2  # empty groups after those in force


class LimitForm(forms.Form):
    """One line; left empty it is taken out."""

    from_usd = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=18,
        decimal_places=2,
        label="From this amount on",
        help_text="Leave it empty to take the line out.",
    )
    role = forms.ChoiceField(choices=[(role.value, role.label) for role in SIGNING])
    signers = forms.IntegerField(
        min_value=1, max_value=MOST_SIGNERS, initial=1, label="People who sign"
    )


class LimitsReasonForm(forms.Form):
    """Why others are to sign."""

    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}), help_text="An auditor will read it."
    )


def limit_forms(data: Any, *, limits: Sequence[Limit]) -> BaseFormSet[LimitForm]:
    """Return a group of fields for each line in force, and room for more."""
    made = formset_factory(LimitForm, extra=ROOM)
    return made(data, initial=[limit._asdict() for limit in limits], prefix="limit")


def limits_typed(found: BaseFormSet[LimitForm]) -> list[Limit]:
    """Return the lines of forms that are valid."""
    rows = [form.cleaned_data for form in found if form.cleaned_data.get("from_usd") is not None]
    return [Limit(row["from_usd"], row["role"], row["signers"]) for row in rows]
