"""The form that proposes a flex rule."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms

from budgets.budget_forms import WeightsField
from budgets.flex_terms import FlexTerms
from budgets.models import Budget
from budgets.queries.flex_checks import offered_counts
from finops.flex import UNIT_COST_ROOM, VOLUME_ROOM
from finops.periods import FiscalPeriod
from org.models import User

PARTS = 3  # of a line of the mix: tier, share, price


class VolumesField(WeightsField):
    """Planned volumes with spaces between."""

    noun = "Volume"


class MixField(forms.CharField):
    """Tiers as lines: `mid 0.8 12.50` is a share of the tokens and dollars per million."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})

    def to_python(self, value: Any) -> Any:
        lines = (super().to_python(value) or "").splitlines()
        return dict(
            _tier(line.split(), place) for place, line in enumerate(lines, start=1) if line.strip()
        )


def _tier(words: list[str], place: int) -> tuple[str, tuple[Decimal, Decimal]]:
    wrong = forms.ValidationError(
        f"Line {place}: write a tier, its share and its price, as in mid 0.8 12.50."
    )
    if len(words) != PARTS:
        raise wrong
    try:
        share, usd = Decimal(words[1]), Decimal(words[2])
    except InvalidOperation as error:
        raise wrong from error
    if not (share.is_finite() and usd.is_finite()):
        raise wrong
    return words[0], (share, usd)


class FlexForm(forms.Form):
    """Proposes how a core budget follows the volume of its work."""

    definition = forms.ChoiceField(
        label="Work that is counted",
        help_text="Counted by a system of the business. Calls and tokens count for nothing here.",
    )
    starts_on = forms.ChoiceField(label="From the period")
    fixed_usd = forms.DecimalField(
        max_digits=18,
        decimal_places=2,
        min_value=0,
        initial=0,
        label="Fixed amount",
        help_text="What a period costs whatever the volume.",
    )
    tokens_per_unit = forms.DecimalField(
        max_digits=18,
        decimal_places=3,
        min_value=0,
        label="Standard tokens",
        help_text="How many tokens one unit of the work may need.",
    )
    usd_per_mtok = forms.DecimalField(
        max_digits=20,
        decimal_places=6,
        min_value=0,
        label="Standard price",
        help_text="What a million tokens may cost.",
    )
    planned_volumes = VolumesField(
        label="Planned volumes",
        help_text="One number for each period from the first to the end of the year, with spaces"
        " between.",
    )
    standard_mix = MixField(
        required=False,
        label="Standard mix",
        help_text="One tier to a line: mid 0.8 12.50 is eighty percent of the tokens at $12.50 a"
        " million. Without it nobody can say how much of the price is mix.",
    )
    unit_cost_room = forms.DecimalField(
        max_digits=6,
        decimal_places=3,
        min_value=1,
        initial=UNIT_COST_ROOM,
        label="Room of the unit cost",
        help_text="By itself the budget grows while one costs at most this many times its"
        " standard.",
    )
    volume_room = forms.DecimalField(
        max_digits=6,
        decimal_places=3,
        min_value=1,
        initial=VOLUME_ROOM,
        label="Room of the volume",
        help_text="By itself the budget grows up to this many times the planned volume.",
    )
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}), help_text="Whoever decides reads it."
    )

    def __init__(
        self, data: Any, *, budget: Budget, user: User, periods: list[FiscalPeriod]
    ) -> None:
        super().__init__(data)
        self._counts = {
            terms.definition.slug: terms for terms in offered_counts(user, budget=budget)
        }
        self._starts = {period.start.isoformat(): period.start for period in periods}
        offers = {
            "definition": [
                (slug, f"{terms.name}, told by {terms.source}")
                for slug, terms in self._counts.items()
            ],
            "starts_on": [(period.start.isoformat(), period.label) for period in periods],
        }
        for name, choices in offers.items():
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = choices

    def terms(self) -> FlexTerms:
        """Return the terms of a form that is valid."""
        given = self.cleaned_data
        return FlexTerms(
            **given
            | {
                "definition": self._counts[given["definition"]].definition,
                "starts_on": self._starts[given["starts_on"]],
            }
        )
