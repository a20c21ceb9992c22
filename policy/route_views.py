"""The page of routes: which calls go where, by what, and a person's word against it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from finops.complexity import Band
from org.forms import show_refusal
from org.http import PageRequest
from org.queries.calendar import company, reporting_today
from org.refusals import Refusal
from policy.model_views import check_sight
from policy.models import Risk, Route, Tier
from policy.operations.routes import decide_route
from policy.permissions import can_rank_models
from policy.queries.content import models_at
from policy.queries.routes import Labels, Routed, history_of_routes, routes_on
from policy.route_wording import REASONS, task_in_words

UNPROCESSABLE = 422


class RouteForm(forms.Form):
    """Sends calls with some labels elsewhere."""

    task_type = forms.CharField(label="Task type", max_length=80)
    complexity = forms.ChoiceField(choices=[(band.value, band.value.title()) for band in Band])
    risk = forms.ChoiceField(choices=Risk.choices)
    tier = forms.ChoiceField(
        choices=[("", "As derived again"), *Tier.choices],
        required=False,
        help_text="Never beneath the floor of a requirement.",
    )
    queue = forms.ChoiceField(label="When", choices=Route.Queue.choices)
    reason = forms.CharField(max_length=200, widget=forms.Textarea(attrs={"rows": 2}))

    def labels(self) -> Labels:
        return Labels(*(self.cleaned_data[name] for name in Labels._fields))


@dataclass(frozen=True, slots=True)
class Line:
    """Everything that goes one way: a task at a complexity, by the risks that share a route."""

    task: str
    complexity: str
    risks: str
    routed: Routed

    @property
    def why(self) -> str:
        return REASONS[self.routed.choice.why]


@require_http_methods(["GET", "HEAD", "POST"])
def routes(request: PageRequest) -> HttpResponse:
    """Show which calls go where and by what; a POST decides one otherwise."""
    check_sight(request)
    form, at = RouteForm(request.POST or None), timezone.now()
    if request.method == "POST" and form.is_valid():
        try:
            route = decide_route(
                labels=form.labels(),
                tier=form.cleaned_data["tier"],
                queue=form.cleaned_data["queue"],
                reason=form.cleaned_data["reason"],
                by=request.user,
                at=at,
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            where = f"go to {route.get_tier_display().lower()}" if route.tier else "go as derived"
            messages.success(request, f"{task_in_words(route.task_type)}: these calls {where}.")
            return redirect("models-routes")
    return _show(request, form, at=at)


def _show(request: PageRequest, form: RouteForm, *, at: datetime) -> HttpResponse:
    on = reporting_today(at)
    context = {
        "form": form,
        "lines": list(lines_of(routes_on(models_at(at, on=on), on=on))),
        "history": history_of_routes(),
        "may_decide": can_rank_models(request.user),
        "zone": company().time_zone,
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "policy/routes.html", context, status=status)


def lines_of(found: Iterable[Routed]) -> Iterable[Line]:
    """Yield what is read as one line: labels that differ in risk alone and go the same way."""
    together: dict[tuple[object, ...], list[Routed]] = {}
    for each in found:
        decided = each.decided.pk if each.decided else None
        way = (*each.labels[:2], each.choice, each.queue, decided)
        together.setdefault(way, []).append(each)
    for same in together.values():
        first = same[0]
        risks = [each.labels.risk for each in same]
        yield Line(
            task=task_in_words(first.labels.task_type),
            complexity=first.labels.complexity,
            risks="any" if len(risks) == len(Risk) else " or ".join(risks),
            routed=first,
        )
