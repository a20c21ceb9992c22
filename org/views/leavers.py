"""Who leaves when: an administrator says it, and what they answer for passes on by itself."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from org.forms import LeaverForm
from org.http import PageRequest
from org.models import Person
from org.operations.people import set_leaving
from org.permissions import can_manage_people
from org.refusals import NotAllowed
from org.templatetags.figures import day as written_day

UNPROCESSABLE = 422


@require_http_methods(["GET", "HEAD", "POST"])
def leavers(request: PageRequest) -> HttpResponse:
    """List who leaves; a POST says when somebody does, or that she stays."""
    if not can_manage_people(request.user):
        raise NotAllowed("Only an Administrator says when somebody leaves.")
    form = LeaverForm(request.POST or None)
    if form.is_valid():
        leaves_on = form.cleaned_data["leaves_on"]
        person_id = form.cleaned_data["person"].pk
        person = set_leaving(
            person_id=person_id, leaves_on=leaves_on, by=request.user, at=timezone.now()
        )
        when = f"leaves on {written_day(leaves_on)}" if leaves_on else "stays"
        messages.success(request, f"{person} {when}.")
        return redirect("leavers")
    context = {
        "form": form,
        "leaving": Person.objects.filter(leaves_on__isnull=False).order_by("leaves_on", "name"),
        "crumbs": [("Settings", reverse("settings"))],
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "org/leavers.html", context, status=status)
