"""The forms of initiatives, and how a refusal finds its field in any form."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from budgets.queries.checks import MAX_VOLUME, MIN_HYPOTHESIS
from budgets.terms import Change, InitiativeTerms
from finops.rules import Wanted
from org.models import Role, Unit, User
from org.refusals import Invalid, Refusal

ASKS = (Role.GM, Role.FINANCE, Role.CFO)  # those whom `can_request_for` lets ask
DAY = forms.DateInput(attrs={"type": "date"})


def place_refusal(form: forms.Form, refusal: Refusal) -> None:
    """Put each sentence to its field (`/match/0` is about `match`), the rest above the form."""
    for error in refusal.errors:
        name = error.pointer.lstrip("/").partition("/")[0]
        form.add_error(name if name in form.fields else None, error.detail)
    if not refusal.errors:
        form.add_error(None, refusal.detail)


def end_typed(text: str) -> Change:
    """Return the end that a step asks for, if its form asks for one."""
    try:
        return Change(ends_on=forms.DateField(required=False).clean(text))
    except forms.ValidationError as error:
        raise Invalid.of("ends_on", f"“{text}” is no date such as 2026-12-31.") from error


def units_to_ask_for(user: User) -> QuerySet[Unit]:
    """Return the units in operation for which the user may ask for money."""
    running = Unit.objects.filter(retired_on__isnull=True).order_by("name")
    held = list(user.memberships.filter(role__in=ASKS).select_related("unit"))
    if any(membership.unit is None for membership in held):
        return running
    own = Q(pk__in=[])
    for membership in held:
        if membership.unit is not None:
            own |= Q(path__startswith=membership.unit.path)
    return running.filter(own)


class MatchField(forms.CharField):
    """Conditions as lines: `workflow=support-drafter, environment=prod`; `a|b` is either."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})

    def to_python(self, value: Any) -> Any:
        lines = [line.strip() for line in (super().to_python(value) or "").splitlines()]
        return [_condition(line, place) for place, line in enumerate(lines, start=1) if line]

    def prepare_value(self, value: Any) -> Any:
        """Write conditions back as lines; what was typed stays as it was typed."""
        if isinstance(value, str) or value is None:
            return value
        return "\n".join(", ".join(f"{k}={_joined(v)}" for k, v in when.items()) for when in value)


def _condition(line: str, place: int) -> dict[str, Wanted]:
    when: dict[str, Wanted] = {}
    for part in line.split(","):
        name, equals, wanted = (piece.strip() for piece in part.partition("="))
        if not (name and equals and wanted):
            raise forms.ValidationError(
                f"Line {place}: write attribute=value, as in workflow=support-drafter,"
                f" not “{part.strip()}”."
            )
        either = [piece.strip() for piece in wanted.split("|")]
        when[name] = either if len(either) > 1 else wanted
    return when


def _joined(wanted: Wanted) -> str:
    return wanted if isinstance(wanted, str) else "|".join(wanted)


class LinesField(forms.CharField):
    """A list written one to a line."""

    widget = forms.Textarea(attrs={"rows": 2, "spellcheck": "false"})

    def to_python(self, value: Any) -> Any:
        lines = (super().to_python(value) or "").splitlines()
        return [line.strip() for line in lines if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) or value is None else "\n".join(value)


class InitiativeForm(forms.Form):
    """The terms of an experiment."""

    name = forms.CharField(max_length=120, help_text="What it is called everywhere.")
    unit = forms.ModelChoiceField(
        Unit.objects.none(),
        to_field_name="slug",
        help_text="Its experimentation pool pays.",
    )
    hypothesis = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What you expect, for whom, and how you will know: at least"
        f" {MIN_HYPOTHESIS} characters to be asked for.",
    )
    owner = forms.ModelChoiceField(
        User.objects.none(), to_field_name="username", help_text="Answers for it, and may stop it."
    )
    on_call = forms.ModelChoiceField(
        User.objects.none(),
        to_field_name="username",
        required=False,
        label="On call",
        help_text="Routers name this person when they block a call. Without one, the owner.",
    )
    cap_usd = forms.DecimalField(
        max_digits=18,
        decimal_places=2,
        label="Cap",
        help_text="The most it may ever spend. Then its calls are blocked.",
    )
    daily_cap_usd = forms.DecimalField(
        max_digits=18,
        decimal_places=2,
        label="Daily cap",
        help_text="The most it may spend in one day. Calls go on the next day.",
    )
    starts_on = forms.DateField(
        widget=DAY, label="First day", help_text="Its calls count as its own from here on."
    )
    ends_on = forms.DateField(widget=DAY, label="End date")
    match = MatchField(
        required=False,
        label="Its calls",
        help_text="One condition a line, such as workflow=support-drafter or"
        " key=support-*, environment=prod. A call belongs to it where one line holds.",
    )
    allowed_models = LinesField(
        required=False, label="Models", help_text="The models it means to use, one a line."
    )
    stop_loss_pct = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=100,
        label="Stop-loss, percent of the cap",
        help_text="Once so much is spent with less than a tenth of the expected outcomes, it ends.",
    )
    unit_of_work = forms.CharField(
        required=False, max_length=80, help_text="What is counted, such as “ticket answered”."
    )
    outcome_source = forms.CharField(
        required=False,
        max_length=120,
        help_text="Where the count comes from: the short name of an outcome's definition.",
    )
    expected_volume = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_VOLUME,
        label="Expected outcomes",
        help_text="How many units of work you expect until the end date.",
    )
    task_types = LinesField(
        required=False,
        label="Task types",
        help_text="What its calls do, one a line, such as summarisation.",
    )

    def __init__(self, *args: Any, user: User, longest: str, **kwargs: Any) -> None:
        """Offer what the user may ask for; `longest` says how long an experiment may run."""
        super().__init__(*args, **kwargs)
        ends_on = self.fields["ends_on"]
        ends_on.help_text = f"The first day without it, {longest} after the start at most."
        people = User.objects.filter(is_active=True, person__isnull=False)
        people = people.select_related("person").order_by("person__name")
        offer_choices(self, "unit", units_to_ask_for(user))
        offer_choices(self, "owner", people)
        offer_choices(self, "on_call", people)

    def terms(self) -> InitiativeTerms:
        """Return the terms of a form that is valid."""
        return InitiativeTerms(**self.cleaned_data)


class GrantForm(forms.Form):
    """Grants less than was asked; what nobody touches is granted as asked."""

    cap_usd = forms.DecimalField(max_digits=18, decimal_places=2, label="Cap")
    daily_cap_usd = forms.DecimalField(max_digits=18, decimal_places=2, label="Daily cap")
    ends_on = forms.DateField(
        widget=DAY, label="End date", help_text="The first day without the experiment."
    )
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The person who asked reads it; it is kept in the history.",
    )

    def __init__(self, data: Any, *, asked: Change) -> None:
        super().__init__(data, initial=asked.given(), prefix="grant")

    def change(self) -> Change:
        """Return the terms of a form that is valid."""
        terms = {name: self.cleaned_data[name] for name in self.fields if name != "reason"}
        return Change(**terms)


def offer_choices(form: forms.Form, name: str, choices: QuerySet[Any]) -> None:
    field = form.fields[name]
    if isinstance(field, forms.ModelChoiceField):
        field.queryset = choices
