"""Forms of what people do to breakers: an override, a forced block, protection, a trip test."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from finops.override import LEAST_REASON
from org.templatetags.figures import usd
from policy.models import Cap, Scope
from policy.models.guardrails import WhenStale
from policy.operations.forced import MOST_REASON
from policy.override_terms import OverrideTerms
from policy.queries.override_checks import MOST_TICKET
from policy.wording import cap_name

LINES = forms.Textarea(attrs={"rows": 2})
_WRITTEN = "%Y-%m-%dT%H:%M"


class OverrideForm(forms.Form):
    """Asks for a number in place of a hard cap's, for some hours."""

    cap = forms.ChoiceField()
    limit_usd = forms.DecimalField(
        max_digits=17,
        decimal_places=2,
        min_value=0,
        label="New limit",
        help_text="A number above the cap, never “unlimited”.",
    )
    expires_at = forms.DateTimeField(
        label="Ends",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_WRITTEN),
        input_formats=[_WRITTEN, "%Y-%m-%dT%H:%M:%S"],
    )
    reason = forms.CharField(
        widget=LINES, help_text=f"{LEAST_REASON} characters or more; whoever signs reads it."
    )
    ticket = forms.CharField(
        max_length=MOST_TICKET, help_text="Where it is dealt with, such as OPS-7."
    )

    def __init__(
        self, data: Any, *, scope: Scope, caps: Sequence[Cap], zone: ZoneInfo, latest: datetime
    ) -> None:
        super().__init__(data)
        self._scope, self._zone = scope, zone
        self.caps = {str(cap.pk): cap for cap in caps}
        field, ends = self.fields["cap"], self.fields["expires_at"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [
                (key, f"{cap_name(cap).capitalize()} of {usd(cap.limit_usd)}")
                for key, cap in self.caps.items()
            ]
        ends.initial = latest.astimezone(zone).replace(tzinfo=None)
        ends.help_text = f"In {zone.key}; {latest.astimezone(zone):%d %b, %H:%M} at the latest."

    def clean_expires_at(self) -> datetime:
        """Read what was typed in the company's zone: the field itself knows of none."""
        typed: datetime = self.cleaned_data["expires_at"]
        return typed.replace(tzinfo=self._zone)

    def terms(self) -> OverrideTerms:
        """Return the terms of a form that is valid."""
        given: dict[str, Any] = dict(self.cleaned_data)
        return OverrideTerms(**given | {"scope": self._scope, "cap": self.caps[given["cap"]]})

    def typed_terms(self) -> OverrideTerms | None:
        """Return what is typed so far, for its effect; None while numbers are missing."""
        self.is_valid()
        given: dict[str, Any] = dict(self.cleaned_data)
        if {"cap", "limit_usd", "expires_at"} - set(given):
            return None
        return OverrideTerms(
            scope=self._scope,
            cap=self.caps[given["cap"]],
            limit_usd=given["limit_usd"],
            expires_at=given["expires_at"],
            reason="",
            ticket="",
        )


class ForceForm(forms.Form):
    """One press blocks; the reason may come afterwards."""

    reason = forms.CharField(
        max_length=MOST_REASON,
        required=False,
        widget=LINES,
        help_text="Routers show it to whoever is refused. It can be given afterwards.",
    )


class WhyForm(forms.Form):
    reason = forms.CharField(max_length=MOST_REASON, label="Why it was blocked", widget=LINES)


class ProtectForm(forms.Form):
    reason = forms.CharField(
        max_length=MOST_REASON, widget=LINES, help_text="An auditor will read it."
    )


class WhenStaleForm(forms.Form):
    """What routers do without the server."""

    mode = forms.ChoiceField(choices=WhenStale.choices, label="Without the server")
    usd = forms.DecimalField(
        max_digits=18,
        decimal_places=2,
        min_value=Decimal(0),
        required=False,
        label="Allowance of each router",
        help_text="In dollars, until the server is heard of again. Only for a bucket.",
    )
    reason = forms.CharField(
        max_length=MOST_REASON, widget=LINES, help_text="An auditor will read it."
    )


class TripTestForm(forms.Form):
    """Lets a synthetic loop run."""

    call_usd = forms.DecimalField(
        max_digits=18,
        decimal_places=6,
        min_value=Decimal(0),
        required=False,
        label="Cost of a call",
        help_text="Of the synthetic loop, in dollars. Empty: a seventy-fifth of the cap.",
    )
