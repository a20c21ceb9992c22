"""The page of routers: which scopes each is told of."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from org.forms import show_refusal
from org.http import PageRequest
from org.permissions import can_see_company
from org.queries.calendar import company
from org.refusals import Refusal
from policy.document import content_of
from policy.models import Sidecar
from policy.operations.fleet import bind_sidecar
from policy.permissions import can_bind_sidecars
from policy.queries.revisions import current_revision

UNPROCESSABLE = 422


class ServesForm(forms.Form):
    """Says which scopes a router serves."""

    router = forms.ChoiceField()
    serves = forms.MultipleChoiceField(
        label="Serves",
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 8}),
        help_text="None is the whole policy. A scope brings all above and all beneath it.",
    )

    def __init__(self, *args: Any, scopes: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = Sidecar.objects.order_by("name").values_list("name", flat=True)
        offered: Any = self.fields
        offered["router"].choices = [(name, name) for name in names]
        offered["serves"].choices = scopes


@require_http_methods(["GET", "HEAD", "POST"])
def routers(request: PageRequest) -> HttpResponse:
    """Show which router is told of what; a POST changes it and publishes."""
    if not can_see_company(request.user):
        raise PermissionDenied("Routers are shown to people with a role for the whole company.")
    scopes = _scopes()
    form = ServesForm(request.POST or None, scopes=list(scopes.items()))
    if request.method == "POST" and form.is_valid():
        try:
            bind_sidecar(
                name=form.cleaned_data["router"],
                serves=form.cleaned_data["serves"],
                by=request.user,
                at=timezone.now(),
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, f"{form.cleaned_data['router']} is told at once.")
            return redirect("policy-routers")
    found = Sidecar.objects.order_by("name")
    context = {
        "form": form,
        "rows": [(each, [scopes.get(slug, slug) for slug in each.serves]) for each in found],
        "may_bind": can_bind_sidecars(request.user),
        "zone": company().time_zone,
        "crumbs": [("Policy", "/policy/")],
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "policy/routers.html", context, status=status)


def _scopes() -> dict[str, str]:
    """Return the scopes that routers know, with what people call them."""
    revision = current_revision()
    if revision is None:
        return {}
    entries = content_of(bytes(revision.body))["scopes"]
    return {entry["id"]: f"{entry['name']} ({entry['id']})" for entry in entries}
