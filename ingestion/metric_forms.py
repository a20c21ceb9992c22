"""Forms of outcomes: what a unit of work is, what was counted of it, and a table to load."""

from decimal import Decimal
from typing import Any

from django import forms

from ingestion.models import OutcomeTerms
from ingestion.operations.definitions import Terms
from ingestion.operations.metric_tables import KINDS
from org.models import FiscalPeriod, Unit, User


class TermsForm(forms.Form):
    """What one unit of work is, and what it brings and costs beside the calls."""

    name = forms.CharField(max_length=120, help_text="Such as “Ticket answered”.")
    unit_of_work = forms.CharField(
        label="Unit of work", max_length=80, help_text="What is counted: ticket, claim, contract."
    )
    success = forms.CharField(
        label="It is a success when",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="So that two people would count alike.",
    )
    workflows = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Whose calls do the work, one a line, as usage names them.",
    )
    owner = forms.ModelChoiceField(queryset=User.objects.none())
    source = forms.CharField(
        label="Told by", max_length=120, help_text="The system that counts: Zendesk, the ERP."
    )
    kind = forms.ChoiceField(choices=OutcomeTerms.Kind.choices)
    product = forms.SlugField(
        required=False, max_length=60, help_text="What customers buy. Empty for internal work."
    )
    value_usd = forms.DecimalField(
        label="Worth of one success, USD", required=False, max_digits=18, decimal_places=6
    )
    minutes_saved = forms.DecimalField(
        label="Minutes that one success saves",
        required=False,
        min_value=0,
        max_digits=10,
        decimal_places=3,
    )
    minutes_basis = forms.ChoiceField(
        label="Known from",
        required=False,
        choices=[("", "not known"), *OutcomeTerms.Basis.choices],
    )
    loaded_usd_per_hour = forms.DecimalField(
        label="Loaded rate, USD per hour",
        required=False,
        min_value=0,
        max_digits=10,
        decimal_places=2,
    )
    review_usd = forms.DecimalField(
        label="Review of one task, USD",
        required=False,
        min_value=0,
        max_digits=18,
        decimal_places=6,
        help_text="What people spend to check it.",
    )
    rework_usd = forms.DecimalField(
        label="A task that fails, USD",
        required=False,
        min_value=0,
        max_digits=18,
        decimal_places=6,
        help_text="What it costs when people do it instead.",
    )
    platform_usd_per_month = forms.DecimalField(
        label="Platform, USD per month",
        required=False,
        min_value=0,
        max_digits=18,
        decimal_places=2,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(is_active=True, person__isnull=False)
        _offer(self, "owner", people.select_related("person").order_by("person__name"))

    def terms(self) -> Terms:
        fields = Terms.__dataclass_fields__
        given: dict[str, Any] = {name: self.cleaned_data.get(name) for name in fields}
        lines = self.cleaned_data["workflows"].splitlines()
        given["workflows"] = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
        return Terms(**given)

    @staticmethod
    def initial_of(terms: OutcomeTerms) -> dict[str, Any]:
        values = {name: getattr(terms, name) for name in Terms.__dataclass_fields__}
        amounts = {n: f"{v.normalize():f}" for n, v in values.items() if isinstance(v, Decimal)}
        return values | amounts | {"workflows": "\n".join(terms.workflows)}


class NewDefinitionForm(TermsForm):
    """A definition that is added also says whose it is."""

    unit = forms.ModelChoiceField(queryset=Unit.objects.none(), help_text="Who sees its figures.")
    field_order = ("name", "unit")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "unit", Unit.objects.filter(retired_on__isnull=True).order_by("name"))


class CountForm(forms.Form):
    """What somebody counted of a fiscal period."""

    period = forms.ChoiceField(label="Fiscal period")
    started = forms.IntegerField(label="Tasks started", min_value=0)
    succeeded = forms.IntegerField(label="Succeeded", min_value=0)
    escalated = forms.IntegerField(label="Escalated to people", min_value=0, initial=0)
    source = forms.CharField(label="Counted by", max_length=120, required=False)

    def __init__(self, *args: Any, periods: list[FiscalPeriod], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        period = self.fields["period"]
        if isinstance(period, forms.ChoiceField):
            period.choices = [(each.label, each.label) for each in periods]


class TableForm(forms.Form):
    """A CSV file, or its text; `text` is what was looked at before."""

    kind = forms.ChoiceField(label="What it tells", choices=list(KINDS.items()))
    file = forms.FileField(label="CSV file", required=False)
    text = forms.CharField(
        label="Or its text",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )


def _offer(form: forms.Form, name: str, choices: Any) -> None:
    field = form.fields[name]
    if isinstance(field, forms.ModelChoiceField):
        field.queryset = choices
