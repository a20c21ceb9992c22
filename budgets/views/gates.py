"""Pages of an experiment's gates: the table of each, its steps, its evidence as a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from budgets.baseline_sentences import baseline_sentence
from budgets.evidence_differences import Difference, differences_in
from budgets.gate_forms import fields_of, given_by, inputs_in, wrong_inputs
from budgets.gate_lifecycle import GateAction
from budgets.gates.evidence import bytes_of
from budgets.gates.inputs import as_typed
from budgets.gates.registry import gate_rule
from budgets.models import Gate, GateEvidence, HeldDecision, Initiative
from budgets.operations.gates import take_gate_step
from budgets.operations.held import WINDOW, carry_out, hold_gate_decision
from budgets.queries.baseline_page import standing_today, strip_at
from budgets.queries.baseline_standing import GATE_NUMBER as BASELINE
from budgets.queries.gates import GateStanding, gates_of, progress_of
from budgets.queries.held import HELD_GATE_ACTIONS, last_held_on_gates
from budgets.queries.journal_preview import JournalPreview, journal_preview
from budgets.templatetags.gates import gate_step_word
from budgets.views.deciding import held_context, show_held, version_of
from org.http import PageRequest
from org.queries.calendar import company, reporting_today
from org.refusals import Invalid, Refusal, Stale

State = HeldDecision.State
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
    found, at = _initiative(request, slug), timezone.now()
    held = last_held_on_gates(found)
    if [carry_out(each.pk, at=at) for each in held.values() if each.state == State.HELD]:
        held = last_held_on_gates(found)
    asked = request.GET.get("held", "")
    if request.htmx and asked.isascii() and asked.isdigit():
        return show_held(request, held.get(int(asked)), at=at)
    return _show(request, found)


@require_POST
def step(request: PageRequest, slug: str, number: int, action: str) -> HttpResponse:
    """Take a step of a gate."""
    found = _initiative(request, slug)
    if action not in GateAction.values:
        raise Http404(action)
    try:
        told = _take(request, found, number, GateAction(action))
    except (Invalid, Stale) as refusal:
        return _show(request, found, tried=Tried(number, action, refusal))
    messages.success(request, told)
    return redirect(f"/initiatives/{slug}/gates/#gate-{number}")


@require_safe
def evidence(request: PageRequest, slug: str, evidence_id: int) -> HttpResponse:
    """Hand out evidence as the exact bytes its hash was taken of."""
    rows = GateEvidence.objects.select_related("gate__initiative", "by")
    found = get_object_or_404(rows, pk=evidence_id, gate__initiative=_initiative(request, slug))
    name = f"{slug}-gate-{found.gate.number}-{found.sha256[:12]}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(bytes_of(found), content_type="application/json", headers=headers)


def _take(request: PageRequest, found: Initiative, number: int, action: GateAction) -> str:
    """Take the step, or hold it where it decides; return what to tell."""
    rule, at = gate_rule(number), timezone.now()
    version, given = version_of(request), given_by(request.POST, rule)
    gate = Gate.objects.filter(initiative=found, number=number).first()
    if gate is not None and action in HELD_GATE_ACTIONS:
        hold_gate_decision(
            gate=gate, action=action, by=request.user, version=version, given=given, at=at
        )
        return f"{rule.title}: your decision takes effect in {WINDOW.seconds} seconds."
    moved = take_gate_step(
        initiative_id=found.pk,
        number=number,
        action=action,
        by=request.user,
        version=version,
        at=at,
        given=given,
    )
    done = gate_step_word(action).lower()
    return f"{rule.title}: {done}. It is “{moved.get_state_display()}”."


def _show(request: PageRequest, found: Initiative, *, tried: Tried | None = None) -> HttpResponse:
    at = timezone.now()
    standings = gates_of(found, user=request.user, on=reporting_today(at))
    held = last_held_on_gates(found)
    context = {
        "initiative": found,
        "gates": [
            (
                each,
                _fields(each, request, tried),
                _pressed(each, request, held.get(each.gate.number), at=at),
            )
            for each in standings
        ],
        "preview": _proposed(standings),
        "progress": progress_of([found]).get(found.pk),
        "baseline": _baseline(found, standings, on=reporting_today(at)),
        "zone": company().time_zone,
        "tried": tried,
        "differences": _differences(tried, standings),
        "refusal": tried.refusal if tried else None,
        "typed": request.POST,
        "crumbs": [*CRUMBS, (found.name, f"/initiatives/{found.slug}/")],
    }
    status = tried.refusal.status if tried else 200
    return render(request, "budgets/gates.html", context, status=status)


def _baseline(
    found: Initiative, standings: Sequence[GateStanding], *, on: date
) -> dict[str, object]:
    """Return the strip of gate 4 and its sentence, where there are days to show."""
    if found.cost_object_id is None or all(each.gate.number != BASELINE for each in standings):
        return {}
    standing = standing_today(found, on=on)
    return {"cells": strip_at(standing), "sentence": baseline_sentence(standing)}


def _proposed(standings: Sequence[GateStanding]) -> JournalPreview | None:
    """Return the journal that the newest evidence of the gate that moves money proposes."""
    newest = next((each.newest for each in standings if each.rule.moves_money), None)
    return journal_preview(newest) if newest else None


def _differences(tried: Tried | None, standings: Sequence[GateStanding]) -> list[Difference]:
    newest = [each.newest for each in standings if tried and each.rule.number == tried.number]
    return differences_in(tried.refusal, newest[0]) if tried and newest else []


def _pressed(
    standing: GateStanding, request: PageRequest, last: HeldDecision | None, *, at: datetime
) -> dict[str, object]:
    """Return what is held on a gate, or could not take effect and nobody has moved it since."""
    ended = last.ended_at if last else None
    if ended is not None and standing.steps and standing.steps[-1].at > ended:
        return {}
    return held_context(request, last, at=at)


def _fields(
    standing: GateStanding, request: PageRequest, tried: Tried | None
) -> list[dict[str, object]]:
    """Return what the gate asks for, with what was typed last or is kept."""
    rule, initiative = standing.rule, standing.gate.initiative
    if tried is not None and tried.number == rule.number:
        typed = inputs_in(request.POST, rule)
        return fields_of(rule, initiative, typed, wrong=wrong_inputs(tried.refusal))
    kept = {ask.name: as_typed(ask, text) for ask, text in standing.asked}
    return fields_of(rule, initiative, kept)


def _initiative(request: PageRequest, slug: str) -> Initiative:
    rows = Initiative.objects.visible_to(request.user).select_related(
        "unit", "owner__person", "on_call__person", "requested_by__person", "cost_object"
    )
    return get_object_or_404(rows, slug=slug)
