"""Forms of the models' pages."""

from typing import Any

from django import forms

from finops.complexity import Band
from org.refusals import Invalid
from policy.models import Risk, Tier, WorkflowLabel
from policy.operations.hierarchy import Ranking
from policy.operations.requirements import Label, Required

MOST_BYTES = 2**20


def _from() -> forms.DateField:
    return forms.DateField(
        label="From",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: from today.",
    )


def _reason() -> forms.CharField:
    return forms.CharField(max_length=200, widget=forms.Textarea(attrs={"rows": 2}))


class RankForm(forms.Form):
    """Places a model in a tier."""

    provider = forms.CharField(max_length=60)
    model = forms.CharField(max_length=160)
    task_type = forms.CharField(
        label="Task type", max_length=80, required=False, help_text="Empty: for any task."
    )
    tier = forms.ChoiceField(choices=[(tier.value, tier.label) for tier in Tier])
    batch = forms.BooleanField(label="Can be called in batches", required=False)
    starts_on = forms.DateField(
        label="From",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: a first tier has always held, a change holds from today.",
    )
    reason = forms.CharField(max_length=200, widget=forms.Textarea(attrs={"rows": 2}))

    def ranking(self) -> Ranking:
        given: dict[str, Any] = dict(self.cleaned_data)
        given.pop("reason")
        return Ranking(**given)


class EvaluationsForm(forms.Form):
    """Takes graded samples as lines of CSV, pasted or as a file."""

    file = forms.FileField(label="CSV file", required=False)
    lines = forms.CharField(
        label="or its lines, with the header",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )

    def text(self) -> str:
        """Return the CSV; raises Invalid where there is none or it is not UTF-8."""
        sent = self.cleaned_data["file"]
        if sent is None:
            return str(self.cleaned_data["lines"])
        if sent.size > MOST_BYTES:
            raise Invalid.of("file", "The file is larger than a megabyte: send a part of it.")
        try:
            return bytes(sent.read()).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Invalid.of("file", "The file is not a text in UTF-8.") from error


class RequirementForm(forms.Form):
    """Sets the bar for a task at a risk."""

    prefix = "require"
    task_type = forms.CharField(
        label="Task type", max_length=80, required=False, help_text="Empty: for any task."
    )
    risk = forms.ChoiceField(choices=Risk.choices)
    required = forms.DecimalField(
        label="Share that has to pass", max_digits=6, decimal_places=5, help_text="Such as 0.93."
    )
    floor_tier = forms.ChoiceField(label="No lower than", choices=Tier.choices)
    starts_on = _from()
    reason = _reason()

    def draft(self) -> Required:
        return Required(**_without_reason(self))


class LabelForm(forms.Form):
    """Says what a workflow's calls are."""

    prefix = "label"
    workflow = forms.CharField(max_length=160)
    task_type = forms.CharField(
        label="Task type", max_length=80, required=False, help_text="For calls that tell none."
    )
    complexity = forms.ChoiceField(choices=[(band.value, band.value.title()) for band in Band])
    risk = forms.ChoiceField(choices=Risk.choices)
    latency = forms.ChoiceField(
        label="Does anybody wait for an answer",
        choices=WorkflowLabel.Latency.choices,
        required=False,
    )
    human_review = forms.BooleanField(label="A person reads every answer", required=False)
    starts_on = _from()
    reason = _reason()

    def draft(self) -> Label:
        return Label(**_without_reason(self))


def _without_reason(form: forms.Form) -> dict[str, Any]:
    return {name: value for name, value in form.cleaned_data.items() if name != "reason"}
