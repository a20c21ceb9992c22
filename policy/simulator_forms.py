"""What the simulator asks of a call: the names are those of a usage record."""

from django import forms

from policy.listed_models import UNKNOWN_TOKENS, Size
from policy.simulation import Asked

_LONGEST = 160
_MOST_TOKENS = 10_000_000


class CallForm(forms.Form):
    """A call that somebody might make; all but the model may be left out."""

    provider = forms.CharField(max_length=60, widget=forms.TextInput(attrs={"list": "providers"}))
    model = forms.CharField(max_length=_LONGEST, widget=forms.TextInput(attrs={"list": "models"}))
    key = forms.CharField(max_length=_LONGEST, required=False)
    user = forms.CharField(max_length=_LONGEST, required=False, label="Person")
    workflow = forms.CharField(max_length=_LONGEST, required=False)
    project = forms.CharField(max_length=_LONGEST, required=False)
    account = forms.CharField(max_length=120, required=False)
    environment = forms.CharField(max_length=40, required=False)
    task_type = forms.CharField(max_length=80, required=False)
    tags = forms.CharField(max_length=400, required=False, help_text="Such as team=cx, site=lyon.")
    in_tokens = forms.IntegerField(
        min_value=0,
        max_value=_MOST_TOKENS,
        required=False,
        label="Tokens in",
        help_text=f"{UNKNOWN_TOKENS:,} where left out.",
    )
    max_out_tokens = forms.IntegerField(
        min_value=0,
        max_value=_MOST_TOKENS,
        required=False,
        label="Tokens out, at most",
        help_text=f"{UNKNOWN_TOKENS:,} where left out.",
    )

    _ATTRIBUTES = {"user": "person"} | {
        name: name for name in ("key", "workflow", "project", "account", "environment", "task_type")
    }

    def clean_tags(self) -> dict[str, str]:
        """Read the tags, each a name and a value."""
        found = {}
        for part in self.cleaned_data["tags"].replace("\n", ",").split(","):
            name, equals, value = part.partition("=")
            if not part.strip():
                continue
            if not equals or not name.strip():
                raise forms.ValidationError(f"“{part.strip()}” is no tag: write name=value.")
            found[name.strip()] = value.strip()
        return found

    @property
    def asked(self) -> Asked:
        """The call as rules see it; what was left out is not told."""
        given = self.cleaned_data
        attributes = {
            name: given[spoken] for spoken, name in self._ATTRIBUTES.items() if given[spoken]
        }
        attributes |= {f"tag.{name}": value for name, value in given["tags"].items()}
        size = Size(given["in_tokens"], given["max_out_tokens"])
        return Asked(given["provider"], given["model"], attributes, size)

    @property
    def members(self) -> dict[str, object]:
        """The call as a router is told it."""
        given = self.cleaned_data
        return {name: value for name, value in given.items() if value not in ("", None, {})}
