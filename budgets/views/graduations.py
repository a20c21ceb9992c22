"""Pages of a graduation: the journal it would make, its decision record, the same as a file."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from budgets.gate_forms import PREFIX, fields_of, inputs_in, wrong_inputs
from budgets.gates.graduation import GATE
from budgets.gates.inputs import as_typed
from budgets.graduation_sentences import graduation_sentence, what_happens_next, who_signs
from budgets.models import Graduation, Initiative
from budgets.queries.decision_record import (
    bytes_of,
    graduation_numbered,
    graduations_of,
    record_of,
    sha256_of,
)
from budgets.queries.gates import GateStanding, gate_standing
from budgets.queries.journal_preview import journal_preview, would_be_evidence
from org.http import PageRequest
from org.queries.calendar import company, reporting_today
from org.queries.profile import profile_on
from org.refusals import Refusal

CRUMBS = [("Initiatives", "/initiatives/")]


@require_safe
def graduation(request: PageRequest, slug: str) -> HttpResponse:
    """Show what graduating would move, and once it is signed the record of the decision."""
    found, at = _initiative(request, slug), timezone.now()
    standing = gate_standing(found, GATE.number, user=request.user, on=reporting_today(at))
    every = graduations_of(found)
    shown = _shown(request, every) if every else None
    context = {
        **_frame(request, found, at=at),
        **_proposed(standing, every),
        **(_recorded(shown, at=at) if shown else {}),
        "standing": standing,
        "earlier": [each for each in every if each != shown],
    }
    return render(request, "budgets/graduation.html", context)


@require_safe
def graduation_file(request: PageRequest, slug: str) -> HttpResponse:
    """Hand out the decision record as the exact bytes its hash is taken of."""
    record = record_of(_shown(request, graduations_of(_initiative(request, slug))))
    name = f"{slug}-graduation-{record.graduation.number}-{sha256_of(record)[:12]}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(bytes_of(record), content_type="application/json", headers=headers)


@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: PageRequest, slug: str) -> HttpResponse:
    """Show the journal that gate 5 would make of what is typed; nothing is written.

    Its form posts where there is no script: what is typed then stands in the address.
    """
    found, at = _initiative(request, slug), timezone.now()
    if request.method == "POST":
        typed = {f"{PREFIX}{name}": text for name, text in inputs_in(request.POST, GATE).items()}
        return redirect(f"{request.path}?{urlencode({k: v for k, v in typed.items() if v})}")
    typed = inputs_in(request.GET, GATE)
    context = {**_frame(request, found, at=at), **_would_be(request, found, typed, at=at)}
    refusal = context["refusal"]
    template = "budgets/_journal_asked_for.html" if request.htmx else "budgets/journal.html"
    status = refusal.status if isinstance(refusal, Refusal) else 200
    return render(request, template, context, status=status)


def _would_be(
    request: PageRequest, found: Initiative, typed: Mapping[str, str], *, at: datetime
) -> dict[str, object]:
    refusal, shown = None, None
    try:
        evidence = would_be_evidence(found, typed, by=request.user, at=at)
        shown = journal_preview(evidence)
    except Refusal as said:
        refusal = said
    signers = GATE.signers(typed)
    return {
        "refusal": refusal,
        "preview": shown,
        "who_signs": who_signs(signers),
        "fields": fields_of(GATE, found, typed, wrong=wrong_inputs(refusal)),
    }


def _proposed(standing: GateStanding, every: list[Graduation]) -> dict[str, object]:
    """Return what is proposed and not signed, with what can be done to it."""
    newest = standing.newest
    if newest is None or newest.pk in {each.evidence_id for each in every}:
        return {}
    kept = {ask.name: as_typed(ask, text) for ask, text in standing.asked}
    return {
        "preview": journal_preview(newest),
        "who_signs": who_signs([part.signer for part in standing.parts]),
        "fields": fields_of(standing.rule, standing.gate.initiative, kept),
    }


def _recorded(shown: Graduation, *, at: datetime) -> dict[str, object]:
    record = record_of(shown)
    lag_days = profile_on(reporting_today(at)).profile.data_lag_days
    return {
        "record": record,
        "sha256": sha256_of(record),
        "signed": journal_preview(shown.evidence),
        "sentence": graduation_sentence(shown),
        "next_steps": what_happens_next(shown, lag_days=lag_days),
    }


def _shown(request: PageRequest, every: list[Graduation]) -> Graduation:
    return graduation_numbered(every, request.GET.get("number", ""))


def _frame(request: PageRequest, found: Initiative, *, at: datetime) -> dict[str, object]:
    return {
        "initiative": found,
        "zone": company().time_zone,
        "printed_at": at,
        "printed_by": request.user,
        "company": company(),
        "crumbs": [*CRUMBS, (found.name, f"/initiatives/{found.slug}/")],
    }


def _initiative(request: PageRequest, slug: str) -> Initiative:
    rows = Initiative.objects.visible_to(request.user).select_related(
        "unit", "owner__person", "on_call__person", "requested_by__person", "cost_object"
    )
    return get_object_or_404(rows, slug=slug)
