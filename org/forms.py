"""How every form is drawn, and the forms of org's own pages."""

from datetime import date
from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting

from org.models import NoticeChoice, NoticeKind, Person, Unit, User
from org.models.delegations import LONGEST
from org.models.tokens import Scope
from org.operations.tokens import DEFAULT_LIFE, LONGEST_LIFE
from org.permissions import scopes_of
from org.refusals import Refusal

SCOPES_IN_WORDS = {
    Scope.POLICY_READ: "policy:read — pull the policy and report its status",
    Scope.USAGE_WRITE: "usage:write — send usage records",
    Scope.IMPORTS_WRITE: "imports:write — upload files",
    Scope.SPEND_READ: "spend:read — read spend, budgets and initiatives",
    Scope.INITIATIVES_WRITE: "initiatives:write — draft initiatives and take their steps",
    Scope.BUDGETS_WRITE: "budgets:write — take the steps of budgets, revise them",
    Scope.LEASE_WRITE: "lease:write — take money of hard caps on lease, and settle it",
    Scope.BREAKERS_WRITE: "breakers:write — force breakers open, ask for overrides and trip tests",
}


class Renderer(TemplatesSetting):
    """Draw fields with their hints and errors tied to them, and sum the errors up on top."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"


def show_refusal(form: forms.Form, refusal: Refusal) -> None:
    """Put what was refused to the fields it is about, or above the form."""
    placed = [error for error in refusal.errors if error.pointer.lstrip("/") in form.fields]
    for error in placed:
        form.add_error(error.pointer.lstrip("/"), error.detail)
    if not placed:
        form.add_error(None, refusal.detail)


class TokenForm(forms.Form):
    """Asks for a token; offers only the scopes that the account's roles allow."""

    name = forms.CharField(max_length=80, help_text="What will use it, such as “router eu-1”.")
    scopes = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)
    days = forms.IntegerField(
        min_value=1,
        max_value=LONGEST_LIFE.days,
        initial=DEFAULT_LIFE.days,
        label="Expires after, in days",
        help_text=f"{LONGEST_LIFE.days} at most. Make the next one before this one ends.",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = scopes_of(user)
        scopes = self.fields["scopes"]
        if isinstance(scopes, forms.MultipleChoiceField):
            scopes.choices = [
                (scope.value, SCOPES_IN_WORDS[scope]) for scope in Scope if scope in allowed
            ]


class UnitForm(forms.Form):
    """Name, place and owner of a unit, and since when they hold."""

    name = forms.CharField(max_length=80)
    parent = forms.ModelChoiceField(
        queryset=Unit.objects.none(), required=False, label="Stands under", empty_label="Nothing"
    )
    owner = forms.ModelChoiceField(
        queryset=User.objects.none(), required=False, empty_label="Nobody yet"
    )
    starts_on = forms.DateField(
        label="Holds from",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Today or earlier. The history keeps how it was before.",
    )

    def __init__(self, *args: Any, today: date, unit: Unit | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = Unit.objects.filter(retired_on__isnull=True).order_by("name")
        people = User.objects.filter(is_active=True, person__isnull=False)
        self._offer("parent", units if unit is None else units.exclude(path__startswith=unit.path))
        self._offer("owner", people.select_related("person").order_by("person__name"))
        self.fields["starts_on"].initial = today

    def _offer(self, name: str, choices: Any) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = choices


class NewUnitForm(UnitForm):
    """A unit that is added also gets the short name by which rules and policy know it."""

    slug = forms.SlugField(
        max_length=50,
        label="Short name",
        help_text="Lower-case letters, digits and dashes. It stays when the unit is renamed.",
    )
    field_order = ("name", "slug", "parent", "owner", "starts_on")


class NoticeChoiceForm(forms.Form):
    """A choice for every kind of notice."""

    def __init__(self, *args: Any, levels: dict[NoticeKind, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind, level in levels.items():
            self.fields[kind.value] = forms.ChoiceField(
                choices=NoticeChoice.Level.choices, initial=level, label=kind.label
            )


class WebhookForm(forms.Form):
    """An address to be told, and of what."""

    name = forms.CharField(max_length=80, help_text="What listens there, such as “finance chat”.")
    url = forms.URLField(
        max_length=500,
        label="Address",
        assume_scheme="https",
        help_text="It is sent a POST with JSON and answers with a 2xx within ten seconds.",
    )
    kinds = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple,
        label="Is told of",
        choices=[each for each in NoticeKind.choices if each[0] != NoticeKind.TEST],
    )


class DelegationForm(forms.Form):
    """Who is to decide in one's place, where, and until when."""

    taker = forms.ModelChoiceField(User.objects.none(), to_field_name="username", label="To")
    unit = forms.ModelChoiceField(
        Unit.objects.none(),
        to_field_name="slug",
        required=False,
        empty_label="Wherever I decide",
        help_text="And everything beneath it.",
    )
    starts_on = forms.DateField(
        label="From", widget=forms.DateInput(attrs={"type": "date"}), help_text="Today or later."
    )
    ends_on = forms.DateField(
        label="Until before",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=f"The first day without it, {LONGEST.days} days after the first at most.",
    )
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}), help_text="Such as “On leave”."
    )

    def __init__(self, *args: Any, user: User, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(is_active=True, person__isnull=False)
        people = people.exclude(person=user.person).select_related("person")
        taker, unit = self.fields["taker"], self.fields["unit"]
        if isinstance(taker, forms.ModelChoiceField):
            taker.queryset = people.order_by("person__name")
        if isinstance(unit, forms.ModelChoiceField):
            unit.queryset = Unit.objects.visible_to(user).order_by("name")
        self.fields["starts_on"].initial = today


class LeaverForm(forms.Form):
    """A person, and the first day on which she is not there any more."""

    person = forms.ModelChoiceField(Person.objects.order_by("name"))
    leaves_on = forms.DateField(
        required=False,
        label="Leaves on",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="The first day without her. Leave it empty where she stays after all.",
    )
