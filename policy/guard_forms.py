"""Forms of a scope's guard, and of the figures that its margin is judged by."""

from decimal import Decimal
from typing import Any

from django import forms

from finops.breaker_watch import CALM_BELOW
from ingestion.metric_tables import table_text
from policy.operations.guards import GuardTerms

HUNDRED = Decimal(100)
_SHARES = ("margin_floor", "slow_at", "downgrade_at", "keep_fraction")


def _whole(label: str, help_text: str = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, help_text=help_text)


def _dollars(label: str, help_text: str = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label, required=False, max_digits=14, decimal_places=2, help_text=help_text
    )


def _percent(label: str, help_text: str = "", *, required: bool = True) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, required=required, max_digits=5, decimal_places=2, help_text=help_text
    )


class GuardForm(forms.Form):
    """Asks what is watched of a scope beside its caps. An empty field is no limit."""

    requests_per_minute = _whole("Requests a minute", "Each router keeps this by itself.")
    tokens_per_minute = _whole("Tokens a minute", "Each router keeps this by itself.")
    usd_per_minute = _dollars("Dollars a minute", "More than this slows calls, of all routers.")
    concurrency = _whole("Calls at a time", "Each router keeps this by itself.")
    task_steps = _whole("Steps of a task", "Calls that one task may make.")
    task_usd = _dollars("Dollars of a task")
    loop_calls = _whole("Calls of a loop", "So many with one prompt are a loop and block.")
    loop_window_s = _whole("… within so many seconds")
    margin_floor = _percent("Lowest gross margin, in percent", required=False)
    slow_at = _percent(
        "Calls are slowed from so many percent of the day's cap",
        f"They run freely again below {CALM_BELOW * 100:.0f}%. 100: never.",
    )
    downgrade_at = _percent("Cheaper models from so many percent of it", "100: never.")
    keep_fraction = _percent("Percent of calls that pass while slowed")
    probe_calls = forms.IntegerField(
        label="Calls that are tested after a block",
        help_text="After a loop or a loss, before all calls may pass again.",
    )

    @classmethod
    def of(cls, terms: GuardTerms) -> "GuardForm":
        """Return the form as it shows a guard."""
        return cls(initial=typed(terms))

    def draft(self) -> GuardTerms:
        """Return what was typed."""
        given: dict[str, Any] = dict(self.cleaned_data)
        shares = {name: given[name] for name in _SHARES}
        return GuardTerms(
            **given
            | {
                name: None if percent is None else percent / HUNDRED
                for name, percent in shares.items()
            }
        )


def typed(terms: GuardTerms) -> dict[str, Any]:
    """Return a guard as somebody types it: shares in percent."""
    found: dict[str, Any] = {name: getattr(terms, name) for name in GuardForm.base_fields}
    for name in _SHARES:
        if found[name] is not None:
            found[name] = f"{(found[name] * HUNDRED).normalize():f}"
    return found


class MarginsForm(forms.Form):
    """Takes revenue and other costs as a CSV file."""

    file = forms.FileField(label="CSV file")

    def text(self) -> str:
        """Return the file's text; raises Invalid where it is too large or not UTF-8."""
        return table_text(self.cleaned_data["file"].read())
