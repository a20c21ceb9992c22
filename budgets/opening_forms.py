"""The form of an opening balance: an amount for each period, or a file."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from budgets.models import OpeningBalance
from budgets.openings import COLUMNS, MOST_BYTES, OpeningAsked, OpeningLine, read_csv
from budgets.operations.openings import MOST_SOURCE
from finops.periods import FiscalPeriod, Period
from org.templatetags.figures import day as written_day

PREFIX = "period_"


class OpeningForm(forms.Form):
    """Asks what was spent before usage was loaded."""

    file = forms.FileField(
        required=False,
        label="Or a CSV file",
        help_text=f"With the columns {' and '.join(COLUMNS)}; it is read instead of the amounts.",
    )
    source = forms.CharField(
        max_length=MOST_SOURCE,
        help_text="Where it is known from, such as “invoices 1 to 5 of OpenAI”.",
    )
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}), help_text="Whoever decides reads it."
    )

    def __init__(
        self,
        data: Any,
        files: Any,
        *,
        periods: Sequence[FiscalPeriod],
        days: Mapping[int, Period],
        standing: Mapping[int, OpeningBalance],
    ) -> None:
        super().__init__(data, files)
        self._periods = [period for period in periods if period.number in days]
        self._all = periods
        for period in self._periods:
            told = days[period.number]
            before = standing.get(period.number)
            self.fields[f"{PREFIX}{period.number}"] = forms.DecimalField(
                required=False,
                max_digits=18,
                decimal_places=2,
                min_value=0,
                initial=before.amount_usd if before else None,
                label=f"{period.label}, until before {written_day(told.end)}",
            )

    @property
    def amounts(self) -> list[forms.BoundField]:
        return [self[f"{PREFIX}{period.number}"] for period in self._periods]

    def clean_file(self) -> Any:
        """Read the file, or say what is wrong in it, line by line."""
        given = self.cleaned_data["file"]
        if given is None:
            return None
        if given.size > MOST_BYTES:
            raise forms.ValidationError(f"The file is larger than {MOST_BYTES:,} bytes.")
        lines, problems = read_csv(given.read(), periods=self._all)
        if problems:
            raise forms.ValidationError(problems)
        return lines

    def asked(self) -> OpeningAsked:
        """Return what a valid form asks for."""
        lines = self.cleaned_data["file"] or [
            OpeningLine(period.number, value)
            for period in self._periods
            if (value := self.cleaned_data[f"{PREFIX}{period.number}"]) is not None
        ]
        return OpeningAsked(lines=tuple(lines), source=self.cleaned_data["source"])
