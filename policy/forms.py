"""Forms of policy's pages: block a scope, lift a block, on the one page or the other."""

from collections.abc import Iterable
from typing import Any

from django import forms

from policy.models import Scope


class ScopeForm(forms.Form):
    """Asks for one of the scopes given, and for a reason."""

    scope = forms.ChoiceField()
    reason = forms.CharField(max_length=200, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, scopes: Iterable[Scope], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scopes = {scope.slug: scope for scope in scopes}
        choice = self.fields["scope"]
        if isinstance(choice, forms.ChoiceField):
            choice.choices = [(slug, scope.name) for slug, scope in self.scopes.items()]

    @property
    def chosen(self) -> Scope:
        return self.scopes[self.cleaned_data["scope"]]


class BlockForm(ScopeForm):
    prefix = "block"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = "Routers show it to whoever is refused."


class UnblockForm(ScopeForm):
    prefix = "unblock"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = "What has changed."


class ReasonForm(forms.Form):
    """Asks why a breaker is blocked, or what has changed since."""

    reason = forms.CharField(max_length=200, widget=forms.Textarea(attrs={"rows": 2}))
