"""The forms of the notes on a baseline."""

from decimal import Decimal
from typing import Any

from django import forms

from budgets.forms import DAY
from budgets.models import Initiative
from budgets.operations.baseline_notes import MIN_REASON, About
from budgets.queries.hierarchy import ids_above
from budgets.rights_baseline import why_not_note
from finops.stability.notes import LONGEST_HOLIDAY_DAYS
from org.models import Unit, User

THIS, COMPANY, UNIT = "experiment", "company", "unit:"
REASON = forms.Textarea(attrs={"rows": 2})


def whom_it_may_be_about(initiative: Initiative, *, user: User) -> dict[str, tuple[str, About]]:
    """Return what the user may note something on, from the experiment up to the whole company."""
    units = Unit.objects.filter(pk__in=[*ids_above(initiative.unit), initiative.unit_id])
    offered = [
        (THIS, f"{initiative.name} alone", About(initiative=initiative)),
        *(
            (f"{UNIT}{unit.slug}", f"All experiments of {unit}", About(unit=unit))
            for unit in sorted(units, key=lambda unit: -unit.depth)
        ),
        (COMPANY, "All experiments of the company", About()),
    ]
    return {
        value: (label, about)
        for value, label, about in offered
        if why_not_note(user, initiative=about.initiative, unit=about.unit) is None
    }


class _NoteForm(forms.Form):
    about = forms.ChoiceField(label="Holds for")

    def __init__(self, data: Any, *, offered: dict[str, tuple[str, About]], prefix: str) -> None:
        super().__init__(data, prefix=prefix)
        self._offered = offered
        field = self.fields["about"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(value, label) for value, (label, _) in offered.items()]

    def about_whom(self) -> About:
        """Return whom a valid form is about."""
        return self._offered[self.cleaned_data["about"]][1]


class HolidayForm(_NoteForm):
    """Notes a planned holiday."""

    starts_on = forms.DateField(
        widget=DAY, label="First day", help_text="It is noted before this day begins."
    )
    last_on = forms.DateField(
        widget=DAY,
        required=False,
        label="Last day",
        help_text=f"Empty for one day; {LONGEST_HOLIDAY_DAYS} days at most.",
    )
    reason = forms.CharField(
        widget=REASON, help_text=f"Which holiday, in {MIN_REASON} characters or more."
    )


class OutageForm(_NoteForm):
    """Notes that a provider was out."""

    starts_on = forms.DateField(
        widget=DAY, label="Day", help_text="It is told within seven days after it."
    )
    provider = forms.CharField(max_length=60, help_text="As the ledger names it, such as openai.")
    hours = forms.DecimalField(
        max_digits=4,
        decimal_places=2,
        min_value=Decimal("0.01"),
        max_value=Decimal(24),
        label="Hours",
        help_text="Four hours or more let the run begin anew.",
    )
    reason = forms.CharField(
        widget=REASON, help_text=f"What was out, in {MIN_REASON} characters or more."
    )
    link = forms.URLField(
        required=False,
        assume_scheme="https",
        label="Link",
        help_text="To the provider's own account of it.",
    )
