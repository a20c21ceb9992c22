"""Pages of an experiment's gates: the table of each, its steps, its evidence as a file."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from budgets.gate_forms import given_by
from budgets.gate_lifecycle import GateAction
from budgets.gates.evidence import bytes_of
from budgets.gates.inputs import as_typed
from budgets.gates.registry import gate_rule
from budgets.models import GateEvidence, Initiative
from budgets.operations.gates import take_gate_step
from budgets.queries.gates import GateStanding, gates_of, progress_of
from budgets.templatetags.gates import gate_step_word
from budgets.views.deciding import version_of
from org.http import PageRequest
from org.queries.calendar import company, reporting_today
from org.refusals import Invalid, Refusal

CRUMBS = [("Initiatives", "/initiatives/")]


@dataclass(frozen=True)
class Tried:
    """A step that was refused, with what was typed, to be shown where it was sent from."""

    number: int
    action: str
    refusal: Refusal


@require_safe
def gates(request: PageRequest, slug: str) -> HttpResponse:
    """Show every gate of an experiment: what it measured, who signs, what can be done."""
    return _show(request, _initiative(request, slug))


@require_POST
def step(request: PageRequest, slug: str, number: int, action: str) -> HttpResponse:
    """Take a step of a gate."""
    found = _initiative(request, slug)
    if action not in GateAction.values:
        raise Http404(action)
    rule = gate_rule(number)
    try:
        gate = take_gate_step(
            initiative_id=found.pk,
            number=number,
            action=GateAction(action),
            by=request.user,
            version=version_of(request),
            at=timezone.now(),
            given=given_by(request.POST, rule),
        )
    except Invalid as refusal:
        return _show(request, found, tried=Tried(number, action, refusal))
    done = gate_step_word(action).lower()
    messages.success(request, f"{rule.title}: {done}. It is “{gate.get_state_display()}”.")
    return redirect(f"/initiatives/{slug}/gates/#gate-{number}")


@require_safe
def evidence(request: PageRequest, slug: str, evidence_id: int) -> HttpResponse:
    """Hand out evidence as the exact bytes its hash was taken of."""
    rows = GateEvidence.objects.select_related("gate__initiative", "by")
    found = get_object_or_404(rows, pk=evidence_id, gate__initiative=_initiative(request, slug))
    name = f"{slug}-gate-{found.gate.number}-{found.sha256[:12]}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(bytes_of(found), content_type="application/json", headers=headers)


def _show(request: PageRequest, found: Initiative, *, tried: Tried | None = None) -> HttpResponse:
    on = reporting_today(timezone.now())
    standings = gates_of(found, user=request.user, on=on)
    context = {
        "initiative": found,
        "gates": [(each, _fields(each, request, tried)) for each in standings],
        "progress": progress_of([found]).get(found.pk),
        "zone": company().time_zone,
        "tried": tried,
        "refusal": tried.refusal if tried else None,
        "typed": request.POST,
        "crumbs": [*CRUMBS, (found.name, f"/initiatives/{found.slug}/")],
    }
    status = tried.refusal.status if tried else 200
    return render(request, "budgets/gates.html", context, status=status)


def _fields(
    standing: GateStanding, request: PageRequest, tried: Tried | None
) -> list[dict[str, object]]:
    """Return what the gate asks for, with what was typed last or is kept."""
    mine = tried is not None and tried.number == standing.gate.number
    wrong = {error.pointer: error.detail for error in tried.refusal.errors} if tried else {}
    return [
        {
            "id": f"gate-{standing.gate.number}-{ask.name}",
            "name": f"input-{ask.name}",
            "ask": ask,
            "value": request.POST.get(f"input-{ask.name}", "") if mine else as_typed(ask, kept),
            "choices": ask.choices(standing.gate.initiative) if ask.choices else None,
            "error": wrong.get(f"/inputs/{ask.name}", "") if mine else "",
        }
        for ask, kept in standing.asked
    ]


def _initiative(request: PageRequest, slug: str) -> Initiative:
    rows = Initiative.objects.visible_to(request.user).select_related(
        "unit", "owner__person", "on_call__person", "requested_by__person", "cost_object"
    )
    return get_object_or_404(rows, slug=slug)
