"""The forms of budgets: asking for one, revising one in force."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms

from budgets.amounts import LABELS, NOTHING, Amounts
from budgets.forms import offer_choices, units_to_ask_for
from budgets.models import Budget
from budgets.phasing import Phasing
from ingestion.models import OutcomeTerms
from org.models import FiscalPeriod, Unit, User


def money_field(name: str, hint: str) -> forms.DecimalField:
    """Return the field of one class of a budget's money."""
    return forms.DecimalField(
        max_digits=18, decimal_places=2, min_value=0, label=LABELS[name], help_text=hint
    )


class WeightsField(forms.CharField):
    """Numbers of zero or more with spaces between."""

    noun = "Weight"
    _number = forms.DecimalField(min_value=0, max_digits=18, decimal_places=6)

    def to_python(self, value: Any) -> Any:
        pieces = (super().to_python(value) or "").split()
        return [self._weight(piece, place) for place, piece in enumerate(pieces, start=1)]

    def _weight(self, piece: str, place: int) -> Decimal:
        try:
            return Decimal(self._number.clean(piece))
        except forms.ValidationError as error:
            raise forms.ValidationError(
                f"{self.noun} {place} must be a number of zero or more, with at most six decimals,"
                f" not “{piece}”."
            ) from error


class BudgetForm(forms.Form):
    """Asks for a unit's money of one fiscal year."""

    unit = forms.ModelChoiceField(Unit.objects.none(), to_field_name="slug")
    fiscal_year = forms.TypedChoiceField(coerce=int, label="Fiscal year")
    core_usd = money_field(
        "core_usd", "For what runs every day, in the unit and everything beneath it."
    )
    experiment_usd = money_field(
        "experiment_usd", "Experiments get their caps from here; what they leave comes back."
    )
    reserve_usd = money_field(
        "reserve_usd", "Contingency: nobody spends it before a signed transfer opens it."
    )
    phasing = forms.TypedChoiceField(
        coerce=Phasing,
        choices=Phasing.choices,
        initial=Phasing.EVEN,
        label="Phasing of the core",
        help_text="How much the plan allows in each period. Holidays are not known: every"
        " Monday to Friday is a working day.",
    )
    phasing_weights = WeightsField(
        required=False,
        label="Own weights",
        help_text="One number for each period, with spaces between: 1 1 2 is a quarter, a"
        " quarter and a half.",
    )
    note = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Reason",
        help_text="The CFO reads this when deciding.",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reserve_usd"].required = False
        offer_choices(self, "unit", units_to_ask_for(user))
        years = FiscalPeriod.objects.values_list("fiscal_year", flat=True).distinct()
        field = self.fields["fiscal_year"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(year, f"FY{year}") for year in sorted(years)]

    def total_usd(self) -> Decimal | None:
        """Return what is asked for in all, None until the form can be read."""
        if not self.is_bound or self.errors:
            return None
        return Amounts(*(self.cleaned_data[name] for name in Amounts._fields)).total_usd

    def clean_reserve_usd(self) -> Decimal:
        """Take a reserve that is left empty for none."""
        return self.cleaned_data["reserve_usd"] or NOTHING.reserve_usd


class RevisionForm(forms.Form):
    """Asks for other amounts of a budget in force."""

    core_usd = money_field("core_usd", "What was planned until today stays; the rest is spread.")
    experiment_usd = money_field("experiment_usd", "Never below what experiments hold.")
    reserve_usd = money_field(
        "reserve_usd", "To open it, lower it by exactly what core and pool gain."
    )
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}), help_text="Whoever decides reads it."
    )

    def __init__(self, data: Any, *, budget: Budget) -> None:
        super().__init__(data, initial=budget.amounts._asdict())

    def moved_usd(self, budget: Budget) -> Decimal | None:
        """Return what the revision moves, None until the form can be read."""
        if not self.is_bound or self.errors:
            return None
        return self.amounts().minus(budget.amounts).moved_usd

    def amounts(self) -> Amounts:
        """Return the amounts of a form that is valid."""
        return Amounts(*(self.cleaned_data[name] for name in Amounts._fields))


class FundForm(forms.Form):
    """Asks to plan the company's fund of a year."""

    planned_usd = forms.DecimalField(
        max_digits=18,
        decimal_places=2,
        min_value=0,
        label="Planned",
        help_text="What budgets may be granted out of the fund in the year, all classes together.",
    )
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}), help_text="Whoever decides reads it."
    )


class PolicyForm(forms.Form):
    """What the pool would be linked to, were it linked to output."""

    results = forms.ChoiceField(required=False, label="Results that would fund it")
    usd_a_result = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=18,
        decimal_places=6,
        label="Allowed for each",
        help_text="Empty: what hands out the pool, should the year go on as it did.",
    )

    def __init__(self, data: Any, *, offered: Sequence[OutcomeTerms]) -> None:
        super().__init__(data)
        field = self.fields["results"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(terms.definition.slug, terms.name) for terms in offered]
