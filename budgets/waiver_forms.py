"""The form that asks for a waiver of the margin floor, or to renew one."""

from decimal import Decimal
from typing import Any

from django import forms

from budgets.forms import DAY, units_to_ask_for
from budgets.models import Waiver
from budgets.waiver_terms import WaiverTerms
from ingestion.models import OutcomeTerms
from ingestion.queries.definitions import terms_in_force
from org.models import User

PERCENT = Decimal(100)


def offered_goals(user: User) -> list[OutcomeTerms]:
    """Return what customers pay for in units for which the user may ask."""
    sold = terms_in_force().filter(kind=OutcomeTerms.Kind.CUSTOMER)
    return list(sold.filter(definition__unit__in=units_to_ask_for(user)))


class WaiverForm(forms.Form):
    """Asks to let a product stay below its floor."""

    definition = forms.ChoiceField(
        label="Product and goal",
        help_text="Work that customers pay for; its results are counted towards the goal.",
    )
    waived_floor = forms.DecimalField(
        max_digits=6,
        decimal_places=2,
        min_value=0,
        max_value=100,
        label="Waived floor",
        help_text="In percent. The margin may fall as low as this while the waiver runs.",
    )
    target = forms.IntegerField(
        min_value=1,
        label="Goal",
        help_text="Results in one fiscal period. Once they are reached the waiver ends.",
    )
    starts_on = forms.DateField(widget=DAY, label="First day")
    expires_on = forms.DateField(
        widget=DAY,
        label="Expires on",
        help_text="The first day without it, whatever was reached.",
    )
    most_usd = forms.DecimalField(
        max_digits=18,
        decimal_places=2,
        min_value=0,
        label="Amount at most",
        help_text="What the margin may lack of the floor, in dollars of the revenue, all together.",
    )
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}), help_text="Whoever decides reads it."
    )

    def __init__(self, data: Any, *, user: User, renews: Waiver | None) -> None:
        super().__init__(data, initial=_initial(renews))
        self._renews = renews
        offered = [
            terms
            for terms in offered_goals(user)
            if renews is None or terms.definition_id == renews.definition_id
        ]
        self._goals = {terms.definition.slug: terms.definition for terms in offered}
        field = self.fields["definition"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [
                (terms.definition.slug, f"{terms.product}: {terms.name}") for terms in offered
            ]

    def terms(self) -> WaiverTerms:
        """Return the terms of a form that is valid."""
        given = self.cleaned_data
        return WaiverTerms(
            **given
            | {
                "definition": self._goals[given["definition"]],
                "waived_floor": given["waived_floor"] / PERCENT,
                "renews": self._renews,
            }
        )


def _initial(renews: Waiver | None) -> dict[str, Any]:
    if renews is None:
        return {}
    return {
        "definition": renews.definition.slug,
        "waived_floor": (renews.waived_floor * PERCENT).normalize(),
        "target": renews.target,
        "starts_on": renews.ended_on or renews.expires_on,
        "most_usd": renews.most_usd,
    }
