"""The form of a connector: what every kind asks for, and what this kind does beside it."""

from collections.abc import Mapping
from typing import Any

from django import forms

from ingestion.connectors.kind import Field, Kind
from ingestion.models import Connector
from ingestion.models.connectors import TRAILING_DAYS
from ingestion.operations.connectors import MOST_TRAILING_DAYS, ConnectorDraft
from ingestion.queries.connectors import INTERVALS, interval_in_words
from org.sealing import Secret

DEFAULT_INTERVAL = 24 * 60
NEVER_SHOWN = "Kept sealed and never shown again."


class ConnectorForm(forms.Form):
    """Name, account and schedule, the kind's own settings, and the credential, write-only."""

    name = forms.CharField(max_length=80, help_text="What people call it: OpenAI, main account.")
    account = forms.CharField(
        label="Provider account",
        max_length=120,
        required=False,
        help_text="Keeps two accounts of one provider apart. Without it, the source's name.",
    )
    interval_minutes = forms.TypedChoiceField(
        label="Pulled", coerce=int, choices=sorted(INTERVALS.items()), initial=DEFAULT_INTERVAL
    )
    trailing_days = forms.IntegerField(
        min_value=1, max_value=MOST_TRAILING_DAYS, initial=TRAILING_DAYS
    )
    since_on = forms.DateField(
        label="First day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Where the first pull begins. Without it, the trailing days back.",
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        kind: Kind,
        connector: Connector | None = None,
    ) -> None:
        super().__init__(data, initial=_initial(connector) if connector else None)
        self.kind = kind
        self._offer_interval(connector)
        for field in kind.fields:
            self.fields[field.name] = _asked(field)
        if kind.credential:
            self.fields["credential"] = _credential(kind, connector)
        self.fields["trailing_days"].help_text = (
            "Asked for again at every pull, since providers restate them."
            if kind.is_bucketed
            else "How far back the first pull goes."
        )
        if kind.open_folder is not None:
            del self.fields["trailing_days"], self.fields["since_on"]
        own = [field.name for field in kind.fields]
        self.order_fields(["name", "account", *own, "credential"])

    def _offer_interval(self, connector: Connector | None) -> None:
        """Offer the interval that a connector has, though a script may have chosen it."""
        field = self.fields["interval_minutes"]
        if connector and isinstance(field, forms.TypedChoiceField):
            minutes = connector.interval_minutes
            field.choices = sorted({minutes: interval_in_words(minutes), **INTERVALS}.items())

    @property
    def draft(self) -> ConnectorDraft:
        given = self.cleaned_data
        return ConnectorDraft(
            name=given["name"],
            account=given["account"],
            config={field.name: given[field.name] for field in self.kind.fields},
            interval_minutes=given["interval_minutes"],
            trailing_days=given.get("trailing_days", TRAILING_DAYS),
            since_on=given.get("since_on"),
        )

    @property
    def credential(self) -> Secret:
        return Secret(self.cleaned_data.get("credential", ""))


def _initial(connector: Connector) -> dict[str, Any]:
    return {
        **connector.config,
        "name": connector.name,
        "account": connector.account,
        "interval_minutes": connector.interval_minutes,
        "trailing_days": connector.trailing_days,
        "since_on": connector.since_on,
    }


def _asked(field: Field) -> forms.Field:
    given: dict[str, Any] = {
        "label": field.label,
        "help_text": field.help,
        "initial": field.default,
        "required": field.required,
    }
    if field.choices:
        return forms.ChoiceField(choices=field.choices, **given | {"required": True})
    widget = forms.Textarea(attrs={"rows": 6}) if field.is_long else forms.TextInput()
    return forms.CharField(max_length=4000, widget=widget, **given)


def _credential(kind: Kind, connector: Connector | None) -> forms.CharField:
    set_at = connector.credential_set_at if connector else None
    kept = f" Empty keeps the one set on {set_at:%-d %b %Y}." if set_at else ""
    return forms.CharField(
        label=kind.credential,
        required=kind.needs_credential and set_at is None,
        max_length=4000,
        # Without render_value nothing typed comes back, not even beside an error.
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "spellcheck": "false"}),
        help_text=NEVER_SHOWN + kept,
    )
