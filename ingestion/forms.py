"""Forms of ingestion's pages: a period, a source of record, what columns mean."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from finops.periods import Period
from ingestion.readers.fields import FIELDS, REQUIRED, spoken

# What most exports have; the other fields are folded away.
USUAL = (
    "started_at",
    "provider",
    "model",
    "id",
    "in_text",
    "in_cache_read",
    "out_text",
    "out_reasoning",
    "key",
    "user",
    "project",
    "workflow",
    "environment",
    "cost_usd",
)
FIELD_NAMES = (*USUAL, *(name for name in map(spoken, FIELDS) if name not in USUAL))


class PeriodForm(forms.Form):
    """A half-open stretch of days, named in the address."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["from"] = forms.DateField()
        self.fields["to"] = forms.DateField()

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if "from" in given and "to" in given and given["to"] <= given["from"]:
            raise forms.ValidationError("The period ends before it begins.")
        return given

    def period(self) -> Period | None:
        """Return the period, or None where none is given or it does not hold."""
        if not self.is_bound or not self.is_valid():
            return None
        return Period(self.cleaned_data["from"], self.cleaned_data["to"])


class SourceForm(forms.Form):
    """Which source shall count for an account, from which day on, and why."""

    provider = forms.CharField(max_length=60)
    account = forms.CharField(max_length=120)
    source = forms.CharField(max_length=40)
    starts_on = forms.DateField()
    reason = forms.CharField(max_length=500)


class MapForm(forms.Form):
    """Which column holds which field, or the one value that every row has.

    `guessed` and `fixed` are what it begins with.
    """

    save_as = forms.CharField(
        label="Keep this map as",
        max_length=80,
        required=False,
        help_text="The next file with these columns is then mapped by itself.",
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        columns: Sequence[str],
        guessed: Mapping[str, str],
        fixed: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(data)
        choices = [("", "not in the file"), *((column, column) for column in columns)]
        for name in FIELD_NAMES:
            self.fields[f"map-{name}"] = forms.ChoiceField(
                label=f"Column of {name}",
                choices=choices,
                required=False,
                initial=guessed.get(name, ""),
            )
            self.fields[f"set-{name}"] = forms.CharField(
                label=f"The same {name} for every row",
                required=False,
                max_length=300,
                initial=(fixed or {}).get(name, ""),
            )

    @property
    def column_map(self) -> dict[str, str]:
        return self._given("map")

    @property
    def fixed_values(self) -> dict[str, str]:
        return self._given("set")

    def usual_rows(self) -> list[tuple[str, bool, forms.BoundField, forms.BoundField]]:
        return [self._row(name) for name in USUAL]

    def other_rows(self) -> list[tuple[str, bool, forms.BoundField, forms.BoundField]]:
        return [self._row(name) for name in FIELD_NAMES if name not in USUAL]

    def clean(self) -> dict[str, Any]:
        for name in FIELD_NAMES:
            column = self.cleaned_data.get(f"map-{name}")
            value = self.cleaned_data.get(f"set-{name}")
            if column and value:
                self.add_error(f"set-{name}", "Choose a column or a value, not both.")
            if name in REQUIRED and not column and not value:
                self.add_error(f"map-{name}", f"Every call needs {name}: choose its column.")
        return self.cleaned_data

    def _given(self, kind: str) -> dict[str, str]:
        chosen = {name: self.cleaned_data.get(f"{kind}-{name}", "") for name in FIELD_NAMES}
        return {name: value for name, value in chosen.items() if value}

    def _row(self, name: str) -> tuple[str, bool, forms.BoundField, forms.BoundField]:
        return name, name in REQUIRED, self[f"map-{name}"], self[f"set-{name}"]
