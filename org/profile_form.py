"""The forms of the company's profile."""

from decimal import Decimal
from typing import Any

from django import forms

from finops.presets import HIGHEST_TARGET, LOWEST_TARGET
from finops.profile_settings import OneOf, OrNone, Percent, Setting, Usd, Whole
from org.models.profile import MIN_REASON
from org.operations.profile import MOST_PEOPLE
from org.profile_meanings import WORDS
from org.queries.profile import EffectiveProfile


class ProfileForm(forms.Form):
    """The two questions from which everything else follows."""

    people = forms.IntegerField(
        min_value=1,
        max_value=MOST_PEOPLE,
        label="How many people work in the company?",
        help_text="The size sets how limits are enforced.",
    )
    gm_target = forms.DecimalField(
        min_value=LOWEST_TARGET * 100,
        max_value=HIGHEST_TARGET * 100,
        max_digits=4,
        decimal_places=2,
        label="Which gross margin does it aim at, in percent?",
        help_text="The margin sets the thresholds. 70 lies between two columns and takes values"
        " between theirs.",
    )

    def answers(self) -> dict[str, Any]:
        """Return the answers of a form that is valid, the margin as a share of one."""
        target: Decimal = self.cleaned_data["gm_target"]
        return {"people": self.cleaned_data["people"], "gm_target": target / 100}


class OverrideForm(forms.Form):
    """Another value for one setting, and why."""

    value = forms.CharField(max_length=40)
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=f"{MIN_REASON} characters or more; it is kept beside the value for ever.",
    )

    def __init__(self, *args: Any, setting: Setting, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(setting.kind, OneOf):
            choices = [(each.value, WORDS.get(each, each.value)) for each in setting.kind.choices]
            self.fields["value"] = forms.ChoiceField(choices=choices)
        else:
            self.fields["value"].help_text = _hint(setting)
        self.order_fields(["value", "reason"])


def as_asked(found: EffectiveProfile) -> dict[str, str]:
    """Return what the form says for the answers in force, nothing where nobody answered."""
    if found.answer is None:
        return {}
    target = f"{(found.answer.gm_target * 100).normalize():f}"
    return {"people": str(found.answer.people), "gm_target": target}


def _hint(setting: Setting) -> str:
    optional = isinstance(setting.kind, OrNone)
    kind = setting.kind.kind if isinstance(setting.kind, OrNone) else setting.kind
    match kind:
        case Percent():
            hint = "In percent, such as 7.5."
        case Usd():
            hint = "In dollars."
        case Whole():
            hint = f"In {kind.noun}, from {kind.low} to {kind.high}."
        case _:
            hint = "A number, such as 1.15."
    return f"{hint} “none” lifts the limit." if optional else hint
