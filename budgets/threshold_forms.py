"""The form of a table of thresholds: a group of fields for each level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory

from budgets.models import Threshold
from budgets.models.thresholds import HIGHEST_PCT
from budgets.queries.thresholds import Level, Of, Told
from finops.thresholds import Effect

ROOM = 2  # empty groups after those in force


class LevelForm(forms.Form):
    """One level; left empty it is taken out."""

    level_pct = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=HIGHEST_PCT,
        label="Level, in percent",
        help_text="Leave it empty to take the level out.",
    )
    effect = forms.ChoiceField(choices=Threshold.Does.choices)
    told = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label="Who is told"
    )

    def __init__(self, *args: Any, of: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        told = self.fields["told"]
        if isinstance(told, forms.MultipleChoiceField):
            told.choices = [
                each for each in Told.choices if of == Of.EXPERIMENT or each[0] != Told.OWNER
            ]


class ReasonForm(forms.Form):
    """Why the thresholds are to be others."""

    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}), help_text="It is kept with the thresholds."
    )


def level_forms(data: Any, *, levels: Sequence[Level], of: str) -> BaseFormSet[LevelForm]:
    """Return a group of fields for each level in force, and room for more."""
    made = formset_factory(LevelForm, extra=ROOM)
    initial = [
        {"level_pct": level.level_pct, "effect": level.effect.value, "told": list(level.told)}
        for level in levels
    ]
    return made(data, initial=initial, prefix="level", form_kwargs={"of": of})


def levels_typed(found: BaseFormSet[LevelForm]) -> list[Level]:
    """Return the levels of forms that are valid."""
    rows = [form.cleaned_data for form in found if form.cleaned_data.get("level_pct")]
    return [Level(row["level_pct"], Effect(row["effect"]), tuple(row["told"])) for row in rows]
